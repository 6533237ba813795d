"""When a `term-debt` is drawn and repaid, what it pays for, and out of which cash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin_financing import terms

if TYPE_CHECKING:
    from twin.api import Entry, FinancingInputs
    from twin_financing.term_debt_params import TermDebtParams
    from twin_financing.terms import Floats

NAME = "term-debt"


@dataclass(frozen=True, slots=True)
class Dates:
    """Month indices of a loan, and what it pays for.

    Attributes:
        draw, repay, maturity: first draw, first and last repayment.
        weights: of the draws by month, from the first draw to the month before repayment.
        cost: by month likewise, what `funds` costs; None where the loan funds no deal.
        profile: months that the schedule would take without a balloon.
    """

    draw: int
    repay: int
    maturity: int
    weights: Floats
    cost: Floats | None
    profile: int

    @property
    def grace(self) -> int:
        """Months from the first draw to the month before the first repayment."""
        return self.repay - self.draw

    @property
    def count(self) -> int:
        """Months of repayment."""
        return self.maturity - self.repay + 1


def dates(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> Dates:
    """The dates of a loan.

    Raises:
        RefusedError: dates that cannot be, by name.
    """
    params, calendar = entry.params, inputs.calendar
    cost = None
    if params.funds is None:
        draw = 0 if params.draw is None else calendar.index(params.draw)
        weights = np.full(params.draw_months, 1 / params.draw_months)
    else:
        draw, cost = _following(entry, inputs)
        weights = cost / cost.sum()
    drawn = draw + len(weights)
    repay = drawn if params.repayment_start is None else calendar.index(params.repayment_start)
    maturity = draw + int(params.tenor or 0) if params.maturity is None else calendar.index(params.maturity)
    waiting = np.zeros(max(repay - drawn, 0))
    count = maturity - repay + 1
    found = Dates(
        draw,
        repay,
        maturity,
        np.concatenate((weights, waiting)),
        None if cost is None else np.concatenate((cost, waiting)),
        count if params.profile_term is None else int(params.profile_term),
    )
    _refuse_dates(entry, inputs, found, drawn)
    return found


def _refuse_dates(entry: Entry[TermDebtParams], inputs: FinancingInputs, found: Dates, drawn: int) -> None:
    def month(index: int) -> str:
        return f"{inputs.calendar.date(index):%Y-%m}"

    if found.draw < 0:
        reason, remedy = f"it is drawn in {month(found.draw)}, before the calendar starts", "start the calendar earlier"
    elif found.repay < drawn:
        reason = f"repayment starts in {month(found.repay)}, but it is drawn until {month(drawn - 1)}"
        remedy = f"let repayment_start be {month(drawn)} or later"
    elif found.maturity < found.repay:
        reason = f"it matures in {month(found.maturity)}, before its first repayment in {month(found.repay)}"
        remedy = "let it mature later, or start repayment earlier"
    elif found.profile < found.count:
        reason = f"profile_term is {found.profile} months, but it is repaid over {found.count}"
        remedy = f"let profile_term be longer than {found.count} months, or leave it out"
    else:
        return
    raise terms.refuse(NAME, entry.name, reason, remedy)


def _following(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> tuple[int, Floats]:
    """First month and amounts by month of what the borrower pays under the deal `funds`."""
    params = entry.params
    paid = inputs.cashflow.filter((pl.col("deal") == params.funds) & (pl.col("payer") == params.borrower))
    by_month = terms.by_month(paid, inputs.calendar, np.ones(paid.height))
    at = np.flatnonzero(by_month)
    if not len(at):
        raise terms.refuse(
            NAME,
            entry.name,
            f"'{params.borrower}' pays nothing under '{params.funds}' within the calendar: nothing to draw for",
            "let `funds` name a deal that the borrower pays for",
        )
    return int(at[0]), by_month[at[0] : at[-1] + 1]


def cfads(entry: Entry[TermDebtParams], inputs: FinancingInputs, found: Dates) -> Floats:
    """Cash available to the loan by month, from the first draw until its schedule would end without a balloon.

    That is the net cash to the borrower of the deals in `secured_by`, less its energy bills, less what the
    loans in `behind` take of it.  What is in the ledger and not an entry of `deals:` is a bill of an entry
    of `energy:`.
    """
    params = entry.params
    count = found.grace + found.profile
    if not params.secured_by:
        return np.zeros(count)
    net = terms.cash_of(params.borrower, params.secured_by, inputs)
    for senior in params.behind:
        net = net - _taken(inputs.debt.filter(pl.col("deal") == senior), inputs)
    return terms.place(-found.draw, net, count)


def _taken(debt: pl.DataFrame, inputs: FinancingInputs) -> Floats:
    """What a loan takes of the cash after its last draw: debt service but for a balloon, and what its reserve gains."""
    last = debt.filter(pl.col("draw_usd") > 0)["month"].max()
    gained = pl.col("reserve_usd").fill_null(0.0).diff().fill_null(0.0)
    taken = pl.col("interest_usd") - pl.col("capitalised_usd") + pl.col("principal_usd")
    rows = debt.sort("month").select("month", amount_usd=taken - pl.col("balloon_usd").fill_null(0.0) + gained)
    rows = rows.filter(pl.col("month") > last)
    return terms.by_month(rows, inputs.calendar, np.ones(rows.height))


def refuse_shared_security(inputs: FinancingInputs, model: str) -> None:
    """Refuse two loans that count the same cash and do not say which is served first.

    Raises:
        RefusedError: the two, by name; or a loan behind something that is not a loan of the same borrower.
    """
    by_name = {entry.name: entry for entry in (*inputs.entries, *inputs.others.values()) if _secured(entry)}
    for entry in inputs.entries:
        for senior in _behind(entry):
            other = by_name.get(senior)
            if other is None or other.params.borrower != entry.params.borrower:
                raise terms.refuse(
                    model,
                    entry.name,
                    f"it is behind '{senior}', which is not a loan of '{entry.params.borrower}'",
                    "let `behind` name loans of the same borrower that are secured by deals",
                )
        for other in by_name.values():
            shared = set(entry.params.secured_by) & set(other.params.secured_by)
            ordered = other.name in _behind(entry) or entry.name in _behind(other)
            if other.name != entry.name and other.params.borrower == entry.params.borrower and shared and not ordered:
                raise terms.refuse(
                    model,
                    entry.name,
                    f"'{other.name}' of the same borrower is secured by '{min(shared)}' too, and each would count all "
                    "of its cash",
                    f"say which is served first, as `behind: [{other.name}]`, secure each loan by deals of its own, "
                    "or make them one loan",
                )


def _secured(entry: Entry[Any]) -> bool:
    return bool(getattr(entry.params, "secured_by", ())) and hasattr(entry.params, "borrower")


def _behind(entry: Entry[Any]) -> tuple[str, ...]:
    return tuple(getattr(entry.params, "behind", ()))
