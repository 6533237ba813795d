"""Histories against exact answers, published ones, and arithmetic by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from failure.build import System
from failure.montecarlo.change import behave, in_order, repaired, with_elements
from published import Source
from scipy.special import gamma

from twin.errors import RefusedError
from twin.failure.fed import solve
from twin.failure.montecarlo import frames
from twin.failure.montecarlo.clock import clock
from twin.failure.montecarlo.estimate import half_width, student
from twin.failure.montecarlo.intervals import TICKS_PER_H
from twin.failure.montecarlo.sequential import DOWN, LOST, NEW, OUTAGES, Histories, live_through

if TYPE_CHECKING:
    from twin.structure.model import Snapshot

YEAR_H = 8760.0


def outages(histories: Histories, scope: int = 0, count: int = 1) -> list[list[tuple[float, float]]]:
    """Hours in which a scope is not wholly fed, history by history."""
    down, _, _ = histories.outages(0, count)
    found: list[list[tuple[float, float]]] = [[] for _ in range(count)]
    for row, start, end in sorted(zip(*(column.tolist() for column in down), strict=True)):
        if row // count == scope:
            found[row % count].append((start / TICKS_PER_H, end / TICKS_PER_H))
    return found


def figures(histories: Histories, count: int, scope: int = 0) -> dict[str, tuple[float, float]]:
    """Estimates of a scope with their intervals at 99.99 %."""
    block = live_through(histories, count)
    name = histories.snapshot.structure.scopes[scope].id
    rows = frames.sequential(histories, block, 0.9999).iter_rows(named=True)
    return {row["measure"]: (row["value"], row["half_width"]) for row in rows if row["scope"] == name}


def fixed(snapshot: Snapshot, **given: dict[int, float]) -> Histories:
    """Histories of what fails at fixed times and is repaired in fixed ones."""
    of = clock(snapshot.structure)
    return Histories(
        snapshot,
        1.0,
        1,
        given=replace(of, shape=np.full(len(of), np.inf), repair_cv=np.zeros(len(of)), **given),
        begin=NEW,
    )


def two_in_series() -> Snapshot:
    system = System()
    a = system.add("site/a", **repaired(100.0, 10.0))
    b = system.add("site/b", **repaired(120.0, 10.0))
    system.load("site/rack", gates=[system.gate([*a, *b])])
    return system.build()


RELIAWIKI = Source(
    "Failure",
    "ReliaWiki, two parts in series",
    "Repairable Systems Analysis Through Simulation: A fails every 100 operating hours, B every 120, repair takes 10, "
    "nothing ages while the system is down; 300 h.",
)


def test_the_published_clock_of_a_series(published) -> None:
    """The histories of the simulation, with failures by the clock."""
    snapshot = two_in_series()
    of = clock(snapshot.structure)
    given = replace(of, shape=np.full(2, np.inf), repair_cv=np.zeros(2))
    histories = Histories(snapshot, 300.0 / YEAR_H, 1, given=given, begin=NEW, ages_idle=False)
    assert np.array(outages(histories)[0]) == pytest.approx(
        np.array([(100.0, 110.0), (130.0, 140.0), (220.0, 230.0), (270.0, 280.0)]), abs=1e-6
    )
    block = live_through(histories, 2)
    published("availability", 0.86667, 1 - block.first[DOWN, 0] / 2, abs=5e-6, source=RELIAWIKI)
    published("outages", 4, block.first[OUTAGES, 0] / 2, abs=0, source=RELIAWIKI)
    down = sum(end - start for start, end in outages(histories)[0])
    published("hours down", 40, down, unit="h", digits=3, abs=1e-6, source=RELIAWIKI)
    # with parts that age while the system is down: A at 100, 210; B at 120, 250
    aging = Histories(snapshot, 300.0 / YEAR_H, 1, given=given, begin=NEW)
    assert np.array(outages(aging)[0]) == pytest.approx(
        np.array([(100.0, 110.0), (120.0, 130.0), (210.0, 220.0), (250.0, 260.0)]), abs=1e-6
    )


def test_what_does_not_age_while_the_system_is_down_has_to_take_it_down() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", 2, q=0.01), 1)
    system.load("site/rack", gates=[gate])
    with pytest.raises(RefusedError, match=r"'site/ups\[1\]' does not take down the whole system alone"):
        Histories(system.build(), 1.0, 1, ages_idle=False)


def test_a_series_that_ages_only_in_operation_has_its_known_availability() -> None:
    """1 / (1 + sum of mttr / mtbf): Barlow and Proschan, *Statistical Theory of Reliability and Life Testing*, 1975."""
    histories = Histories(two_in_series(), 5.0, 3, ages_idle=False)
    value, width = figures(histories, 3000)["fed"]
    wanted = 1 / (1 + 10 / 100 + 10 / 120)
    assert abs(value - wanted) <= width < 0.003
    independent = 1 / (1 + 0.1) / (1 + 10 / 120)
    assert abs(independent - wanted) > width


@pytest.mark.parametrize(
    ("planned_h", "failures", "hours", "down_h", "percent"),
    [(24, 1.2, 4, 28.8, 99.67), (18, 1.0, 4, 22.0, 99.75), (0, 0.4, 4, 1.6, 99.98), (0, 0.2, 4, 0.8, 99.99)],
)
def test_the_arithmetic_of_uptime_tiers(
    planned_h: float, failures: float, hours: float, down_h: float, percent: float
) -> None:
    """Planned hours + failures a year x hours a failure = hours down a year.

    From the Uptime Institute's figures of 2010 as printed in 7x24 Exchange, spring 2015, appendix A; they add
    planned and unplanned hours up, which leaves out that both may be at once (here less than 0.1 %).
    """
    system = System()
    system.load(
        "site/rack", gates=[system.gate(system.add("site/plant", **repaired(YEAR_H / failures - hours, hours)))]
    )
    snapshot = behave(
        system.build(),
        repair_cv={0: 0.0},
        maintenance_per_year={0: 1.0 if planned_h else 0.0},
        maintenance_h={0: planned_h},
    )
    value, width = figures(Histories(snapshot, 50.0, 5), 3000)["fed"]
    assert abs((1 - value) * YEAR_H - down_h) <= width * YEAR_H + 1e-3 * down_h
    assert width * YEAR_H < 0.06 * down_h
    # the last is published as 99.99 where 0.8 h are 99.9909: shown to two digits
    assert 100 * (1 - down_h / YEAR_H) == pytest.approx(percent, abs=0.005)


def plant() -> System:
    """Redundant feeds, a hall with N+1, a hall with one supply; 600 kW and 300 kW."""
    system = System()
    feed = system.gate(system.add("site/feed", 2, **repaired(2000.0, 40.0)), 1)
    one, two = system.hall(), system.hall()
    ups = system.gate(system.add("site/ups", 4, gates=[feed], **repaired(3000.0, 30.0)), 3)
    board = system.gate(system.add("site/board", gates=[feed], **repaired(9000.0, 20.0)))
    system.load("site/rack", 6, gates=[ups], scope=one, q=0.001)
    system.load("site/other", 3, gates=[board], scope=two)
    return system


@pytest.mark.parametrize("repair_cv", [np.nan, 0.0, 1.5])
def test_agrees_with_the_exact_answer_and_not_with_a_wrong_one(repair_cv: float) -> None:
    """The exact answer needs only the mean time to repair, so that any distribution of it gives the same."""
    snapshot = behave(plant().build(), repair_cv=dict.fromkeys(range(7), repair_cv))
    exact = solve(snapshot)
    histories = Histories(snapshot, 4.0, 2)
    block = live_through(histories, 6000)
    mean = block.first / block.histories
    error = np.sqrt(np.stack([np.diag(block.second[:, :, s]) for s in range(3)], axis=1) / block.histories - mean**2)
    error /= np.sqrt(block.histories)
    width = half_width(error, block.most / block.histories, student(0.9999, block.histories - 1))
    down, often = exact.scope_unavailability, exact.scope_per_year * 4.0
    assert (np.abs(mean[DOWN] - down) <= width[DOWN]).all()
    assert (np.abs(mean[OUTAGES] - often) <= width[OUTAGES]).all()
    assert (np.abs(mean[DOWN] - 1.1 * down) > width[DOWN]).all(), "a tenth more would be seen"
    assert (np.abs(mean[OUTAGES] - 1.06 * often) > width[OUTAGES]).all()
    own = np.array([600.0 * 0.001 / 900.0, 0.001, 0.0])
    served = own + mean[LOST]
    lost = np.array(
        [(600 * (1 - 0.999 * (1 - exact.class_unavailability[0])) + 300 * exact.class_unavailability[1]) / 900]
    )
    assert abs(served[0] - lost[0]) <= width[LOST, 0]


def test_the_numbers_depend_on_the_seed_alone() -> None:
    histories = Histories(plant().build(), 2.0, 4)
    histories.size = 50
    alone = live_through(histories, 330)
    backwards = live_through(histories, 330, lambda work, blocks: [work(b) for b in list(blocks)[::-1]][::-1])
    assert (alone.first == backwards.first).all()
    assert (alone.second == backwards.second).all()
    other = Histories(plant().build(), 2.0, 5)
    other.size = 50
    assert (live_through(other, 330).first != alone.first).any()


def test_shared_among_threads_with_standby_it_stays_the_same() -> None:
    histories = Histories(genset(fails=0.3), 2.0, 4)
    histories.size = 20
    alone = live_through(histories, 200)
    with ThreadPoolExecutor(4) as pool:
        shared = live_through(histories, 200, pool.map)
    assert (alone.first == shared.first).all()
    assert (alone.lasting == shared.lasting).all()


def test_aging_has_the_stated_mean_and_comes_in_waves() -> None:
    """Weibull of shape 4: few failures early in life; in the long run as many as the mean says."""
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/fan", **repaired(5000.0, 10.0)))])
    snapshot = behave(system.build(), failure_shape={0: 4.0})
    value, width = figures(Histories(snapshot, 40.0, 1), 500)["fed"]
    # a renewal process that begins new has had m/mu - (1 - cv^2)/2 failures in the mean (Cox, Renewal Theory, ch. 4)
    spread = gamma(1.5) / gamma(1.25) ** 2 - 1.0
    wanted = (40 * YEAR_H / 5010.0 - (1 - spread) / 2) * 10.0 / (40 * YEAR_H)
    assert abs(1 - value - wanted) <= width < 0.03 * wanted * 2
    early = figures(Histories(snapshot, 2000.0 / YEAR_H, 1), 4000)["outages"][0] * 2000.0 / YEAR_H
    by_shape = 1 - np.exp(-((2000.0 / 5000.0 * gamma(1.25)) ** 4))
    assert early == pytest.approx(by_shape, abs=4 * np.sqrt(by_shape / 4000))
    assert by_shape < 0.06 < 1 - np.exp(-0.4), "exponential: ten times as many"


def test_lengths_of_repairs() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/grid", **repaired(400.0, 4.0)))])
    snapshot = system.build()
    shares = {}
    for cv in (np.nan, 0.0, 0.5):
        histories = Histories(behave(snapshot, repair_cv={0: cv}), 10.0, 3)
        lasting = live_through(histories, 100).lasting[:, 0]
        shares[cv] = lasting[3] / lasting[-1]  # at most 4 h
        assert lasting[-1] == pytest.approx(100 * 10 * YEAR_H / 404, rel=0.02)
    assert shares[0.0] > 0.999
    assert shares[0.5] == pytest.approx(0.5 + 0.5 * 0.1864, abs=0.015), "normal at half of sigma, sigma^2 = ln 1.25"
    listed = [share for cv, share in shares.items() if np.isnan(cv)]
    assert listed == [pytest.approx(1 - np.exp(-1), abs=0.015)]


def test_repair_crews_first_come_first_served() -> None:
    """Three that fail at 100, 103 and 104 h, 10 h of repair each, one crew: back at 110, 120 and 130."""
    system = System()
    parts = [system.add("site/ups", 1, **repaired(at, 10.0))[0] for at in (100.0, 103.0, 104.0)]
    for part in parts:
        system.load("site/rack", gates=[system.gate([part])], scope=system.hall())
    snapshot = system.build()
    one, two = (fixed(snapshot, pool=np.zeros(3, dtype=np.int64), crews=np.array([crews])) for crews in (1, 2))
    for histories, back in ((one, [110.0, 120.0, 130.0]), (two, [110.0, 113.0, 120.0])):
        found = [outages(histories, scope)[0][0] for scope in (1, 2, 3)]
        assert [start for start, _ in found] == pytest.approx([100.0, 103.0, 104.0], abs=1e-6)
        assert [end for _, end in found] == pytest.approx(back, abs=1e-6)
    # the second failure of the first: 100 operating hours after it is back
    assert outages(one, 1)[0][1] == pytest.approx((210.0, 220.0), abs=1e-6)


def test_crews_against_the_repairman_problem() -> None:
    """N alike parts and one crew: the classical machine-repair chain (Gnedenko, Belyayev and Solovyev, ch. 6)."""
    size, mtbf, mttr = 5, 100.0, 20.0
    system = System()
    gate = system.gate(system.add("site/ups", size, **repaired(mtbf, mttr)), 3)
    system.load("site/rack", gates=[gate])
    snapshot = system.build()
    of = replace(clock(snapshot.structure), pool=np.zeros(size, dtype=np.int64), crews=np.array([1]))
    value, width = figures(Histories(snapshot, 1.0, 2, given=of), 1000)["fed"]
    weight = [1.0]
    for down in range(size):
        weight.append(weight[-1] * (size - down) / mtbf * mttr)
    wanted = sum(weight[:3]) / sum(weight)
    assert abs(value - wanted) <= width + 0.002, "the first days, when all are new, are 0.2 % of the year"
    assert width < 0.01
    unlimited = float(solve(snapshot).scope_unavailability[0])
    assert abs(1 - wanted - unlimited) > 0.15


def test_spares_with_a_lead_time() -> None:
    """One part in store, replaced in 200 h: failures at 50, 110 and 400 h wait for 0, 140 and 0 h."""
    system = System()
    parts = [system.add("site/drive", 1, **repaired(at, 5.0))[0] for at in (50.0, 110.0, 400.0)]
    for part in parts:
        system.load("site/rack", gates=[system.gate([part])], scope=system.hall())
    snapshot = system.build()
    one = fixed(
        snapshot,
        mtbf_h=np.array([5e3, 5e3, 5e3]),
        store=np.zeros(3, dtype=np.int64),
        spares=np.array([1]),
        lead_h=np.array([200.0]),
    )
    one.clock = replace(one.clock, mtbf_h=np.array([5000.0, 5060.0, 5350.0]))
    found = [outages(one, scope)[0][0] for scope in (1, 2, 3)]
    assert found == [
        pytest.approx((5000.0, 5005.0), abs=1e-6),
        pytest.approx((5060.0, 5205.0), abs=1e-6),
        pytest.approx((5350.0, 5355.0), abs=1e-6),
    ]
    one.clock = replace(one.clock, spares=np.array([0]))
    assert outages(one, 1)[0][0] == pytest.approx((5000.0, 5205.0), abs=1e-6)


def genset(fails: float = 0.0, start_h: float = 0.0, runtime_h: float = 0.0, spread: float = np.nan) -> Snapshot:
    """A grid with two gensets behind it, of which one is enough, a UPS, and racks."""
    system = System()
    grid = system.add("site/grid", **repaired(700.0, 5.0))
    sets = system.add("site/genset", 2, q=0.0)
    ups = system.add("site/ups", gates=[system.gate([*grid, *sets], 1.0)], q=0.0)
    system.load("site/rack", 4, gates=[system.gate(ups)])
    return behave(
        in_order(system.build(), 0),
        start_failure={1: fails, 2: fails},
        start_time_h={1: start_h, 2: start_h},
        runtime_h={3: runtime_h},
        repair_cv={0: spread},
    )


def test_a_genset_starts_and_the_gap_is_as_long_as_its_start() -> None:
    found = outages(Histories(genset(start_h=0.01), 1.0, 1), count=20)
    lengths = np.array([end - start for each in found for start, end in each])
    assert len(lengths) > 100
    assert (lengths <= 0.01 + 1e-6).all()
    assert (lengths > 0.0099).mean() > 0.98, "a grid outage of less than 36 s is rare"


def test_a_battery_bridges_the_start() -> None:
    assert not any(outages(Histories(genset(start_h=0.01, runtime_h=0.02), 1.0, 1), count=20))
    short = outages(Histories(genset(start_h=0.03, runtime_h=0.02, spread=0.0), 1.0, 1), count=5)
    lengths = [end - start for each in short for start, end in each]
    assert lengths == pytest.approx([0.01] * len(lengths), abs=1e-6)
    assert len(lengths) > 20


def test_gensets_that_do_not_start_fail_for_the_whole_demand() -> None:
    """Both of two fail to start in a share p^2 of the grid's outages, which then last as long as these."""
    p = 0.4
    found = figures(Histories(genset(fails=p), 10.0, 6), 1500)
    grid = 5.0 / 705.0
    value, width = found["fed"]
    assert abs(1 - value - p**2 * grid) <= width < 0.1 * p**2 * grid
    often, wide = found["outages"]
    assert abs(often - p**2 * YEAR_H / 705.0) <= wide < 0.1 * often
    assert found["mean_outage"][0] == pytest.approx(5.0, abs=found["mean_outage"][1])


