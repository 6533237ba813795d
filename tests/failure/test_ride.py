"""Outages of the grid that are lived through: integrals, a Markov chain, histories and all states by hand."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from twin import load
from twin.errors import InputError
from twin.failure.montecarlo.sequential import DOWN, Histories, live_through
from twin.failure.parts import parts
from twin.failure.ride import lost, riding
from twin.structure.model import Ride
from twin.structure.snapshot import snapshot

HEAD = """
twin: 1
name: edge
calendar: {start: 2027-01-01, months: 12}
"""
NO_SETS = np.array([], dtype=np.int64)


def plant(tmp_path, contains, more=""):
    path = tmp_path / "edge.yaml"
    path.write_text(f"{HEAD}sites:\n  edge:\n    contains:\n{contains}{more}")
    return load(path)


def ride(lives):
    """A site that lives through 1, 2, … hours with such chances."""
    chances = np.concatenate([[1.0], lives])
    return Ride(0, NO_SETS, np.arange(len(chances), dtype=float), np.append(-np.diff(chances), chances[-1]))


falling = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).map(lambda values: np.sort(np.array(values))[::-1])
spreads = st.sampled_from([np.nan, 0.0, 0.4, 1.5])


def longer(mean, spread):
    """The distribution of the length of an outage, as scipy has it."""
    if np.isnan(spread):
        return stats.expon(scale=mean).sf
    if spread == 0.0:
        return lambda t: float(t < mean)
    sigma = np.sqrt(np.log1p(spread**2))
    return stats.lognorm(s=sigma, scale=mean * np.exp(-(sigma**2) / 2)).sf


@settings(max_examples=40, deadline=None)
@given(lives=falling, mean=st.floats(0.3, 20.0), spread=spreads)
def test_losses_are_the_integrals_over_the_length_of_an_outage(lives, mean, spread):
    one, beyond = ride(lives), longer(mean, spread)
    times = sum(p * beyond(t) for t, p in zip(one.after_h, one.chance, strict=True))
    # E[(D - T)+] = integral of P(D > x) P(T <= x)
    edges = [*one.after_h.tolist(), float(one.after_h[-1]) + 400 * mean]
    passed = np.cumsum(one.chance)
    share = 0.0
    for at, (begin, end) in enumerate(pairwise(edges)):
        inside = [mean] if begin < mean < end else None
        share += passed[at] * integrate.quad(beyond, begin, end, points=inside, limit=400)[0] / mean
    found = lost(one, mean, spread)
    assert found[0] == pytest.approx(times, rel=1e-9, abs=1e-12)
    assert found[1] == pytest.approx(share, rel=1e-3, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(lives=falling, more=st.floats(0.0, 1.0), mean=st.floats(0.3, 20.0), spread=spreads)
def test_who_lives_longer_never_loses_more(lives, more, mean, spread):
    least, most = ride(lives), ride(lives + more * (1.0 - lives))
    assert all(b <= a + 1e-12 for a, b in zip(lost(least, mean, spread), lost(most, mean, spread), strict=True))


def test_who_never_lives_loses_all_and_who_always_lives_what_is_beyond_the_longest():
    assert lost(ride(np.zeros(5)), 4.0, np.nan) == pytest.approx((1.0, 1.0))
    assert lost(ride(np.ones(5)), 4.0, np.nan) == pytest.approx((np.exp(-5 / 4), np.exp(-5 / 4)))
    assert lost(ride(np.ones(5)), 4.0, 0.0) == (0.0, 0.0)


GRID = "      grid: {kind: utility, capacity: 2 MW, mtbf: 900 h, mttr: 6 h, ride_through: energy}\n"
RACK = "      rack[2]: {kind: rack, load: 100 kW, mtbf: 1000000000 h, mttr: 1 h, power: {from: FROM}}\n"
GENERATOR = (
    "parties: {me: {role: owner}}\n"
    "energy:\n"
    "  - {model: grid-tariff, name: retail, payer: me, energy: $0.05/kWh}\n"
    "  - {model: backup-diesel, name: sets, payer: me, capacity: 300 kW, mtbf: 40 h, mttr: 100 h,\n"
    "     start_failure: 0 %FUEL}\n"
    "analyses: {energy: {step: 15 min}}\n"
)


@pytest.mark.parametrize("fuel_h", [None, 9.0])
def test_one_generator_against_a_markov_chain(tmp_path, fuel_h):
    """Grid up; out and lived through; out and lost until it is back; fuel that ends is a time in closed form.

    Load that fell stays down until the grid is back, so that a repair within the outage does not matter.
    """
    fails, back = 1 / 40, 1 / 6
    fuel = "" if fuel_h is None else f", fuel_store: {fuel_h * 200 / 0.322} kWh"
    text = GENERATOR.replace("FUEL", fuel)
    found = plant(tmp_path, GRID + RACK.replace("FROM", "grid"), text).run("failure")
    (site,) = found.availability.filter(pl.col("kind") == "site").to_dicts()
    down = 100 / 140
    # up, lived through, lost: rates of the chain without fuel that ends, and its long run
    rates = np.array([[0, (1 - down) / 900, down / 900], [back, 0, fails], [back, 0, 0]])
    balance = np.vstack([(rates - np.diag(rates.sum(axis=1))).T, np.ones(3)])
    up, lived, _ = np.linalg.lstsq(balance, np.array([0, 0, 0, 1.0]), rcond=None)[0]
    wanted = 8760 * (up * rates[0, 2] + lived * rates[1, 2])
    if fuel_h:
        ends = np.exp(-(fails + back) * fuel_h)
        wanted = 8760 / 906 * (down + (1 - down) * (fails / (fails + back) * (1 - ends) + ends))
    # a failure within a step of a quarter of an hour counts from its middle
    assert site["outages_per_year"] == pytest.approx(wanted, rel=2e-4)
    assert site["mean_outage_h"] == pytest.approx(6.0, rel=1e-6)
    assert site["downtime_h_per_year"] == pytest.approx(site["outages_per_year"] * 6.0, rel=1e-6)


def survival(*lives):
    one = ride(np.array(lives))
    columns = {"lived_h": one.after_h, "chance_fraction": one.chance, "survival_fraction": 1 - np.cumsum(one.chance)}
    return pl.DataFrame({"site": ["edge"] * len(one.chance)} | columns)


@pytest.mark.parametrize("spread", ["", ", repair_cv: 0", ", repair_cv: 1.5"])
def test_histories_live_what_the_exact_engine_says(tmp_path, spread):
    contains = GRID.replace(", ride_through", f"{spread}, ride_through") + RACK.replace("FROM", "grid")
    more = "analyses: {simulation: {histories: 400, years: 20, samples: 20000}}\n"
    given = {"grid_survival": survival(0.9, 0.8, 0.8, 0.5, 0.2)}
    found = plant(tmp_path, contains, more).run("failure", "simulation", given=given)
    (site,) = found.availability.filter(pl.col("kind") == "site").to_dicts()
    lives = np.array([0.9, 0.8, 0.8, 0.5, 0.2])
    times, share = lost(ride(lives), 6.0, {"": np.nan, ", repair_cv: 0": 0.0}.get(spread, 1.5))
    assert site["outages_per_year"] == pytest.approx(8760 / 906 * times)
    assert 1 - site["availability_fraction"] == pytest.approx(6 / 906 * share, rel=1e-6)
    checks = found.checks.filter(pl.col("check").str.starts_with("simulation_sequential"))
    assert checks.height >= 3
    assert checks["ok"].all()
    seen = found.simulation.filter(
        (pl.col("method") == "sequential") & (pl.col("kind") == "site") & (pl.col("measure") == "outages")
    ).to_dicts()[0]
    assert seen["value"] == pytest.approx(8760 / 906 * times, rel=0.03)


@pytest.mark.parametrize("spread", ["", ", repair_cv: 0", ", repair_cv: 1.5"])
def test_an_outage_that_is_under_way_at_first_has_been_lived_through_for_a_time(tmp_path, spread):
    """Histories of ten hours begin in the long run: they are lost for the share of time that the long run is."""
    contains = GRID.replace(", ride_through", f"{spread}, ride_through").replace("900 h", "30 h")
    twin = plant(tmp_path, contains + RACK.replace("FROM", "grid"))
    structure = riding(twin.structure, survival(0.9, 0.8, 0.8, 0.5, 0.2))
    histories = Histories(snapshot(structure, 0), 10 / 8760, 3)
    block = live_through(histories, 40_000)
    found = block.first[DOWN, 0] / block.histories
    error = np.sqrt(block.second[DOWN, DOWN, 0] / block.histories - found**2) / np.sqrt(block.histories)
    wanted = parts(structure).unavailability.sum()
    assert wanted > 0.05
    assert abs(found - wanted) < 4 * error


def test_what_is_spent_goes_with_the_grid_and_helps_where_the_grid_is_there(tmp_path):
    """All states of the loss of the site, a transformer and two sets of which one carries the load."""
    contains = (
        GRID
        + "      tx: {kind: transformer, capacity: 2 MW, mtbf: 980 h, mttr: 20 h, power: grid}\n"
        + "      genset[2]: {kind: genset, capacity: 300 kW, mtbf: 90 h, mttr: 10 h, start_failure: 0 %}\n"
        + "      board: {kind: switchboard, capacity: 2 MW, mtbf: 1000000000 h, mttr: 1 h, "
        + "power: {from: [tx, genset]}}\n"
        + RACK.replace("FROM", "board")
    )
    lives = (0.7, 0.6, 0.1)
    found = plant(tmp_path, contains).run("failure", given={"grid_survival": survival(*lives)})
    (site,) = found.availability.filter(pl.col("kind") == "site").to_dicts()
    times, share = lost(ride(np.array(lives)), 6.0, np.nan)
    events = [
        (6 / 906 * share, 8760 / 906 * times),
        (20 / 1000, 8760 / 1000),
        (10 / 100, 8760 / 100),
        (10 / 100, 8760 / 100),
    ]
    down = often = 0.0
    for state in product([False, True], repeat=4):
        chance = np.prod([q if is_down else 1 - q for is_down, (q, _) in zip(state, events, strict=True)])
        if _lost(state):
            down += chance
        for which, (q, w) in enumerate(events):
            if not state[which] and not _lost(state):
                after = [*state[:which], True, *state[which + 1 :]]
                # fails at w / (1 - q) while it is up
                often += chance * w / (1 - q) if _lost(after) else 0.0
    assert 1 - site["availability_fraction"] == pytest.approx(down, rel=1e-6)
    assert site["outages_per_year"] == pytest.approx(often, abs=2e-5)  # the board fails 8.8e-6 times a year
    grid = found.contingency.filter(pl.col("group") == "edge/grid", pl.col("second_element").is_null())
    assert grid["outages_per_year"].item() == pytest.approx(events[0][1])


def _lost(state):
    site, tx, *sets = state
    return site or (tx and all(sets))


@settings(max_examples=6, deadline=None)
@given(least=st.floats(0.5, 30.0), more=st.floats(0.0, 30.0))
def test_more_fuel_never_means_more_hours_lost(tmp_path_factory, least, more):
    def hours(runtime):
        contains = (
            GRID
            + f"      genset[2]: {{kind: genset, capacity: 150 kW, mtbf: 90 h, mttr: 10 h, runtime: {runtime!r} h}}\n"
            + RACK.replace("FROM", "[grid, genset]")
        )
        found = plant(tmp_path_factory.mktemp("fuel"), contains).run("failure")
        return found.availability.filter(pl.col("kind") == "site")["downtime_h_per_year"].item()

    assert hours(least + more) <= hours(least) * (1 + 1e-9)


def test_without_the_word_nothing_is_asked_and_with_it_everything_runs_in_order(tmp_path):
    contains = GRID.replace(", ride_through: energy", "") + RACK.replace("FROM", "grid")
    alone = plant(tmp_path, contains).run("failure")
    assert not alone.grid_survival.height
    assert alone.availability["outages_per_year"][0] == pytest.approx(8760 / 906, rel=1e-6)
    more = GENERATOR.replace("FUEL", "").replace("{energy:", "{simulation: {histories: 2, samples: 100}, energy:")
    whole = plant(tmp_path, GRID + RACK.replace("FROM", "grid"), more).evaluate()
    assert whole.grid_survival.height
    # the bills take what failure leaves of the load, and failure takes what energy says of outages
    served = whole.schedule["served_fraction"][0]
    site = whole.availability.filter(pl.col("kind") == "site").to_dicts()[0]
    assert served == site["served_fraction"]
    assert served > alone.availability["served_fraction"][0]


@pytest.mark.parametrize(
    ("contains", "error"),
    [
        (GRID.replace("grid:", "grid[2]:") + RACK.replace("FROM", "grid"), "not the one grid of its site"),
        (
            GRID + "      cells: {kind: battery, capacity: 300 kW}\n" + RACK.replace("FROM", "[grid, cells]"),
            "does not count to how long",
        ),
        (
            GRID
            + "      hall:\n        contains:\n"
            + "          genset: {kind: genset, capacity: 300 kW}\n"
            + "          rack[2]: {kind: rack, load: 100 kW, power: {from: [grid, genset]}}\n",
            "stands in a container of its own",
        ),
        (GRID.replace("mttr: 6 h, ", "mttr: 0 h, ") + RACK.replace("FROM", "grid"), "how long an outage"),
    ],
)
def test_what_cannot_be_told_is_a_finding_at_its_line(tmp_path, contains, error):
    with pytest.raises(InputError, match=error) as raised:
        plant(tmp_path, contains)
    (found,) = raised.value.findings
    assert found.line == 8
    assert found.path.endswith("grid.ride_through") or found.path.endswith("grid[2].ride_through")


def test_another_word_is_a_finding(tmp_path):
    with pytest.raises(InputError, match="not one of energy"):
        plant(tmp_path, GRID.replace("energy", "batteries") + RACK.replace("FROM", "grid"))
