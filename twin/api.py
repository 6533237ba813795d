"""The plugin author's door: everything a plugin imports, and nothing else of `twin`.

A plugin is a module named by an entry point in the group `twin`.  Its hooks (see
`twin.hookspecs`) return the descriptors below and do no work.  A descriptor is a name, one line of
documentation, a pydantic model of parameters and one function over polars frames, which `twin`
calls once for all entries of a topology file that use the model.

Parameter types read quantity strings: a field of type `Power` takes `"2.5 MW"` from the file and
holds 2500.0; see the reference for the whole list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pluggy

from twin.errors import Finding, InputError, PluginError, RefusedError, TwinError
from twin.losses import FIRST, PRO_RATA, claims, in_turn, owing, unpaid
from twin.parameters import (
    Area,
    Bandwidth,
    Carbon,
    Compute,
    ComputePerPower,
    Date,
    DealRef,
    DefectDensity,
    Duration,
    Energy,
    FileRef,
    Fraction,
    Length,
    Mass,
    MassPerPower,
    Memory,
    MemoryBandwidth,
    Money,
    MoneyPerEnergy,
    MoneyPerHour,
    MoneyPerMass,
    MoneyPerPower,
    MoneyPerPowerMonth,
    MoneyPerTime,
    Params,
    PartyRef,
    Power,
    PowerByDate,
    Pressure,
    Quantity,
    Rate,
    Ratio,
    Reference,
    SiteRef,
    Temperature,
    TemperatureDifference,
    Term,
    Volume,
    WaterPerEnergy,
    WeekProfile,
    Work,
)
from twin.tables import Column, Table, energy, table

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__ = [
    "API_VERSION",
    "EXTERNAL_PARTIES",
    "FIRST",
    "PRO_RATA",
    "Analysis",
    "AnalysisInputs",
    "Area",
    "Bandwidth",
    "Calendar",
    "Carbon",
    "CarbonInputs",
    "CarbonModel",
    "Catalogue",
    "Category",
    "Column",
    "Compute",
    "ComputePerPower",
    "CoolingInputs",
    "CoolingModel",
    "Date",
    "DealRef",
    "DefectDensity",
    "Duration",
    "Energy",
    "EnergyInputs",
    "EnergyModel",
    "Entry",
    "FileRef",
    "FinancingInputs",
    "FinancingModel",
    "Finding",
    "Fraction",
    "HardwareInputs",
    "HardwareModel",
    "InputError",
    "Length",
    "Mass",
    "MassPerPower",
    "Memory",
    "MemoryBandwidth",
    "Money",
    "MoneyPerEnergy",
    "MoneyPerHour",
    "MoneyPerMass",
    "MoneyPerPower",
    "MoneyPerPowerMonth",
    "MoneyPerTime",
    "Params",
    "Part",
    "PartyRef",
    "PluginError",
    "Power",
    "PowerByDate",
    "Pressure",
    "Quantity",
    "Rate",
    "Ratio",
    "Reader",
    "Reference",
    "RefusedError",
    "SiteRef",
    "Table",
    "Temperature",
    "TemperatureDifference",
    "Term",
    "TwinError",
    "Volume",
    "WaterPerEnergy",
    "WeatherInputs",
    "WeatherModel",
    "WeekProfile",
    "Work",
    "WorkloadInputs",
    "WorkloadModel",
    "at_sites",
    "claims",
    "hookimpl",
    "in_turn",
    "month_index",
    "owing",
    "unpaid",
]

API_VERSION = 1
"""The version of this door.  A descriptor says which it was written for; one for a later version is refused."""

PROJECT = "twin"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as a hook: `@hookimpl`."""

EXTERNAL_PARTIES = ("cloud", "contractor", "government", "market", "operator", "utility", "vendor")
"""Parties that need no entry under `parties:`; they stand for the world outside the file."""


