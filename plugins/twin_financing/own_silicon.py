"""The model `own-silicon`: the cash of designing and making a chip of one's own, and what one of them costs.

Design, masks and respins are paid before there is a chip and written off over the chips that are made; what
each chip costs besides is paid as it is made.  The hardware model `custom-asic` gives a part the same unit
cost as its price: buy such parts by this model or by `purchase`, not by both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import Date, Entry, FinancingInputs, FinancingModel, Money, Params, PartyRef
from twin_financing import debt_rows, depreciation, terms
from twin_financing.terms import PositiveTerm, WholeTerm

if TYPE_CHECKING:
    from twin_financing.terms import Floats

NAME = "own-silicon"


class OwnSiliconParams(Params):
    """A chip programme: design until tape-out, masks at tape-out, then production in equal months."""

    owner: PartyRef = Field(description="party that pays and has the chips")
    designer: PartyRef = Field("vendor", description="party that is paid for the design")
    foundry: PartyRef = Field("vendor", description="party that is paid for masks and chips")
    nre: Money = Field(description="design, verification, licences and bring-up, paid evenly over design_months")
    design_months: int = Field(24, ge=1, le=240, description="months of design, the last of them that of the tape-out")
    mask_set: Money = Field(0.0, description="price of one set of masks")
    mask_sets: int = Field(1, ge=1, description="sets of masks: the first at tape-out and one for every respin")
    respin_months: WholeTerm = Field(6.0, description="months from one set of masks to the next")
    tape_out: Date = Field(description="month in which the design goes to the fab")
    lead_time: WholeTerm = Field(12.0, description="months from the last set of masks to the first chips; assumed")
    volume: int = Field(ge=1, description="chips made in all")
    production: PositiveTerm = Field(description="months over which they are made, in equal parts")
    unit_cost: Money = Field(description="wafer, memory, package, test and board of one chip")
    merchant_price: Money | None = Field(
        None, gt=0, description="price of a chip that does the same and can be bought; for the break-even volume"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.owner in {self.designer, self.foundry}:
            raise terms.wrong("the owner would pay itself; name who designs and who makes the chips")
        return self

    @property
    def fixed_usd(self) -> float:
        """Design and masks."""
        return self.nre + self.mask_sets * self.mask_set

    @property
    def first_chip(self) -> int:
        """Months from tape-out to the first chips."""
        return (self.mask_sets - 1) * int(self.respin_months) + int(self.lead_time)


@dataclass(frozen=True, slots=True)
class Programme:
    """Dollars and chips by month; month 0 is the first of design."""

    design: Floats
    masks: Floats
    chips: Floats


def programme(params: OwnSiliconParams) -> Programme:
    """The programme by month."""
    out = params.design_months - 1
    first = out + params.first_chip
    months = first + int(params.production)
    design, masks, chips = np.zeros(months), np.zeros(months), np.zeros(months)
    design[: params.design_months] = params.nre / params.design_months
    at = out + int(params.respin_months) * np.arange(params.mask_sets)
    np.add.at(masks, at, params.mask_set)
    chips[first:] = params.volume / params.production
    return Programme(design, masks, chips)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all programmes.

    Returns:
        `cashflow` (nre, capex), `depreciation` (units of production: design and masks over the chips), and
        `deal_figures`: unit cost with and without design, break-even volume.

    Raises:
        RefusedError: design that begins before the calendar, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {
        "cashflow": ledger.frame(),
        "depreciation": terms.together([frame for frame, _ in made], dict(depreciation.DEPRECIATION)),
        "deal_figures": terms.together([figures for _, figures in made], dict(debt_rows.FIGURES)),
    }


def _one(
    entry: Entry[OwnSiliconParams], inputs: FinancingInputs, ledger: terms.Ledger
) -> tuple[pl.DataFrame, pl.DataFrame]:
    params, calendar = entry.params, inputs.calendar
    start = calendar.index(params.tape_out) - params.design_months + 1
    if start < 0:
        raise terms.refuse(
            NAME,
            entry.name,
            f"its design begins in {calendar.date(start):%Y-%m}, before the calendar starts",
            f"start the calendar in {calendar.date(start):%Y-%m}, let tape_out be later or design_months fewer",
        )
    made = programme(params)
    chips = terms.place(start, made.chips, calendar.months)
    fixed = terms.place(start, made.design + made.masks, calendar.months)
    ledger.add(entry.name, params.owner, params.designer, "nre", terms.place(start, made.design, calendar.months))
    ledger.add(entry.name, params.owner, params.foundry, "nre", terms.place(start, made.masks, calendar.months))
    ledger.add(entry.name, params.owner, params.foundry, "capex", chips * params.unit_cost)
    written = chips * params.fixed_usd / params.volume
    closing = np.cumsum(fixed - written)
    closing[np.abs(closing) <= 1e-9 * max(params.fixed_usd, 1.0)] = 0.0
    frame = pl.DataFrame(
        {
            "addition_usd": fixed,
            "depreciation_usd": written,
            "disposal_usd": np.zeros(calendar.months),
            "closing_usd": closing,
        }
    )
    rows = depreciation.rows(frame, calendar, entry.name, params.owner, ("book", "units-of-production"))
    return rows, _figures(entry.name, params)


def _figures(name: str, params: OwnSiliconParams) -> pl.DataFrame:
    each = params.fixed_usd / params.volume
    whole = params.unit_cost + each
    rows: list[tuple[str, float | None, str, str]] = [
        ("fixed_cost", params.fixed_usd, "$", "design and masks"),
        ("fixed_cost_each", each, "$", f"of one chip, over {params.volume:,}"),
        ("unit_cost", whole, "$", "of one chip, design and masks included, undiscounted"),
    ]
    if params.merchant_price is not None:
        saved = params.merchant_price - params.unit_cost
        volume = params.fixed_usd / saved if saved > 0 else None
        why = "chips from which it is cheaper than to buy" if saved > 0 else "one more costs more than one bought"
        rows.append(("break_even_volume", volume, "chips", why))
        rows.append(("saving", (params.merchant_price - whole) * params.volume, "$", "against buying, undiscounted"))
    return debt_rows.figures(name, *rows)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last chip is made."""
    return max(
        (
            inputs.calendar.index(entry.params.tape_out) + entry.params.first_chip + int(entry.params.production)
            for entry in inputs.entries
        ),
        default=0,
    )


MODEL = FinancingModel(
    name=NAME,
    doc="A chip of one's own: design and masks paid ahead, written off over the chips; unit cost, break-even volume.",
    params=OwnSiliconParams,
    run=run,
    horizon=horizon,
)
