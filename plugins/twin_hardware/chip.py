"""The analysis `chip`: our own chip against buying.

Both sides are compared by the price of peak FLOP/s at one precision: of an accelerator of one's own,
board, host and rack included as far as `bom` says, and of the catalogue part that `versus` names.

    break-even volume  fixed / (price that a bought part would have for as many FLOP/s - good package - bom)

It is rounded up to whole accelerators.  Below it buying is cheaper; there is none where the package and what is
around it cost more already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, Column, Entry, Params, Quantity, RefusedError, Table
from twin_hardware.custom_asic import NAME, WATTS_PER_KW, CustomAsic, costs

if TYPE_CHECKING:
    from typing import Any

TFLOPS_PER_PFLOPS = 1000.0

TABLE = Table(
    "custom_asic",
    "what an accelerator of one's own costs, and from which volume on it is cheaper than buying; one row a component",
    (
        Column("component", "str", "name of the component"),
        Column("precision", "str", "of the FLOP/s"),
        Column("gross_dies", "i64", "whole dies on a wafer"),
        Column("yield_fraction", "f64", "share of them that work"),
        Column("good_dies_number", "f64", "dies of a wafer that work, on average"),
        Column("die_usd", "f64", "a good die"),
        Column("hbm_usd", "f64", "memory of one accelerator"),
        Column("package_usd", "f64", "a good package with dies and memory"),
        Column("fixed_usd", "f64", "NRE and masks in all"),
        Column("volume", "i64", "accelerators over which they are spread"),
        Column("fixed_usd_each", "f64", "NRE and masks of one accelerator"),
        Column("price_usd", "f64", "one accelerator without board, host and rack"),
        Column("unit_usd", "f64", "one accelerator with them"),
        Column("peak_tflops", "f64", "peak dense FLOP/s of one accelerator", nullable=True),
        Column("tflops_per_w", "f64", "the same by watt of its TDP", nullable=True),
        Column("usd_per_pflops", "f64", "price of a PFLOP/s, board, host and rack included", nullable=True),
        Column("available", "date", "first month in which there is one"),
        Column("versus", "str", "catalogue part that it is compared with", nullable=True),
        Column("versus_usd_per_pflops", "f64", "price of a PFLOP/s of that part", nullable=True),
        Column(
            "break_even_volume",
            "i64",
            "fewest accelerators for which buying is not cheaper; null if none",
            nullable=True,
        ),
    ),
)


class ChipParams(Params):
    """Parameters of `chip`."""

    versus: str | None = Field(None, description="catalogue part to compare with, as nvidia.gb200-nvl72")
    precision: Literal["bf16", "fp8", "fp4"] = Field("bf16", description="precision of the FLOP/s compared")


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Table `custom_asic`: one row a component of the model `custom-asic`.

    Raises:
        RefusedError: the part to compare with is not in the catalogue, or has no price or no FLOP/s.
    """
    params = inputs.params
    used = [entry for entry in inputs.twin.topology.section("components") if entry.model == NAME]
    bought = None if params.versus is None else price_of_flops(inputs.twin.registry, params.versus, params.precision)
    if not used:
        return {"custom_asic": TABLE.empty()}
    own = pl.DataFrame(
        [(_tflops(entry.params, params.precision), entry.params.tdp_kw, entry.params.available) for entry in used],
        schema={"peak_tflops": pl.Float64, "tdp_kw": pl.Float64, "available": pl.Date},
        orient="row",
    )
    each = pl.concat([costs(Entry(entry.name, entry.params) for entry in used), own], how="horizontal")
    pflops = pl.col("peak_tflops") / TFLOPS_PER_PFLOPS
    per_unit = pl.lit(bought, pl.Float64) * pflops - pl.col("package_usd") - pl.col("bom")
    found = each.with_columns(
        pl.lit(params.precision).alias("precision"),
        (pl.col("peak_tflops") / (pl.col("tdp_kw") * WATTS_PER_KW)).alias("tflops_per_w"),
        (pl.col("unit_usd") / pflops).alias("usd_per_pflops"),
        pl.lit(params.versus, pl.String).alias("versus"),
        pl.lit(bought, pl.Float64).alias("versus_usd_per_pflops"),
        pl.when(per_unit > 0).then((pl.col("fixed_usd") / per_unit).ceil()).cast(pl.Int64).alias("break_even_volume"),
    )
    return {"custom_asic": found.select(TABLE.names)}


def price_of_flops(registry: Any, part: str, precision: str) -> float:
    """Dollars for a PFLOP/s of a catalogue part.

    Args:
        registry: what the plugins provide.
        part: name of the part.
        precision: bf16, fp8 or fp4.

    Raises:
        RefusedError: there is no such part, or it has no price or no FLOP/s at the precision.
    """
    found = registry.parts.get(part)
    if found is None:
        raise RefusedError("chip", f"there is no catalogue part '{part}'", "name one that 'use:' would take")
    missing = [name for name in ("price", precision) if name not in found.figures]
    if missing:
        raise RefusedError("chip", f"'{part}' has no '{missing[0]}' in the catalogue", "compare with another part")
    price = Quantity("money").read(found.figures["price"].text)
    flops = Quantity("compute").read(found.figures[precision].text)
    count = float(found.figures["accelerators"].text) if "accelerators" in found.figures else 1.0
    return price / (count * flops) * TFLOPS_PER_PFLOPS


def _tflops(params: CustomAsic, precision: str) -> float | None:
    given: dict[str, float | None] = {"bf16": params.bf16_tflops, "fp8": params.fp8, "fp4": params.fp4}
    return given[precision]


ANALYSIS = Analysis(
    name="chip",
    doc="What an accelerator of one's own costs, and from which volume on it is cheaper than buying.",
    params=ChipParams,
    run=run,
    produces=("custom_asic",),
    tables=(TABLE,),
)
