"""What hooks return: descriptors of parts, models, analyses and readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.api.deprecation import evolving
from twin.api.door import API_VERSION
from twin.tables import Column, Table, energy

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from twin.api.inputs import EnergyInputs, FinancingInputs
    from twin.parameters import Params

Tables = Mapping[str, "pl.DataFrame"]


@evolving
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


@evolving
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


@evolving
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


@evolving
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


@evolving
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


@evolving
@dataclass(frozen=True, slots=True)
class EnergyModel(Model):
    """A tariff or a supply; entries of `energy:`.  `run(EnergyInputs)` returns `{"energy_cost": frame}`.

    A site has one tariff at most, which bills what the site imports, and any number of supplies.

    Args:
        prices: of a tariff: `prices(EnergyInputs)` returns what dispatch sees of it, `{"prices": …}` and, where
            demand costs something, `demand_prices` and `demand_hours`.  A tariff without it cannot serve a site that
            has a supply: that is refused.
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


@evolving
@dataclass(frozen=True, slots=True)
class WeatherModel(Model):
    """Where the weather of a site comes from; entries of `weather:`.

    `run(WeatherInputs)` returns `{"weather": frame}`: 8760 typical hours for each entry.
    """

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table that its `run` returns."""
        return (energy.WEATHER,)


@evolving
@dataclass(frozen=True, slots=True)
class CarbonModel(Model):
    """What a kWh from the grid emits; entries of `carbon:`.

    `run(CarbonInputs)` returns `{"grid_carbon": frame}`: 8760 typical hours for each entry.
    """

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table that its `run` returns."""
        return (energy.GRID_CARBON,)


@evolving
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


@evolving
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


@evolving
@dataclass(frozen=True, slots=True)
class WorkloadModel(Model):
    """What a workload gets out of the capacity; entries of `workloads:`.

    `run(WorkloadInputs)` returns `{"goodput": frame}`, and `goodput_loss` where it knows what is lost to what.
    The columns of `goodput` behind `delivered_days` may be left out.
    """


@evolving
@dataclass(frozen=True, slots=True)
class Analysis(Model):
    """A step of an evaluation: needs tables, gives tables.

    The core's own engines are registered as analyses by the same hook.  `run(AnalysisInputs)`
    returns the tables named in `produces`; a table that `twin` does not declare itself is declared in
    `tables`.  With `on_demand` an evaluation of everything leaves it until one of its tables is asked for;
    so it should be refused only where another analysis is, too.
    """

    requires: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    on_demand: bool = False


@evolving
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