def test_a_battery_longer_than_half_of_the_outages() -> None:
    """Exponential outages of 5 h, no genset starts, 2 h of battery: exp(-2/5) of them are felt, 5 h each."""
    found = figures(Histories(genset(fails=1.0, runtime_h=2.0), 10.0, 7), 1000)
    often, wide = found["outages"]
    assert abs(often - np.exp(-0.4) * YEAR_H / 705.0) <= wide < 0.1 * often
    assert found["mean_outage"][0] == pytest.approx(5.0, abs=found["mean_outage"][1])


def test_gates_that_see_the_same_demand_see_the_same_start() -> None:
    system = System()
    grid = system.add("site/grid", **repaired(700.0, 5.0))
    sets = system.add("site/genset", 1, q=0.0)
    gates = [system.gate([*grid, *sets], 1.0) for _ in range(2)]
    for gate in gates:
        system.load("site/rack", gates=[gate], scope=system.hall())
    snapshot = behave(in_order(in_order(system.build(), 0), 1), start_failure={1: 0.5})
    histories = Histories(snapshot, 5.0, 8)
    assert outages(histories, 1, 10) == outages(histories, 2, 10)
    assert 0.4 < sum(map(len, outages(histories, 1, 10))) / (50 * YEAR_H / 705) < 0.6