# --- what the functions are given -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months of a run: `months` of them from the month of `start`."""

    start: date
    months: int

    def dates(self) -> list[Date]:
        """The first day of every month."""
        return [self.date(index) for index in range(self.months)]

    def date(self, index: int) -> Date:
        """The first day of month `index`, counted from 0; any integer."""
        year, month = divmod(self.start.year * 12 + self.start.month - 1 + index, 12)
        return date(year, month + 1, 1)

    def index(self, when: Date) -> int:
        """The index of the month that holds `when`; negative before the start."""
        return month_index(when, self.start)

    def number(self, column: str = "month") -> pl.Expr:
        """The index of the month of every date in a column, as `index` counts: an int64 expression."""
        import polars as pl  # noqa: PLC0415 - descriptors are read by commands that must not load polars

        when = pl.col(column).dt
        return (when.year().cast(pl.Int64) - self.start.year) * 12 + when.month().cast(pl.Int64) - self.start.month


def month_index(when: date, start: date) -> int:
    """Months from the month of `start` to the month of `when`."""
    return (when.year - start.year) * 12 + when.month - start.month


def at_sites(names: Iterable[str], column: str = "site") -> pl.Expr:
    """Whether a row is of one of the sites that a parameter names: a boolean expression.

    A site written `campus[2]` has the instances `campus[1]` and `campus[2]`; its name without a number
    means all of them.

    Args:
        names: what the parameter holds, as a `tuple[SiteRef, ...]`; none at all means every site.
        column: the column of site ids.
    """
    import polars as pl  # noqa: PLC0415 - as above

    wanted = list(names)
    if not wanted:
        return pl.lit(value=True)
    site = pl.col(column)
    return site.is_in(wanted) | site.str.replace(r"\[\d+\]$", "").is_in(wanted)


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Entry(Generic[P]):
    """One entry of a topology file that uses a model: its name and its validated parameters."""

    name: str
    params: P


def _no_hours(*powers: str) -> Callable[[], pl.DataFrame]:
    """No hours, for who builds the inputs without them."""

    def made() -> pl.DataFrame:
        import polars as pl  # noqa: PLC0415 - as above

        keys = {"time": pl.Datetime("us"), "month": pl.Date(), "site": pl.String(), "entry": pl.String()}
        return pl.DataFrame(schema=keys | dict.fromkeys(powers, pl.Float64()))

    return made


def _no_dispatch() -> pl.DataFrame:
    """No units."""
    return table("dispatch").empty().rename({"supply": "entry"})


def no_weather() -> pl.DataFrame:
    """The weather of no site: the columns of `CoolingInputs.weather` and `EnergyInputs.weather`."""
    import polars as pl  # noqa: PLC0415 - as above

    return pl.DataFrame(schema={"site": pl.String(), **energy.WEATHER.schema()})


@dataclass(frozen=True, slots=True)
class CoolingInputs:
    """What a cooling model is given.

    Attributes:
        entries: the entries of `cooling:` that use the model.
        calendar: the months.
        load: one row per month and site the entries serve: `month, site, entry, it_kwh, it_peak_kw, ambient_c`;
            `entry` is the name of the entry that serves the site; `ambient_c` is the mean dry-bulb temperature of
            the month, null where no weather is known.
        hours: one row per step and site: `time, month, site, entry, it_kw, liquid_fraction, dry_bulb_c, dew_point_c,
            wet_bulb_c, pressure_pa`; power is the mean of the step, `liquid_fraction` the share of the IT heat that
            goes to liquid, weather null where none is known.  `time` is the start of the step, local standard time;
            every month has all its steps.
        weather: the typical year of each site as a model of `weather:` gave it: `site, entry, hour, dry_bulb_c,
            dew_point_c, wet_bulb_c, pressure_pa, wind_m_per_s, ghi_w_per_m2, dni_w_per_m2, dhi_w_per_m2,
            latitude_deg, longitude_deg, elevation_m, utc_offset_h`; no rows where none is known.
        step_h: length of a step.
    """

    entries: tuple[Entry[Any], ...]
    calendar: Calendar
    load: pl.DataFrame
    hours: pl.DataFrame = field(
        default_factory=_no_hours("it_kw", "liquid_fraction", "dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa")
    )
    weather: pl.DataFrame = field(default_factory=no_weather)
    step_h: float = 1.0


