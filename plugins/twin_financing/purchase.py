"""The model `purchase`: racks at their catalogue price as they energise, or a stated amount such as a building."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import (
    Date,
    Entry,
    FinancingInputs,
    FinancingModel,
    Fraction,
    Money,
    MoneyPerPower,
    Params,
    PartyRef,
    Power,
    SiteRef,
)
from twin_financing import depreciation, terms
from twin_financing.depreciation import GOVERNMENT, Held, TaxParams, spread
from twin_financing.terms import PositiveTerm, WholeTerm

if TYPE_CHECKING:
    import polars as pl

    from twin.api import Calendar
    from twin_financing.terms import Floats, Ints

NAME = "purchase"
_LIFE_ONLY = ("refresh", "salvage", "terminal")


class PurchaseParams(Params):
    """What is bought, from whom, when it is paid and what becomes of it."""

    buyer: PartyRef = Field(description="party that pays")
    seller: PartyRef = Field("vendor", description="party that is paid")
    scope: Literal["accelerators"] | None = Field(
        None,
        description="accelerators: every rack of the site, at its `price`, in the month it is energised; "
        "the buyer has the use of racks at a site that no other deal lets; give one of scope, amount and price",
    )
    amount: Money | None = Field(None, description="price outright; give one of scope, amount and price")
    price: MoneyPerPower | None = Field(
        None, description="price by IT power, as of a building; give one of scope, amount and price"
    )
    capacity: Power | None = Field(
        None,
        gt=0,
        description="IT power that price refers to; the IT load of the site, or of all sites, where not given",
    )
    site: SiteRef | None = Field(None, description="site that is meant by scope or price; all sites where not given")
    start: Date | None = Field(
        None, description="month of the first payment of amount or price; the start of the calendar where not given"
    )
    months: int = Field(1, ge=1, le=600, description="months over which amount or price is paid, in equal parts")
    lead: WholeTerm = Field(0.0, description="months between the deposit on racks and their energisation")
    deposit: Fraction = Field(0.0, description="share of the price of racks that is paid `lead` ahead")
    life: PositiveTerm | None = Field(
        None, description="how long it lasts, from the month of energisation or last payment"
    )
    refresh: bool = Field(
        default=False, description="whether it is replaced at the end of its life at the same price; if not it runs on"
    )
    least_use: WholeTerm = Field(
        12.0, description="no replacement is bought for a shorter use than this before the calendar ends"
    )
    salvage: Fraction = Field(
        0.0,
        description="share of the price that `market` pays for it when it is replaced, or at the calendar's end if it "
        "is past its life",
    )
    terminal: Literal["none", "book"] = Field(
        "none",
        description="what `market` pays at the end of the calendar for what is not past its life: nothing, or its "
        "straight-line value between price and salvage; likewise when it is retired before",
    )
    tax: TaxParams | None = Field(None, description="how it is deducted from taxable income; not where not given")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if sum(given is not None for given in (self.scope, self.amount, self.price)) != 1:
            raise terms.wrong("give one of scope, amount and price")
        racks = self.scope is not None
        stray = {
            "capacity": self.capacity is not None and self.price is None,
            "site": self.site is not None and self.amount is not None,
            "start": racks and self.start is not None,
            "months": racks and self.months != 1,
            "lead": not racks and self.lead > 0,
            "deposit": not racks and self.deposit > 0,
        }
        for name, given in stray.items():
            if given:
                raise terms.wrong(f"{name} has no meaning for this kind of purchase; leave it out")
        if self.life is None:
            for name in _LIFE_ONLY:
                if getattr(self, name) not in (False, 0.0, "none"):
                    raise terms.wrong(f"{name} needs a life")
        return self


@dataclass(frozen=True, slots=True)
class Lots:
    """Things bought together; `month` (in service), `end` (out of it for good) and `price_usd` have one entry a lot.

    A lot is paid in the months `offsets`, relative to its month in service, in the shares `weights`.
    """

    month: Ints
    end: Ints
    price_usd: Floats
    offsets: Ints
    weights: Floats

    def payments(self, months: int, later: int = 0) -> Floats:
        """Payments by calendar month, with every lot `later` months later."""
        return spread((self.month + later)[:, None] + self.offsets, self.price_usd[:, None] * self.weights, months)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all purchases.

    Returns:
        `cashflow` (capex, salvage, and where the buyer has a tax rate income_tax and tax_credit),
        `depreciation` in the books where there is a life, for tax where the file says how; and for racks
        `occupancy`: the buyer has the use of what it bought, unless another deal lets the site.
    """
    ledger = terms.Ledger(inputs.calendar)
    written = [_one(entry, inputs, ledger) for entry in inputs.entries]
    occupied = [
        frame
        for entry in inputs.entries
        if entry.params.scope
        for frame in terms.racks_in_use(inputs, entry.params.site, entry.name, entry.params.buyer)
    ]
    return {
        "cashflow": ledger.frame(),
        "occupancy": terms.together(occupied, terms.OCCUPANCY),
        "depreciation": terms.together(
            [frame for frames in written for frame in frames], dict(depreciation.DEPRECIATION)
        ),
    }


