"""Internal rates of return of many rows of flows at once; a row without one, or with several, is named.

    f(u) = sum of a_t exp(-u t),   u = log(1 + rate per unit of time),   a rate is a zero of f

How many zeros there are is bounded before one is looked for.  With one change of sign in a_t there is exactly one
(Descartes).  With several, partial sums at any u0 bound the zeros on either side (Laguerre, "Sur la théorie des
équations numériques", 1883): zeros above u0 <= changes of sign of sum_{s<=t} a_s exp(-u0 s), zeros below
u0 <= those of sum_{s>=t}.  Where one zero is seen and these add up to one, it is the only one.

All rows are bracketed by one matrix product on a shared grid of u; Newton's method then stays inside its bracket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

UNIQUE, NOTHING, PAYS, RECEIVES, SEVERAL, UNPROVED, NONE, LOST = range(8)
"""Verdicts on a row: one rate; no flows; no change of sign (two kinds); several rates found; it cannot be shown
that there is only one; no rate; one rate, but none that is exact."""

CHUNK = 8192
_CENT = 0.01
_EXACT = 1e-7
"""How far from zero, as a share of all flows discounted, a rate of return may leave the present value."""

_CLEAR = 1e-11
"""Share of all flows discounted below which the sign of a present value may be rounding."""

_WIDE, _NEAR, _CELLS = 4.0, 0.004, 28
_GRID: Floats = _NEAR * np.sinh(np.arcsinh(_WIDE / _NEAR) * np.arange(-_CELLS, _CELLS + 1) / _CELLS)
"""Where all rows are looked at: u a month, zero among them, closest together about it."""

_WITNESSES = 6
"""Points of the grid on either side of a zero at which it is tried to show that it is the only one."""

_MOST_STEPS = 80
_SHORT, _TINY = 1e-9, 1e-17


@dataclass(frozen=True, slots=True)
class Rates:
    """One entry a row.

    Attributes:
        log_rate: log(1 + rate per unit of time); NaN where there is no rate, or not one alone.
        verdict: one of the constants above; `UNIQUE` where there is a rate.
        changes: how often the flows change sign.
        found: how many rates were seen; one at the most where the verdict is `UNIQUE`.
    """

    log_rate: Floats
    verdict: Ints
    changes: Ints
    found: Ints

    def per_year(self, units_per_year: float) -> Floats:
        """Annual effective rates; NaN where there is none, infinite where it is too large to write down."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(np.expm1(units_per_year * self.log_rate))

    def note(self, row: int) -> str | None:
        """Why a row has no rate; None where it has one."""
        times = int(self.changes[row])
        return {
            UNIQUE: None,
            NOTHING: "no cash flows",
            PAYS: "only pays: its monthly net never changes sign",
            RECEIVES: "only receives: its monthly net never changes sign",
            SEVERAL: f"its monthly net changes sign {times} times, so several rates may solve it: "
            f"{int(self.found[row])} do",
            UNPROVED: f"its monthly net changes sign {times} times, so several rates may solve it",
            NONE: f"its monthly net changes sign {times} times and no rate solves it",
            LOST: "no rate was found between -100 % and infinity that is exact",
        }[int(self.verdict[row])]


def rates(net: Floats, times: Floats | None = None, least: float = _CENT / 2, chunk: int = CHUNK) -> Rates:
    """The rate of return of every row of flows.

    Args:
        net: flows, shape (rows, periods); received positive.
        times: ascending time of each column, as years from the first for XIRR; 0, 1, 2, … where not given.
        least: amounts smaller than this count for no change of sign; where they would, they are left out.
        chunk: rows worked on together; bounds the memory and changes no result.
    """
    count, periods = net.shape
    ages = np.arange(periods, dtype=np.float64) if times is None else np.asarray(times, dtype=np.float64)
    # The grid is made for months: it is stretched where a column is another length of time.
    grid = _GRID if times is None else _GRID * max(periods - 1, 1) / max(float(ages[-1] - ages[0]), 1e-9)
    out = Rates(np.full(count, np.nan), np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64))
    for start in range(0, count, chunk):
        here = slice(start, min(start + chunk, count))
        block = np.ascontiguousarray(net[here].T, dtype=np.float64)
        _chunk(block, ages - ages[0] if periods else ages, grid, out, here, least=least, even=times is None)
    return out


