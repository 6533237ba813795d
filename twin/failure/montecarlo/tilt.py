"""Importance sampling of rare losses: chances tilted by cross-entropy towards what causes them.

The chances of the slots are first raised alike, p to the power theta, until a tenth of the samples lose supply.
Then, theta going back to 1 in steps, they are set to the share of the losing samples, weighed by the
likelihood ratio, in which each slot is down: that minimises the distance to the best distribution there is
(Rubinstein and Kroese, *The Cross-Entropy Method*, 2004, section 5).  Whatever comes of it, the estimate drawn
with these chances is unbiased; a bad choice only makes it less sure, and its effective samples say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.failure.montecarlo.steady import Proposal

if TYPE_CHECKING:
    from twin.failure.montecarlo.steady import Drawn, Sampler
    from twin.structure.model import Bools, Floats

_PILOT = 1 << 14
_HITS = 0.1
"""Share of the pilot samples that have to lose supply."""

_STEPS = 8
_SMOOTH = 0.8
"""Share of the new chances in each step; the rest are the old ones."""

_SHARE = (0.1, 0.3, 0.6)
"""Shares of the samples: the true chances, the raised ones (so that no cause is lost that the steps towards the
others have lost sight of), the ones found."""

_MOST = 0.95
_ALL_BUT_SURE = 1e-3
_STREAM = 2


def tilt(sampler: Sampler, scope: int, seed: int) -> Proposal:
    """The chances to draw with, for the loss of supply of one scope.

    Args:
        sampler: what is sampled; best of a snapshot in which only the loads of the scope are in service.
        scope: index into `Structure.scopes`.
        seed: seed of the pilot samples.
    """
    true = sampler.slots.chance
    open_ = (true > 0.0) & (true < 1.0)
    if not open_.any():
        return Proposal((true,))
    theta, first = _start(sampler, scope, seed, open_)
    chance = first
    for step in range(1, _STEPS + 1):
        power = theta + (1.0 - theta) * min(1.0, step / (_STEPS - 2))
        drawn = sampler.draw(seed, step, _PILOT, Proposal((chance,)), _STREAM)
        down = _down(sampler, scope, drawn)
        if not down.any():
            break
        weight = np.where(down, _ratio(true**power, chance, open_, drawn), 0.0)
        seen = np.bincount(drawn.slot, weights=weight[drawn.cell], minlength=len(true)) / weight.sum()
        mixed = _SMOOTH * seen + (1.0 - _SMOOTH) * chance
        chance = np.where(open_, np.maximum(np.minimum(mixed, _MOST), true), true)
    return Proposal((true, first, chance), _SHARE)


def _start(sampler: Sampler, scope: int, seed: int, open_: Bools) -> tuple[float, Floats]:
    """The power by which the chances are raised so that losses are frequent, and what they come to."""
    true = sampler.slots.chance
    theta = 1.0
    while True:
        chance = np.where(open_, np.maximum(np.minimum(true**theta, _MOST), true), true)
        drawn = sampler.draw(seed, 0, _PILOT, Proposal((chance,)), _STREAM)
        if _down(sampler, scope, drawn).mean() >= _HITS or theta < _ALL_BUT_SURE:
            return theta, chance
        theta *= 0.8


def _down(sampler: Sampler, scope: int, drawn: Drawn) -> Bools:
    """(samples,): whether some load in the scope has lost supply."""
    states, (classes, state) = sampler.evaluated(drawn, 1)
    at = sampler.scopes[classes]
    inside = np.zeros(len(classes), dtype=bool)
    while (at >= 0).any():
        inside |= at == scope
        at = np.where(at >= 0, sampler.shares.parent[at], -1)
    found = np.zeros(len(drawn.failures), dtype=bool)
    found[states[state[inside]]] = True
    return found


def _ratio(wanted: Floats, chance: Floats, open_: Bools, drawn: Drawn) -> Floats:
    """(samples,): likelihood ratio of `wanted` to `chance`, the largest of them 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(wanted) - np.log1p(-wanted) - np.log(chance) + np.log1p(-chance)
    ratio = np.bincount(drawn.cell, weights=np.where(open_, odds, 0.0)[drawn.slot], minlength=len(drawn.failures))
    found: Floats = np.exp(ratio - ratio.max())
    return found
