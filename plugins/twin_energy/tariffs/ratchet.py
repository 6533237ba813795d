"""Billing demand from measured peaks.

    billing(m) = max( own(m) x peak(m),  max over the last n months k of share(k) x peak(k),  floor,  contract(m) )

The share goes with the month of the peak (as in SAM), `own` with the month of the bill.  A steady
ratchet looks back inside its own twelve months, December before January (as in REopt); the other one
looks at what came before, and before the calendar at the peaks that it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs.periods import in_months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.charges import Ratchet

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

YEAR = 12
MEASURED, LOOK_BACK, FLOOR, CONTRACT = range(4)
REASONS = ("", "look-back", "floor", "contract minimum")
"""What decided a billing demand."""


@dataclass(frozen=True, slots=True)
class Ratchets:
    """Ratchets of many rows.

    Attributes:
        share: of a peak by its month of the year, shape (rows, 12).
        own: of the month's own peak, shape (rows, 12).
        bills: whether the bill of a month of the year looks back, shape (rows, 12).
        last: months looked back; 0 where there is no ratchet.
        before: months looked back where that reaches before the calendar.
        floor: least billing demand in kW.
        steady: whether each year looks back at itself.
        previous: peaks before the calendar, the latest last, shape (rows, months before).
    """

    share: Floats
    own: Floats
    bills: Floats
    last: Ints
    before: Ints
    floor: Floats
    steady: NDArray[np.bool_]
    previous: Floats

    def rows(self, picked: Ints) -> Ratchets:
        """The ratchets of some rows."""
        return Ratchets(
            self.share[picked],
            self.own[picked],
            self.bills[picked],
            self.last[picked],
            self.before[picked],
            self.floor[picked],
            self.steady[picked],
            self.previous[picked],
        )


def lay_out(ratchets: Sequence[Ratchet | None], depth: int | None = None) -> Ratchets:
    """Arrays of ratchets; None bills the measured peak."""
    count = len(ratchets)
    share, own, bills = np.zeros((count, YEAR)), np.ones((count, YEAR)), np.zeros((count, YEAR))
    last, before = np.zeros(count, np.int64), np.zeros(count, np.int64)
    floor, steady = np.zeros(count), np.zeros(count, bool)
    deep = depth or max((len(ratchet.previous) for ratchet in ratchets if ratchet), default=0)
    previous = np.zeros((count, deep))
    for row, ratchet in enumerate(ratchets):
        if ratchet is None:
            continue
        share[row] = (ratchet.by_month or ratchet.fraction) * in_months(ratchet.of)
        own[row] = ratchet.own_by_month or ratchet.own
        bills[row] = in_months(ratchet.months)
        last[row], before[row] = ratchet.last, ratchet.last_before or ratchet.last
        floor[row], steady[row] = ratchet.floor, ratchet.steady
        if ratchet.previous:
            previous[row, -len(ratchet.previous) :] = ratchet.previous
    return Ratchets(share, own, bills, last, before, floor, steady, previous)


def billing_demand(
    peaks: Floats, ratchets: Ratchets, month_of_year: Ints, contract_kw: Floats, active: NDArray[np.bool_]
) -> tuple[Floats, Ints]:
    """Billing demand and what decided it.

    Args:
        peaks: measured, in kW, shape (rows, months).
        ratchets: one a row.
        month_of_year: 0 for January, shape (months,).
        contract_kw: minimum of the contract, shape (rows, months).
        active: whether there is a connection, shape (rows, months); without one no floor and no look-back is billed.

    Returns:
        kW and index into `REASONS`, both of shape (rows, months).
    """
    own = peaks * ratchets.own[:, month_of_year]
    back = looked_back(peaks, ratchets, month_of_year) * ratchets.bills[:, month_of_year] * active
    floor = ratchets.floor[:, None] * active
    choice = np.stack([own, back, floor, np.broadcast_to(contract_kw, own.shape)])
    reason = choice.argmax(axis=0)
    return choice.max(axis=0), reason.astype(np.int64)


def looked_back(peaks: Floats, ratchets: Ratchets, month_of_year: Ints) -> Floats:
    """The largest share of an earlier peak that each month looks back at, shape (rows, months)."""
    months = peaks.shape[1]
    weighted = peaks * ratchets.share[:, month_of_year]
    deep = ratchets.previous.shape[1]
    before = (month_of_year[0] - np.arange(deep, 0, -1)) % YEAR if months else np.zeros(deep, np.int64)
    line = np.concatenate([ratchets.previous * ratchets.share[:, before], weighted], axis=1)
    found = np.zeros_like(peaks)
    place = np.arange(months)
    begin = place // YEAR * YEAR
    length = np.minimum(YEAR, months - begin)
    for lag in range(1, int(max(ratchets.last.max(initial=0), ratchets.before.max(initial=0))) + 1):
        earlier = place + deep - lag
        causal = np.where(earlier >= 0, line[:, np.maximum(earlier, 0)], 0.0)
        cyclic = weighted[:, begin + (place - begin - lag) % length]
        value = np.where(ratchets.steady[:, None], cyclic, causal)
        reach = np.where((earlier < deep) & ~ratchets.steady[:, None], ratchets.before[:, None], ratchets.last[:, None])
        found = np.maximum(found, np.where(lag <= reach, value, 0.0))
    return found
