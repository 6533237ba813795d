"""A loan under the cash that pays it: interest, principal, reserve, sweep, in this order, month by month.

What is swept lowers all later instalments, the balloon among them, in proportion, so that what is left of
a schedule is always the schedule times one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_financing import loan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


_ROUNDING = 1e-12
"""Share of the loan below which a balance is what is left of rounding."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What happens to cash.

    Attributes:
        rate: interest a period.
        reserve_periods: periods of debt service that the reserve holds.
        sweep: share of the excess that prepays the loan.
        lock_up: cover ratio; the excess is what is above so many times the debt service.
    """

    rate: float
    reserve_periods: int = 0
    sweep: float = 0.0
    lock_up: float = 1.0


@dataclass(frozen=True, slots=True)
class Cascade:
    """One entry a period of repayment, all in dollars.

    Attributes:
        opening, closing: balance.
        interest, principal, swept, balloon: principal is what is scheduled, without swept and balloon.
        reserve: at the end of the period.
        released, topped_up: what the reserve gives and takes.
        cash: CFADS, not below zero, and what the reserve gives.
        paid_interest, paid_principal: what that cash pays of them.
        left: of the cash after all steps.
    """

    opening: Floats
    closing: Floats
    interest: Floats
    principal: Floats
    swept: Floats
    balloon: Floats
    reserve: Floats
    released: Floats
    topped_up: Floats
    cash: Floats
    paid_interest: Floats
    paid_principal: Floats
    reserve_due: Floats
    sweep_due: Floats
    left: Floats


def reserve_targets(service: Floats, periods: int) -> Floats:
    """Debt service of the next `periods` periods at the end of each period, that before the first one first."""
    sums = np.concatenate(([0.0], np.cumsum(service)))
    start = np.arange(len(service) + 1)
    return np.asarray(sums[np.minimum(start + periods, len(service))] - sums[start])


def run(balance: float, principal: Floats, balloon: float, cfads: Floats, rules: Rules, funded: float = 0.0) -> Cascade:
    """Repay a loan out of cash.

    What the cash does not cover is paid out of the reserve, and beyond it out of the borrower's own
    pocket: a shortfall leaves the contract as it is and shows as cash that was not there.

    Args:
        balance: before the first repayment.
        principal: scheduled by period; with the balloon it sums to the balance.
        balloon: repaid in the last period besides.
        cfads: cash flow available for debt service by period.
        rules: what happens to cash.
        funded: reserve before the first period.
    """
    count = len(principal)
    scheduled = balance - np.concatenate(([0.0], np.cumsum(principal)))[:-1]
    targets = reserve_targets(principal + rules.rate * scheduled, rules.reserve_periods)
    rows = np.zeros((len(Cascade.__dataclass_fields__), count))
    owed, share, reserve = balance, 1.0, funded
    for period in range(count):
        interest, due = rules.rate * owed, min(share * float(principal[period]), owed)
        flow = max(float(cfads[period]), 0.0)
        target = share * float(targets[period + 1])
        drawn = min(max(interest + due - flow, 0.0), reserve)
        released = drawn + max(reserve - drawn - target, 0.0)
        cash = flow + released
        paid_interest = min(interest, cash)
        paid_principal = min(due, cash - paid_interest)
        after = cash - paid_interest - paid_principal
        reserve_due = max(target - (reserve - released), 0.0)
        topped_up = min(reserve_due, after)
        last = period == count - 1
        final = min(share * balloon, max(owed - due, 0.0)) if last else 0.0
        excess = max(flow - rules.lock_up * (interest + due), 0.0)
        sweep_due = min(rules.sweep * excess, max(owed - due - final, 0.0))
        swept = min(sweep_due, after - topped_up)
        closing = owed - due - swept - final
        # Rounding of the running balance is not a debt.
        closing = 0.0 if abs(closing) <= _ROUNDING * balance or last else closing
        if owed - due > 0 and swept > 0:
            share *= 1 - swept / (owed - due)
        reserve += topped_up - released
        reserve = 0.0 if abs(reserve) <= _ROUNDING * balance else reserve
        rows[:, period] = (
            *(owed, closing, interest, owed - closing - swept - final, swept, final, reserve, released, topped_up),
            *(cash, paid_interest, paid_principal, reserve_due, sweep_due, after - topped_up - swept),
        )
        owed = closing
    return Cascade(*rows)


def lock_ups(cfads: Floats, service: Floats, first: int, ratio: float) -> NDArray[np.bool_]:
    """Periods at whose end the cover of the last twelve is below a ratio; never before there are twelve."""
    cover = loan.trailing_dscr(cfads, service, first)
    return np.asarray(np.nan_to_num(cover, nan=np.inf) < ratio * (1 - 1e-9))