@dataclass(frozen=True, slots=True)
class EnergyInputs:
    """What an energy model is given.

    Attributes:
        entries: the entries of `energy:` that use the model.
        calendar: the months.
        load: one row per month and site the entries serve: `month, site, entry, hours_h, energy_kwh, peak_kw`
            of what the site imports.
        hours: one row per step and site: `time, month, site, entry, import_kw, export_kw, load_kw`; load is what the
            site draws.  For `prices` and `resources`, which are asked before dispatch, import is the load.
            `time` is the start of the step, local standard time; every month has all its steps.
        dispatch: for a supply: what its units gave, `time, month, site, entry, unit, power_kw, charge_kw,
            curtailed_kw, state_kwh, online_fraction, fuel_kw`; empty for `prices` and `resources`, and for a tariff.
        weather: the typical year of each site as a model of `weather:` gave it: `site, entry, hour, dry_bulb_c,
            dew_point_c, wet_bulb_c, pressure_pa, wind_m_per_s, ghi_w_per_m2, dni_w_per_m2, dhi_w_per_m2,
            latitude_deg, longitude_deg, elevation_m, utc_offset_h`; no rows where none is known.
        files: path of every file that a parameter `FileRef` names, by that name.
        step_h: length of a step.
    """

    entries: tuple[Entry[Any], ...]
    calendar: Calendar
    load: pl.DataFrame
    hours: pl.DataFrame = field(default_factory=_no_hours("import_kw", "export_kw", "load_kw"))
    dispatch: pl.DataFrame = field(default_factory=_no_dispatch)
    weather: pl.DataFrame = field(default_factory=no_weather)
    files: Mapping[str, Path] = field(default_factory=dict)
    step_h: float = 1.0


@dataclass(frozen=True, slots=True)
class WeatherInputs:
    """What a weather model is given.

    Attributes:
        entries: the entries of `weather:` that use the model.
        files: path of every file that a parameter `FileRef` names, by that name.
    """

    entries: tuple[Entry[Any], ...]
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CarbonInputs:
    """What a model of the grid's carbon is given.

    Attributes:
        entries: the entries of `carbon:` that use the model.
        files: path of every file that a parameter `FileRef` names, by that name.
    """

    entries: tuple[Entry[Any], ...]
    files: Mapping[str, Path] = field(default_factory=dict)


def _no_depreciation() -> pl.DataFrame:
    """Nothing that is written off, for who builds the inputs without it."""
    from twin.tables import table  # noqa: PLC0415 - polars is not loaded until somebody asks

    return table("depreciation").empty()


@dataclass(frozen=True, slots=True)
class FinancingInputs:
    """What a financing model is given.

    Attributes:
        entries: the entries of `deals:` that use the model and whose references are settled.
        calendar: the months.
        discount_per_year: the file's discount rate, annual effective.
        parties: `party, role, rating`.
        phases: one row per site or group of racks put into service together:
            `site, month, racks, accelerators, it_kw, share_fraction` (share of the site's IT power); of what
            takes the place of what retired, only what exceeds it.
        parts: racks by group: `site, group, part, month, racks, accelerators, it_kw, price_usd, retired` (price of
            one rack, null unknown; retired from that month on, null for never).
        schedule: table `schedule`.
        cashflow: table `cashflow` so far: energy, and every deal that these entries refer to.
        debt: table `debt` so far.
        others: every other entry of `deals:` by name, to read the parameters of a deal referred to.
        depreciation: table `depreciation` of the deals that these entries refer to.
    """

    entries: tuple[Entry[Any], ...]
    calendar: Calendar
    discount_per_year: float
    parties: pl.DataFrame
    phases: pl.DataFrame
    parts: pl.DataFrame
    schedule: pl.DataFrame
    cashflow: pl.DataFrame
    debt: pl.DataFrame
    others: Mapping[str, Entry[Any]]
    depreciation: pl.DataFrame = field(default_factory=_no_depreciation)


@dataclass(frozen=True, slots=True)
class HardwareInputs:
    """What a hardware model is given.

    Attributes:
        entries: the entries of `components:` that use the model.
    """

    entries: tuple[Entry[Any], ...]


def _no_interruptions() -> pl.DataFrame:
    """What interrupts nothing, for who builds the inputs without it."""
    import polars as pl  # noqa: PLC0415 - as above

    words = dict.fromkeys(("site", "group", "cause"), pl.String())
    return pl.DataFrame(schema=words | {"racks": pl.Int64(), "failures_per_h": pl.Float64(), "any_per_h": pl.Float64()})


