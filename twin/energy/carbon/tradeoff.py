"""Cost against carbon-free score: the dispatch of one year, solved again for one score after the other.

    least of  cost   where  score >= target

The score is a row of the program (`twin.energy.dispatch.formulate`), and what one more kWh of it costs is the row's
dual.  The least cost of a linear program is convex in that row's side: along the curve neither cost nor dual falls.

One row over all steps of a year makes every iteration dear, and from a far optimum there are thousands.  So the
program is brought near first by a price on the score in place of the row, which changes costs alone; then the row is
put on and the rest of the way is short.  Price and dual together are the marginal cost.  HiGHS goes on from the last
optimum all along.  In the curve a store takes carbon-free energy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.flows import carbon_free_fraction, cost, emissions_kg
from twin.energy.dispatch.frames import systems
from twin.energy.dispatch.solver import out_of_reach
from twin.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.energy.dispatch import Market, Resources, Solution, System

_LEAST_KWH = 1.0
"""Less carbon-free energy than this is none gained."""
_BELOW = 1e-6
"""So far below the highest score the curve ends: the highest itself is known to the solver's tolerance."""
_NEAR = 0.004
"""A score that differs by less is near enough to put the row on."""
_PRICED = 6
"""So many prices are tried to come near."""
_FIRST_USD_PER_KWH = 0.01
"""The first price tried; it is doubled until the score is reached."""


def tradeoff(
    load: pl.DataFrame,
    step_h: float,
    resources: Resources,
    market: Market,
    *,
    targets: Sequence[float] = (),
    points: int = 0,
) -> pl.DataFrame:
    """Table `cfe_tradeoff`, for the last whole year of every site; the cheapest dispatch first.

    Args:
        load: `time, site, load_kw` of sites with a supply.
        step_h: length of a step.
        resources: what the sites have.
        market: what they buy and sell at, with what is known of the grid's carbon.
        targets: scores to reach, as fractions; of those that the cheapest dispatch reaches, that one is the answer.
        points: so many scores, evenly from that of the cheapest dispatch to the highest there is.

    Raises:
        RefusedError: targets that no dispatch reaches, with the highest that one does.
    """
    rows = [row for system in _last_years(load, step_h, resources, market) for row in _curve(system, targets, points)]
    return pl.DataFrame(rows, schema=tables.table("cfe_tradeoff").schema(), orient="row")


def _last_years(load: pl.DataFrame, step_h: float, resources: Resources, market: Market) -> Iterator[System]:
    """The system of the longest year of every site, the last of several."""
    last: dict[str, System] = {}
    for system in systems(load, step_h, resources, replace(market, cfe_fraction=None)):
        if system.site not in last or system.steps >= last[system.site].steps - round(24 / step_h):
            last[system.site] = system
    yield from last.values()


def _curve(system: System, targets: Sequence[float], points: int) -> list[dict[str, Any]]:
    walk = _Walk(DispatchModel(replace(system, cfe_fraction=0.0, cfe_usd_per_kwh=0.0)))
    most = DispatchModel(walk.model.system).highest_score()
    beyond = sorted({target for target in targets if target > most})
    if beyond:
        raise out_of_reach(system.site, beyond, most)
    base = walk.cheapest()
    least = _score(base)
    even = np.linspace(least, most, points)[1:].tolist() if points else []
    wanted = sorted(min(target, most - _BELOW) for target in {*targets, *even})
    found = [(None, base)]
    found += [
        (target, base if target <= least else walk.reach(target)) for target in counted(wanted, len(wanted), "scores")
    ]
    return [_row(solution, target, base) | {"highest_fraction": most} for target, solution in found]


@dataclass
class _Walk:
    """One program, led from score to score.

    Attributes:
        model: with the row of the score.
        known: score -> what one more kWh of it costs there.
    """

    model: DispatchModel
    known: dict[float, float] = field(default_factory=dict)

    def cheapest(self) -> Solution:
        """The optimum where nothing is asked of the score."""
        return self._noted(self.model.solve())

    def reach(self, target: float) -> Solution:
        """The cheapest dispatch with that score."""
        near = _NEAR * 2
        for _ in range(_PRICED):
            if near <= _NEAR:
                break
            priced = self.model.resolve(cfe_usd_per_kwh=self._price(target), cfe_fraction=0.0, cfe_exact=False)
            near = abs(_score(self._noted(priced)) - target)
        return self._noted(self.model.resolve(cfe_fraction=target, cfe_exact=True))

    def _price(self, target: float) -> float:
        """The price at which that score would be the optimum, were the curve straight between what is known."""
        below = max(score for score in self.known if score <= target)
        above = min((score for score in self.known if score > target), default=None)
        if above is None:
            return max(2 * self.known[below], _FIRST_USD_PER_KWH)
        # not quite to an end of the bracket: there the same optimum would be found once more
        share = min(max((target - below) / (above - below), 0.1), 0.9)
        return self.known[below] + share * (self.known[above] - self.known[below])

    def _noted(self, found: Solution) -> Solution:
        self.known[_score(found)] = found.cfe_usd_per_kwh
        return found


def _score(found: Solution) -> float:
    return carbon_free_fraction(found.system, found.flows)


def _cost(found: Solution) -> float:
    return sum(cost(found.system, found.flows).values())


def _row(found: Solution, target: float | None, base: Solution) -> dict[str, Any]:
    system = found.system
    gained = (_score(found) - _score(base)) * float(system.load_kw.sum()) * system.step_h
    return {
        "site": system.site,
        "year": int(system.time[0].astype("datetime64[Y]").astype(np.int64)) + 1970,
        "target_fraction": target,
        "cfe_fraction": _score(found),
        "cost_usd": _cost(found),
        "marginal_usd_per_kwh": found.cfe_usd_per_kwh,
        "added_usd_per_kwh": (_cost(found) - _cost(base)) / gained if gained > _LEAST_KWH else None,
        "emission_kg_co2e": emissions_kg(system, found.flows),
        "warm": found.warm,
    }
