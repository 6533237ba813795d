"""Every result table, declared once: columns, types, units and what they mean.

The engines build frames to these declarations, `Results` and `twin tables` read them, the reference
pages are generated from them, and what a plugin returns is held against them.  A float carries its
unit in its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twin.errors import PluginError, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

DType = Literal["f64", "i64", "u32", "str", "bool", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (with the unit), type, meaning, and whether it may hold nulls."""

    name: str
    dtype: DType
    doc: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, which analysis writes it, and its columns in order."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    def schema(self) -> dict[str, pl.DataType]:
        """The polars schema, in column order."""
        return {column.name: _dtypes()[column.dtype] for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        import polars as pl  # noqa: PLC0415 - tables are read by commands that must not load polars

        return pl.DataFrame(schema=self.schema())

    def frame(self, columns: Mapping[str, object]) -> pl.DataFrame:
        """A frame of this table from columns by name; each is cast to its declared type."""
        import polars as pl  # noqa: PLC0415 - as above

        return pl.DataFrame({name: columns[name] for name in self.names}, schema=self.schema(), strict=False)


def _dtypes() -> dict[str, pl.DataType]:
    import polars as pl  # noqa: PLC0415 - as above

    return {
        "f64": pl.Float64(),
        "i64": pl.Int64(),
        "u32": pl.UInt32(),
        "str": pl.String(),
        "bool": pl.Boolean(),
        "date": pl.Date(),
    }


def table(name: str) -> Table:
    """The table called `name`.

    Raises:
        UsageError: no such table, with the nearest name.
    """
    if name not in TABLES:
        hint = " ".join(filter(None, (nearest(name, TABLES), "see 'twin tables'")))
        raise UsageError(f"there is no table '{name}'; {hint}")
    return TABLES[name]


def check(name: str | Table, frame: object, who: str) -> pl.DataFrame:
    """Hold a frame that `who` (a model and its distribution) returned against its table.

    Args:
        name: the name of a table declared here, or the declaration of a plugin's own table.
        frame: what was returned.
        who: the model and its distribution, for the message.

    Returns:
        The frame with its columns in the declared order.

    Raises:
        PluginError: not a frame, columns missing or extra, a wrong type, a null, NaN or infinity
            where none may be; the message names `who` and says what would be right.
    """
    import polars as pl  # noqa: PLC0415 - as above

    want = name if isinstance(name, Table) else table(name)
    if not isinstance(frame, pl.DataFrame):
        raise PluginError(f"{who} returned {type(frame).__name__} as table '{want.name}'; a polars DataFrame is wanted")
    faults = _column_faults(want, frame)
    if not faults:
        faults = _value_faults(want, frame)
    if faults:
        raise PluginError(f"{who} returned a bad table '{want.name}': " + "; ".join(faults))
    return frame.select(want.names)


def _column_faults(want: Table, frame: pl.DataFrame) -> list[str]:
    missing = [name for name in want.names if name not in frame.columns]
    faults = [f"column '{name}' is missing" for name in missing]
    faults += [
        f"column '{name}' is not in the table ({nearest(name, missing) or 'remove it'})"
        for name in frame.columns
        if name not in want.names
    ]
    for name, dtype in want.schema().items():
        if name in frame.columns and frame.schema[name] != dtype:
            faults.append(f"column '{name}' is {frame.schema[name]}, wanted {dtype}")
    return faults


def _value_faults(want: Table, frame: pl.DataFrame) -> list[str]:
    faults = []
    for column in want.columns:
        series = frame[column.name]
        if not column.nullable and series.null_count():
            faults.append(f"column '{column.name}' has {series.null_count()} nulls")
        if column.dtype == "f64":
            bad = int((~series.drop_nulls().is_finite()).sum())
            if bad:
                faults.append(f"column '{column.name}' has {bad} values that are NaN or infinite")
    return faults


def _table(name: str, doc: str, *columns: Column) -> Table:
    return Table(name, doc, columns)


_C = Column
_MONTH = _C("month", "date", "first day of the calendar month")

_DECLARED = (
    _table(
        "groups",
        "One row per group of the topology file: a name, what it is and how many there are.",
        _C("group", "str", "path of the group without instance numbers"),
        _C("kind", "str", "what it is: utility, ups, rack, hall, …"),
        _C("parent", "str", "path of the group that contains it; null for a site", nullable=True),
        _C("part", "str", "component or catalogue part it uses; null where it uses none", nullable=True),
        _C("count", "i64", "instances in each instance of the parent"),
        _C("total", "i64", "instances in the whole topology"),
    ),
    _table(
        "nodes",
        "One row per instance of every group.",
        _C("node", "u32", "number of the instance, from 0, stable for one file"),
        _C("id", "str", "id of the instance, as river-bend/hall[3]/row[7]/rack[2]"),
        _C("group", "str", "group the instance belongs to"),
        _C("kind", "str", "what it is"),
        _C("parent", "u32", "node that contains it; null for a site", nullable=True),
        _C("energised", "date", "first day of the month in which it is in service"),
        _C("capacity_kw", "f64", "rated capacity; null where it has none", nullable=True),
        _C("load_kw", "f64", "own electrical load at full use", nullable=True),
        _C("accelerators", "i64", "accelerators in it"),
    ),
    _table(
        "edges",
        "One row per supplier and consumer that are wired together.",
        _C("layer", "str", "power, cooling or network"),
        _C("supplier", "u32", "node that feeds"),
        _C("consumer", "u32", "node that is fed"),
    ),
    _table(
        "assumptions",
        "One row per attribute that a run used: its value and where it came from.",
        _C("owner", "str", "group, deal, workload or setting that has the attribute"),
        _C("attribute", "str", "name of the attribute"),
        _C("value", "str", "value as a person reads it, with its unit"),
        _C("origin", "str", "file, component, catalogue, default, overlay or derived"),
        _C("source", "str", "where the figure comes from; null where nobody said", nullable=True),
        _C("confidence", "str", "read, recalled, unverified, assumed, …; null where nobody said", nullable=True),
        _C("note", "str", "reason or caveat", nullable=True),
        _C("place", "str", "file and line, or plugin", nullable=True),
    ),
    _table(
        "capacity",
        "One row per month of change and set of interchangeable suppliers: what it is rated and what it carries.",
        _MONTH,
        _C("node", "str", "id of the first node of the set"),
        _C("group", "str", "group of the set"),
        _C("kind", "str", "what it is"),
        _C("resource", "str", "power, liquid_cooling or air_cooling"),
        _C("count", "i64", "nodes in the set; every figure is for each one of them"),
        _C("rating_kw", "f64", "nameplate capacity; null where it has none", nullable=True),
        _C("derated_kw", "f64", "capacity that may be used continuously; null where it has none", nullable=True),
        _C("load_kw", "f64", "load with everything in service, A and B counted once"),
        _C("worst_load_kw", "f64", "largest load in any failure state that the declared redundancy must survive"),
        _C("headroom_kw", "f64", "derated capacity less the worst load; negative where overloaded", nullable=True),
        _C("utilisation_fraction", "f64", "load over derated capacity", nullable=True),
        _C("worst_utilisation_fraction", "f64", "worst load over derated capacity", nullable=True),
        _C("worst_case", "str", "the failure that gives the worst load; 'all in service' where none is worse"),
    ),
    _table(
        "site_capacity",
        "One row per month of change and scope (site, building, hall, room): what it can carry and what stops it.",
        _MONTH,
        _C("scope", "str", "id of the site or hall"),
        _C("kind", "str", "site, building, hall or room"),
        _C("racks", "i64", "racks energised"),
        _C("accelerators", "i64", "accelerators energised"),
        _C("demand_kw", "f64", "IT load of the energised racks at full use"),
        _C(
            "usable_kw",
            "f64",
            "largest IT load of this scope that every survivable state still carries; null where nothing has a rating",
            nullable=True,
        ),
        _C("headroom_kw", "f64", "usable less demand; negative where the scope is over-committed", nullable=True),
        _C("binding_resource", "str", "resource that stops growth first; null where nothing does", nullable=True),
        _C("binding_node", "str", "first node of the set that stops growth", nullable=True),
        _C("binding_state", "str", "failure state in which it does", nullable=True),
        _C("runner_up_resource", "str", "resource that would stop growth next, in another group", nullable=True),
        _C("runner_up_node", "str", "first node of that set", nullable=True),
        _C("runner_up_usable_kw", "f64", "usable IT load if only the binding set were enlarged", nullable=True),
    ),
    _table(
        "availability",
        "One row per month of change and scope or class of racks: how often and how long it is down.",
        _MONTH,
        _C("scope", "str", "id of the site or hall, or of the first rack of a class of alike racks"),
        _C("kind", "str", "site, building, hall, room, or the kind of the load"),
        _C("event", "str", "fed: all of it is supplied; in_service: supplied and itself working"),
        _C("count", "i64", "alike scopes or racks that this row stands for"),
        _C("availability_fraction", "f64", "long-run probability of the event, exact"),
        _C("outages_per_year", "f64", "expected number of times a year that the event ends"),
        _C("downtime_h_per_year", "f64", "expected hours a year without the event"),
        _C("mean_outage_h", "f64", "mean time until it is back; null where it never fails", nullable=True),
        _C("served_fraction", "f64", "expected share of the scope's IT load in service, own failures included"),
    ),
    _table(
        "contingency",
        "One row per set of interchangeable elements: what the failure of one of them takes down (N-1), at full build.",
        _C("element", "str", "id of the first element of the set"),
        _C("group", "str", "group of the set"),
        _C("kind", "str", "what it is"),
        _C("count", "i64", "elements in the set"),
        _C("elements_lost", "i64", "other elements that lose supply with it"),
        _C("racks_lost", "i64", "racks that lose supply"),
        _C("lost_it_kw", "f64", "IT load that loses supply"),
        _C("accelerators_lost", "i64", "accelerators that lose supply"),
        _C("outages_per_year", "f64", "expected failures a year of one element"),
        _C("mean_outage_h", "f64", "mean time to repair it; null where it never fails", nullable=True),
        _C("expected_kwh_lost_per_year", "f64", "IT energy lost a year to single failures of the whole set"),
    ),
    _table(
        "schedule",
        "One row per month and site: what is in service and how many accelerator-hours it gives.",
        _MONTH,
        _C("site", "str", "id of the site"),
        _C("hours_h", "f64", "hours in the month"),
        _C("racks", "i64", "racks energised"),
        _C("accelerators", "i64", "accelerators energised"),
        _C("it_kw", "f64", "IT load of the energised racks at full use"),
        _C("utilisation_fraction", "f64", "share of the IT load that the workloads draw"),
        _C("served_fraction", "f64", "expected share of the IT load in service after every outage"),
        _C("accelerator_h", "f64", "accelerator-hours at nameplate"),
        _C("delivered_accelerator_h", "f64", "accelerator-hours after every outage"),
    ),
    _table(
        "energy",
        "One row per month, site and stage: what the site draws.",
        _MONTH,
        _C("site", "str", "id of the site"),
        _C("stage", "str", "it, or overhead (cooling, losses and everything else behind the meter)"),
        _C("energy_kwh", "f64", "energy in the month"),
        _C("peak_kw", "f64", "peak demand in the month"),
    ),
    _table(
        "energy_cost",
        "One row per month, site and line of an energy bill.",
        _MONTH,
        _C("site", "str", "id of the site"),
        _C("supply", "str", "name of the entry in `energy:`"),
        _C("line", "str", "line of the bill: energy_charge, demand_charge, fixed_charge, …"),
        _C("payer", "str", "party that pays"),
        _C("payee", "str", "party that is paid"),
        _C("amount_usd", "f64", "amount, never negative: a credit has payer and payee exchanged"),
    ),
    _table(
        "cashflow",
        "The ledger: one row per month, payer, payee, deal and category.",
        _MONTH,
        _C("payer", "str", "party that pays"),
        _C("payee", "str", "party that is paid"),
        _C("deal", "str", "entry of `deals:` or `energy:` that it falls under"),
        _C("category", "str", "base_rent, principal, energy_charge, …"),
        _C("amount_usd", "f64", "amount, never negative: payer and payee say the direction"),
    ),
    _table(
        "occupancy",
        "One row per month, deal and site: the IT power that a deal gives its user.",
        _MONTH,
        _C("deal", "str", "entry of `deals:`"),
        _C("site", "str", "id of the site"),
        _C("user", "str", "party that has the use of it"),
        _C("it_kw", "f64", "IT power in use under the deal"),
    ),
    _table(
        "debt",
        "One row per month and loan: the balance and how well it is covered.",
        _MONTH,
        _C("deal", "str", "entry of `deals:`"),
        _C("borrower", "str", "party that owes"),
        _C("lender", "str", "party that is owed"),
        _C("opening_usd", "f64", "balance at the start of the month"),
        _C("draw_usd", "f64", "drawn in the month"),
        _C("interest_usd", "f64", "interest accrued in the month"),
        _C("capitalised_usd", "f64", "part of the interest added to the balance"),
        _C("principal_usd", "f64", "principal repaid in the month"),
        _C("closing_usd", "f64", "balance at the end of the month"),
        _C("cfads_usd", "f64", "cash flow available for debt service of the borrower in the month"),
        _C(
            "dscr_ratio",
            "f64",
            "CFADS over debt service, trailing twelve months; null before a full year of service",
            nullable=True,
        ),
        _C(
            "llcr_ratio",
            "f64",
            "present value of CFADS to maturity over opening balance; null before repayment starts",
            nullable=True,
        ),
    ),
    _table(
        "guarantee",
        "One row per month and guarantee: what is guaranteed and what that is expected to cost.",
        _MONTH,
        _C("deal", "str", "entry of `deals:`"),
        _C("guarantor", "str", "party that guarantees"),
        _C("beneficiary", "str", "party that is protected"),
        _C("obligor", "str", "party whose payments are guaranteed"),
        _C("guaranteed_usd", "f64", "amount guaranteed at the start of the month"),
        _C(
            "default_probability_fraction",
            "f64",
            "probability that the obligor defaults in the month, having not before",
        ),
        _C("expected_loss_usd", "f64", "expected payment under the guarantee in the month, undiscounted"),
    ),
    _table(
        "party_metrics",
        "One row per party: what it pays, gets and is left with over the calendar.",
        _C("party", "str", "name of the party"),
        _C("role", "str", "tenant, landlord, guarantor, lender, …; 'external' where the file does not declare it"),
        _C("inflow_usd", "f64", "all it is paid"),
        _C("outflow_usd", "f64", "all it pays"),
        _C("net_usd", "f64", "inflow less outflow; zero in sum over all parties"),
        _C("npv_usd", "f64", "net present value at the file's discount rate; zero in sum over all parties"),
        _C(
            "irr_per_year",
            "f64",
            "internal rate of return, annual effective; null where it is not defined",
            nullable=True,
        ),
        _C("irr_note", "str", "why there is no IRR; null where there is one", nullable=True),
        _C("moic_ratio", "f64", "inflow over outflow; null where nothing is paid", nullable=True),
        _C(
            "payback",
            "date",
            "month in which the cumulative net turns positive for good; null where it does not",
            nullable=True,
        ),
    ),
    _table(
        "unit_cost",
        "One row per user of capacity and category of cost: levelised cost of an accelerator-hour.",
        _C("party", "str", "party that has the use of the accelerators"),
        _C("category", "str", "category of cost, credits counted negative; 'total' is the sum"),
        _C("cost_pv_usd", "f64", "present value of the cost"),
        _C("pv_accelerator_h", "f64", "present value of the nameplate accelerator-hours"),
        _C("pv_delivered_accelerator_h", "f64", "present value of the accelerator-hours after every outage"),
        _C("usd_per_accelerator_h", "f64", "levelised cost at nameplate"),
        _C("usd_per_delivered_accelerator_h", "f64", "levelised cost after every outage"),
    ),
    _table(
        "goodput",
        "One row per workload: what it asks for and how long it takes.",
        _C("workload", "str", "entry of `workloads:`"),
        _C("model", "str", "workload model"),
        _C("accelerators", "i64", "accelerators it runs on"),
        _C("peak_tflops", "f64", "their peak FLOP/s at the stated precision"),
        _C("mfu_fraction", "f64", "model FLOP/s utilisation while running"),
        _C("available_fraction", "f64", "expected share of its accelerators in service"),
        _C("nameplate_days", "f64", "days to finish with everything in service"),
        _C("delivered_days", "f64", "days to finish with the accelerators in service on average"),
    ),
    _table(
        "checks",
        "One row per check: what was asserted, whether it holds and by how much.",
        _C("check", "str", "name of the check"),
        _C("scope", "str", "what it was made on"),
        _C("ok", "bool", "whether it holds"),
        _C("got", "str", "what the run gave"),
        _C("wanted", "str", "what was asserted"),
        _C("message", "str", "what it means and what to do"),
    ),
)
TABLES: dict[str, Table] = {declared.name: declared for declared in _DECLARED}