@dataclass(frozen=True, slots=True)
class WorkloadInputs:
    """What a workload model is given.

    Attributes:
        entries: the entries of `workloads:` that use the model.
        calendar: the months.
        schedule: table `schedule`.
        compute: racks by group at full build: `site, group, part, racks, accelerators, served_fraction,
            bf16_tflops, fp8_tflops, fp4_tflops` (accelerators of the whole row; FLOP/s of one, null unknown).
        interruptions: what interrupts work on these racks while they run, one row a site, group and cause:
            `site, group, cause, racks, failures_per_h, any_per_h` (`failures_per_h` summed over the racks,
            `any_per_h` how often that happens to any of them: less where they fail together, as they do with
            their supply, which is one row a site with no group).
    """

    entries: tuple[Entry[Any], ...]
    calendar: Calendar
    schedule: pl.DataFrame
    compute: pl.DataFrame
    interruptions: pl.DataFrame = field(default_factory=_no_interruptions)


@dataclass(frozen=True, slots=True)
class AnalysisInputs:
    """What an analysis is given.

    Attributes:
        tables: the tables it `requires`.
        twin: the loaded topology: `.graph`, `.calendar`, `.structure` and so on.
        seed: seed for anything drawn at random.
        params: its entry in `analyses:`, validated, or the defaults.
    """

    tables: Mapping[str, pl.DataFrame]
    twin: Any
    seed: int
    params: Any


Tables = Mapping[str, "pl.DataFrame"]


# --- descriptors ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One catalogue part: attributes as quantity strings, each with its source.

    Args:
        name: `maker.model`, as files write it after `use:`.
        kind: rack, accelerator, ups, genset, …
        doc: one line.
        attributes: attribute name -> quantity string or number, as in a topology file.
        source: where the figures were read.
        confidence: read, recalled, mixed, vendor, …
        note: caveats and conflicts.
    """

    name: str
    kind: str
    doc: str = ""
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A set of parts: as a tuple of `Part`, as a CSV file, or both.

    The CSV has one row per figure: `part,kind,attribute,value,source,confidence,note`, the value
    written as in a topology file (`132 kW`).  An attribute left empty describes the part itself.

    Args:
        name: name of the catalogue, unique over all plugins.
        doc: one line.
        parts: parts given in code.
        csv: path of a CSV file that ships in the plugin.
        defaults: kind -> part that supplies the attributes a file leaves out for that kind.
    """

    name: str
    doc: str
    parts: tuple[Part, ...] = ()
    csv: Path | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    api: int = API_VERSION


@dataclass(frozen=True, slots=True)
class Model:
    """What all models have: a name, one line, parameters, the version of the door."""

    name: str
    doc: str
    params: type[Params]
    run: Callable[..., Tables]
    api: int = field(default=API_VERSION, kw_only=True)


FIGURES = Table(
    "figures",
    "attributes of parts as a hardware model works them out, one row an attribute of a component",
    (
        Column("component", "str", "name of the entry of `components:`"),
        Column("attribute", "str", "name of the attribute, as a file states it"),
        Column("value", "str", "the value as a file states it, as `1.2 kW`"),
        Column("note", "str", "what it follows from; empty where there is nothing to say"),
    ),
)


@dataclass(frozen=True, slots=True)
class HardwareModel(Model):
    """Works out the attributes of a part from parameters; entries of `components:` with `model:`.

    `run(HardwareInputs)` returns `{"figures": frame}` with the columns of `FIGURES`.  What it gives
    holds as the figures of a catalogue part do: `use:` and `holds:` take the component by its name.
    An attribute `launch` that is an ISO date is the day from which there is such a thing: equipment
    in service before it is an error in the file.

    Args:
        kind: what the component is where the file does not say.
    """

    kind: str = "accelerator"

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table that its `run` returns."""
        return (FIGURES,)


@dataclass(frozen=True, slots=True)
class CoolingModel(Model):
    """Turns IT energy into what the facility draws; entries of `cooling:`.

    `run(CoolingInputs)` returns one of two tables.  `energy`: overhead rows by month (stage `overhead`), one for
    each row of `load`; all that is not IT is in them, and they are spread over the hours as the IT load is.  Or
    `overhead_hours`: what each stage draws in every step of `hours`, and the water it uses; the losses of the power
    chain are added to it from the equipment in the file.
    """

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of its own that its `run` may return."""
        return (energy.OVERHEAD_HOURS,)


