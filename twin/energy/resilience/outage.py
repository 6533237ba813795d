"""An outage of the grid from every step of a year: what fuel and storage allow, and what failures leave of it.

Without failures: hour by hour of the outage, for all starts at once.  Sun and wind serve first, then machines whose
fuel does not run out, then machines on a store of fuel, then storage; what sun, wind and piped fuel leave over
charges the storage.  Every supply burns its own store of fuel, in the order of `twin.energy.resilience.tanks`.

With failures: a Markov chain over how many machines of each kind have failed and how much is in store, backwards in
the length of the outage (the method of Marqusee, Ericson and Jenket, NREL/TP-5C00-76553, 2020):

    V(0, t, s) = 1
    V(d, t, s) = served(t, s) x sum over s' of P(s' | s) V(d - 1, t + 1, s')

with t over all steps of the year, which goes round at its end.  Failures and repairs within a step follow the exact
transition of each machine; beyond the number of failures that happen with a chance of 1e-9 the chain is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from twin.energy.resilience import tanks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.energy.resilience.fleet import Fleet, Machines
    from twin.energy.steps import Floats

LEVELS = 11
"""Levels of the state of charge in the chain; between them it is linear."""

CUT = 1e-9
_SLACK = 1e-9


@dataclass(frozen=True)
class Survival:
    """What came out, by start.

    Attributes:
        survived_h: (starts,), served for so long if no machine fails; at most the longest looked at.
        chance: (lengths, starts), chance to be served for at least so many steps, from 1 on.
        share: (lengths, starts), expected share of the first, second, ... step that is served: `chance`, and in the
            step in which fuel or store runs out the part until it does.
        alive: (lengths, starts), the same, fuel aside.
    """

    survived_h: Floats
    chance: Floats
    share: Floats
    alive: Floats


def survive(need_kw: Floats, fleet: Fleet, steps: int, step_h: float) -> Survival:
    """Live through an outage from every step.

    Args:
        need_kw: (starts,), critical load of every step of a year; it goes round.
        fleet: what the site has; its arrays are of the same steps.
        steps: length of the longest outage.
        step_h: length of a step.
    """
    if _steady(need_kw) and _steady(fleet.free_kw) and not fleet.store.energy_kwh:
        one = _survive(need_kw[:1], _first(fleet), steps, step_h)
        count = len(need_kw)
        return Survival(
            np.repeat(one.survived_h, count),
            *(np.repeat(each, count, axis=1) for each in (one.chance, one.share, one.alive)),
        )
    return _survive(need_kw, fleet, steps, step_h)


def _steady(values: Floats) -> bool:
    return bool(np.ptp(values) <= _SLACK * max(1.0, float(values.max())))


def _first(fleet: Fleet) -> Fleet:
    from dataclasses import replace  # noqa: PLC0415 - for this alone

    store = replace(fleet.store, state_kwh=fleet.store.state_kwh[:1])
    return replace(fleet, free_kw=fleet.free_kw[:1], store=store)


def _survive(need_kw: Floats, fleet: Fleet, steps: int, step_h: float) -> Survival:
    lived, part = without_failures(need_kw, fleet, steps, step_h)
    chain = chances(need_kw, fleet, steps, step_h)
    length = np.arange(1, steps + 1)[:, None]
    # where fuel or store is used up the outage is not lived through, whatever the machines do
    chance = np.where(length <= lived, chain, 0.0)
    share = chance
    if part.any():
        # in the step in which it is used up what counts is the power alone: `part` has the energy
        able = chain if not fleet.store.energy_kwh else chances(need_kw, fleet, steps, step_h, last_by_power=True)
        share = np.where(length == lived + 1, able * part, chance)
    return Survival((lived + part) * step_h, chance, share, chain)


def lives(need_kw: Floats, fleet: Fleet, steps: int, step_h: float) -> tuple[Floats, Floats]:
    """How long a site lives: times from 0 on, and the chance of each over all starts; together 1.

    What is down at the start ends it at once, a machine that fails within a step in the middle of that, and fuel or a
    store that does not last through a step before it.  Who lives through `steps` has that time.

    Args:
        need_kw: as for `survive`.
        fleet: as for `survive`.
        steps: longest time, in steps.
        step_h: length of a step.
    """
    found = survive(need_kw, fleet, steps + 1, step_h)
    lasts = np.minimum(np.floor(found.survived_h / step_h + _SLACK), steps)
    length = np.arange(1, steps + 1)[:, None]
    now, next_ = found.alive[:-1], found.alive[1:]
    failed = np.where(length <= lasts, now - next_, 0.0).mean(axis=1)
    spent = np.where(length == lasts, next_, 0.0).mean(axis=1)
    at_once = 1.0 - np.where(lasts >= 1, found.alive[0], 0.0).mean()
    time = np.arange(0, 2 * steps + 1) * step_h / 2
    chance = np.concatenate([[at_once], np.stack([failed, spent], axis=1).ravel()])
    return time, np.maximum(chance, 0.0) / np.maximum(chance, 0.0).sum()


def without_failures(need_kw: Floats, fleet: Fleet, steps: int, step_h: float) -> tuple[Floats, Floats]:
    """How long is served if no machine fails.

    Returns:
        (starts,): whole steps, at most `steps`; (starts,): share of the step after them until fuel or store is used
        up, 0 where power is short from its beginning.
    """
    starts = len(need_kw)
    piped = sum(one.count * one.each_kw for one in fleet.machines if one.store_kwh == np.inf)
    tanked = [one for one in fleet.machines if one.store_kwh < np.inf]
    store = fleet.store
    rating = np.array([[one.count * one.each_kw] for one in tanked] + [[store.discharge_kw]])
    # electricity in each tank, and in the store last
    fuel = np.full((len(tanked), starts), [[one.store_kwh] for one in tanked] or 0.0)
    held = np.minimum(store.state_kwh, store.energy_kwh)
    lived, part, alive = np.zeros(starts), np.zeros(starts), np.ones(starts, dtype=bool)
    at = np.arange(starts)
    for _ in range(steps):
        rest = need_kw[at] - fleet.free_kw[at] - piped
        spare = np.maximum(-rest, 0.0)
        rest = np.maximum(rest, 0.0)
        slack = _SLACK * np.maximum(need_kw[at], 1.0)
        share = tanks.lasts(np.maximum(rest - slack, 0.0) * step_h, rating * step_h, np.vstack([fuel, held]))
        part[alive] = share[alive]
        alive &= share >= 1.0
        lived += alive
        if not alive.any():
            break
        burnt = tanks.burn(rest * step_h, rating[:-1] * step_h, fuel)
        given = np.minimum(rest * step_h - burnt.sum(axis=0), np.minimum(store.discharge_kw * step_h, held))
        taken = np.minimum(spare, store.charge_kw) * store.efficiency * step_h
        held = np.clip(held - given + taken, 0.0, store.energy_kwh)
        fuel = np.maximum(fuel - burnt, 0.0)
        at = (at + 1) % starts
    return lived, np.where(alive, 0.0, part)


def chances(need_kw: Floats, fleet: Fleet, steps: int, step_h: float, *, last_by_power: bool = False) -> Floats:
    """(steps, starts): chance to be served for 1, 2, … steps, fuel aside; see the module.

    Args:
        need_kw: (starts,).
        fleet: what the site has.
        steps: length of the longest outage.
        step_h: length of a step.
        last_by_power: in the last step it is enough that machines and a store that is not empty have the power.
    """
    kinds = [_kind(one, steps, step_h) for one in fleet.machines]
    levels = LEVELS if fleet.store.energy_kwh > 0 else 1
    sizes = [len(first) for first, _ in kinds]
    served, below, part = _served(need_kw, fleet, sizes, levels, step_h)
    last = _able(need_kw, fleet, sizes) if last_by_power and levels > 1 else served
    value: Floats = np.ones(served.shape)
    made = np.empty((steps, len(need_kw)))
    weight = _initial([first for first, _ in kinds])
    level, share = _levels(fleet, levels)
    lower, upper = _next(served.shape, below)
    for length in range(steps):
        after = value
        for axis, (_, move) in enumerate(kinds, start=1):
            after = np.moveaxis(np.matmul(move, np.moveaxis(after, axis, -2)), -2, axis)
        after = np.ascontiguousarray(after)
        if levels > 1:
            least = np.take(after, lower)
            after = np.take(after, upper)
            after -= least
            after *= part
            after += least
        else:
            after = np.roll(after, -1, axis=0)
        value = np.where(served if length else last, after, 0.0)
        flat = value.reshape(len(need_kw), -1, levels)
        by_level = np.einsum("tsl,s->tl", flat, weight)
        rows = np.arange(len(need_kw))
        upper_level = np.minimum(level + 1, levels - 1)
        made[length] = by_level[rows, level] * (1 - share) + by_level[rows, upper_level] * share
    return np.clip(made, 0.0, 1.0)


def _next(
    shape: tuple[int, ...], below: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Where in the flat values of the step after a state the levels below and above its level of charge stand."""
    starts, levels = shape[0], shape[-1]
    rows = np.arange(int(np.prod(shape[1:-1]))).reshape((1, *shape[1:-1], 1)) * levels
    later = ((np.arange(starts) + 1) % starts).reshape(-1, *([1] * (len(shape) - 1))) * int(np.prod(shape[1:]))
    return later + rows + below, later + rows + np.minimum(below + 1, levels - 1)


