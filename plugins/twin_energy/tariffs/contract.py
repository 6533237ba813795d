"""Large-load contracts: the least billing demand by month, and what it costs to leave before the term is over.

minimum(m)  = share x contract demand of the step that holds in month m, to the end of the term or the exit
exit fee    = the demand charges of the minimum over the next `exit_months` months, or what is left of the term
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.api import RefusedError, month_index
from twin_energy.tariffs.energy import overlap
from twin_energy.tariffs.readings import ENGINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Contract, Tariff
    from twin_energy.tariffs.stack import Stack

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

YEAR = 12


def minimum_kw(contract: Contract, start: date, count: int, *, left: bool = True) -> Floats:
    """Least billing demand of `count` months from that of `start`; none from the exit on unless `left` is off."""
    place = np.arange(count)
    found = np.zeros(count)
    for step in contract.steps:
        share = contract.minimum if step.minimum is None else step.minimum
        found[place >= month_index(step.start, start)] = share * step.power
    for end in (contract.until, contract.exit if left else None):
        if end is not None:
            found[place >= month_index(end, start)] = 0.0
    return found


def minima(tariffs: Sequence[Tariff], start: date, count: int) -> Floats:
    """Least billing demand of every tariff, kW, shape (tariffs, months)."""
    found = np.zeros((len(tariffs), count))
    for row, tariff in enumerate(tariffs):
        if tariff.contract is not None:
            found[row] = minimum_kw(tariff.contract, start, count)
    return found


def served(tariffs: Sequence[Tariff], start: date, count: int) -> Bools:
    """Whether the utility still serves, shape (tariffs, months): not from the month of an exit on."""
    found = np.ones((len(tariffs), count), bool)
    for row, tariff in enumerate(tariffs):
        if tariff.contract is not None and tariff.contract.exit is not None:
            found[row, np.arange(count) >= month_index(tariff.contract.exit, start)] = False
    return found


def hold_exits(energy: Floats, served_months: Bools, sites: Sequence[str], months: Sequence[date]) -> None:
    """Refuse energy drawn after the customer has left.

    Args:
        energy: kWh of each account, shape (accounts, months).
        served_months: whether it is served, of the same shape.
        sites: the site of each account.
        months: first day of each month.
    """
    late = np.argwhere((energy > 0) & ~served_months)
    if len(late):
        account, month = (int(place) for place in late[0])
        raise RefusedError(
            ENGINE,
            f"'{sites[account]}' draws power in {months[month]:%Y-%m}, after the contract's exit",
            "let the load end before the exit, or leave the exit out",
        )


def exit_fees(stack: Stack, tariffs: Sequence[Tariff], start: date, count: int, index: int) -> tuple[Floats, Floats]:
    """What leaving costs.

    Args:
        stack: the terms.
        tariffs: the tariffs.
        start: the first month of the bill.
        count: months of the bill.
        index: month of the calendar that `start` is, for the growth of prices.

    Returns:
        USD and the months it stands for, both of shape (tariffs, months), in the month of the exit.
    """
    fees, months = np.zeros((len(tariffs), count)), np.zeros((len(tariffs), count))
    prices = stack.demand.prices() * stack.demand.in_months()
    lows, highs = stack.demand.limits("low")[0].max(axis=1), stack.demand.limits("high")[0].min(axis=1)
    for row, tariff in enumerate(tariffs):
        contract = tariff.contract
        if contract is None or contract.exit is None:
            continue
        leaves = month_index(contract.exit, start)
        owed = contract.exit_months
        if contract.until is not None:
            owed = min(owed, month_index(contract.until, contract.exit))
        if not 0 <= leaves < count or owed == 0:
            continue
        kw = minimum_kw(contract, start, leaves + owed, left=False)[leaves:]
        when = np.arange(leaves, leaves + owed)
        growth = (1.0 + tariff.growth) ** ((when + index) // YEAR)
        year = (start.month - 1 + when) % YEAR
        rows = [
            place
            for place, (of, basis) in enumerate(zip(stack.demand.tariff, stack.demand.basis.tolist(), strict=True))
            if of == row and stack.bases[row][basis].contract
        ]
        amount = overlap(kw[None, :], lows[rows, None], highs[rows, None]) * prices[rows][:, year] * growth
        fees[row, leaves], months[row, leaves] = amount.sum(), owed
    return fees, months
