"""What is not there or not known never counts as no limit, or as nothing."""

from __future__ import annotations

import textwrap

import pytest

import twin
from twin.report.capacity import lines

HEAD = "twin: 1\nname: short\ncalendar: {start: 2027-01-01, months: 12}\n"

RETIRED = """
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 10 MW}
      ups[2]: {kind: ups, capacity: 400 kW, power: grid, retired: [2027-03-01, 2027-06-01]}
      rack[7]: {kind: rack, load: 100 kW, accelerators: 8, power: ups}
demand:
  all: {power: {2027-01-01: 700 kW}}
  chips: {accelerators: {2027-01-01: 40}}
"""

RAMP = """
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 10 MW}
      ups[3]:
        kind: ups
        efficiency: 100 %
        capacity: 300 kW
        power: grid
        energised: [2027-01-01, 2027-03-01, 2027-06-01]
      rack[4]: {kind: rack, load: 50 kW, power: {from: ups, redundancy: N+1}}
"""

HALLS = """
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 10 MW}
      hall[2]:
        contains:
          ups[2]: {kind: ups, capacity: 400 kW, power: grid}
          rack[4]: {kind: rack, load: 100 kW, power: {from: ups, need: 2}}
"""


@pytest.fixture
def load(tmp_path):
    def of(text, scenario=None):
        path = tmp_path / "short.yaml"
        path.write_text(HEAD + textwrap.dedent(text))
        return twin.load(path, scenario=scenario)

    return of


def by_month(frame, column, scope="s"):
    rows = frame.filter(scope=scope).select("month", column).rows()
    return {f"{month:%m}": value for month, value in rows}


def row(frame, check):
    (found,) = frame.filter(check=check).rows(named=True)
    return found


def test_with_all_suppliers_retired_nothing_is_usable_and_the_checks_and_the_demand_say_so(load):
    found = load(RETIRED).capacity()
    usable = by_month(found.site_capacity, "usable_kw")
    assert usable == {"01": pytest.approx(800.0), "03": pytest.approx(400.0), "06": 0.0}
    last = found.site_capacity.rows(named=True)[-1]
    assert (last["headroom_kw"], last["usable_accelerators"]) == (pytest.approx(-700.0), 0)
    assert (last["binding_node"], last["binding_state"]) == ("s/ups[1]", "none of 2 in service")
    december = found.demand.filter(demand="all").rows(named=True)[-1]
    assert (december["available_kw"], december["shortfall_fraction"]) == (0.0, 1.0)
    assert found.demand.filter(demand="chips")["available_accelerators"][-1] == 0
    failed = row(found.checks, "usable capacity")
    assert not failed["ok"]
    assert "keep them in service longer or replace them" in failed["message"]
    assert not row(found.checks, "demand all")["ok"]


def test_the_screen_never_says_no_limit_of_what_nothing_carries(load):
    shown = "\n".join(line.plain for line in lines(load(RETIRED).capacity()))
    assert "no limit" not in shown
    assert "0 W" in next(line for line in shown.splitlines() if "2027-06" in line)


def test_a_promise_that_cannot_be_kept_at_all_leaves_nothing_usable(load):
    found = load(RAMP).capacity()
    assert by_month(found.site_capacity, "usable_kw") == {
        "01": 0.0,
        "03": pytest.approx(300.0),
        "06": pytest.approx(600.0),
    }
    failed = row(found.checks, "usable capacity")
    assert (failed["ok"], failed["got"], failed["wanted"]) == (False, "1 in service in 2027-01", "at least 2")
    promise = row(found.checks, "power redundancy N+1")
    assert (promise["ok"], promise["got"]) == (False, "1 of 3 in service")
    assert "energise them first" in promise["message"]


def test_one_supplier_cannot_be_n_plus_1(load):
    found = load(RAMP.replace("ups[3]", "ups").replace("[2027-01-01, 2027-03-01, 2027-06-01]", "2027-01-01")).capacity()
    assert found.site_capacity["usable_kw"].to_list() == [0.0]
    assert "wire it to more" in row(found.checks, "usable capacity")["message"]


def test_what_is_left_is_the_load_of_the_halls_that_are_fed(load):
    text = HALLS + "scenarios: {gone: {set: {'s/hall[2]/ups[1].retired': 2027-05-01}}}\n"
    found = load(text, "gone").capacity().site_capacity
    assert by_month(found, "usable_kw")["05"] == pytest.approx(400.0)
    assert by_month(found, "usable_kw", "s/hall[2]")["05"] == 0.0
    assert by_month(found, "usable_kw", "s/hall[1]")["05"] == pytest.approx(800.0)
    assert found.filter(scope="s/hall[2]")["binding_state"][-1] == "1 of 2 in service"


CHIPS = """
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 1 MW}
      chip[512]: {use: google.tpu-v5e, power: grid}
      box[4]: {kind: system, load: 10 kW, accelerators: 8, power: grid}
demand:
  chips: {accelerators: {2027-01-01: 544}}
  draw: {power: {2027-01-01: 155.2 kW}}
"""