def _kind(one: Machines, steps: int, step_h: float) -> tuple[Floats, Floats]:
    """Of one kind: (failed,) distribution at the start, and (from, to) of a step, cut off where it is negligible."""
    rate = one.fails_per_h + one.repairs_per_h
    # a machine that runs is down after a step with this chance, one that is down still is with the other
    fails = one.fails_per_h / rate * (1 - np.exp(-rate * step_h)) if rate else 0.0
    stays = 1 - (one.repairs_per_h / rate * (1 - np.exp(-rate * step_h)) if rate else 0.0)
    ever = 1 - (1 - one.start_failure) * np.exp(-one.fails_per_h * step_h * steps)
    most = one.count
    tail = _binomial(one.count, ever)
    above = np.cumsum(tail[::-1])[::-1]
    if (above < CUT).any():
        most = int(np.argmax(above < CUT))
    first = _binomial(one.count, one.start_failure)[: most + 1]
    move = np.zeros((most + 1, most + 1))
    for failed in range(most + 1):
        still, new = _binomial(failed, stays), _binomial(one.count - failed, fails)
        move[failed] = np.convolve(still, new)[: most + 1]
    return first, move


def _binomial(count: int, chance: float) -> Floats:
    """(count + 1,): chance of so many of `count`."""
    made: Floats
    number = np.arange(count + 1)
    if chance <= 0.0 or chance >= 1.0:
        made = (number == (count if chance >= 1.0 else 0)).astype(np.float64)
        return made
    ways = gammaln(count + 1) - gammaln(number + 1) - gammaln(count - number + 1)
    made = np.exp(ways + number * np.log(chance) + (count - number) * np.log1p(-chance))
    return made


