"""The long run by sampling states: only what fails is drawn, and only what two failures do is worked out.

A sample is the state of the whole system at one moment of the long run.  With lambda the expected number of
parts that are down in one, the method is chosen once:

- lambda < `SPARSE_BELOW`: samples without a failure need nothing, samples with one are looked up in a table of
  all single failures, and only those with several are evaluated, 64 to a word.
- Above, or where fewer samples have one failure than the table has rows: every sample with a failure is evaluated.

Own failures of loads are never drawn load by load.  The served share takes them as their mean, given who is
fed (Rao-Blackwell: same mean, less spread); the share in service draws one binomial number for all fed loads
of a site that draw and fail alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin.failure.montecarlo import effects
from twin.failure.montecarlo.draw import Hits, bernoulli, generator
from twin.failure.montecarlo.estimate import Moments, Stop, estimate, total
from twin.failure.montecarlo.in_service import InService
from twin.failure.montecarlo.lanes import Lanes
from twin.failure.montecarlo.slots import slots
from twin.progress import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.failure.montecarlo.estimate import Estimate
    from twin.failure.parts import Parts
    from twin.structure.model import Csr, Floats, Ints, Snapshot

    Map = Callable[[Callable[[int], Moments], Iterable[int]], Iterable[Moments]]

BLOCK = 1 << 14
"""Samples that one generator draws."""

SPARSE_BELOW = 2.0
"""Expected failures of a sample below which single ones are looked up; measured, see tests/benchmarks."""

_LARGEST = 690.0
"""Logarithm of the largest ratio of two densities; what is beyond weighs nothing."""

FED, SERVED, LEVELS = range(3)
"""Rows of the estimates: not wholly fed, share of the load lost, below each level from here on."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is drawn in place of the truth, so that rare losses are less rare: a mixture of several chances.

    Every component takes a fixed share of the samples, and every sample is weighed by the true density over that
    of the whole mixture (Owen and Zhou, *Safe and effective importance sampling*, 2000): where a share is drawn
    with the true chances, no weight exceeds one over it.

    Attributes:
        chances: of the components, (slots,) each: the chance of each slot.
        share: of the samples, by component; together 1.
    """

    chances: tuple[Floats, ...]
    share: tuple[float, ...] = (1.0,)

    def counts(self, samples: int) -> list[int]:
        """Samples of each component."""
        ends = np.rint(np.cumsum(self.share) / sum(self.share) * samples).astype(np.int64)
        found: list[int] = np.diff(ends, prepend=0).tolist()
        return found


class Drawn(NamedTuple):
    """The failures of some samples: (hits,) slot, part and sample; (samples,) likelihood ratio and number of them."""

    slot: Ints
    part: Ints
    cell: Ints
    weight: Floats
    failures: Ints


@dataclass(frozen=True, slots=True)
class Steady:
    """What the samples say.  Arrays are (measures, scopes): see `FED`, `SERVED`, `LEVELS`.

    Attributes:
        loss: of every measure; NaN means and no error where a scope has nothing energised.
        stopped_by: `half_width` where it was reached, else `samples`.
        expected_failures: parts that are down in a sample, in expectation, as drawn.
        method: `sparse` or `dense`.
    """

    loss: Estimate
    stopped_by: str
    expected_failures: float
    method: str


class Sampler:
    """One month of a structure, ready to be sampled; may be sent to other processes."""

    def __init__(self, snapshot: Snapshot, parts: Parts, levels: Sequence[float] = (), *, samples: int = BLOCK) -> None:
        """Prepare.

        Args:
            snapshot: the structure in one month.
            parts: its independent parts.
            levels: shares of a site's load, for the chance that at least so much is in service.
            samples: how many will be drawn; it decides whether the table of single failures pays.
        """
        self.scopes = snapshot.structure.classes.scope
        self.members: Csr = parts.members
        self.slots = slots(snapshot, parts)
        self.lanes = Lanes(snapshot)
        self.shares = effects.shares(snapshot)
        self.in_service = InService(snapshot, self.lanes.never, levels)
        self.expected = float(self.slots.chance.sum())
        self.sparse = table_pays(self.expected, len(self.slots.part), samples)
        self.single = _Table(self, len(parts)) if self.sparse else None

    @property
    def shape(self) -> tuple[int, int]:
        """Measures and scopes."""
        return LEVELS + len(self.in_service.levels), len(self.shares.parent)

    def draw(self, seed: int, block: int, samples: int, proposal: Proposal | None, stream: int = 0) -> Drawn:
        """The failures of one block of samples."""
        rng = generator(seed, block, stream)
        if proposal is None:
            hits = bernoulli(rng, self.slots.chance, samples)
            weight = np.ones(samples)
        else:
            counts = proposal.counts(samples)
            found = [bernoulli(rng, chance, count) for chance, count in zip(proposal.chances, counts, strict=True)]
            first = np.cumsum([0, *counts[:-1]])
            hits = Hits(
                np.concatenate([each.item for each in found]),
                np.concatenate([each.cell + begin for each, begin in zip(found, first, strict=True)]),
            )
            weight = weights(self.slots.chance, proposal.chances, np.array(counts) / samples, hits, samples)
        part = self.slots.parts(rng, hits)
        return Drawn(hits.item, part, hits.cell, weight, np.bincount(hits.cell, minlength=samples))

    def evaluated(self, drawn: Drawn, least: int) -> tuple[Ints, tuple[Ints, Ints]]:
        """Work out the samples with at least so many failures.

        Returns:
            (states,) the samples, and (pairs,) class and (pairs,) state, numbers within these, that are not fed.
        """
        chosen = drawn.failures >= least
        number = np.cumsum(chosen) - 1
        hits = np.flatnonzero(chosen[drawn.cell])
        which, element = effects.spread(self.members, drawn.part[hits])
        states = np.flatnonzero(chosen)
        return states, self.lanes.unfed(element, number[drawn.cell[hits][which]], len(states))

    def block(self, seed: int, block: int, samples: int, proposal: Proposal | None = None) -> Moments:
        """Draw and add up one block."""
        drawn = self.draw(seed, block, samples, proposal)
        states, unfed = self.evaluated(drawn, 2 if self.single else 1)
        found = effects.losses(self.shares, self.scopes, unfed, max(len(states), 1))
        sums = np.zeros((4, *self.shape))
        _add(sums, found.scope, drawn.weight[states[found.state]], found.share)
        lost = (unfed[0], states[unfed[1]])
        if self.single is not None:
            lost = self.single.add(sums, drawn, lost)
        if self.in_service.levels:
            self.in_service.add(sums[:, LEVELS:], generator(seed, block, 1), drawn.weight, lost)
        return Moments(samples, sums[0], sums[1], sums[2], sums[3])


def table_pays(expected: float, parts: int, samples: int) -> bool:
    """Whether a table of all single failures saves more than it costs.

    Args:
        expected: parts that are down in a sample, in expectation; of the samples, `expected exp(-expected)` have one.
        parts: rows of the table.
        samples: how many will be drawn.
    """
    return expected < SPARSE_BELOW and samples * expected * math.exp(-expected) > parts


@dataclass(frozen=True, slots=True)
class _Work:
    """One block by its number; can be pickled, so that any executor's `map` will do."""

    sampler: Sampler
    seed: int
    samples: int
    proposal: Proposal | None

    def __call__(self, block: int) -> Moments:
        samples = min(BLOCK, self.samples - block * BLOCK)
        return self.sampler.block(self.seed, block, samples, self.proposal)