def _one(entry: Entry[PurchaseParams], inputs: FinancingInputs, ledger: terms.Ledger) -> list[pl.DataFrame]:
    """The flows of one purchase; what it writes off."""
    params, months = entry.params, inputs.calendar.months
    terms.two_parties(NAME, entry.name, params.buyer, params.seller)
    lots = _racks(entry, inputs) if params.scope else _outright(entry, inputs)
    first = int((lots.month + lots.offsets.min()).min())
    if first < 0:
        raise terms.refuse(
            NAME,
            entry.name,
            f"a payment falls in {inputs.calendar.date(first):%Y-%m}, before the calendar starts",
            f"start the calendar in {inputs.calendar.date(first):%Y-%m} or earlier, or let it be paid later",
        )
    capex, held = lives(params, lots, months)
    salvage = spread(held.gone, held.proceeds_usd, months)
    ledger.add(entry.name, params.buyer, params.seller, "capex", capex)
    if salvage.any():
        terms.two_parties(NAME, entry.name, "market", params.buyer)
        ledger.add(entry.name, "market", params.buyer, "salvage", salvage)
    return _written_off(entry, inputs.calendar, held, ledger)


def _written_off(
    entry: Entry[PurchaseParams], calendar: Calendar, held: Held, ledger: terms.Ledger
) -> list[pl.DataFrame]:
    params, frames = entry.params, []
    if params.life is not None:
        frame = depreciation.in_books(held, int(params.life), params.salvage, calendar)
        frames.append(depreciation.rows(frame, calendar, entry.name, params.buyer, ("book", "straight-line")))
    if params.tax is not None and calendar.months:
        frame, gain = depreciation.for_tax(held, params.tax, calendar)
        frames.append(depreciation.rows(frame, calendar, entry.name, params.buyer, ("tax", params.tax.label)))
        due = (gain - frame["depreciation_usd"].to_numpy()) * (params.tax.rate or 0.0)
        if due.any():
            terms.two_parties(NAME, entry.name, params.buyer, GOVERNMENT)
        ledger.add(entry.name, params.buyer, GOVERNMENT, "income_tax", np.maximum(due, 0.0))
        ledger.add(entry.name, GOVERNMENT, params.buyer, "tax_credit", np.maximum(-due, 0.0))
    return frames