def test_a_common_cause_keeps_both_from_starting() -> None:
    snapshot = behave(genset(fails=0.2), greek={(1, 0): 0.5, (2, 0): 0.5})
    structure = snapshot.structure
    groups = structure.topology.groups
    assert groups["site/genset"].count == 2
    value = figures(Histories(snapshot, 10.0, 9), 200)["outages"]
    both = 0.1 + 0.9 * 0.1**2
    assert abs(value[0] - both * YEAR_H / 705.0) <= value[1]
    assert abs(0.04 * YEAR_H / 705.0 - value[0]) > value[1], "independent starts"


def test_a_transfer_switch_between_two_live_feeds() -> None:
    """It is without supply for its start time when the first feed goes, and not when it comes back."""
    system = System()
    feeds = [system.add(f"site/{name}", q=0.0, per_year=0.0)[0] for name in ("a", "b")]
    switch = system.add("site/switch", gates=[system.gate(feeds, 1.0)], q=0.0)
    system.load("site/rack", gates=[system.gate(switch)])
    snapshot = with_elements(
        system.build(), unavailability=np.array([0.1, 0, 0]), failures_per_year=np.array([YEAR_H / 1000.0, 0, 0])
    )
    timed = fixed(behave(in_order(snapshot, 0), start_time_h={2: 0.5}))
    found = outages(timed)[0]
    assert found[:2] == [pytest.approx((900.0, 900.5), abs=1e-6), pytest.approx((1900.0, 1900.5), abs=1e-6)]
    stuck = fixed(behave(in_order(snapshot, 0), start_failure={2: 1.0}))
    assert outages(stuck)[0][0] == pytest.approx((900.0, 1000.0), abs=1e-6)


