"""The model `equity-waterfall`: who of the owners of a company gets its cash: capital, preferred return, promote."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import DealRef, Entry, FinancingInputs, FinancingModel, Fraction, Params, PartyRef, Rate
from twin_financing import debt_rows, terms
from twin_financing.term_debt_frames import WATERFALL, cascade_rows

if TYPE_CHECKING:
    from twin_financing.terms import Floats

NAME = "equity-waterfall"
_YEAR = 12
_WHOLE = 1e-9


class InvestorParams(Params):
    """An owner and its share."""

    party: PartyRef = Field(description="who pays capital in and is paid out")
    share: Fraction = Field(gt=0, description="share of the capital; the shares sum to 1")


class TierParams(Params):
    """A step of the promote: until the owners have earned `hurdle`, the sponsor gets `promote` of what is paid."""

    hurdle: Rate = Field(gt=0, description="return of the owners a year, annual effective, at which the step ends")
    promote: Fraction = Field(description="share of the step that goes to the sponsor")


class EquityWaterfallParams(Params):
    """Cash of a company to its owners, month by month, after all that its deals pay."""

    company: PartyRef = Field(description="party whose cash is paid out")
    deals: tuple[DealRef, ...] = Field(
        min_length=1, description="deals whose net cash to the company, less its energy bills, is paid out: loans too"
    )
    investors: tuple[InvestorParams, ...] = Field(min_length=1, description="owners; what is missing they pay in")
    sponsor: PartyRef = Field(description="party that gets the promote; it may be an owner too")
    preferred_return: Rate = Field(
        0.0, ge=0, description="return a year, annual effective and compounding, before any promote"
    )
    tiers: tuple[TierParams, ...] = Field((), description="steps of the promote, hurdles rising")
    promote: Fraction = Field(0.0, description="share of the sponsor in what is left after the last step")

    @model_validator(mode="after")
    def _together(self) -> Self:
        names = [investor.party for investor in self.investors]
        if abs(sum(investor.share for investor in self.investors) - 1) > _WHOLE:
            raise terms.wrong("the shares of the investors do not sum to 1")
        if len(set(names)) < len(names):
            raise terms.wrong("an investor is named twice")
        if self.company in {*names, self.sponsor}:
            raise terms.wrong("the company is among its own owners: the waterfall would run in a circle")
        hurdles = [self.preferred_return, *(tier.hurdle for tier in self.tiers)]
        if any(later <= earlier for earlier, later in pairwise(hurdles)):
            raise terms.wrong("hurdles do not rise from step to step, beginning above preferred_return")
        return self


@dataclass(frozen=True, slots=True)
class Paid:
    """What the owners pay in and get, by month.

    Attributes:
        called: paid in by all owners.
        cash: to be paid out, what was locked up before among it.
        due, owners, sponsor: by step and month; what the step asks for, and who gets what.
        kept: locked up at the end of the month.
    """

    called: Floats
    cash: Floats
    due: Floats
    owners: Floats
    sponsor: Floats
    kept: Floats


def steps(params: EquityWaterfallParams) -> tuple[tuple[str, float, float], ...]:
    """Name, hurdle (annual effective) and promote of every step but the last, which takes what is left."""
    named = [("return_of_capital", 0.0, 0.0)]
    if params.preferred_return:
        named.append(("preferred_return", params.preferred_return, 0.0))
    named += [(f"promote_{i}", tier.hurdle, tier.promote) for i, tier in enumerate(params.tiers, 1)]
    return tuple(named)


def share_out(net: Floats, locked: Floats, rules: tuple[tuple[str, float, float], ...], rest: float) -> Paid:
    """Run the waterfall.

    For each hurdle the owners have an account that grows at it: what they pay in is added, what they are
    paid is taken off.  A step lasts until its account is empty, so it ends exactly when they have earned it.

    Args:
        net: cash of the company by month; what is missing is called from the owners.
        locked: 1 in months in which nothing may be paid out, else 0.
        rules: as `steps` gives them.
        rest: promote after the last of them.
    """
    months, count = len(net), len(rules)
    growth = np.array([(1 + hurdle) ** (1 / _YEAR) for _, hurdle, _ in rules])
    promote = np.array([each for *_, each in rules])
    accounts = np.zeros(count)
    due, owners, sponsor = (np.zeros((count + 1, months)) for _ in range(3))
    called, cash, kept = np.zeros(months), np.zeros(months), np.zeros(months)
    held = 0.0
    for month in range(months):
        accounts *= growth
        missing = max(-float(net[month]) - held, 0.0)
        held = max(held + min(float(net[month]), 0.0), 0.0)
        accounts += missing
        called[month] = missing
        left = cash[month] = held + max(float(net[month]), 0.0)
        if locked[month]:
            held = kept[month] = left
            continue
        held = 0.0
        for step in range(count):
            # Of a step the owners get 1 - promote: with a promote of 1 the sponsor takes all there is.
            part = 1 - promote[step]
            due[step, month] = accounts[step] / part if part > 0 else (left if accounts[step] > 0 else 0.0)
            paid = min(due[step, month], left)
            owners[step, month], sponsor[step, month] = paid * part, paid * promote[step]
            accounts = np.maximum(accounts - paid * part, 0.0)
            left -= paid
        due[count, month] = left
        owners[count, month], sponsor[count, month] = left * (1 - rest), left * rest
        # What is paid beyond a hurdle is not owed back to it.
        accounts = np.maximum(accounts - left * (1 - rest), 0.0)
    return Paid(called, cash, due, owners, sponsor, kept)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all waterfalls: `cashflow` (equity_contribution, distribution) and `waterfall`.

    Raises:
        RefusedError: two waterfalls that pay out the same cash, by name.
    """
    _refuse_shared_cash(inputs)
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {
        "cashflow": ledger.frame(),
        "waterfall": terms.together([frame for frame, _ in made], dict(WATERFALL)),
        "deal_figures": terms.together([figures for _, figures in made], dict(debt_rows.FIGURES)),
    }