def simulate(
    sampler: Sampler,
    stop: Stop,
    seed: int,
    *,
    watched: Ints | None = None,
    proposal: Proposal | None = None,
    map_: Map = map,
) -> Steady:
    """Sample until it is enough.

    The half-width is looked at after 1, 2, 4, 8, … blocks, and the blocks are added up in their order, so that
    the numbers depend on the seed alone.

    Args:
        sampler: what to sample.
        stop: when.
        seed: seed.
        watched: scopes of which both losses are to be known as well as `stop` says; the sites where not given.
        proposal: what to draw in place of the truth.
        map_: runs the blocks; that of an executor shares the work, and changes no number.
    """
    count = -(-stop.samples // BLOCK)
    work = _Work(sampler, seed, stop.samples, proposal)
    scopes = np.flatnonzero(sampler.shares.parent < 0) if watched is None else watched
    bounds = [0, *(1 << power for power in range(count.bit_length()) if 1 << power < count), count]
    parts: list[Moments] = []
    by = "samples"
    blocks = counted(range(count), count, "blocks of samples")
    for begin, end in pairwise(bounds):
        for block in map_(work, range(begin, end)):
            next(blocks)
            parts.append(block)
        loss = _estimate(sampler, total(parts), weighed=proposal is not None)
        if stop.reached(_part(loss, scopes)):
            by = "half_width"
            break
    expected = sampler.expected
    if proposal is not None:
        expected = sum(part * float(each.sum()) for each, part in zip(proposal.chances, proposal.share, strict=True))
    return Steady(loss, by, expected, "sparse" if sampler.sparse else "dense")


def _estimate(sampler: Sampler, moments: Moments, *, weighed: bool) -> Estimate:
    """Means with what is always lost added: what is never fed, and the loads' own failures."""
    shares = sampler.shares
    never = effects.rolled_up(sampler.scopes, np.where(sampler.lanes.never, shares.working, 0.0), shares.parent)
    some = effects.rolled_up(sampler.scopes, sampler.lanes.never.astype(float), shares.parent) > 0.0
    always = shares.own + np.divide(never, shares.whole, out=np.zeros(len(never)), where=shares.whole > 0.0)
    most = np.ones(sampler.shape)
    most[SERVED] -= always
    found = estimate(moments, most, weighed=weighed)
    found.mean[FED, some], found.error[FED, some], found.resolution[FED, some] = 1.0, 0.0, 0.0
    found.mean[SERVED] += always
    found.mean[:, ~shares.there] = np.nan
    return found


def _part(loss: Estimate, scopes: Ints) -> Estimate:
    from twin.failure.montecarlo.estimate import Estimate  # noqa: PLC0415 - kept out of the types above

    chosen = (slice(None, LEVELS), scopes)
    return Estimate(
        loss.mean[chosen], loss.error[chosen], loss.resolution[chosen], loss.effective[chosen], loss.samples
    )


def _add(sums: Floats, scope: Ints, weight: Floats, share: Floats) -> None:
    """Add losses of scopes, one row a scope and sample, to the (first, second, plain, most) sums."""
    scopes = sums.shape[2]
    for measure, shown in ((FED, np.ones(len(share))), (SERVED, share)):
        each = weight * shown
        for row, values in enumerate((each, each**2, each * shown)):
            sums[row, measure] += np.bincount(scope, weights=values, minlength=scopes)
        np.maximum.at(sums[3, measure], scope, each)


class _Table:
    """What every part does alone, so that samples with one failure are only counted."""

    def __init__(self, sampler: Sampler, size: int) -> None:
        self.size = size
        self.scopes = sampler.scopes
        which, element = effects.spread(sampler.members, np.arange(size))
        used = np.zeros(size, dtype=bool)
        used[sampler.slots.part] = True
        kept = used[which]
        number = np.cumsum(used) - 1
        parts = np.flatnonzero(used)
        classes, state = sampler.lanes.unfed(element[kept], number[which[kept]], len(parts))
        found = effects.losses(sampler.shares, sampler.scopes, (classes, state), max(len(parts), 1))
        self.scope, self.part, self.share = found.scope, parts[found.state], found.share
        order = np.argsort(state, kind="stable")
        self.classes = _lists(parts[state[order]], classes[order], size)

    def add(self, sums: Floats, drawn: Drawn, lost: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
        """Add the samples with one failure, and give what they lose after what others lose: class and sample."""
        alone = np.flatnonzero(drawn.failures[drawn.cell] == 1)
        part, weight = drawn.part[alone], drawn.weight[drawn.cell[alone]]
        by = [np.bincount(part, weights=weight**power, minlength=self.size)[self.part] for power in (1, 2)]
        largest = np.zeros(self.size)
        np.maximum.at(largest, part, weight)
        scopes = sums.shape[2]
        for measure, shown in ((FED, np.ones(len(self.share))), (SERVED, self.share)):
            for row, values in enumerate((by[0] * shown, by[1] * shown**2, by[0] * shown**2)):
                sums[row, measure] += np.bincount(self.scope, weights=values, minlength=scopes)
            np.maximum.at(sums[3, measure], self.scope, largest[self.part] * shown)
        which, classes = effects.spread(self.classes, part)
        return np.concatenate([lost[0], classes]), np.concatenate([lost[1], drawn.cell[alone][which]])


def _lists(row: Ints, values: Ints, size: int) -> Csr:
    from twin.structure.model import Csr  # noqa: PLC0415 - kept out of the types above

    return Csr(np.searchsorted(row, np.arange(size + 1)).astype(np.int64), values)


def weights(true: Floats, chances: Sequence[Floats], share: Floats, hits: Hits, samples: int) -> Floats:
    """(samples,): density with the true chances over that of a mixture.

    A slot that is sure to be there, or never is, is drawn as it is and says nothing.
    """
    open_ = (true > 0.0) & (true < 1.0)
    mixture = np.zeros(samples)
    for chance, part in zip(chances, share, strict=True):
        with np.errstate(divide="ignore"):
            stays = np.where(open_, np.log1p(-chance) - np.log1p(-true), 0.0)
            goes = np.where(open_, np.log(chance) - np.log(true), 0.0)
        ratio = np.bincount(hits.cell, weights=(goes - stays)[hits.item], minlength=samples) + stays.sum()
        mixture += part * np.exp(np.minimum(ratio, _LARGEST))
    found: Floats = 1.0 / mixture
    return found