def _initial(first: Sequence[Floats]) -> Floats:
    """(states of all kinds,): joint distribution at the start."""
    made = np.ones(1)
    for each in first:
        made = np.outer(made, each).ravel()
    return made


def _levels(fleet: Fleet, levels: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], Floats]:
    """(starts,): level of charge below what is in store at the start, and the share on the way to the next."""
    if levels == 1:
        return np.zeros(len(fleet.free_kw), dtype=np.int64), np.zeros(len(fleet.free_kw))
    place = np.clip(fleet.store.state_kwh / fleet.store.energy_kwh, 0.0, 1.0) * (levels - 1)
    level = np.minimum(place.astype(np.int64), levels - 2)
    return level, place - level


def _served(
    need_kw: Floats, fleet: Fleet, sizes: Sequence[int], levels: int, step_h: float
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.bool_]], np.ndarray[tuple[int, ...], np.dtype[np.int64]], Floats]:
    """Of every (step, failed of each kind, level): whether it is served, and where the level of charge goes.

    Returns:
        served; the level below that after the step, and the share on the way to the next.
    """
    rest = _rest(need_kw, fleet, sizes)
    spread = (slice(None), *([None] * len(sizes)), None)
    store, slack = fleet.store, _SLACK * np.maximum(need_kw, 1.0)[spread]
    if levels == 1:
        served = rest <= slack
        nothing = np.zeros((1, *([1] * len(sizes)), 1))
        return served, nothing.astype(np.int64), nothing
    held = np.linspace(0.0, store.energy_kwh, levels)
    wanted = np.maximum(rest, 0.0)
    served = (wanted <= store.discharge_kw + slack) & (wanted * step_h <= held + slack * step_h)
    taken = np.minimum(np.maximum(-rest, 0.0), store.charge_kw) * store.efficiency
    after = np.clip(held - wanted * step_h + taken * step_h, 0.0, store.energy_kwh)
    place = after / store.energy_kwh * (levels - 1)
    below = np.minimum(place.astype(np.int64), levels - 2)
    return served, below, place - below


def _rest(need_kw: Floats, fleet: Fleet, sizes: Sequence[int]) -> Floats:
    """(steps, failed of each kind, 1): kW that machines which have not failed, sun and wind leave to storage."""
    power = np.zeros(tuple(sizes))
    for axis, (size, one) in enumerate(zip(sizes, fleet.machines, strict=True)):
        shape = [1] * len(sizes)
        shape[axis] = size
        power = power + (np.maximum(one.count - np.arange(size), 0) * one.each_kw).reshape(shape)
    spread = (slice(None), *([None] * len(sizes)), None)
    rest: Floats = (need_kw - fleet.free_kw)[spread] - power[None, ..., None]
    return rest


def _able(need_kw: Floats, fleet: Fleet, sizes: Sequence[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Of every (step, failed of each kind, level): whether there is power enough at its beginning."""
    slack = _SLACK * np.maximum(need_kw, 1.0)[(slice(None), *([None] * len(sizes)), None)]
    held = np.arange(LEVELS) > 0
    able: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (
        _rest(need_kw, fleet, sizes) <= np.where(held, fleet.store.discharge_kw, 0.0) + slack
    )
    return able