@dataclass(frozen=True, slots=True)
class EnergyModel(Model):
    """A tariff or a supply; entries of `energy:`.  `run(EnergyInputs)` returns `{"energy_cost": frame}`.

    A site has one tariff at most, which bills what the site imports, and any number of supplies.

    Args:
        prices: of a tariff: `prices(EnergyInputs)` returns what dispatch sees of it, `{"prices": …}` and, where
            demand costs something, `demand_prices` and `demand_hours`.  Without it dispatch takes the tariff's
            energy as free, and the run says so.
        resources: makes the model a supply: `resources(EnergyInputs)` returns its units, `{"resources": …}`, and
            `resource_hours` where what is available or its cost varies and `resource_segments` where fuel goes with
            load; `run` then gets `dispatch`.

    A parameter `limit` (`PowerByDate`) of a tariff is what the connection carries, `export_limit` what may be given
    to the grid; without the latter nothing is.
    """

    prices: Callable[[EnergyInputs], Tables] | None = field(default=None, kw_only=True)
    resources: Callable[[EnergyInputs], Tables] | None = field(default=None, kw_only=True)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of its own that it may return."""
        return (*energy.OF_TARIFFS, *energy.OF_SUPPLIES)


@dataclass(frozen=True, slots=True)
class WeatherModel(Model):
    """Where the weather of a site comes from; entries of `weather:`.

    `run(WeatherInputs)` returns `{"weather": frame}`: 8760 typical hours for each entry.
    """

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table that its `run` returns."""
        return (energy.WEATHER,)


@dataclass(frozen=True, slots=True)
class CarbonModel(Model):
    """What a kWh from the grid emits; entries of `carbon:`.

    `run(CarbonInputs)` returns `{"grid_carbon": frame}`: 8760 typical hours for each entry.
    """

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table that its `run` returns."""
        return (energy.GRID_CARBON,)


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the ledger, and what a payment of it is in the books of both its ends.

    Args:
        name: as it stands in `cashflow`.
        doc: one line.
        paid: account of the payer that the payment is booked to, as `operating_cost` or `fixed_assets`;
            the accounts are in the reference, under categories.
        received: account of the payee, as `revenue`.
    """

    name: str
    doc: str
    paid: str = "operating_cost"
    received: str = "revenue"


@dataclass(frozen=True, slots=True)
class FinancingModel(Model):
    """A deal; entries of `deals:`.

    `run(FinancingInputs)` returns `cashflow`, and where they apply `debt`, `occupancy`, `guarantee`,
    `lease_accounting`, `lease_tests`, `debt_sizing`, `waterfall`, `depreciation`, `deal_figures`.
    `horizon(FinancingInputs)` says how many months of calendar the entries need, so that a file need
    not count them; without it the model does not lengthen the calendar.
    `categories` are those that it writes to the ledger beyond the ones that `twin` lists.
    """

    horizon: Callable[[FinancingInputs], int] | None = None
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkloadModel(Model):
    """What a workload gets out of the capacity; entries of `workloads:`.

    `run(WorkloadInputs)` returns `{"goodput": frame}`, and `goodput_loss` where it knows what is lost to what.
    The columns of `goodput` behind `delivered_days` may be left out.
    """


@dataclass(frozen=True, slots=True)
class Analysis(Model):
    """A step of an evaluation: needs tables, gives tables.

    The core's own engines are registered as analyses by the same hook.  `run(AnalysisInputs)`
    returns the tables named in `produces`; a table that `twin` does not declare itself is declared in
    `tables`.
    """

    requires: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads a side table (`rows: fleet.csv`) into a frame, chosen by the file's suffix.

    Args:
        name: name of the reader, unique over all plugins.
        doc: one line.
        suffixes: file name endings with the dot, in lower case.
        read: path -> frame, every column as it stands in the file; raise ValueError with the reason
            where the file cannot be read.
    """

    name: str
    doc: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], pl.DataFrame]
    api: int = API_VERSION


Descriptor = Catalogue | Model | Reader
Hook = Callable[[], Sequence[Descriptor]]
