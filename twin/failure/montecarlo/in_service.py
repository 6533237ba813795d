"""The share of a site's load that is in service: fed, and working itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.lump import lump, number
from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from twin.structure.model import Bools, Floats, Ints, Snapshot


class InService:
    """Counts what is in service at every site, one binomial draw for all of its loads that are alike.

    Attributes:
        levels: shares of the load that are asked about.
    """

    def __init__(self, snapshot: Snapshot, never: Bools, levels: Sequence[float]) -> None:
        """Lump the loads of a site that draw and fail alike.

        Args:
            snapshot: the structure in one month.
            never: (classes,), those that are not fed even with everything working.
            levels: shares of the load.
        """
        self.levels = tuple(levels)
        structure = snapshot.structure
        classes, on = structure.classes, np.flatnonzero(snapshot.class_on)
        site = np.array([scope.site for scope in structure.scopes], dtype=np.int64)[classes.scope[on]]
        draws = bool((classes.power_kw * classes.count)[on].any())
        each = classes.power_kw[on] if draws else np.ones(len(on))
        columns: list[Ints | Floats] = [site, each, classes.unavailability[on]]
        first, _ = lump(columns, len(on))
        kind = number(columns, len(on))
        self._kind = np.full(len(classes), -1)
        self._kind[on] = kind
        self._loads = classes.count
        self._site, self._each, self._chance = site[first], each[first], classes.unavailability[on][first]
        fed = np.where(never[on], 0, classes.count[on])
        self._full = np.bincount(kind, weights=fed, minlength=len(first)).astype(np.int64)
        whole = np.bincount(kind, weights=classes.count[on], minlength=len(first)) * self._each
        self._whole = np.bincount(self._site, weights=whole, minlength=len(structure.scopes))
        self._sites = np.unique(self._site)

    def add(self, sums: Floats, rng: Generator, weight: Floats, lost: tuple[Ints, Ints]) -> None:
        """Draw the own failures of some samples and add up how often less than each level is in service.

        Args:
            sums: (4, levels, scopes), to add to; see `twin.failure.montecarlo.estimate.Moments`.
            rng: generator.
            weight: (samples,), likelihood ratios.
            lost: (pairs,) class and (pairs,) sample that are not fed.
        """
        samples, kinds = len(weight), len(self._full)
        there = np.tile(self._full[:, None], (1, samples))
        np.subtract.at(there.ravel(), self._kind[lost[0]] * samples + lost[1], self._loads[lost[0]])
        working = np.zeros((len(self._whole), samples))
        for kind in range(kinds):
            count, chance = there[kind], float(self._chance[kind])
            up = count - rng.binomial(count, chance) if chance > 0.0 else count
            working[self._site[kind]] += up * self._each[kind]
        for row, level in enumerate(self.levels):
            for site in self._sites.tolist():
                below = weight[working[site] < level * self._whole[site] * (1.0 - TOLERANCE)]
                sums[:3, row, site] += below.sum(), (below**2).sum(), below.sum()
                sums[3, row, site] = max(sums[3, row, site], below.max(initial=0.0))