def _chunk(flows: Floats, ages: Floats, grid: Floats, out: Rates, here: slice, *, least: float, even: bool) -> None:
    """Fill `out[here]` for flows of shape (periods, rows); amounts below `least` change no sign."""
    swept = np.where(np.abs(flows) < least, 0.0, flows)
    changes, first, _ = _variation(swept)
    # What is left of rounding would bring rates of its own: such rows are swept, all others are taken as they are.
    if (swept != flows).any():
        np.copyto(flows, swept, where=_variation(flows)[0] != changes)
    verdict = np.where(changes == 0, np.select([first > 0, first < 0], [RECEIVES, PAYS], NOTHING), UNIQUE)
    log_rate, found = np.full(flows.shape[1], np.nan), np.zeros(flows.shape[1], np.int64)
    rows = np.flatnonzero(changes > 0)
    if len(rows):
        some = flows[:, rows]
        signs, seen = _crossings(some, ages, grid)
        found[rows] = seen
        verdict[rows] = _verdicts(some, ages, grid, changes[rows], signs, seen)
        one = verdict[rows] == UNIQUE
        cells = np.argmax(signs[:, one] != 0, axis=0)
        log_rate[rows[one]] = _solve(some[:, one], ages, (grid[cells], grid[cells + 1]), seen[one] == 1, even=even)
        lost = verdict == UNIQUE
        lost[rows] &= ~_exact(some, ages, log_rate[rows])
        lost &= changes > 0
        verdict[lost], log_rate[lost] = LOST, np.nan
    out.log_rate[here], out.verdict[here] = log_rate, verdict
    out.changes[here], out.found[here] = changes, found


def _variation(flows: Floats) -> tuple[Ints, Floats, Floats]:
    """Changes of sign down each column, zeros skipped; the sign of the first and of the last that is not zero."""
    last = np.sign(flows[0]) if len(flows) else np.zeros(flows.shape[1])
    first, changes = last.copy(), np.zeros(flows.shape[1], np.int64)
    for row in flows[1:]:
        sign = np.sign(row)
        changes += sign * last < 0
        np.copyto(last, sign, where=sign != 0)
        np.copyto(first, sign, where=first == 0)
    return changes, first, last


def _factors(log_rates: Floats, ages: Floats) -> Floats:
    """exp(-u t), shape (rates, periods), each row scaled such that its largest is one."""
    power = -log_rates[:, None] * ages
    return np.asarray(np.exp(power - power.max(axis=1, keepdims=True)))


def _crossings(flows: Floats, ages: Floats, grid: Floats) -> tuple[Ints, Ints]:
    """Between which points of the grid the present value changes sign.

    Returns:
        Shape (cells, rows): 1 where it does; and how often in all.  A value that may be rounding takes the sign of
        the point before it.
    """
    values = _factors(grid, ages) @ flows
    size = np.abs(flows).sum(axis=0)  # no factor is above one: more than all flows discounted can come to
    signs = np.where(np.abs(values) > _CLEAR * size, np.sign(values), 0.0)
    last = signs[0].copy()
    crossed = np.zeros((len(grid) - 1, flows.shape[1]), np.int64)
    for cell, sign in enumerate(signs[1:]):
        crossed[cell] = sign * last < 0
        np.copyto(last, sign, where=sign != 0)
    return crossed, crossed.sum(axis=0)


def _verdicts(flows: Floats, ages: Floats, grid: Floats, changes: Ints, crossed: Ints, seen: Ints) -> Ints:
    """Whether there is one rate, several or none, of rows whose flows change sign."""
    verdict = np.where(changes == 1, UNIQUE, np.where(seen > 1, SEVERAL, UNPROVED))
    open_ = np.flatnonzero((changes > 1) & (seen <= 1))
    if not len(open_):
        return np.asarray(verdict)
    at = np.where(seen[open_] == 1, np.argmax(crossed[:, open_] != 0, axis=0), _CELLS)
    left = open_
    for point in _near():
        where = np.clip(at + point, 0, len(grid) - 1)
        most = _at_most(flows[:, left], ages, grid[where])
        verdict[left[(most == 1) & (seen[left] == 1)]] = UNIQUE
        verdict[left[most == 0]] = NONE
        still = verdict[left] == UNPROVED
        left, at = left[still], at[still]
        if not len(left):
            break
    return np.asarray(verdict)


def _near() -> Iterator[int]:
    """Points of the grid about a cell, from near to far: 0, 1, -1, 2, …"""
    for step in range(_WITNESSES):
        yield step + 1
        yield -step


def _at_most(flows: Floats, ages: Floats, log_rate: Floats) -> Ints:
    """A bound on the number of rates of each row: changes of sign of its partial sums at `log_rate`, from both ends."""
    worth = flows * _factors(log_rate, ages).T
    size = _CLEAR * np.abs(worth).sum(axis=0)
    ahead, behind = np.cumsum(worth, axis=0), np.cumsum(worth[::-1], axis=0)
    # What may be rounding could have either sign: such a row is not decided here.
    doubt = ((np.abs(ahead) < size) & (ahead != 0)).any(axis=0) | ((np.abs(behind) < size) & (behind != 0)).any(axis=0)
    bound = _variation(ahead)[0] + _variation(behind)[0]
    return np.where(doubt, np.iinfo(np.int64).max, bound)