def test_accelerators_that_are_loads_themselves_count_as_it_load(load):
    results = load(CHIPS).capacity()
    (site,) = results.site_capacity.rows(named=True)
    # Google's v5e page gives no draw; the catalogue takes 225 W a chip
    assert (site["demand_kw"], site["accelerators"]) == (pytest.approx(512 * 0.225 + 40.0), 544)
    assert site["usable_kw"] == pytest.approx(1000.0)
    assert row(results.checks, "demand chips")["ok"]
    assert row(results.checks, "demand draw")["ok"]
    assert "155 kW IT" in "\n".join(line.plain for line in lines(results))
    energy = load(CHIPS).energy().energy
    it = energy.filter(stage="it")
    assert it["energy_kwh"].sum() > 0
    assert it["peak_kw"].max() == pytest.approx(155.2, rel=1e-3)


def test_a_load_that_nobody_states_is_a_failed_check_and_a_missing_rating_is_named(load):
    checks = (
        load("""
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW}
              ups: {kind: ups, power: grid}
              pdu: {kind: pdu, power: ups}
              rack[4]: {kind: rack, power: pdu}
              idle: {kind: rack, load: 0 W, power: pdu}
        """)
        .capacity()
        .checks
    )
    unknown = row(checks, "load")
    assert (unknown["ok"], unknown["scope"], unknown["got"]) == (False, "s/rack", "no load")
    assert "state 'load:'" in unknown["message"]
    bare = row(checks, "capacity known")
    assert (bare["ok"], bare["got"]) == (True, "2 groups without")
    assert "no limit is taken for 's/ups', 's/pdu'" in bare["message"]


def test_the_remedy_of_an_overload_does_for_the_worst_month(load):
    text = """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 10 MW}
              ups[2]: {kind: ups, capacity: 300 kW, power: grid, retired: [2027-03-01, 2029-01-01]}
              rack[7]: {kind: rack, load: 100 kW, power: ups}
        """
    over = row(load(text).capacity().checks, "rating")
    # one is left for 700 kW: 400 kW too much for it, which takes two more
    assert "in 2027-03: add 2 ups or lower the load by 400 kW" in over["message"]
    more = text.replace("power: ups}", "power: [ups, new]}").replace(
        "rack[7]", "new[2]: {kind: ups, capacity: 300 kW, power: grid}\n              rack[7]"
    )
    assert row(load(more).capacity().checks, "rating")["ok"]


@pytest.mark.parametrize(
    ("need", "oversubscription", "remedy"),
    [
        # 900 kW on 3 x 400 kW: with one lost 100 kW are missing
        ("", 1.0, "add 1 ups or lower the load by 100 kW"),
        # with 500 kW each two carry it all, and the need is what is not met
        ("need: 3, ", 1.25, "add 1 ups or lower 'need:' to 2"),
        ("need: 3, ", 1.0, "add 1 ups, or lower 'need:' to 2 and lower the load by 100 kW"),
    ],
)
def test_the_remedy_of_a_promise_knows_the_need_and_what_may_be_oversubscribed(load, need, oversubscription, remedy):
    checks = (
        load(f"""
        sites:
          s:
            contains:
              grid: {{kind: utility, capacity: 10 MW}}
              ups[3]: {{kind: ups, capacity: 400 kW, oversubscription: {oversubscription}, power: grid}}
              rack[9]:
                kind: rack
                load: 100 kW
                power_cap: 80 %
                power: {{from: ups, {need}redundancy: N+1}}
        """)
        .capacity()
        .checks
    )
    promise = row(checks, "power redundancy N+1")
    assert not promise["ok"]
    assert promise["message"].endswith(remedy)


def test_the_screen_and_the_check_of_a_demand_name_the_same_month(load):
    results = load("""
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 10 MW}
              rack[4]: {kind: rack, load: 100 kW, accelerators: 72, power: grid}
        demand:
          draw: {power: {2027-01-01: 800 kW, 2027-07-01: 900 kW, 2027-08-01: 401 kW}}
          chips: {accelerators: {2027-01-01: 100000}}
          flops: {compute: {2027-01-01: 1e20 FLOPS}, precision: fp4}
        """).capacity()
    shown = {line.plain.split()[0]: line.plain for line in lines(results, 120)}
    assert "worst in 2027-07, by 500 kW (55.6 %)" in row(results.checks, "demand draw")["message"]
    assert shown["draw"].split("  ")[-1].strip() == "500 kW, 56 %"
    assert "2027-07" in shown["draw"]
    assert "99,712 accelerators, 99.7 %" in shown["chips"]
    assert not row(results.checks, "demand flops")["ok"]
    assert "12 unknown" in shown["flops"]


@pytest.mark.parametrize(
    ("utility", "ok", "words"),
    [
        (500, False, "carries 450 kW with everything in service in 2027-01"),
        (650, True, "at the usable capacity of 2027-01"),
        (2000, None, ""),
    ],
)
def test_a_genset_that_runs_while_nothing_has_failed_is_seen(load, utility, ok, words):
    checks = (
        load(f"""
        sites:
          s:
            contains:
              grid: {{kind: utility, capacity: {utility} kW}}
              genset[3]: {{kind: genset, capacity: 500 kW}}
              ats: {{kind: ats, capacity: 1 MW, efficiency: 100 %, power: {{from: [grid, genset], share: primary}}}}
              rack[6]: {{kind: rack, load: 100 kW, power: ats}}
        """)
        .capacity()
        .checks
    )
    found = checks.filter(check="standby").rows(named=True)
    assert [one["ok"] for one in found] == ([] if ok is None else [ok])
    assert all(words in one["message"] for one in found)
