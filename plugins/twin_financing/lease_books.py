"""The arithmetic of lease accounting by a tenant, in periods of any length.

    liability at period k = sum over j >= k of payment_j / (1 + i)^(j - k)      in advance; one period later in arrears
    right of use          = liability + paid ahead + direct costs - incentives  at commencement
    finance, IFRS 16      interest = i · liability outstanding; the right of use falls straight-line over what is left
    operating (ASC 842)   one cost = (payments left + right of use - liability) / periods left; the right of use
                          falls by the cost less interest (ASC 842-20-25-6, 842-20-35-3)
    measured again        the change of the liability changes the right of use (IFRS 16.39-43; ASC 842-10-35-4)
    scope decreased       the share given up of both goes; gain = share · (liability - right of use) (IFRS 16.45)

Sources: IFRS 16 and FASB ASC 842, paragraphs as named.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Event:
    """The lease as it is measured at the start of a period: at commencement, or again.

    Attributes:
        at: period, counted from commencement.
        payments: from that period on to the end of the lease term.
        rate: interest rate a period.
        kept: share of what was leased before that is leased on.
    """

    at: int
    payments: Floats
    rate: float
    kept: float = 1.0


@dataclass(frozen=True, slots=True)
class Books:
    """By period from commencement, all in dollars.

    Attributes:
        liability: at the end of the period.
        addition: measured for the first time, or again, at the start of the period, less what was given up.
        interest: on the liability.
        payment: against the liability.
        right_of_use: at the end of the period.
        right_of_use_addition: as `addition`.
        amortisation: of the right of use.
        gain: on what was given up, or where the right of use would fall below zero (a gain too).
    """

    liability: Floats
    addition: Floats
    interest: Floats
    payment: Floats
    right_of_use: Floats
    right_of_use_addition: Floats
    amortisation: Floats
    gain: Floats

    @property
    def cost(self) -> Floats:
        """Interest and amortisation: where a lease is operating, its single straight-line cost."""
        return self.interest + self.amortisation


def present_value(payments: Floats, rate: float, *, advance: bool = True) -> float:
    """Payments discounted to the start of the first period."""
    return float(payments @ np.power(1.0 + rate, -(np.arange(len(payments)) + (not advance))))


def books(events: Sequence[Event], extra: float = 0.0, *, operating: bool = False, advance: bool = True) -> Books:
    """Account for a lease from its events.

    Args:
        events: in order; the first at period 0.
        extra: paid ahead and direct costs less incentives, part of the right of use from the start.
        operating: one straight-line cost (ASC 842 operating) in place of interest and amortisation.
        advance: whether a payment falls at the start of its period; at the end if not.
    """
    ends = [later.at for _, later in pairwise(events)] + [events[-1].at + len(events[-1].payments)]
    columns: list[Floats] = []
    liability = right = 0.0
    for event, end in zip(events, ends, strict=True):
        gain = (1 - event.kept) * (liability - right)
        measured = present_value(event.payments, event.rate, advance=advance)
        held = event.kept * right + measured - event.kept * liability + (extra if event.at == 0 else 0.0)
        gain += max(-held, 0.0)
        part = _segment(event, measured, max(held, 0.0), operating=operating, advance=advance)[:, : end - event.at]
        first = np.zeros((3, end - event.at))
        first[:, 0] = measured - liability, max(held, 0.0) - right, gain
        columns.append(np.vstack((part, first)))
        liability, right = float(part[0, -1]), float(part[3, -1])
    owed, interest, payment, held_, amortisation, addition, more, gain_ = np.hstack(columns)
    return Books(owed, addition, interest, payment, held_, more, amortisation, gain_)


def _segment(event: Event, liability: float, right: float, *, operating: bool, advance: bool) -> Floats:
    """Liability, interest, payment, right of use, amortisation by period from an event to the end of the term."""
    paid, rate, count = event.payments, event.rate, len(event.payments)
    factor = np.power(1.0 + rate, -(np.arange(count) + (not advance)))
    ahead = np.append(np.cumsum((paid * factor)[::-1])[::-1], 0.0)
    opening = ahead[:-1] / factor * (1.0 if advance else 1 / (1 + rate))
    interest = rate * (opening - paid * advance)
    closing = np.append(opening[1:], 0.0)
    if operating:
        amortisation = (float(paid.sum()) + right - liability) / count - interest
    else:
        amortisation = np.full(count, right / count)
    held = right - np.cumsum(amortisation)
    held[np.abs(held) < _ROUNDING * max(right, 1.0)] = 0.0
    return np.vstack((closing, interest, paid, held, amortisation))


_ROUNDING = 1e-12


def straight_line(events: Sequence[Event], received: float = 0.0) -> tuple[Floats, Floats]:
    """Income of a landlord by period, and what it has earned but not been paid, at the end of each.

    Args:
        events: as for `books`; their rates do not matter.
        received: paid ahead less incentives given, at commencement.

    Returns:
        Straight-line income, and deferred rent: negative where more was paid than earned (ASC 842-30-25-11;
        IFRS 16.81).  What is deferred goes with the share given up.
    """
    ends = [later.at for _, later in pairwise(events)] + [events[-1].at + len(events[-1].payments)]
    income: list[Floats] = []
    balance: list[Floats] = []
    deferred = -received
    for event, end in zip(events, ends, strict=True):
        lost = (1 - event.kept) * deferred
        count = len(event.payments)
        each = (float(event.payments.sum()) - event.kept * deferred) / count
        earned = np.full(end - event.at, each)
        earned[0] -= lost
        left = deferred + np.cumsum(earned - event.payments[: end - event.at])
        left[np.abs(left) < _ROUNDING * max(float(event.payments.sum()), 1.0)] = 0.0
        income.append(earned)
        balance.append(left)
        deferred = float(left[-1])
    return np.hstack(income), np.hstack(balance)
