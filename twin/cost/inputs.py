"""What financing models are given: phases and parts of the build-out, parties, the other deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import EXTERNAL_PARTIES, Entry, FinancingInputs
from twin.structure.lump import lump
from twin.topology import instances
from twin.topology.instances import FOREVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar
    from twin.structure.model import Ints, Structure
    from twin.topology.model import Topology

EXTERNAL = "external"
"""Role of the parties that the file does not declare."""

_ROUNDING = 1e-9

PHASES = {
    "site": pl.String(),
    "month": pl.Date(),
    "racks": pl.Int64(),
    "accelerators": pl.Int64(),
    "it_kw": pl.Float64(),
    "share_fraction": pl.Float64(),
}
PARTS = {
    "site": pl.String(),
    "group": pl.String(),
    "part": pl.String(),
    "month": pl.Date(),
    "racks": pl.Int64(),
    "accelerators": pl.Int64(),
    "it_kw": pl.Float64(),
    "price_usd": pl.Float64(),
    "retired": pl.Date(),
}


def financing_inputs(
    structure: Structure,
    calendar: Calendar,
    schedule: pl.DataFrame | None = None,
    cashflow: pl.DataFrame | None = None,
) -> FinancingInputs:
    """The inputs that all models share: entries are left out, tables not given are empty.

    Args:
        structure: the compiled topology.
        calendar: the months; 0 of them where the deals are still asked how many they need.
        schedule: table `schedule`.
        cashflow: table `cashflow` so far: the energy bills.
    """
    topology = structure.topology
    loads = _loads(structure, calendar)
    return FinancingInputs(
        entries=(),
        calendar=calendar,
        discount_per_year=topology.discount_per_year,
        parties=parties(topology),
        phases=phases(loads),
        parts=parts(structure, calendar, loads),
        schedule=tables.table("schedule").empty() if schedule is None else schedule,
        cashflow=tables.table("cashflow").empty() if cashflow is None else cashflow,
        debt=tables.table("debt").empty(),
        others={},
        depreciation=tables.table("depreciation").empty(),
    )


def entries_of(topology: Topology) -> dict[str, Entry[Any]]:
    """Every entry of `deals:` by name, as models read it."""
    return {entry.name: Entry(entry.name, entry.params) for entry in topology.section("deals")}


def roles(topology: Topology) -> Mapping[str, str]:
    """Role of every party, those declared first and then the external ones."""
    declared = {party.name: party.role for party in topology.parties.values()}
    return declared | {name: EXTERNAL for name in EXTERNAL_PARTIES if name not in declared}


def parties(topology: Topology) -> pl.DataFrame:
    """`party, role, rating`: those that the file declares, then the external ones; no rating is empty text."""
    rows = [
        (name, role, topology.parties[name].rating if name in topology.parties else "")
        for name, role in roles(topology).items()
    ]
    return pl.DataFrame(rows, schema={"party": pl.String, "role": pl.String, "rating": pl.String}, orient="row")


def phases(loads: pl.DataFrame) -> pl.DataFrame:
    """One row per site and month in which its loads grow beyond what was there before.

    Where nothing retires that is every month in which some of them come into service.  What takes the
    place of what retired is no new phase, but for what exceeds it: a refresh does not let a building twice.

    Returns:
        `site, month, racks, accelerators, it_kw, share_fraction`, sorted by month, sites in file
        order.  `it_kw` counts every load and not racks only; the share is that of the site's largest
        IT load, 0 where the site has none.
    """
    amounts = ("racks", "accelerators", "it_kw")
    loads = loads.with_columns(racks=pl.col("racks") * pl.col("is_rack"))
    come = loads.group_by("site", "month", maintain_order=True).agg(pl.col(amounts).sum())
    if loads["retired"].null_count() < len(loads):
        come = _growth(loads, come, amounts)
    whole = pl.col("it_kw").sum().over("site")
    share = pl.when(whole > 0).then(pl.col("it_kw") / whole).otherwise(0.0)
    return come.with_columns(share_fraction=share).sort("month", maintain_order=True).select(list(PHASES))


def _growth(loads: pl.DataFrame, come: pl.DataFrame, amounts: tuple[str, ...]) -> pl.DataFrame:
    """By how much the largest amount in service so far grows in each of the months in which something comes."""
    go = loads.drop_nulls("retired").group_by("site", pl.col("retired").alias("month"))
    net = pl.concat([come, go.agg(-pl.col(name).sum() for name in amounts).select(come.columns)])
    level = net.group_by("site", "month", maintain_order=True).agg(pl.col(amounts).sum()).sort("month")
    most = level.select("site", "month", pl.col(amounts).cum_sum().over("site").pipe(_record))
    grown = most.with_columns((pl.col(name) - pl.col(name).shift(1, fill_value=0).over("site")) for name in amounts)
    # of sums and differences of many loads a rounding remains, which is no phase
    kw = pl.when(pl.col("it_kw") > _ROUNDING * pl.col("it_kw").sum().over("site")).then("it_kw").otherwise(0.0)
    grown = grown.with_columns(it_kw=kw).filter(pl.any_horizontal(pl.col(name) > 0 for name in amounts))
    order = {site: number for number, site in enumerate(come["site"].unique(maintain_order=True))}
    return grown.sort(pl.col("site").replace_strict(order, return_dtype=pl.Int64), "month")


def _record(level: pl.Expr) -> pl.Expr:
    """The largest so far, zero at least."""
    return level.cum_max().over("site").clip(lower_bound=0)


def parts(structure: Structure, calendar: Calendar, loads: pl.DataFrame) -> pl.DataFrame:
    """Racks, and whatever else holds accelerators, by group, months of service and price.

    Returns:
        `site, group, part, month, racks, accelerators, it_kw, price_usd, retired`; `racks` counts the
        units, the price is that of one unit, null where the group has none; retired is null for never.
    """
    topology = structure.topology
    bought = pl.col("is_rack") | (pl.col("accelerators") > 0)
    loads = loads.filter(bought)
    own = [path for path in loads["group"].unique() if "price" in instances.varying(topology, path)]
    groups = loads["group"].unique(maintain_order=True)
    named = pl.DataFrame(
        [(path, topology.groups[path].part, _price(topology, path)) for path in groups],
        schema={"group": pl.String, "part": pl.String, "price_usd": pl.Float64},
        orient="row",
    )
    alike = (
        loads.filter(~pl.col("group").is_in(own))
        .join(named, on="group", maintain_order="left")
        .group_by("site", "group", "part", "month", "price_usd", "retired", maintain_order=True)
        .agg(pl.col("racks").sum(), pl.col("accelerators").sum(), pl.col("it_kw").sum())
        .select(list(PARTS))
    )
    return pl.concat([alike, *(_by_price(structure, calendar, path) for path in own)]).sort(
        "month", maintain_order=True
    )


def _price(topology: Topology, path: str) -> float | None:
    value = topology.attribute(path, "price")
    return None if value is None else float(value)


def _loads(structure: Structure, calendar: Calendar) -> pl.DataFrame:
    """One row a class of loads: `site, group, month, is_rack, racks, accelerators, it_kw, retired`; racks counts units.

    What retires before the calendar starts, or before it is in service, is left out.
    """
    classes = structure.classes
    sites = [structure.scopes[scope.site].id for scope in structure.scopes]
    columns = {
        "site": [sites[scope] for scope in classes.scope.tolist()],
        "group": [structure.groups[group] for group in classes.group.tolist()],
        "month": instances.first_days(calendar, classes.energised),
        "is_rack": classes.is_rack,
        "racks": classes.count,
        "accelerators": classes.count * classes.accelerators,
        "it_kw": classes.count * classes.power_kw,
        "retired": _last_days(calendar, classes.retired),
    }
    schema = {name: dtype for name, dtype in PARTS.items() if name in columns} | {"is_rack": pl.Boolean()}
    frame = pl.DataFrame(columns, schema={name: schema[name] for name in columns})
    return frame.filter(pl.Series(classes.retired > np.maximum(classes.energised, 0)))


def _last_days(calendar: Calendar, months: Ints) -> pl.Series:
    """The first days of months of retirement, null for never."""
    never = months >= FOREVER
    days = pl.Series(instances.first_days(calendar, np.where(never, 0, months)), dtype=pl.Date)
    return pl.select(pl.when(pl.Series(~never)).then(days)).to_series()


def _by_price(structure: Structure, calendar: Calendar, path: str) -> pl.DataFrame:
    """Rows of `parts` for a group whose instances differ in price."""
    topology = structure.topology
    group = topology.groups[path]
    root = topology.ancestors(path)[0].path
    site = instances.ancestor_locals(topology, path, root, np.arange(group.total))
    month, retired = instances.service_months(topology, path, np.arange(group.total))
    price, load, share, accelerators = (
        instances.attribute(topology, path, name) for name in ("price", "load", "provisioned", "accelerators")
    )
    power = load * np.nan_to_num(share, nan=1.0)
    first, count = lump([site, month, retired, price, power, accelerators], group.total)
    kept = retired[first] > np.maximum(month[first], 0)
    first, count = first[kept], count[kept]
    columns = {
        "site": instances.ids(topology, root, site[first]),
        "group": [path] * len(first),
        "part": [group.part] * len(first),
        "month": instances.first_days(calendar, month[first]),
        "racks": count,
        "accelerators": count * np.nan_to_num(accelerators[first]).astype(np.int64),
        "it_kw": count * np.nan_to_num(power[first]),
        "price_usd": pl.Series(price[first], nan_to_null=True),
        "retired": _last_days(calendar, retired[first]),
    }
    return pl.DataFrame(columns, schema=PARTS)