def _solve(flows: Floats, ages: Floats, bracket: tuple[Floats, Floats], held: Bools, *, even: bool) -> Floats:
    """log(1 + rate) of rows that have exactly one; `held` says which of them the grid has bracketed."""
    low, high = bracket
    found = np.full(flows.shape[1], np.nan)
    # With one zero, the present value has the sign of the last flow to the left of it: no value, which may be
    # rounding where a zero falls on the grid, needs to be asked.
    last = _variation(flows)[2]
    falling = held & (low >= 0)
    for rows, turned in ((falling, False), (held & ~falling, True)):
        if not rows.any():
            continue
        # Discounting forwards from the last flow keeps every factor at one or below where the rate is negative.
        some = flows[::-1, rows] if turned else flows[:, rows]
        age = ages[-1] - ages[::-1] if turned else ages
        ends = (-high[rows], -low[rows]) if turned else (low[rows], high[rows])
        before = -last[rows] if turned else last[rows]
        zero = _newton(np.ascontiguousarray(some), age, (*ends, before), even=even)
        found[rows] = -zero if turned else zero
    for row in np.flatnonzero(~held):
        found[row] = _alone(flows[:, row], ages)
    return found


def _newton(flows: Floats, ages: Floats, bracket: tuple[Floats, Floats, Floats], *, even: bool) -> Floats:
    """The zero of each row by Newton's method and bisection.

    Args:
        flows: shape (periods, rows).
        ages: time of each period.
        bracket: log rates, neither negative, and the sign of the present value at the lower one.
        even: whether the periods are one unit of time apart.
    """
    value = _horner if even else _powers
    low, high, sign_low = (one.copy() for one in bracket)
    zero, at = np.empty(len(low)), 0.5 * (low + high)
    active = np.arange(len(low))
    for _ in range(_MOST_STEPS):
        worth, slope = value(flows, ages, at)
        same = np.sign(worth) == sign_low
        np.copyto(low, at, where=same)
        np.copyto(high, at, where=~same)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ahead = at - worth / slope
        inside = (ahead >= low) & (ahead <= high)
        ahead = np.where(inside, ahead, 0.5 * (low + high))
        # A step so short has squared the error already: what is left after it is rounding.
        short = np.abs(ahead - at) <= _SHORT * np.abs(at) + _TINY
        done = (inside & short) | (high - low <= _TINY) | (worth == 0)
        at = np.where(worth == 0, at, ahead)
        zero[active] = at
        if done.all():
            break
        if done.sum() > len(done) // 2:
            keep = ~done
            active, at, low, high, sign_low = active[keep], at[keep], low[keep], high[keep], sign_low[keep]
            flows = np.ascontiguousarray(flows[:, keep])
    return zero


def _horner(flows: Floats, _: Floats, log_rate: Floats) -> tuple[Floats, Floats]:
    """Present values at u and their slopes in u, of flows one unit of time apart; no power is taken."""
    x = np.exp(-log_rate)
    worth, slope = flows[-1].copy(), np.zeros(len(log_rate))
    for row in flows[-2::-1]:
        slope *= x
        slope += worth
        worth *= x
        worth += row
    return worth, -x * slope


def _powers(flows: Floats, ages: Floats, log_rate: Floats) -> tuple[Floats, Floats]:
    """The same of flows at any times."""
    worth = flows * np.exp(-ages[:, None] * log_rate)
    return worth.sum(axis=0), -(ages @ worth)


def _exact(flows: Floats, ages: Floats, log_rate: Floats) -> Bools:
    """Whether a rate leaves next to nothing of the present value; False where there is none."""
    known = np.isfinite(log_rate)
    factors = _factors(np.where(known, log_rate, 0.0), ages).T
    left, size = np.abs((flows * factors).sum(axis=0)), (np.abs(flows) * factors).sum(axis=0)
    return np.asarray(known & (left <= _EXACT * size))


def _alone(flows: Floats, ages: Floats) -> float:
    """The one zero of a row whose rate lies beyond the grid; NaN where no bracket is found."""

    def value(log_rate: float) -> float:
        return float(flows @ _factors(np.array([log_rate]), ages)[0])

    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import, and few runs come here

    for widest in 2.0 ** np.arange(-10, 10) / max(float(ages[-1]), 1.0) * len(ages):
        if value(-widest) * value(widest) < 0:
            return float(brentq(value, -widest, widest, xtol=1e-300, rtol=1e-15, maxiter=500))
    return float("nan")
