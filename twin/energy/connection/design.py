"""How much IT load fits under what a site may draw, hour by hour of every month.

The IT load is at full use with everything in service, the same in every hour of the month: that is the design point.
Losses of the power chain and what cooling draws follow from the same structure and the same models as the hours of
the energy analysis, so that a load that fits here passes there, and one that is larger does not.

    usable IT power of a month = IT power x the largest level at which
    draw(level, hour) <= limit of the connection + firm supply(hour)    in every hour of the month

Where a cooling model gives a monthly overhead with a peak of its own, that peak is the draw of every hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.energy.load import ItLoad
from twin.energy.overhead import Overhead

if TYPE_CHECKING:
    from twin.energy.steps import Floats, Ints, Steps

CLOSE = 1e-8
"""Share of what may be drawn within which the level is found."""

_ROUNDS = 80
_LEAST = 1e-9


@dataclass(frozen=True)
class Design:
    """What a site draws at a level of its full IT load.

    Attributes:
        twin: the loaded topology.
        steps: of the calendar.
        sites: ids, in file order.
        full_kw: (sites, months), IT power in service.
        weather: typical years by site.
    """

    twin: Any
    steps: Steps
    sites: tuple[str, ...]
    full_kw: Floats
    weather: pl.DataFrame

    def draw(self, level: Floats) -> tuple[Floats, Floats]:
        """(sites, steps) what the sites draw, and (sites, months) the peak, at (sites, months) levels."""
        load = ItLoad(self.steps, self.sites, self.full_kw, level, np.ones_like(level), None)
        over = Overhead(self.twin, load, self.weather).run()
        drawn = load.kw + over.chain_kw + over.other_kw
        peak = load.peak_kw.copy()
        for frame in over.energy:
            month_site = frame.group_by("month", "site", maintain_order=True).agg(pl.col("peak_kw").sum())
            peak += self.steps.pivot(month_site, self.sites, "peak_kw")
        monthly = [number for number in range(len(self.sites)) if number not in over.hourly]
        drawn[monthly] = np.maximum(drawn[monthly], peak[monthly][:, self.steps.month])
        return drawn, self.steps.peaks(drawn)


@dataclass(frozen=True)
class Fitted:
    """What fits.

    Attributes:
        level: (sites, months), the largest level of the IT load; NaN where there is no IT load or no limit.
        step: (sites, months), the step that is tightest at that level.
        drawn_kw: (sites, steps), what is drawn at the present IT load.
    """

    level: Floats
    step: Ints
    drawn_kw: Floats


def fitted(design: Design, most_kw: Floats, drawn_kw: Floats | None = None) -> Fitted:
    """The largest level of every site and month.

    Args:
        design: what is drawn at a level.
        most_kw: (sites, steps), what may be drawn; infinity where nothing limits it.
        drawn_kw: what is drawn at a level of 1, where that is known.
    """
    steps, full = design.steps, design.full_kw
    limited = np.isfinite(steps.peaks(most_kw)) & (full > 0)
    # what may be drawn caps the level: IT load alone is no more than all of the draw
    low = np.zeros(full.shape)
    high = np.divide(steps.peaks(most_kw), full, out=np.ones(full.shape), where=limited)
    level, before = np.ones(full.shape), np.full(full.shape, np.nan)
    excess_before = np.full(full.shape, np.nan)
    present = design.draw(level)[0] if drawn_kw is None else drawn_kw
    drawn, open_ = present, limited.copy()
    found = np.where(limited, 0.0, np.nan)
    for _ in range(_ROUNDS):
        excess, share, tolerance = _tightest(steps, drawn, most_kw)
        fits = excess <= 0
        low, high = np.where(open_ & fits, level, low), np.where(open_ & ~fits, level, high)
        done = open_ & ((np.abs(excess) <= tolerance) | (high - low <= CLOSE * high) | (high <= _LEAST))
        found = np.where(done, np.where(np.abs(excess) <= tolerance, level, low), found)
        open_ &= ~done
        if not open_.any():
            break
        following = _next(level, before, excess, excess_before, share, low, high)
        before, excess_before = level, excess
        level = np.where(open_, following, np.where(limited, found, 1.0))
        drawn = design.draw(level)[0]
    found = np.where(open_, low, found)
    return Fitted(found, _where_tightest(steps, drawn, most_kw), present)


def _tightest(steps: Steps, drawn: Floats, most: Floats) -> tuple[Floats, Floats, Floats]:
    """(sites, months) each: the largest excess, the least of what may be drawn over what is, and what is rounding."""
    with np.errstate(invalid="ignore"):
        excess = steps.peaks(drawn - most)
        over = np.divide(most, drawn, out=np.full_like(drawn, np.inf), where=drawn > 0)
    share: Floats = -steps.peaks(-over)
    return excess, share, CLOSE * np.maximum(steps.peaks(np.where(np.isfinite(most), most, 0.0)), 1e-3)


def _next(
    level: Floats, before: Floats, excess: Floats, excess_before: Floats, share: Floats, low: Floats, high: Floats
) -> Floats:
    """The level to try: along the secant, else in proportion to what may be drawn, else in the middle.

    What is drawn goes nearly in proportion to the load, so that either is close at once.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        secant = level - excess * (level - before) / (excess - excess_before)
        ratio = level * share
    tried = np.where(np.isfinite(secant), secant, np.where(np.isfinite(ratio), ratio, high))
    # a root at or below nothing: whether nothing fits is seen at no load at all
    tried = np.where((tried <= 0) & (low <= 0), 0.0, tried)
    inside = ((tried > low) & (tried < high)) | ((tried == 0.0) & (level > 0.0) & (low <= 0))
    return np.where(inside, tried, np.where((low <= 0) & ~np.isfinite(secant), high, (low + high) / 2))


def _where_tightest(steps: Steps, drawn: Floats, most: Floats) -> Ints:
    with np.errstate(invalid="ignore"):
        rest = np.where(np.isfinite(most), most - drawn, np.inf)
    step = np.empty((len(drawn), steps.calendar.months), dtype=np.int64)
    for month in range(steps.calendar.months):
        first, end = int(steps.starts[month]), int(steps.starts[month + 1])
        step[:, month] = first + rest[:, first:end].argmin(axis=1)
    return step