def test_what_restarts_after_a_loss_of_supply() -> None:
    """A chiller that takes half an hour: down from the loss until half an hour after supply is back."""
    system = System()
    feed = system.gate(system.add("site/feed", **repaired(1000.0, 2.0)))
    chiller = system.add("site/chiller", gates=[feed], q=0.0)
    system.load("site/rack", gates=[system.gate(chiller)])
    snapshot = system.build()
    assert outages(fixed(behave(snapshot, start_time_h={1: 0.5})))[0][0] == pytest.approx((1000.0, 1002.5), abs=1e-6)
    with pytest.raises(RefusedError, match=r"'site/chiller\[1\]' may fail to start when its supply is back"):
        Histories(behave(snapshot, start_failure={1: 0.1}), 1.0, 1)


def test_a_failed_restart_is_repaired() -> None:
    system = System()
    feed = system.gate(system.add("site/feed", **repaired(1000.0, 2.0)))
    chiller = system.add("site/chiller", gates=[feed], **repaired(1e9, 24.0))
    system.load("site/rack", gates=[system.gate(chiller)])
    found = figures(Histories(behave(system.build(), start_failure={1: 0.3}), 5.0, 3), 2000)
    mean, width = found["mean_outage"]
    assert abs(mean - (2.0 + 0.3 * 24.0)) <= width < 0.8


