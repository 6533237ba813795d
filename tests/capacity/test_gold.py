"""Figures that can be worked out by hand or are published, through files as a planner writes them."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import pytest
from published import Source

import twin

TOPOLOGIES = Path(__file__).parents[2] / "topologies"


class Found:
    """The capacity tables of a file, in the month in which all is there."""

    def __init__(self, results: Any) -> None:
        self.results = results
        last = results.site_capacity["month"].max()
        self.suppliers = results.capacity.filter(month=last).rows(named=True)
        self.scopes = {row["scope"]: row for row in results.site_capacity.filter(month=last).rows(named=True)}

    @property
    def site(self) -> dict[str, Any]:
        return next(iter(self.scopes.values()))

    def of(self, name: str) -> dict[str, Any]:
        """The first row of a group, by the last part of its path; all of its rows must have the same figures."""
        rows = [row for row in self.suppliers if row["group"].rpartition("/")[2] == name]
        for row in rows:
            figures = [figure for figure in row.items() if isinstance(figure[1], float)]
            assert figures == [(column, pytest.approx(rows[0][column])) for column, _ in figures]
        return rows[0]


@pytest.fixture
def capacity(tmp_path):
    def run(contains: str, **options: Any) -> Found:
        head = "twin: 1\nname: gold\ncalendar: {start: 2027-01-01, months: 36}\nsites:\n  s:\n    contains:\n"
        path = tmp_path / "gold.yaml"
        path.write_text(head + textwrap.indent(textwrap.dedent(contains).strip(), " " * 6) + "\n")
        return Found(twin.load(path, **options).capacity())

    return run


UPS = "kind: ups, capacity: 1 MW, efficiency: 100 %, derate: 100 %, power: grid"


def usable_fraction(found: Found) -> float:
    """Of the UPS that are installed, the part that can be sold."""
    installed = sum(row["count"] * row["rating_kw"] for row in found.suppliers if row["kind"] == "ups")
    return found.site["usable_kw"] / installed


REDUNDANCY = Source(
    "Capacity",
    "Forms of redundancy",
    "What can be sold of what is installed: https://www.facilitiesnet.com/datacenters/article.aspx?id=16763.",
)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_n_uses_all(capacity, count):
    found = capacity(f"""
        grid: {{kind: utility}}
        ups[{count}]: {{{UPS}}}
        rack[4]: {{kind: rack, load: 60 kW, power: {{from: ups, redundancy: N}}}}
    """)
    assert usable_fraction(found) == pytest.approx(1.0)
    assert found.site["binding_state"] == "all in service"


@pytest.mark.parametrize("needed", [1, 2, 3, 4, 7, 12])
def test_n_plus_1_uses_n_of_n_plus_1(published, capacity, needed):
    found = capacity(f"""
        grid: {{kind: utility}}
        ups[{needed + 1}]: {{{UPS}}}
        rack[6]: {{kind: rack, load: 60 kW, power: {{from: ups, redundancy: N+1}}}}
    """)
    share = {"digits": 4, "rel": 1e-6, "source": REDUNDANCY}
    published(f"N+1 of {needed + 1}", needed / (needed + 1), usable_fraction(found), **share)
    assert found.site["binding_state"] == "s/ups[1] failed"


@pytest.mark.parametrize("blocks", [1, 2, 3, 5, 8])
def test_a_catcher_uses_n_of_n_plus_1(capacity, blocks):
    """Every rack hangs on one block and on the catcher, which stands by."""
    found = capacity(f"""
        grid: {{kind: utility}}
        ups[{blocks}]: {{{UPS}}}
        catcher: {{{UPS}}}
        rack[{2 * blocks}]:
          kind: rack
          load: 60 kW
          power: {{from: {{ups: 1, catcher: 1}}, need: 1, share: primary}}
    """)
    # a block is full at 1 MW with nothing failed, and so is the catcher with one block lost: no block carries more
    assert usable_fraction(found) == pytest.approx(blocks / (blocks + 1))
    assert found.of("catcher")["load_kw"] == 0
    assert found.of("catcher")["worst_load_kw"] == pytest.approx(120.0)


def test_2n_uses_half(published, capacity):
    found = capacity(f"""
        grid: {{kind: utility}}
        ups-a[3]: {{{UPS}}}
        ups-b[3]: {{{UPS}}}
        rack[6]: {{kind: rack, load: 60 kW, power: {{from: [ups-a, ups-b], redundancy: 2N}}}}
    """)
    published("2N", 1 / 2, usable_fraction(found), digits=4, rel=1e-6, source=REDUNDANCY)
    assert found.of("ups-a")["load_kw"] == pytest.approx(60.0)
    assert found.of("ups-a")["worst_load_kw"] == pytest.approx(120.0)


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_two_sides_of_n_plus_1(capacity, needed):
    """As a promise to lose one side: half.  As a promise that n of them carry everything: n / 2(n+1)."""

    def sides(promise: str) -> Found:
        return capacity(f"""
            grid: {{kind: utility}}
            ups-a[{needed + 1}]: {{{UPS}}}
            ups-b[{needed + 1}]: {{{UPS}}}
            rack[6]: {{kind: rack, load: 60 kW, power: {{from: [ups-a, ups-b], {promise}}}}}
        """)

    assert usable_fraction(sides("redundancy: 2(N+1)")) == pytest.approx(1 / 2)
    strict = sides(f"need: {needed}")
    # with n = 1 four are installed for the load of one: 300 % of it stranded, as published
    assert usable_fraction(strict) == pytest.approx(needed / (2 * (needed + 1)))


@pytest.mark.parametrize(("units", "word", "fraction"), [(3, "3N/2", 2 / 3), (4, "4N/3", 3 / 4)])
def test_distributed_redundant(published, capacity, units, word, fraction):
    racks = 4 * math.comb(units, 2)
    found = capacity(f"""
        grid: {{kind: utility}}
        ups[{units}]: {{{UPS}}}
        rack[{racks}]: {{kind: rack, load: 30 kW, power: {{from: ups, pick: 2, need: 1, redundancy: {word}}}}}
    """)
    published(word, fraction, usable_fraction(found), digits=4, rel=1e-6, source=REDUNDANCY)
    # a UPS lost gives each of the others its share: 1/(units - 1) of what it carried
    load = racks * 30.0 / units
    assert found.of("ups")["load_kw"] == pytest.approx(load)
    assert found.of("ups")["worst_load_kw"] == pytest.approx(load * units / (units - 1))


IT_ADVISOR = Source(
    "Capacity",
    "Schneider IT Advisor",
    "https://community.se.com, examples of capacity and redundancy: 3 kW on six supplies, 2N.",
)


def test_six_supplies_of_a_rack_carry_500_w_each_and_1000_w_when_half_of_them_draw(published, capacity):
    """3 kW on six supplies."""
    found = capacity("""
        feed-a: {kind: utility}
        feed-b: {kind: utility}
        psu-a[3]: {kind: psu, capacity: 1.2 kW, efficiency: 100 %, derate: 100 %, power: feed-a}
        psu-b[3]: {kind: psu, capacity: 1.2 kW, efficiency: 100 %, derate: 100 %, power: feed-b}
        rack: {kind: rack, load: 3 kW, power: {from: [psu-a, psu-b], redundancy: 2N}}
    """)
    for name in ("psu-a", "psu-b"):
        watts = {"unit": "W", "digits": 1, "rel": 1e-6, "source": IT_ADVISOR}
        published(f"load of each of {name}", 500, 1000 * found.of(name)["load_kw"], **watts)
        published(f"load of each of {name}, half of all lost", 1000, 1000 * found.of(name)["worst_load_kw"], **watts)
    assert found.site["usable_kw"] == pytest.approx(3.6)


@pytest.mark.parametrize(("promise", "usable", "worst"), [("redundancy: N+1", 800.0, 300.0), ("need: 1", 400.0, 600.0)])
def test_gensets_stand_behind_the_utility(capacity, promise, usable, worst):
    """Two of 400 kW behind a utility of 1 MW: they carry all when it is lost, and one of them when one more is."""
    found = capacity(f"""
        utility: {{kind: utility, capacity: 1 MW}}
        genset[2]: {{kind: genset, capacity: 400 kW, derate: 100 %}}
        ats:
          kind: ats
          efficiency: 100 %
          power: {{from: [utility, genset], share: primary, {promise}}}
        rack[10]: {{kind: rack, load: 60 kW, power: ats}}
    """)
    assert found.of("utility")["load_kw"] == pytest.approx(600.0)
    assert found.of("genset")["load_kw"] == 0
    assert found.of("genset")["worst_load_kw"] == pytest.approx(worst)
    assert found.site["usable_kw"] == pytest.approx(usable)
    assert found.site["binding_node"] == "s/genset[1]"


def test_a_standby_that_joins_counts(capacity):
    """Nothing has to be survived: beyond the 1 MW of the utility the gensets take their share."""
    found = capacity("""
        utility: {kind: utility, capacity: 1 MW}
        genset[2]: {kind: genset, capacity: 400 kW, derate: 100 %}
        ats: {kind: ats, efficiency: 100 %, power: {from: [utility, genset], share: primary}}
        rack[10]: {kind: rack, load: 60 kW, power: ats}
    """)
    assert found.site["usable_kw"] == pytest.approx(1800.0)


def test_a_standby_that_may_not_join_stops_the_load_where_it_would(capacity):
    """The switchboard above the gensets takes 300 kW; at 1 MW each source would take 4/9 of the load beside it."""
    found = capacity("""
        utility: {kind: utility, capacity: 1 MW}
        genset[2]: {kind: genset, capacity: 400 kW, derate: 100 %}
        board: {kind: switchboard, capacity: 300 kW, derate: 100 %, efficiency: 100 %, power: genset}
        heater: {kind: load, load: 290 kW, power: board}
        ats: {kind: ats, efficiency: 100 %, power: {from: [utility, board], share: primary}}
        rack[10]: {kind: rack, load: 60 kW, power: ats}
    """)
    row = found.site
    # the site's own load on the board grows with it: 300/290 comes before 1000/600
    assert row["usable_kw"] == pytest.approx(300 / 290 * row["demand_kw"])
    assert row["binding_node"] == "s/board"


def test_a_static_transfer_switch_takes_the_other_source_when_its_own_is_lost(capacity):
    found = capacity("""
        grid: {kind: utility}
        ups-a: {kind: ups, capacity: 500 kW, efficiency: 100 %, derate: 100 %, power: grid}
        ups-b: {kind: ups, capacity: 500 kW, efficiency: 100 %, derate: 100 %, power: grid}
        sts-a: {kind: sts, efficiency: 100 %, power: {from: [ups-a, ups-b], share: primary, redundancy: 2N}}
        sts-b: {kind: sts, efficiency: 100 %, power: {from: [ups-b, ups-a], share: primary, redundancy: 2N}}
        rack-a[4]: {kind: rack, load: 50 kW, power: sts-a}
        rack-b[2]: {kind: rack, load: 50 kW, power: sts-b}
    """)
    assert found.of("ups-a")["load_kw"] == pytest.approx(200.0)
    assert found.of("ups-b")["load_kw"] == pytest.approx(100.0)
    assert found.of("ups-a")["worst_load_kw"] == found.of("ups-b")["worst_load_kw"] == pytest.approx(300.0)
    assert found.of("ups-b")["worst_case"] == "s/ups-a failed"
    assert found.site["usable_kw"] == pytest.approx(500.0)


NVIDIA = Source(
    "Capacity",
    "NVIDIA DPS sample",
    "https://docs.nvidia.com/datacenter/dps/versions/latest/sdk/user/topology: a utility of 750 kW, a board of "
    "1,600 kW and four PDUs of 450 kW before eight racks.",
)


def test_the_sample_of_nvidia_is_bound_by_its_utility(published):
    """4 x 450 kW, 1,600 kW, but 750 kW."""
    found = Found(twin.load(TOPOLOGIES / "dps-sample.yaml").capacity())
    kw = {"unit": "kW", "digits": 1, "rel": 1e-6, "source": NVIDIA}
    published("usable, bound by the utility", 750, found.site["usable_kw"], **kw)
    assert found.site["binding_node"] == "dps-sample/utility"
    published("next, bound by the board", 1600, found.site["runner_up_usable_kw"], **kw)
    assert found.of("floor-pdu")["load_kw"] == pytest.approx(180.0)


def test_a_feed_of_220_v_and_20_a_carries_3520_w_continuously(capacity):
    """80 % of what the breaker is rated for, as NetBox reckons a power feed (`save` of its model) and NEC 210.20(A)."""
    found = capacity("""
        feed: {kind: utility, capacity: 4.4 kW, derate: 80 %}
        rack: {kind: rack, load: 2 kW, power: feed}
    """)
    assert found.of("feed")["derated_kw"] == pytest.approx(3.52)
    assert found.site["usable_kw"] == pytest.approx(3.52)


def test_losses_of_a_transformer(capacity):
    """2 kW at any load and 10 kW at the rating, with the square of the load."""
    found = capacity("""
        grid: {kind: utility, capacity: 900 kW}
        tx: {kind: transformer, capacity: 1 MW, efficiency: 100 %, no_load_loss: 2 kW, load_loss: 10 kW, power: grid}
        rack[6]: {kind: rack, load: 100 kW, power: tx}
    """)
    tx = found.of("tx")
    assert tx["loss_kw"] == pytest.approx(2 + 10 * 0.6**2)
    assert tx["input_kw"] == pytest.approx(605.6)
    assert found.of("grid")["load_kw"] == pytest.approx(605.6)
    # the root of load + 2 + load^2 / 100,000 = 900
    assert found.site["usable_kw"] == pytest.approx((math.sqrt(1 + 4 * 898 / 100_000) - 1) / 2 * 100_000)


def test_two_transformers_lose_less_on_the_way_than_one_and_more_when_idle(capacity):
    found = capacity("""
        grid: {kind: utility}
        tx[2]: {kind: transformer, capacity: 1 MW, efficiency: 100 %, no_load_loss: 2 kW, load_loss: 10 kW, power: grid}
        rack[6]: {kind: rack, load: 100 kW, power: {from: tx, redundancy: 2N}}
    """)
    assert found.of("grid")["load_kw"] == pytest.approx(600 + 2 * (2 + 10 * 0.3**2))
    assert found.of("grid")["worst_load_kw"] == pytest.approx(max(600 + 2 * (2 + 10 * 0.3**2), 605.6))


def test_a_standby_transformer_is_energised_and_loses_what_it_loses_idle(capacity):
    found = capacity("""
        grid: {kind: utility}
        tx: {kind: transformer, capacity: 1 MW, efficiency: 100 %, no_load_loss: 2 kW, load_loss: 10 kW, power: grid}
        spare: {kind: transformer, capacity: 1 MW, efficiency: 100 %, no_load_loss: 3 kW, power: grid}
        rack[6]: {kind: rack, load: 100 kW, power: {from: [tx, spare], share: primary, need: 1}}
    """)
    assert found.of("spare")["load_kw"] == 0
    assert found.of("spare")["loss_kw"] == found.of("spare")["input_kw"] == pytest.approx(3.0)
    assert found.of("grid")["load_kw"] == pytest.approx(605.6 + 3.0)


CURVE = "efficiency_25: 90 %, efficiency_50: 94 %, efficiency_75: 95 %, efficiency_100: 94.5 %"
AT_25, AT_50, AT_75, AT_100 = 250 / 0.90, 500 / 0.94, 750 / 0.95, 1000 / 0.945


@pytest.mark.parametrize(
    ("load", "drawn"),
    [
        (300, AT_25 + (AT_50 - AT_25) * 50 / 250),
        (600, AT_50 + (AT_75 - AT_50) * 100 / 250),
        (750, AT_75),
        (1000, AT_100),
        # the last stretch goes on above the rating, the first one below a quarter of it
        (1100, AT_100 + (AT_100 - AT_75) * 100 / 250),
        (100, AT_25 - (AT_50 - AT_25) * 150 / 250),
    ],
)
def test_losses_of_a_ups_by_its_curve(capacity, load, drawn):
    found = capacity(f"""
        grid: {{kind: utility}}
        ups: {{kind: ups, capacity: 1 MW, {CURVE}, power: grid}}
        rack: {{kind: rack, load: {load} kW, power: ups}}
    """)
    assert found.of("ups")["input_kw"] == pytest.approx(drawn)
    assert found.of("ups")["loss_kw"] == pytest.approx(drawn - load)
    assert found.of("grid")["load_kw"] == pytest.approx(drawn)


def test_a_curve_that_would_gain_power_at_no_load_loses_none_there(capacity):
    found = capacity("""
        grid: {kind: utility}
        ups: {kind: ups, capacity: 1 MW, efficiency_25: 96 %, efficiency_50: 95 %, efficiency_75: 94 %,
              efficiency_100: 93 %, power: grid}
        rack: {kind: rack, load: 100 kW, power: ups}
    """)
    assert found.of("ups")["input_kw"] == pytest.approx(100 / 0.96)


def test_usable_follows_the_curve(capacity):
    found = capacity(f"""
        grid: {{kind: utility, capacity: 700 kW}}
        ups: {{kind: ups, capacity: 1 MW, {CURVE}, power: grid}}
        rack: {{kind: rack, load: 100 kW, power: ups}}
    """)
    assert found.site["usable_kw"] == pytest.approx(500 + (700 - AT_50) / (AT_75 - AT_50) * 250)
    assert found.site["binding_node"] == "s/grid"


def test_a_rectifier_of_frontier(capacity):
    """Input = (output + 17 W) / 0.96: the power model of ExaDigiT/RAPS (config/frontier.yaml)."""
    found = capacity("""
        grid: {kind: utility}
        rectifier[4]: {kind: rectifier, efficiency: 96 %, no_load_loss: 17.708333333 W, power: grid}
        rack: {kind: rack, load: 12 kW, power: rectifier}
    """)
    assert found.of("rectifier")["input_kw"] == pytest.approx((3.0 + 0.017) / 0.96)
    assert found.of("grid")["load_kw"] == pytest.approx(4 * (3.0 + 0.017) / 0.96)


def test_provisioned_power_is_what_is_drawn(capacity):
    """960 W provisioned of 1,200 W, as Meta runs GB200 (arXiv:2605.24461)."""
    found = capacity("""
        grid: {kind: utility, capacity: 1 MW}
        rack[5]: {kind: rack, load: 120 kW, provisioned: 80 %, accelerators: 72, power: grid}
    """)
    assert found.site["nameplate_kw"] == pytest.approx(600.0)
    assert found.site["demand_kw"] == found.of("grid")["load_kw"] == pytest.approx(480.0)
    assert found.site["usable_racks"] == 10
    assert found.site["usable_accelerators"] == 720


@pytest.mark.parametrize(
    ("cap", "usable"),
    [
        ("", 100.0),  # nothing can be held back
        (", power_cap: 90 %", 100 / 0.9),  # held to 90 %, all of it must be within the derated 100 kW
        (", power_cap: 80 %", 125.0),  # both at once
        (", power_cap: 50 %", 125.0),  # what is provisioned may be 125 kW
    ],
)
def test_oversubscription_needs_a_cap(capacity, cap, usable):
    found = capacity(f"""
        feed: {{kind: utility, capacity: 125 kW, derate: 80 %, oversubscription: 1.25}}
        rack[10]: {{kind: rack, load: 12 kW, power: feed{cap}}}
    """)
    assert found.site["usable_kw"] == pytest.approx(usable)
    assert found.of("feed")["oversubscription_ratio"] == pytest.approx(1.25)
    assert found.of("feed")["utilisation_fraction"] == pytest.approx(1.2)


def test_oversubscription_holds_in_a_failure_too(capacity):
    """Flex: the reserve of 4N/3 carries load in normal operation and is shed to its cap when a UPS is lost."""
    found = capacity("""
        grid: {kind: utility}
        ups[4]: {kind: ups, capacity: 1 MW, efficiency: 100 %, derate: 100 %, oversubscription: 1.333333333333,
                 power: grid}
        rack[24]: {kind: rack, load: 100 kW, power_cap: 75 %, power: {from: ups, pick: 2, redundancy: 4N/3}}
    """)
    assert found.site["usable_kw"] == pytest.approx(4000.0)


def test_one_more_rack_than_fits_is_not_usable(capacity):
    found = capacity("""
        feed: {kind: utility, capacity: 500 kW}
        rack[4]: {kind: rack, load: 132 kW, accelerators: 72, power: feed}
    """)
    assert found.site["usable_racks"] == 3
    assert found.site["usable_accelerators"] == 3 * 72
    assert found.site["headroom_kw"] == pytest.approx(-28.0)


def test_what_is_retired_carries_nothing_and_draws_nothing(capacity):
    found = capacity("""
        old: {kind: utility, capacity: 1 MW, retired: 2028-01-01}
        new: {kind: utility, capacity: 2 MW, energised: 2028-01-01}
        rack-1[5]: {kind: rack, load: 100 kW, power: [old, new], retired: 2028-07-01}
        rack-2[2]: {kind: rack, load: 100 kW, power: [old, new], energised: 2028-07-01}
    """)
    rows = found.results.site_capacity.rows(named=True)
    steps = [(str(row["month"]), row["demand_kw"], row["usable_kw"]) for row in rows]
    assert steps == [
        ("2027-01-01", pytest.approx(500.0), pytest.approx(1000.0)),
        ("2028-01-01", pytest.approx(500.0), pytest.approx(2000.0)),
        ("2028-07-01", pytest.approx(200.0), pytest.approx(2000.0)),
    ]


def test_a_hall_is_full_when_its_floor_is(capacity):
    """Four positions, three racks taken: a third more of the present mix, whatever the power; and 4.5 t for 3 t."""
    hall = """
        grid: {{kind: utility, capacity: 1 MW}}
        hall[2]:
          {limit}
          contains:
            rack[3]: {{kind: rack, load: 100 kW, mass: 1000 kg, accelerators: 72, power: grid}}
    """
    space = capacity(hall.format(limit="rack_positions: 4")).scopes["s/hall[1]"]
    assert space["usable_kw"] == pytest.approx(400.0)
    assert (space["usable_racks"], space["binding_resource"], space["binding_node"]) == (4, "space", "s/hall[1]")
    assert space["runner_up_usable_kw"] == pytest.approx(700.0)
    mass = capacity(hall.format(limit="mass_limit: 4500 kg")).scopes["s/hall[1]"]
    assert mass["usable_kw"] == pytest.approx(450.0)
    assert (mass["usable_racks"], mass["binding_resource"]) == (4, "mass")