def _racks(entry: Entry[PurchaseParams], inputs: FinancingInputs) -> Lots:
    params = entry.params
    parts = terms.at_site(inputs.parts, params.site)
    where = "in the file" if params.site is None else f"at site '{params.site}'"
    if parts.is_empty():
        raise terms.refuse(
            NAME,
            entry.name,
            f"there are no racks to buy {where}",
            "put groups of kind rack in the site, or state an amount",
        )
    terms.refuse_unpriced(NAME, entry.name, parts)
    month, end = (terms.month_indices(inputs.calendar, parts[name]) for name in ("month", "retired"))
    price = parts["racks"].to_numpy() * parts["price_usd"].to_numpy()
    if params.deposit == 0:
        return Lots(month, end, price, np.array([0]), np.array([1.0]))
    return Lots(month, end, price, np.array([-int(params.lead), 0]), np.array([params.deposit, 1 - params.deposit]))


def _outright(entry: Entry[PurchaseParams], inputs: FinancingInputs) -> Lots:
    params = entry.params
    if params.amount is not None:
        price = params.amount
    else:
        site_kw = float(terms.at_site(inputs.phases, params.site)["it_kw"].sum())
        capacity = site_kw if params.capacity is None else params.capacity
        if capacity == 0:
            raise terms.refuse(
                NAME,
                entry.name,
                "there is no IT load that `price` could refer to",
                "give `capacity`, or state an amount",
            )
        price = (params.price or 0.0) * capacity
    start = 0 if params.start is None else inputs.calendar.index(params.start)
    offsets = np.arange(1 - params.months, 1)
    weights = np.full(params.months, 1 / params.months)
    return Lots(np.array([start + params.months - 1]), np.array([terms.NEVER]), np.array([price]), offsets, weights)


def lives(params: PurchaseParams, lots: Lots, months: int) -> tuple[Floats, Held]:
    """Payments by calendar month, and every lot with what becomes of it, over all generations.

    A lot bought for month c is replaced in c + k · life, k = 1, 2, …, while at least `least_use` of
    the calendar is left and the topology does not retire it.  What is left of its value comes in when it
    retires, or at the end of the calendar.
    """
    capex, nothing = lots.payments(months), np.zeros(len(lots.month))
    if params.life is None:
        return capex, Held(lots.month, np.where(lots.end < months, lots.end, terms.NEVER), lots.price_usd, nothing)
    life, least = int(params.life), max(int(params.least_use), 1)
    newest, replaced = lots.month.copy(), []
    latest = np.minimum(months - least, lots.end - 1)
    while params.refresh and (newest + life <= latest).any():
        due = newest + life <= latest
        lot = Lots(newest[due] + life, lots.end[due], lots.price_usd[due], lots.offsets, lots.weights)
        capex += lot.payments(months)
        replaced.append(Held(newest[due], lot.month, lot.price_usd, lot.price_usd * params.salvage))
        newest = np.where(due, newest + life, newest)
    return capex, _joined([*replaced, _last(params, lots, newest, months)])


def _last(params: PurchaseParams, lots: Lots, newest: Ints, months: int) -> Held:
    """The last generation: sold when it retires, and at the end of the calendar where that brings something."""
    last = np.minimum(lots.end, months)
    worn = np.minimum((last - newest) / (params.life or 1.0), 1.0)
    value = lots.price_usd * (1 - worn * (1 - params.salvage))
    if params.terminal == "none":
        value = np.where(worn >= 1, value, 0.0)
    value = np.where(newest < last, value, 0.0)
    gone = np.where((value > 0) | (lots.end < months), np.clip(last, 0, max(months - 1, 0)), terms.NEVER)
    return Held(newest, gone, lots.price_usd, value)


def _joined(held: list[Held]) -> Held:
    columns = [[getattr(each, name) for each in held] for name in ("month", "gone", "price_usd", "proceeds_usd")]
    return Held(*(np.concatenate(column) for column in columns))


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last stated amount is paid."""
    ends = [0]
    for entry in inputs.entries:
        if entry.params.scope is None:
            start = entry.params.start
            ends.append((0 if start is None else inputs.calendar.index(start)) + entry.params.months)
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="Racks at their price as they energise, or a stated amount; life, replacement, salvage; depreciation and tax.",
    params=PurchaseParams,
    run=run,
    horizon=horizon,
)