def test_planned_outages_take_turns() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", 3, q=0.0), 2)
    system.load("site/rack", gates=[gate])
    snapshot = behave(
        system.build(),
        maintenance_per_year=dict.fromkeys(range(3), 12.0),
        maintenance_h=dict.fromkeys(range(3), 100.0),
    )
    histories = Histories(snapshot, 3.0, 1)
    assert not any(outages(histories, count=50)), "one at a time, and one may be lost"
    none_spare = replace(snapshot, threshold=np.array([3.0]))
    block = live_through(Histories(none_spare, 3.0, 1), 50)
    assert block.first[DOWN, 0] / 50 == pytest.approx(3 * 12 * 100 / YEAR_H, rel=0.01)
    uneven = behave(snapshot, maintenance_per_year={0: 6.0})
    with pytest.raises(RefusedError, match="intervals are different"):
        live_through(Histories(uneven, 1.0, 1), 2)


def test_common_causes_agree_with_arithmetic() -> None:
    """Two of which one is enough; half of all failures take down both: the site fails with these and pairs."""
    system = System()
    gate = system.gate(system.add("site/ups", 2, **repaired(500.0, 10.0)), 1)
    system.load("site/rack", gates=[gate])
    snapshot = behave(system.build(), greek={(0, 0): 0.5, (1, 0): 0.5})
    value, width = figures(Histories(snapshot, 5.0, 3), 800)["fed"]
    own = 1 / (1 + 500 / (0.5 * 10))
    down = own + (1 - own) * own**2
    assert abs(1 - value - down) <= width < 0.1 * down


def test_what_is_always_down() -> None:
    system = System()
    dead = system.gate(system.add("site/dead", q=1.0, per_year=0.0))
    fine = system.gate(system.add("site/fine", q=0.0), 2.0)
    system.load("site/rack", gates=[dead], scope=system.hall())
    system.load("site/other", gates=[fine], scope=system.hall())
    histories = Histories(system.build(), 1.0, 1)
    for scope in (0, 1, 2):
        found = figures(histories, 3, scope)
        assert found["fed"][0] == 0.0
        assert found["served"][0] == pytest.approx(0.0)
    odd = System()
    odd.load("site/rack", gates=[odd.gate(odd.add("site/x", q=0.5, per_year=0.0))])
    snapshot = odd.build()
    with pytest.raises(RefusedError, match="down for a share of the time and never fail"):
        Histories(snapshot, 1.0, 1)
