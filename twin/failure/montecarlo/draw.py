"""Random draws that cost what fails and not what could: exponential skips over samples times parts.

Every block of samples or histories has a generator of its own, keyed by the seed and the number of the
block (Philox: Salmon and others, *Parallel random numbers: as easy as 1, 2, 3*, SC11), so that nobody can
tell from the numbers who drew them, in which order, or how many shared the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from twin.structure.model import Floats, Ints

_WORD = (1 << 64) - 1

_SPREAD = 6.0
"""Standard deviations beyond the mean for which skips are drawn at once; rarely more are needed."""


class Hits(NamedTuple):
    """What happened where: item `item[i]` in cell `cell[i]`, by item and then by cell within a bucket."""

    item: Ints
    cell: Ints


def generator(seed: int, block: int, stream: int) -> Generator:
    """The generator of one block.

    Args:
        seed: of the run.
        block: number of the block.
        stream: what the numbers are for, 0 to 255; each use has its own.
    """
    return np.random.Generator(np.random.Philox(key=[seed & _WORD, (block << 8 | stream) & _WORD]))


def uniform(seed: int, *keys: Ints) -> Floats:
    """One number in [0, 1) for each set of keys: always the same for the same seed and keys.

    Two rounds of SplitMix64's finaliser a key (Steele, Lea and Flood, *Fast splittable pseudorandom number
    generators*, OOPSLA 2014).  For draws that belong to an event and must not depend on who asks first.
    """
    state: NDArray[np.uint64] = np.full(keys[0].shape, seed & _WORD, dtype=np.uint64)
    for key in keys:
        state = _mixed(_mixed(state + np.uint64(0x9E3779B97F4A7C15)) ^ key.astype(np.uint64))
    found: Floats = (_mixed(state) >> np.uint64(11)).astype(float) * 2.0**-53
    return found


def bernoulli(rng: Generator, chance: Floats, cells: int) -> Hits:
    """Which of some items happen in which of `cells` independent trials each.

    Args:
        rng: generator.
        chance: (items,), probability in one trial.
        cells: trials.
    """
    parts: list[tuple[Ints, Ints]] = []
    for items, top in _buckets(chance):
        length = len(items) * cells
        at = np.arange(length) if top >= 1.0 else _skips(rng, -np.log1p(-top), length)
        which = at // cells
        cell = at - which * cells
        kept = _thinned(rng, chance[items], top, which)
        parts.append((items[which[kept]], cell[kept]))
    return Hits(*_joined(parts))


def poisson(rng: Generator, rate: Floats, cells: int, length: float) -> tuple[Hits, Floats]:
    """Points of independent Poisson processes, one for each item and cell, on [0, length).

    Args:
        rng: generator.
        rate: (items,), points in a unit of length.
        cells: processes of each item.
        length: of each.

    Returns:
        Item and cell of every point, and where it lies; points of one process stand together, in order.
    """
    parts: list[tuple[Ints, Ints, Floats]] = []
    for items, top in _buckets(rate):
        at = _points(rng, top, len(items) * cells * length)
        row = np.minimum((at / length).astype(np.int64), len(items) * cells - 1)
        which = row // cells
        cell = row - which * cells
        kept = _thinned(rng, rate[items], top, which)
        parts.append((items[which[kept]], cell[kept], np.maximum(at - row * length, 0.0)[kept]))
    item, cell = _joined([part[:2] for part in parts])
    return Hits(item, cell), np.concatenate([part[2] for part in parts]) if parts else np.empty(0)


def _buckets(chance: Floats) -> list[tuple[Ints, float]]:
    """Items that happen, in sets whose chances differ by less than two times, with the largest of each."""
    there = np.flatnonzero(chance > 0.0)
    size = np.frexp(chance[there])[1]
    sets = [there[size == each] for each in np.unique(size)]
    return [(items, float(chance[items].max())) for items in sets]


def _thinned(rng: Generator, chance: Floats, top: float, which: Ints) -> NDArray[np.bool_] | slice:
    """Of what was drawn with the largest chance, what stays with its own."""
    if (chance == top).all():
        return slice(None)
    kept: NDArray[np.bool_] = rng.random(len(which)) * top < chance[which]
    return kept


def _skips(rng: Generator, rate: float, length: int) -> Ints:
    """Positions of successes in `length` trials: the gap to the next is a whole exponential skip."""
    found: list[Ints] = []
    last = -1
    while True:
        gaps = rng.standard_exponential(_enough((length - 1 - last) * -np.expm1(-rate))) / rate
        at = last + np.cumsum(np.minimum(gaps, float(length)).astype(np.int64) + 1)
        inside = at[at < length]
        found.append(inside)
        if len(inside) < len(at):
            return np.concatenate(found)
        last = int(at[-1])


def _points(rng: Generator, rate: float, length: float) -> Floats:
    found: list[Floats] = []
    last = 0.0
    while True:
        at = last + np.cumsum(rng.standard_exponential(_enough((length - last) * rate)) / rate)
        inside = at[: int(np.searchsorted(at, length))]
        found.append(inside)
        if len(inside) < len(at):
            return np.concatenate(found)
        last = float(at[-1])


def _enough(mean: float) -> int:
    return int(mean + _SPREAD * mean**0.5) + 8


def _joined(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
