"""When every part is down, in many histories at once.

Time to failure is counted in operating time: a part does not age while it is repaired, and ages whether or not
it has supply.  In operating time the failures of a part are a renewal process that repairs do not touch, so
that they are drawn first; the repairs before each failure then move it to its place in the calendar.

Exponential times to failure make a Poisson process in operating time, drawn by skips over all parts and
histories; such a part begins in its long run: down with the probability of that, and for what is left of the
repair.  Any other part begins new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gamma

from twin.errors import RefusedError
from twin.failure.montecarlo.draw import bernoulli, poisson
from twin.failure.montecarlo.intervals import Down, none, ticks, together
from twin.failure.montecarlo.queue import Queue, serve
from twin.topology import failing

if TYPE_CHECKING:
    from numpy.random import Generator

    from twin.failure.montecarlo.clock import Clock
    from twin.structure.model import Bools, Floats, Ints

NEW, LONG_RUN = "new", "long_run"
"""How histories begin: everything new, or where it makes no difference to look."""


class Failures(NamedTuple):
    """Failures in operating time, row by row and in order; row = part * histories + history."""

    row: Ints
    at_h: Floats
    repair_h: Floats

    def where(self, kept: Ints) -> Failures:
        """Some of them."""
        return Failures(self.row[kept], self.at_h[kept], self.repair_h[kept])


def down_times(rng: Generator, clock: Clock, wanted: Bools, histories: int, horizon_h: float, begin: str) -> Down:
    """The down times of parts; row = part * histories + history.

    Args:
        rng: generator.
        clock: the parts.
        wanted: (parts,), those that matter.
        histories: how many.
        horizon_h: length of each.
        begin: `NEW` or `LONG_RUN`.

    Raises:
        RefusedError: planned outages that take turns and do not come round equally often.
    """
    fails = wanted & ~clock.planned & np.isfinite(clock.mtbf_h) & np.isfinite(clock.mttr_h)
    early = none(), np.zeros(0)
    if begin == LONG_RUN:
        early = _down_at_first(rng, clock, fails & (clock.shape == 1.0) & ~clock.queues, histories)
    drawn = failures(rng, clock, fails, histories, horizon_h)
    found = [_in_calendar(rng, drawn, clock, histories, horizon_h, early)]
    found += [_planned(rng, clock, wanted, histories, horizon_h), _always(clock, wanted, histories, horizon_h)]
    return together([each for each in found if len(each.row)] or [none()])


def failures(rng: Generator, clock: Clock, fails: Bools, histories: int, horizon_h: float) -> Failures:
    """All failures in operating time within the horizon, with the repair that each takes."""
    memoryless = fails & (clock.shape == 1.0)
    rate = np.divide(1.0, clock.mtbf_h, out=np.zeros(len(clock)), where=memoryless & (clock.mtbf_h > 0.0))
    hits, at = poisson(rng, rate, histories, horizon_h)
    row = hits.item * histories + hits.cell
    others = np.flatnonzero(fails & ~memoryless)
    if len(others):
        aged = _aging(rng, clock, others, histories, horizon_h)
        row, at = np.concatenate([row, aged[0]]), np.concatenate([at, aged[1]])
    return Failures(row, at, repairs(rng, clock, row // histories))


def repairs(rng: Generator, clock: Clock, part: Ints) -> Floats:
    """(failures,): hours that the repair of each takes."""
    cv, mean = clock.repair_cv[part], clock.mttr_h[part]
    found = mean.copy()
    exponential = np.isnan(cv)
    if exponential.all():
        return found * rng.standard_exponential(len(part))
    found[exponential] *= rng.standard_exponential(int(exponential.sum()))
    spread = np.flatnonzero(cv > 0.0)
    sigma = np.sqrt(np.log1p(cv[spread] ** 2))
    found[spread] *= np.exp(sigma * rng.standard_normal(len(spread)) - sigma**2 / 2.0)
    return found


def _aging(rng: Generator, clock: Clock, parts: Ints, histories: int, horizon_h: float) -> tuple[Ints, Floats]:
    """Failures of parts that age: one draw a round for every row that has not passed the horizon."""
    shape = np.repeat(clock.shape[parts], histories)
    fixed = np.isinf(shape)
    power = np.where(fixed, 0.0, 1.0 / shape)
    scale = np.repeat(clock.mtbf_h[parts], histories) / np.where(fixed, 1.0, gamma(1.0 + power))
    row = (parts[:, None] * histories + np.arange(histories)).ravel()
    left, at = np.arange(len(row)), np.zeros(len(row))
    rounds: list[tuple[Ints, Floats]] = []
    while len(left):
        at = at + scale[left] * rng.standard_exponential(len(left)) ** power[left]
        inside = at < horizon_h
        left, at = left[inside], at[inside]
        rounds.append((row[left], at))
    rows, times = (np.concatenate([part[i] for part in rounds]) for i in range(2))
    order = np.argsort(rows, kind="stable")  # rounds come in order of time
    return rows[order], times[order]


def _down_at_first(rng: Generator, clock: Clock, chosen: Bools, histories: int) -> tuple[Down, Floats]:
    """Rows that are down at the beginning, and hours that are left of the repair.

    What is left of a repair that is under way is a uniform share of a repair picked by its length: an
    exponential one again, half of a fixed one on average; a lognormal one picked by length has its median
    larger by the square of sigma (Cox, *Renewal Theory*, 1962, chapter 5).
    """
    each = clock.mtbf_h + clock.mttr_h
    chance = np.divide(clock.mttr_h, each, out=np.zeros(len(clock)), where=chosen & (each > 0.0))
    hits = bernoulli(rng, chance, histories)
    cv, left = clock.repair_cv[hits.item], clock.mttr_h[hits.item].copy()
    exponential = np.isnan(cv)
    spread = np.flatnonzero(cv > 0.0)
    sigma = np.sqrt(np.log1p(cv[spread] ** 2))
    left[spread] *= np.exp(sigma * rng.standard_normal(len(spread)) + sigma**2 / 2.0)
    whole = left.copy()
    left *= np.where(exponential, rng.standard_exponential(len(left)), rng.random(len(left)))
    row = hits.item * histories + hits.cell
    begun = np.zeros(len(row))
    rides = np.flatnonzero(clock.riding[hits.item] >= 0)
    if len(rides):
        begun[rides] = _gone(rng, clock, hits.item[rides], whole[rides], left[rides])
    return Down(row, -ticks(begun), ticks(left)), left


def _gone(rng: Generator, clock: Clock, part: Ints, whole: Floats, left: Floats) -> Floats:
    """How long a repair that is under way has gone on: the rest of it; of an exponential one, as long again."""
    exponential = np.isnan(clock.repair_cv[part])
    return np.where(exponential, clock.mttr_h[part] * rng.standard_exponential(len(part)), whole - left)


def ridden(rng: Generator, clock: Clock, down: Down, histories: int) -> Down:
    """Down times with what is lived through at the beginning of them taken off."""
    if not clock.rides:
        return down
    of = clock.riding[down.row // histories]
    start = down.start.copy()
    for number, (after, at_most) in enumerate(clock.rides):
        mine = np.flatnonzero(of == number)
        drawn = np.searchsorted(at_most, rng.random(len(mine)) * at_most[-1], side="right")
        start[mine] += ticks(after[np.minimum(drawn, len(after) - 1)])
    start = np.maximum(start, 0)
    kept = np.flatnonzero(start < down.end)
    return Down(down.row[kept], start[kept], down.end[kept])


def _in_calendar(
    rng: Generator, drawn: Failures, clock: Clock, histories: int, horizon_h: float, early: tuple[Down, Floats]
) -> Down:
    waits = clock.queues[drawn.row // histories]
    found = [early[0]]
    if waits.any():
        order = np.flatnonzero(waits)[np.argsort(drawn.row[waits], kind="stable")]
        queued = drawn.where(order)
        start, end = serve(Queue(clock, histories), queued, horizon_h)
        happens = np.isfinite(start)
        found.append(Down(queued.row[happens], ticks(start[happens]), ticks(end[happens])))
        drawn = drawn.where(np.flatnonzero(~waits))
    shift = before(drawn.row, drawn.repair_h)
    if len(early[1]):
        late = np.zeros(len(clock) * histories)
        late[early[0].row] = early[1]
        shift += late[drawn.row]
    start = drawn.at_h + shift
    found.append(Down(drawn.row, ticks(start), ticks(start + drawn.repair_h)))
    return clipped(ridden(rng, clock, together(found), histories), ticks(np.array([horizon_h]))[0])


def clipped(down: Down, horizon: int) -> Down:
    """What of the down times lies before the horizon."""
    end = np.minimum(down.end, horizon)
    inside = end > down.start
    if inside.all():
        return Down(down.row, down.start, end)
    return Down(down.row[inside], down.start[inside], end[inside])


def before(row: Ints, amount: Floats) -> Floats:
    """For each entry the sum of the earlier ones of its row; entries of a row stand together."""
    if not len(row):
        return np.zeros(0)
    sums = np.cumsum(amount) - amount
    first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    found: Floats = sums - np.repeat(sums[first], np.diff(np.append(first, len(row))))
    return np.maximum(found, 0.0)


def _planned(rng: Generator, clock: Clock, wanted: Bools, histories: int, horizon_h: float) -> Down:
    """Planned outages: those of one set one after the other, with equal pauses, from a random day on."""
    found: list[Down] = []
    for number in np.unique(clock.exclusive[wanted & clock.planned & np.isfinite(clock.mtbf_h)]).tolist():
        parts = np.flatnonzero(clock.exclusive == number)
        every, length = clock.mtbf_h[parts] + clock.mttr_h[parts], clock.mttr_h[parts]
        uneven = failing.uneven("one group", every[None, :])
        if uneven is not None:
            raise RefusedError("failure", uneven.message, uneven.expected)
        pause = (every[0] - length.sum()) / len(parts)
        turn = np.cumsum(length + pause) - (length + pause)
        begin = rng.random(histories) * every[0]
        times = np.arange(-1, int(horizon_h / every[0]) + 1) * every[0]
        start = (begin[None, :, None] + turn[:, None, None] + times).reshape(len(parts) * histories, -1)
        start = np.concatenate([start, start[:, :1] - every[0]], axis=1)
        row = (parts[:, None] * histories + np.arange(histories)).ravel()
        end = start + np.repeat(length, histories)[:, None]
        down = Down(np.repeat(row, start.shape[1]), ticks(np.maximum(start, 0.0)).ravel(), ticks(end).ravel())
        found.append(clipped(down, int(ticks(np.array([horizon_h]))[0])))
    return together(found or [none()])


def _always(clock: Clock, wanted: Bools, histories: int, horizon_h: float) -> Down:
    parts = np.flatnonzero(wanted & np.isinf(clock.mttr_h))
    row = (parts[:, None] * histories + np.arange(histories)).ravel()
    zero = np.zeros(len(row), dtype=np.int64)
    return Down(row, zero, zero + ticks(np.array([horizon_h])))


def in_series(rng: Generator, clock: Clock, wanted: Bools, histories: int, horizon_h: float) -> Down:
    """The down times of parts in series that do not age while the system is down, all new at first.

    All of them share one clock, that of the system's operating time: a failure of any is moved in the calendar
    by all repairs before it.
    """
    drawn = failures(rng, clock, wanted & np.isfinite(clock.mtbf_h), histories, horizon_h)
    history = drawn.row % histories
    order = np.lexsort((drawn.row, drawn.at_h, history))
    drawn = drawn.where(order)
    start = drawn.at_h + before(history[order], drawn.repair_h)
    down = Down(drawn.row, ticks(start), ticks(start + drawn.repair_h))
    return clipped(down, int(ticks(np.array([horizon_h]))[0]))
