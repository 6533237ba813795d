"""In which order combinations of suppliers are dealt, so that the first consumers already load them evenly.

A round has every combination of `pick` out of `members` once, and then begins anew.  How evenly the
first consumers of it load the members, whatever their number, is a matter of the order:

- `pick` 1 or 2, all but one or two, or of no more than four members: the loads of two members differ by
  one at most.  Pairs are the rounds of a tournament: with an even number of members everybody plays in
  each (the circle method), with an odd number they go round one Hamiltonian cycle of the complete graph
  after the other (Walecki's), every other edge first.
- any other: each consumer takes the least loaded members that have not been together yet in this
  round, those before others that have met least.  Where all of these have been, it takes the next best, and
  the loads differ by two.
- beyond `MOST` combinations or `MANY` members: patterns and their rotations, where they differ by `pick` at most.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, combinations, islice
from math import comb, gcd
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Combination = tuple[int, ...]

MOST = 4_000
"""Most combinations that are chosen one by one: below a second."""

MANY = 1_000
"""Most members of which it is kept who has met whom."""

_ROTATED = 4
"""Up to so many members the rotated patterns are as even as can be."""


def deal(members: int, pick: int, most: int) -> Ints:
    """The first `most` combinations of `pick` out of `members`, in the order in which they are dealt.

    Args:
        members: how many there are to choose from.
        pick: how many are chosen, `1 … members`.
        most: how many combinations are wanted; fewer come where there are fewer.

    Returns:
        int64 `(min(most, comb(members, pick)), pick)`, rows ascending, all rows different; not to be written to.
    """
    wanted = min(most, comb(members, pick))
    if pick == 1:
        return np.arange(wanted, dtype=np.int64)[:, None]
    if pick == members:
        return np.arange(members, dtype=np.int64)[None, :]
    return _dealt(members, pick, wanted)


@lru_cache(maxsize=64)
def _dealt(members: int, pick: int, wanted: int) -> Ints:
    if members <= _ROTATED or pick == members - 1:
        found = _rotated(members, pick, wanted)
    elif pick == 2:  # noqa: PLR2004 - pairs
        found = _rows(_pairs(members), pick, wanted)
    elif pick == members - 2:
        found = _others(members, _rows(_pairs(members), 2, wanted))
    elif wanted > MOST or members > MANY:
        found = _rotated(members, pick, wanted)
    elif 2 * pick > members:
        # those left out are as even as those that are taken
        found = _others(members, _rows(_least_loaded(members, members - pick), members - pick, wanted))
    else:
        found = _rows(_least_loaded(members, pick), pick, wanted)
    found.setflags(write=False)
    return found


def _rows(dealt: Iterator[Combination], pick: int, wanted: int) -> Ints:
    flat = np.fromiter(chain.from_iterable(islice(dealt, wanted)), dtype=np.int64, count=wanted * pick)
    return np.sort(flat.reshape(-1, pick), axis=1)


def _others(members: int, left_out: Ints) -> Ints:
    """The combinations of all members but some."""
    taken = np.ones((len(left_out), members), dtype=bool)
    np.put_along_axis(taken, left_out, values=False, axis=1)
    return np.nonzero(taken)[1].reshape(len(left_out), -1).astype(np.int64)


def _pairs(members: int) -> Iterator[Combination]:
    """All pairs, those of neighbours first; see the module for the order."""
    ring = members - 1
    if members % 2 == 0:
        # the first turn pairs 0 with the hub, 1 with the last of the ring, …: they are called 0 1, 2 3, …
        name = [0] * members
        for place, (one, other) in enumerate(_turn(ring, 0)):
            name[one], name[other] = 2 * place, 2 * place + 1
        yield from ((name[one], name[other]) for turn in range(ring) for one, other in _turn(ring, turn))
        return
    zigzag = [(step + 1) // 2 * (1 if step % 2 else -1) for step in range(ring)]
    name = [0] * members
    for place, one in enumerate([ring, *(step % ring for step in zigzag)]):
        name[one] = place
    for turn in range(ring // 2):
        cycle = [name[one] for one in (ring, *((turn + step) % ring for step in zigzag))]
        yield from ((cycle[2 * at % members], cycle[(2 * at + 1) % members]) for at in range(members))


def _turn(ring: int, turn: int) -> Iterator[Combination]:
    """One turn of the circle method: the hub, which is called `ring`, and one of the ring, and those opposite."""
    yield turn, ring
    yield from (((turn + step) % ring, (turn - step) % ring) for step in range(1, (ring + 1) // 2))


def _least_loaded(members: int, pick: int) -> Iterator[Combination]:
    """All combinations; each takes the least loaded members, of equals those that have met least."""
    load = np.zeros(members, dtype=np.int64)
    met = np.zeros((members, members), dtype=np.int64)
    dealt: set[Combination] = set()
    while True:
        found = _meeting_least(load, met, pick)
        if found in dealt:
            new = next((way for way in _next_best(load, pick) if way not in dealt), None)
            if new is None:
                return
            found = new
        dealt.add(found)
        chosen = list(found)
        load[chosen] += 1
        met[np.ix_(chosen, chosen)] += 1
        yield found


def _meeting_least(load: Ints, met: Ints, pick: int) -> Combination:
    """The least loaded members, of equals one after the other the one that has met those before it least."""
    taken = np.zeros(len(load), dtype=bool)
    before = np.zeros(len(load), dtype=np.int64)
    for _ in range(pick):
        order = load * (before.max() + 1) + before
        order[taken] = np.iinfo(np.int64).max
        best = int(np.argmin(order))
        taken[best] = True
        before = before + met[best]
    return tuple(np.flatnonzero(taken).tolist())


def _next_best(load: Ints, pick: int) -> Iterator[Combination]:
    """All combinations, those first that leave out what is loaded most, and of these those that take what is least."""
    order = np.argsort(load, kind="stable")
    for level in np.unique(load).tolist():
        able = order[load[order] <= level].tolist()
        yield from (tuple(sorted(way)) for way in combinations(able, pick))


def _rotated(members: int, pick: int, wanted: int) -> Ints:
    """Combinations orbit by orbit: a pattern (1 2, then 1 3, …) and all its rotations.

    Each rotation is `pick` further than the one before, so that neighbours do not overlap.  In every
    orbit each member is used equally often.
    """
    orbits: list[Ints] = []
    dealt = 0
    for pattern, period in _patterns(members, pick):
        turn = np.arange(min(period, wanted - dealt), dtype=np.int64)
        # Steps of `pick` come round after period / gcd rotations; the next lap starts one further.
        rotation = turn * pick + turn // (period // gcd(pick, period))
        orbits.append(np.sort((np.array(pattern, dtype=np.int64) + rotation[:, None]) % members, axis=1))
        dealt += len(turn)
        if dealt == wanted:
            break
    return np.concatenate(orbits)


def _patterns(members: int, pick: int) -> Iterator[tuple[Combination, int]]:
    """One combination of every orbit under rotation, with the size of the orbit; close ones first.

    A combination that holds 0 is a ring of gaps; the orbit's own is the one whose gaps come first
    in dictionary order, and the orbit is as long as the ring takes to repeat.
    """
    for rest in combinations(range(1, members), pick - 1):
        points = (0, *rest)
        gaps = tuple(after - before for before, after in zip(points, (*rest, members), strict=True))
        if gaps[0] > min(gaps):
            continue
        doubled = gaps + gaps
        turns = [doubled[start : start + pick] for start in range(1, pick)]
        if min(turns) >= gaps:
            repeat = next((start for start, turn in enumerate(turns, 1) if turn == gaps), pick)
            yield points, sum(gaps[:repeat])