def _refuse_shared_cash(inputs: FinancingInputs) -> None:
    every = [
        *inputs.entries,
        *(each for each in inputs.others.values() if isinstance(each.params, EquityWaterfallParams)),
    ]
    for entry in inputs.entries:
        for other in every:
            shared = set(entry.params.deals) & set(other.params.deals)
            if other.name != entry.name and other.params.company == entry.params.company and shared:
                raise terms.refuse(
                    NAME,
                    entry.name,
                    f"'{other.name}' pays out the cash of '{min(shared)}' to the owners of '{entry.params.company}' "
                    "too",
                    "make them one waterfall, or let each have deals of its own",
                )


def _one(
    entry: Entry[EquityWaterfallParams], inputs: FinancingInputs, ledger: terms.Ledger
) -> tuple[pl.DataFrame, pl.DataFrame]:
    params = entry.params
    net = terms.cash_of(params.company, params.deals, inputs)
    rules = steps(params)
    made = share_out(net, _locked(inputs), rules, params.promote)
    owners, sponsor = made.owners.sum(axis=0), made.sponsor.sum(axis=0)
    for investor in params.investors:
        ledger.add(entry.name, investor.party, params.company, "equity_contribution", made.called * investor.share)
        ledger.add(entry.name, params.company, investor.party, "distribution", owners * investor.share)
    ledger.add(entry.name, params.company, params.sponsor, "distribution", sponsor)
    names = [name for name, *_ in rules] + ["residual"]
    cash = made.cash - made.kept
    rows = tuple(
        (name, params.sponsor if name.startswith("promote") else params.investors[0].party, due, who + boss)
        for name, due, who, boss in zip(names, made.due, made.owners, made.sponsor, strict=True)
    )
    figures = debt_rows.figures(
        entry.name,
        ("paid_in", float(made.called.sum()), "$", "by all owners"),
        ("paid_out", float(owners.sum()), "$", "to the owners, the promote not counted"),
        ("promote", float(sponsor.sum()), "$", "to the sponsor beyond its share"),
        ("kept", float(made.kept[-1]) if len(made.kept) else 0.0, "$", "locked up when the calendar ends"),
    )
    return cascade_rows(entry.name, inputs, 0, cash, rows), figures


def _locked(inputs: FinancingInputs) -> Floats:
    """1 in the months in which a loan among the deals is locked up or in default."""
    bad = inputs.debt.filter(pl.col("locked_up").fill_null(value=False) | pl.col("in_default").fill_null(value=False))
    out = np.zeros(inputs.calendar.months)
    out[bad.select(inputs.calendar.number())["month"].to_numpy()] = 1.0
    return out


MODEL = FinancingModel(
    name=NAME,
    doc="Cash of a company to its owners: capital calls, return of capital, preferred return, promote by hurdles.",
    params=EquityWaterfallParams,
    run=run,
)
