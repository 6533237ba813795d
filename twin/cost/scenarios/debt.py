"""A loan in every scenario: what is due, what it is paid from, what its reserve gives, and what stays overdue.

Shocks and scenarios put a loan through the same months (2 of what `twin.cost.scenarios.engine` does in each).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.cost.scenarios.compiled import Loan

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_OWED = 0.5
"""Dollars overdue that count as a payment missed."""


class Debt:
    """A loan in all scenarios of a chunk."""

    def __init__(self, loan: Loan, lock_up: float, count: int) -> None:
        """Nothing is overdue and nothing kept."""
        self.loan, self.lock_up = loan, lock_up
        self.overdue, self.kept, self.year, self.used, self.given = (np.zeros(count) for _ in range(5))
        self.reserved = bool(loan.reserve.any())
        self.past = np.zeros((MONTHS_PER_YEAR, count))
        self.least = np.full(count, np.inf)
        self.missed = np.zeros(count, np.int64)

    def month(self, month: int, more: Floats, performs: Bools | None) -> Floats:
        """One month: what is paid; `given` is what the reserve gives over the ledger, negative where it takes.

        Args:
            month: its number.
            more: cash for debt service beyond that of the ledger.
            performs: whether the borrower has not defaulted; None where it never does.
        """
        loan = self.loan
        cash = loan.cfads[month] + more
        due = loan.service[month] + self.overdue * (1.0 + loan.rate)
        have = np.maximum(cash, 0.0) + self.kept + loan.own[month]
        pays = np.minimum(due, have)
        if performs is not None:
            pays = pays * performs
        left = have - pays
        if self.reserved:
            pays, left = self._reserve(month, due, pays, left, performs)
        self.overdue = due - pays
        self.missed += self.overdue > _OWED
        past = self.past[month % MONTHS_PER_YEAR]
        self.year += cash - past
        past[:] = cash
        year = loan.year_service[month]
        if year > 0:
            cover = self.year / year
            np.minimum(self.least, cover, out=self.least)
            self.kept = np.where(cover < self.lock_up, left, 0.0)
        else:
            self.kept = np.zeros(len(cash))
        return np.asarray(pays)

    def begins(self) -> Bools:
        """Whether in the month that has just been lived through a payment is missed for the first time."""
        return np.asarray((self.missed == 1) & (self.overdue > _OWED))

    def _reserve(
        self, month: int, due: Floats, pays: Floats, left: Floats, performs: Bools | None
    ) -> tuple[Floats, Floats]:
        """What is paid with what the reserve gives, and what cash is left when it is filled again.

        `used` is what it holds less than in the ledger.  What the ledger releases of that is not there, and what it
        puts in while the loan is repaid is put in here if there is cash.
        """
        held, more = self.loan.reserve[month - 1] if month else 0.0, self.loan.topped_up[month]
        drawn = np.minimum(due - pays, np.maximum(held - self.used, 0.0))
        if performs is not None:
            drawn = drawn * performs
        filled = np.minimum(self.used + more, left)
        used = self.used + drawn + more - filled
        missing = np.maximum(used - self.loan.reserve[month], 0.0)
        self.used = used - missing
        self.given = drawn + more - filled - missing
        return pays + drawn, left - filled
