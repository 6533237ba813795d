"""What a model is given: frozen values of frames, one class a kind of model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twin.api.deprecation import evolving
from twin.parameters import Params
from twin.tables import energy, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import polars as pl

    from twin.api.calendar import Calendar

P = TypeVar("P", bound=Params)


@evolving
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


@evolving
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


@evolving
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


@evolving
@dataclass(frozen=True, slots=True)
class WeatherInputs:
    """What a weather model is given.

    Attributes:
        entries: the entries of `weather:` that use the model.
        files: path of every file that a parameter `FileRef` names, by that name.
    """

    entries: tuple[Entry[Any], ...]
    files: Mapping[str, Path] = field(default_factory=dict)


@evolving
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


@evolving
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


@evolving
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


@evolving
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


@evolving
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
