"""How a project is paid for before it earns: draws and equity, with interest, fees and reserve among the uses.

What is to be funded holds interest, fees and a reserve that depend on how much is lent, and how much is
lent depends on what is to be funded.  `close` finds the loan for which both agree.  A period may be of
any length; costs fall at its end, so that a draw bears interest from the next period on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Order = Literal["equity-first", "pro-rata", "debt-first"]

CONVERGED = 1e-13
"""Change of the loan, as a share of the cost, below which the circle is closed."""
_ROUNDS = 400
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Terms:
    """What makes the uses depend on the loan.

    Attributes:
        rate: interest a period on what is drawn.
        upfront: fee on the loan in the first period, a share of it.
        commitment: fee a period on what is not drawn yet.
        order: who pays first.
        reserve: the reserve to be funded in the last period, of the loan.
    """

    rate: float
    upfront: float
    commitment: float
    order: Order
    reserve: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Funded:
    """A project funded; arrays have one entry a period.

    Attributes:
        loan: all that is drawn.
        draw, equity: who pays the uses.
        interest: paid out of draws and equity.
        upfront, commitment: fees, likewise.
        reserve: funded in the last period.
        rounds: iterations until the circle was closed.
    """

    loan: float
    draw: Floats
    equity: Floats
    interest: Floats
    upfront: Floats
    commitment: Floats
    reserve: float
    rounds: int

    @property
    def cost(self) -> float:
        """All uses: costs, interest, fees and reserve."""
        return float(self.draw.sum() + self.equity.sum())


def close(cost: Floats, terms: Terms, limit: Callable[[float], float]) -> Funded | None:
    """The loan that is as large as its limit, and the uses that it makes.

    Solves `loan = limit(cost + interest(loan) + fees(loan) + reserve(loan))` by fixed-point iteration:
    each round the uses of the last loan give the next one.  What a dollar of loan adds to the uses is its
    interest and fees, less than a dollar for any loan that anybody would make, so it converges.

    Args:
        cost: to be funded by period, interest, fees and reserve not counted.
        terms: of the loan.
        limit: the loan that uses of so much allow; never more than the uses.

    Returns:
        The project funded; None where the circle does not close.
    """
    total = float(cost.sum())
    loan = limit(total)
    made = spend(cost, terms, loan, total)
    for rounds in range(1, _ROUNDS):
        used = float(made.draw.sum() + made.equity.sum())
        allowed = limit(used)
        moved = max(abs(used - total), abs(allowed - loan))
        total, loan = used, allowed
        made = spend(cost, terms, loan, total, rounds)
        if not np.isfinite(total):
            return None
        if moved <= CONVERGED * total:
            return made
    return None


def spend(cost: Floats, terms: Terms, loan: float, total: float, rounds: int = 0) -> Funded:
    """One pass through the periods with a loan and total uses taken as known."""
    count = len(cost)
    draw, equity, interest, commitment = (np.zeros(count) for _ in range(4))
    upfront = np.zeros(count)
    upfront[0] = terms.upfront * loan
    reserve = terms.reserve(loan)
    drawn = paid = 0.0
    for period in range(count):
        interest[period] = terms.rate * drawn
        # Nothing is committed before closing, at the end of the first period.
        commitment[period] = terms.commitment * (loan - drawn) if period else 0.0
        use = float(cost[period]) + interest[period] + upfront[period] + commitment[period]
        if period == count - 1:
            use += reserve
        paid += use
        after = _drawn(terms.order, paid, loan, total)
        draw[period] = max(after - drawn, 0.0)
        drawn += draw[period]
        rest = use - draw[period]
        # What is left of rounding is nobody's payment.
        equity[period] = rest if rest > _ROUNDING * total else 0.0
    return Funded(loan, draw, equity, interest, upfront, commitment, reserve, rounds)


def _drawn(order: Order, paid: float, loan: float, total: float) -> float:
    """What is drawn in all when so much of the uses is paid."""
    if order == "pro-rata":
        return loan * paid / total if total > 0 else 0.0
    if order == "debt-first":
        return min(loan, paid)
    return min(max(paid - (total - loan), 0.0), loan)
