"""The hardware model `custom-asic`: an accelerator of one's own, or a rack of them.

Price, power, FLOP/s, memory and the day from which there is one follow from the parameters; see
`twin_hardware.economics` for what it costs.  `use:` and `holds:` take the component like any part.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import (
    Area,
    Compute,
    ComputePerPower,
    Date,
    DefectDensity,
    Entry,
    Fraction,
    HardwareInputs,
    HardwareModel,
    Length,
    Memory,
    MemoryBandwidth,
    Money,
    Params,
    Power,
    Ratio,
    Term,
)
from twin_hardware.economics import MM_PER_KM, cost, dies_per_wafer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

NAME = "custom-asic"
WATTS_PER_KW = 1000.0
MONTHS = 12
_300_MM = 300.0 / MM_PER_KM

Row = tuple[str, str, str]
"""Attribute, value as a file states it, note."""


class CustomAsic(Params):
    """A chip of one's own: what it takes to have it made, and what it does."""

    nre: Money = Field(description="design, verification, licences and bring-up, paid once")
    mask_set: Money = Field(description="price of one set of masks")
    mask_sets: int = Field(1, ge=1, description="sets of masks: the first and one for every respin")
    wafer_price: Money = Field(description="price of one processed wafer")
    wafer_diameter: Length = Field(_300_MM, gt=0, description="diameter of the wafer, as 300 mm")
    die_area: Area = Field(gt=0, description="area of one die with its scribe lines, as 800 mm2")
    defect_density: DefectDensity = Field(
        0.1, description="killing defects by area; 0.05-0.15/cm2 is quoted for mature nodes (calculator.academy)"
    )
    yield_model: Literal["poisson", "murphy", "negative-binomial"] = Field(
        "negative-binomial", description="how defects fall; see the page on hardware"
    )
    alpha: Ratio = Field(3.0, gt=0, description="clustering of defects, for negative-binomial; 2-3 is usual (recalled)")
    dies_per_package: int = Field(1, ge=1, description="compute dies in one accelerator")
    hbm_stacks: int = Field(0, ge=0, description="stacks of high-bandwidth memory on one accelerator")
    hbm_stack_price: Money = Field(0.0, description="price of one stack")
    hbm_stack: Memory | None = Field(None, description="capacity of one stack")
    hbm_stack_bandwidth: MemoryBandwidth | None = Field(None, description="bandwidth of one stack")
    package_cost: Money = Field(description="interposer, substrate and assembly of one accelerator")
    package_yield: Fraction = Field(0.98, gt=0, description="share of the packages that work; assumed")
    test_cost: Money = Field(0.0, description="test of one package")
    bom: Money = Field(0.0, description="board, host, network and rack for each accelerator")
    overhead: Power = Field(0.0, description="draw of host, network and fans for each accelerator")
    accelerators: int = Field(1, ge=1, description="accelerators in one of the component; more than 1 for a rack")
    volume: int = Field(ge=1, description="accelerators made in all, over which NRE and masks are spread")
    tape_out: Date = Field(description="date on which the design goes to the fab")
    lead_time: Term = Field(
        12.0, description="from tape-out to the first volume: wafers, bring-up, qualification; assumed"
    )
    tdp: Power | None = Field(None, description="thermal design power of one accelerator; or from perf_per_watt")
    perf_per_watt: ComputePerPower | None = Field(
        None, description="peak dense BF16 by watt; with one of tdp and bf16 it gives the other"
    )
    bf16: Compute | None = Field(None, description="peak dense BF16 of one accelerator")
    fp8: Compute | None = Field(None, description="peak dense FP8 of one accelerator")
    fp4: Compute | None = Field(None, description="peak dense FP4 of one accelerator")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.perf_per_watt is not None and (self.tdp is None) == (self.bf16 is None):
            raise ValueError("perf_per_watt says nothing new, or too little; give it with one of tdp and bf16")
        if self.perf_per_watt is None and self.tdp is None:
            raise ValueError("nobody gives the power; add 'tdp:', or 'bf16:' and 'perf_per_watt:'")
        if all(given is None for given in (self.perf_per_watt, self.bf16, self.fp8, self.fp4)):
            raise ValueError("nobody says what it computes; add 'bf16:', 'fp8:', 'fp4:' or 'perf_per_watt:'")
        if self.perf_per_watt == 0:
            raise ValueError("perf_per_watt is zero; write it as '2 TFLOPS/W'")
        if self.hbm_stacks and not self.hbm_stack_price:
            raise ValueError("hbm_stacks without a price; add 'hbm_stack_price:'")
        whole = dies_per_wafer(np.array([self.wafer_diameter * MM_PER_KM]), np.array([self.die_area]))
        if whole[0] < 1:
            raise ValueError("not one die fits on the wafer; a smaller die_area or a larger wafer_diameter")
        return self

    @property
    def tdp_kw(self) -> float:
        """Thermal design power of one accelerator, given or from FLOP/s by watt."""
        if self.tdp is not None:
            return self.tdp
        return (self.bf16 or 0.0) / (self.perf_per_watt or 1.0) / WATTS_PER_KW

    @property
    def bf16_tflops(self) -> float | None:
        """Peak dense BF16 of one accelerator, given or from FLOP/s by watt."""
        if self.bf16 is not None or self.perf_per_watt is None:
            return self.bf16
        return self.perf_per_watt * self.tdp_kw * WATTS_PER_KW

    @property
    def available(self) -> date:
        """The first day of the first month that lies `lead_time` after the tape-out."""
        month = self.tape_out.year * MONTHS + self.tape_out.month - 1 + int(np.ceil(self.lead_time))
        month += self.tape_out.day > 1
        return date(month // MONTHS, month % MONTHS + 1, 1)


def costs(entries: Iterable[Entry[Any]]) -> pl.DataFrame:
    """`twin_hardware.economics.cost` of components that use the model, with their names as `component`."""
    rows = [
        {"component": entry.name}
        | {name: value for name, value in entry.params.model_dump().items() if name in _COST_TYPES}
        for entry in entries
    ]
    return cost(pl.DataFrame(rows, schema={"component": pl.String, **_COST_TYPES}))


_COST_TYPES = {
    "nre": pl.Float64,
    "mask_set": pl.Float64,
    "mask_sets": pl.Int64,
    "wafer_price": pl.Float64,
    "wafer_diameter": pl.Float64,
    "die_area": pl.Float64,
    "defect_density": pl.Float64,
    "yield_model": pl.String,
    "alpha": pl.Float64,
    "dies_per_package": pl.Int64,
    "hbm_stacks": pl.Int64,
    "hbm_stack_price": pl.Float64,
    "package_cost": pl.Float64,
    "package_yield": pl.Float64,
    "test_cost": pl.Float64,
    "bom": pl.Float64,
    "volume": pl.Int64,
}
"""Parameters that what it costs depends on."""


def run(inputs: HardwareInputs) -> dict[str, pl.DataFrame]:
    """Table `figures`: the attributes of every component that uses the model."""
    rows = [
        (entry.name, *row)
        for entry, costed in zip(inputs.entries, costs(inputs.entries).iter_rows(named=True), strict=True)
        for row in _attributes(entry.params, costed)
    ]
    return {"figures": pl.DataFrame(rows, schema=["component", "attribute", "value", "note"], orient="row")}


def _attributes(terms: CustomAsic, costed: Mapping[str, Any]) -> Iterator[Row]:
    several, load = terms.accelerators, terms.accelerators * (terms.tdp_kw + terms.overhead)
    yield "accelerators", str(several), ""
    yield "price", f"${_text(several * costed['unit_usd'])}", _price_note(terms, costed)
    yield "load", f"{_text(load)} kW", f"{several:,} of {_text(terms.tdp_kw)} kW TDP and {_text(terms.overhead)} kW"
    yield "tdp", f"{_text(terms.tdp_kw)} kW", "" if terms.tdp is not None else "bf16 over perf_per_watt"
    for name, flops in (("bf16", terms.bf16_tflops), ("fp8", terms.fp8), ("fp4", terms.fp4)):
        if flops is not None:
            derived = name == "bf16" and terms.bf16 is None
            yield name, f"{_text(flops)} TFLOPS", "tdp x perf_per_watt" if derived else ""
    for name, each, unit in (("hbm", terms.hbm_stack, "GB"), ("hbm_bandwidth", terms.hbm_stack_bandwidth, "TB/s")):
        if terms.hbm_stacks and each is not None:
            yield name, f"{_text(terms.hbm_stacks * each)} {unit}", f"{terms.hbm_stacks} stacks of {_text(each)} {unit}"
    yield "launch", terms.available.isoformat(), f"tape-out {terms.tape_out} + {_text(terms.lead_time)} months"


def _price_note(terms: CustomAsic, costed: Mapping[str, Any]) -> str:
    return (
        f"{terms.accelerators:,} x (${costed['package_usd']:,.0f} a good package, {costed['gross_dies']} dies a wafer "
        f"at a yield of {costed['yield_fraction']:.1%}, + ${costed['fixed_usd_each']:,.0f} of NRE and masks "
        f"over {terms.volume:,} + ${terms.bom:,.0f} of board, host and rack)"
    )


def _text(value: float) -> str:
    """A number with all the digits that matter, and no exponent that a unit could be taken for."""
    return f"{value:.12g}" if 1e-3 <= abs(value) < 1e12 or value == 0 else f"{value!r}"  # noqa: PLR2004 - where %g begins to write exponents


MODEL = HardwareModel(
    NAME,
    "An accelerator of one's own, or a rack of them: NRE, masks, wafers, yield, packages, memory, volume and tape-out.",
    CustomAsic,
    run,
)
