"""The analysis `energy`: IT energy from the schedule, overhead from cooling models, bills from energy models.

    IT energy   = IT power x utilisation x share in service x hours of the month
    IT peak     = IT power x utilisation          (some hour of the month has everything in service)
    overhead    = what the cooling model of the site returns; where the file names none, the ratio of
                  power drawn to IT power that the compiled structure has with everything at full use
    behind the meter: IT and overhead together, in energy and in peak

Each model is called once, for all entries that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import tables
from twin.api import Analysis, AnalysisInputs, CoolingInputs, EnergyInputs, Entry, Params, hookimpl
from twin.energy.design_point import overhead_ratio
from twin.energy.service import hold_bill, hold_overhead, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.registry import Provided
    from twin.topology.model import ModelEntry

KEYS = ("month", "site")


class EnergyParams(Params):
    """The analysis has no parameters: cooling and energy entries say everything."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `energy`, `energy_cost` and `checks`.

    Raises:
        InputError: two entries of `cooling:`, or two of `energy:`, serve the same site.
        PluginError: a model returned something other than its table.
    """
    twin = inputs.twin
    load = _it_load(inputs.tables["schedule"])
    overhead, checks = _overhead(twin, load)
    it = load.select(*KEYS, pl.lit("it").alias("stage"), "energy_kwh", "peak_kw")
    order = pl.DataFrame({"site": load["site"].unique(maintain_order=True)}).with_row_index("place")
    energy = (
        pl.concat([it, overhead])
        .join(order, on="site")
        .sort("month", "place", pl.col("stage") != "it", maintain_order=True)
        .drop("place")
    )
    return {"energy": energy, "energy_cost": _bills(twin, load, energy), "checks": checks}


def _it_load(schedule: pl.DataFrame) -> pl.DataFrame:
    """`month, site, hours_h, it_kw, energy_kwh, peak_kw` of the IT load."""
    drawn = pl.col("it_kw") * pl.col("utilisation_fraction")
    return schedule.select(
        *KEYS,
        "hours_h",
        "it_kw",
        (drawn * pl.col("served_fraction") * pl.col("hours_h")).alias("energy_kwh"),
        drawn.alias("peak_kw"),
    )


def _overhead(twin: Any, load: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `energy` with stage overhead for every row of `load`, and what was assumed for them."""
    served = serve(twin.topology.section("cooling"), load)
    it = load.select(
        *KEYS,
        pl.col("energy_kwh").alias("it_kwh"),
        pl.col("peak_kw").alias("it_peak_kw"),
        pl.lit(None, pl.Float64).alias("ambient_c"),
    )
    frames = [pl.DataFrame(schema=tables.table("energy").schema())]
    known = twin.registry.models("cooling")
    for provided, entries, rows in _by_model(served, it, known, twin.topology.section("cooling")):
        own = rows.select(*KEYS, "entry", "it_kwh", "it_peak_kw", "ambient_c")
        returned = provided.call(CoolingInputs(entries, twin.calendar, own), required=("energy",))
        frames.append(hold_overhead(returned["energy"], own, provided.who))
    alone = load.join(served, on="site", how="anti")
    if alone["it_kw"].sum() > 0:
        ratio = overhead_ratio(twin.structure, twin.calendar)
        frames.append(_at_design_point(alone, ratio))
        return pl.concat(frames), _assumed(alone, ratio)
    frames.append(alone.select(*KEYS, pl.lit("overhead").alias("stage"), energy_kwh=pl.lit(0.0), peak_kw=pl.lit(0.0)))
    return pl.concat(frames), tables.table("checks").empty()


def _at_design_point(load: pl.DataFrame, ratio: pl.DataFrame) -> pl.DataFrame:
    return load.join(ratio, on=KEYS, how="left", maintain_order="left").select(
        *KEYS,
        pl.lit("overhead").alias("stage"),
        (pl.col("energy_kwh") * pl.col("overhead_ratio")).alias("energy_kwh"),
        (pl.col("peak_kw") * pl.col("overhead_ratio")).alias("peak_kw"),
    )


def _assumed(load: pl.DataFrame, ratio: pl.DataFrame) -> pl.DataFrame:
    """One row of `checks` a site: the ratio that stood in for a cooling entry."""
    spread = (
        load.filter(pl.col("it_kw") > 0)
        .join(ratio, on=KEYS, maintain_order="left")
        .group_by("site", maintain_order=True)
        .agg((1 + pl.col("overhead_ratio")).min().alias("least"), (1 + pl.col("overhead_ratio")).max().alias("most"))
    )
    least, most = pl.col("least").round(4), pl.col("most").round(4)
    return spread.select(
        pl.lit("facility_model").alias("check"),
        pl.col("site").alias("scope"),
        pl.lit(value=True).alias("ok"),
        pl.when(least == most).then(pl.format("{}", least)).otherwise(pl.format("{} to {}", least, most)).alias("got"),
        pl.lit("an entry of cooling: for the site, or losses and cooling loads in its equipment").alias("wanted"),
        pl.lit(
            "no entry of cooling: serves the site, so the power drawn over IT power at full use, as the equipment "
            "in the file gives it, stands for the PUE of every hour"
        ).alias("message"),
    )


def _bills(twin: Any, load: pl.DataFrame, energy: pl.DataFrame) -> pl.DataFrame:
    """Table `energy_cost`: every energy model once, over the whole load behind the meter."""
    meter = (
        energy.group_by(*KEYS, maintain_order=True)
        .agg(pl.col("energy_kwh").sum(), pl.col("peak_kw").sum())
        .join(load.select(*KEYS, "hours_h"), on=KEYS, maintain_order="left")
    )
    entries = twin.topology.section("energy")
    served = serve(entries, load)
    frames = [tables.table("energy_cost").empty()]
    for provided, used, rows in _by_model(served, meter, twin.registry.models("energy"), entries):
        own = rows.select(*KEYS, "entry", "hours_h", "energy_kwh", "peak_kw")
        returned = provided.call(EnergyInputs(used, twin.calendar, own), required=("energy_cost",))
        frames.append(hold_bill(returned["energy_cost"], own, twin.topology.known_parties, provided.who))
    return pl.concat(frames)


def _by_model(
    served: pl.DataFrame, rows: pl.DataFrame, known: Mapping[str, Provided], entries: tuple[ModelEntry, ...]
) -> Iterator[tuple[Provided, tuple[Entry[Any], ...], pl.DataFrame]]:
    """Each model in use with its entries and the rows of the sites that they serve."""
    for model in dict.fromkeys(entry.model for entry in entries):
        used = tuple(Entry(entry.name, entry.params) for entry in entries if entry.model == model)
        names = [entry.name for entry in used]
        own = rows.join(served.filter(pl.col("entry").is_in(names)), on="site", maintain_order="left")
        yield known[model], used, own


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engine, registered as anybody's analysis is."""
    return [
        Analysis(
            name="energy",
            doc="What the sites draw by month and stage, and what that costs.",
            params=EnergyParams,
            run=run,
            requires=("schedule",),
            produces=("energy", "energy_cost", "checks"),
        )
    ]
