"""Bounds for uncertain rates: published numbers of draws, coverage by simulation, one draw for one name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from failure.build import System
from failure.montecarlo.change import repaired
from published import Source
from scipy.special import ndtr
from scipy.stats import binom

import twin
from twin.errors import RefusedError
from twin.failure.fed import solve
from twin.failure.montecarlo.uncertainty import drawn, factors, scaled
from twin.structure.snapshot import snapshot
from twin.wilks import confidence, draws_needed, order_of, spread

FILE = """
twin: 1
name: pair
calendar: {start: 2027-01-01, months: 12}
components:
  module: {kind: utility, capacity: 1 MW, mtbf: 1000 h, mttr: 10 h, rate_error_factor: 3}
sites:
  site:
    contains:
      a: {use: module}
      b: {use: module}
      board: {kind: switchgear, mtbf: 50000 h, mttr: 10 h, rate_error_factor: 3, power: {from: [a, b], need: 1}}
      rack[4]: {kind: rack, load: 100 kW, power: board}
"""


WILKS = Source(
    "Failure",
    "Wilks, number of draws",
    "Wilks, 1941, for the extremes at 95 % and 95 %; the next orders as tabled by Nutt and Wallis, Reliability "
    "Engineering and System Safety 83, 2004.",
)


def test_draws_that_wilks_needs(published) -> None:
    published("one side", 59, draws_needed(), abs=0, source=WILKS)
    published("both sides", 93, draws_needed(two_sided=True), abs=0, source=WILKS)
    next_ones = [draws_needed(order) for order in (2, 3, 4)]
    published("one side, orders 2 to 4", [93, 124, 153], next_ones, abs=0, source=WILKS)
    assert draws_needed(1, 0.99, 0.95) == 299


def test_the_formula_is_the_binomial_one() -> None:
    for n, r in ((59, 1), (93, 2), (200, 5)):
        assert confidence(n, r) == pytest.approx(binom.sf(r - 1, n, 0.05), rel=1e-12)
        assert confidence(n, r, two_sided=True) == pytest.approx(binom.sf(2 * r - 1, n, 0.05), rel=1e-12)
    assert pytest.approx(confidence(59, 1), rel=1e-12) == 1 - 0.95**59
    assert confidence(3, 2, two_sided=True) == 0.0


@pytest.mark.parametrize("two_sided", [False, True])
def test_more_draws_give_closer_bounds(two_sided: bool) -> None:
    first = draws_needed(two_sided=two_sided)
    assert order_of(first, two_sided=two_sided) == 1
    with pytest.raises(RefusedError, match=f"take at least {first}"):
        order_of(first - 1, two_sided=two_sided)
    assert order_of(1000, two_sided=two_sided) > 10


def test_bounds_hold_as_often_as_they_say() -> None:
    """4,000 times 93 draws of a lognormal: both bounds hold 95 % of it in at least 95 % of the times, within chance."""
    rng = np.random.default_rng(4)
    hits = np.zeros(3)
    for _ in range(4000):
        found = spread(rng.lognormal(0.0, 1.2, 93))
        held = (_share(found.high) - _share(found.low), 1.0 - _share(found.least), _share(found.most))
        hits += np.array(held) >= 0.95
    low = binom.ppf(1e-4, 4000, 0.95)
    wanted = [confidence(93, 1, two_sided=True), *(confidence(93, order_of(93)),) * 2]
    assert (hits >= low).all()
    assert hits / 4000 == pytest.approx(wanted, abs=0.015), "no more than the formula says either"


def _share(value: float) -> float:
    return float(ndtr(np.log(value) / 1.2))


def test_draws_have_the_stated_mean_and_error_factor(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(FILE)
    found = factors(twin.load(path).structure, 200_000, seed=1)
    assert sorted(found) == ["module", "site/board"], "two groups of one part are one name"
    one, other = found.values()
    assert one.mean() == pytest.approx(1.0, abs=4 * one.std() / np.sqrt(200_000))
    assert np.quantile(one, 0.95) / np.quantile(one, 0.5) == pytest.approx(3.0, rel=0.02)
    assert abs(np.corrcoef(np.log(one), np.log(other))[0, 1]) < 0.01
    assert (factors(twin.load(path).structure, 10, seed=1)["module"] == one[:10]).all()


def test_one_draw_for_one_name_makes_pairs_worse(tmp_path) -> None:
    """The mean of a pair's unavailability grows with the mean of the square: E[m^2] = exp(sigma^2)."""
    path = tmp_path / "x.yaml"
    path.write_text(FILE.replace("mtbf: 1000 h", "mtbf: 100000 h").replace("mtbf: 50000 h", "mtbf: 1e15 h"))
    made = snapshot(twin.load(path).structure, 0)

    def site(structure) -> float:
        return float(solve(replace(made, structure=structure)).scope_unavailability[0])

    stated = site(made.structure)
    values = np.array([site(structure) for _, structure in drawn(made.structure, 2000, 3)])
    sigma = np.log(3.0) / 1.6449
    assert values.mean() / stated == pytest.approx(np.exp(sigma**2), rel=0.2)
    assert np.median(values) / stated == pytest.approx(np.exp(-(sigma**2)), rel=0.1)


def test_a_scaled_rate_keeps_the_repair_time() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", **repaired(1000.0, 10.0)))
    system.load("site/rack", gates=[gate], q=0.01, per_year=8.76)
    structure = scaled(system.build().structure, {"site/ups": 4.0, "site/rack": 0.5})
    elements, classes = structure.elements, structure.classes
    assert elements.unavailability[0] == pytest.approx(10 / (250 + 10), rel=1e-12)
    assert elements.failures_per_year[0] == pytest.approx(8760 / 260, rel=1e-12)
    assert classes.unavailability[0] / classes.failures_per_year[0] * 8760 == pytest.approx(10.0, rel=1e-12)
