"""Many searches at once for the first factor at which something is full, each between two bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints

STEP = 1e-10
"""Relative distance at which the two sides of a limit are next to each other."""

_SMALL = 1e-3
"""Factor below which distances are not relative."""

_PATIENCE = 8
"""Trials in one bracket after which it is halved, whatever the tangents say."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial of some rows shows.  Every array has one entry a row.

    Attributes:
        over: whether something is full.
        exact: where the tangents say that it is; `ends` with an allowance for rounding.
        ends: see `exact`.
        joins: where they say that a standby joins.
        element: what is the first to be full.
        pattern: (rows, standbys), the last rank that takes part.
    """

    over: Bools
    exact: Floats
    ends: Floats
    joins: Floats
    element: Ints
    pattern: Ints


@dataclass(slots=True)
class Rows:
    """Some rows.  Every array has one entry a row.

    Attributes:
        state, column, mode: what each is.
        where: the state among those of the batch.
        low: the largest factor known to be fine; -1 where none is.
        ahead: where the tangents at `low` say that it is fine no more.
        pattern: (rows, standbys), the last rank that takes part, at `low`.
        high: the least factor known not to be fine, infinity where none is; what follows is as seen there.
        over, same: whether something is full, and whether the same suppliers take part as at `low`.
        back: where the tangents say that something is full.
        exact, element: the same without allowance, and what is full.
        after, joined: as `ahead` and `pattern`.
        trial: factor to be tried next.
        tried: trials in the present bracket.
    """

    state: Ints
    column: Ints
    mode: Ints
    where: Ints
    low: Floats
    ahead: Floats
    pattern: Ints
    high: Floats
    over: Bools
    same: Bools
    back: Floats
    exact: Floats
    element: Ints
    after: Floats
    joined: Ints
    trial: Floats
    tried: Ints

    @classmethod
    def begin(cls, state: Ints, column: Ints, mode: Ints, where: Ints, trial: Floats, standbys: int) -> Rows:
        """Rows of which nothing is known."""
        size = len(state)
        return cls(
            state=state,
            column=column,
            mode=mode,
            where=where,
            low=np.full(size, -1.0),
            ahead=np.full(size, np.inf),
            pattern=np.full((size, standbys), -1, dtype=np.int64),
            high=np.full(size, np.inf),
            over=np.zeros(size, dtype=bool),
            same=np.ones(size, dtype=bool),
            back=np.full(size, np.inf),
            exact=np.full(size, np.inf),
            element=np.zeros(size, dtype=np.int64),
            after=np.full(size, np.inf),
            joined=np.full((size, standbys), -1, dtype=np.int64),
            trial=trial,
            tried=np.zeros(size, dtype=np.int64),
        )

    def learn(self, at: Ints, seen: Seen, *, settled: bool) -> None:
        """Take over what the trials of some rows show.

        Args:
            at: the rows.
            seen: what is there.
            settled: whether a first trial says who takes part, and what is full there is full at once.
        """
        trial = self.trial[at]
        if settled:
            new = at[self.low[at] < 0]
            self.pattern[new] = seen.pattern[self.low[at] < 0]
            self.low[new] = self.trial[new]
        same = (seen.pattern == self.pattern[at]).all(axis=1)
        fine = ~seen.over & same
        self.low[at[fine]] = trial[fine]
        self.ahead[at[fine]] = np.minimum(seen.ends, seen.joins)[fine]
        bad = at[~fine]
        self.high[bad], self.over[bad], self.same[bad] = trial[~fine], seen.over[~fine], same[~fine]
        self.back[bad], self.exact[bad], self.element[bad] = seen.ends[~fine], seen.exact[~fine], seen.element[~fine]
        self.after[bad], self.joined[bad] = np.minimum(seen.ends, seen.joins)[~fine], seen.pattern[~fine]
        self.tried[at] += 1

    def walk(self, at: Ints) -> None:
        """Go on from where a standby has joined."""
        self.low[at], self.ahead[at], self.pattern[at] = self.high[at], self.after[at], self.joined[at]
        self.high[at], self.over[at], self.tried[at] = np.inf, False, 0

    def closed(self, at: Ints) -> Bools:
        """Whether the two sides are next to each other."""
        gap = self.high[at] - np.maximum(self.low[at], 0.0)
        close: Bools = gap <= 4.0 * STEP * np.maximum(self.high[at], _SMALL)
        return close & np.isfinite(self.high[at])

    def aim(self, at: Ints, most: Floats) -> None:
        """Set the next trials, none of them above `most`."""
        low, high = np.maximum(self.low[at], 0.0), self.high[at]
        ahead = np.maximum(self.ahead[at], low)
        right = np.where(ahead * (1.0 + STEP) < high, ahead * (1.0 + STEP), ahead * (1.0 - STEP))
        trial = np.where(self.over[at] & self.same[at], self.back[at] * (1.0 - STEP), right)
        trial = np.where(np.isinf(high), np.maximum(trial, low + STEP * np.maximum(low, _SMALL)), trial)
        trial = np.minimum(trial, most)
        useless = np.isfinite(high) & ((trial <= self.low[at]) | (trial >= high) | (self.tried[at] > _PATIENCE))
        first = (self.low[at] < 0) & (trial <= 0.0)
        self.trial[at] = np.where(first, 0.0, np.where(useless, (low + high) / 2.0, trial))
