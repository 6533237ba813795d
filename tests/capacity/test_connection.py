"""The grid connection as a limit of sites and halls, in months of its own, and in what to buy next."""

from __future__ import annotations

import polars as pl
import pytest

from twin import load
from twin.report.capacity import lines

PLANT = """
twin: 1
name: pair
calendar: {{start: 2027-01-01, months: 12}}
sites:
  pair:
    contains:
      grid: {{kind: utility, capacity: 20 MW}}
      hall[2]:
        energised: [2027-01-01, 2027-07-01]
        contains:
          ups[3]: {{kind: ups, capacity: 500 kW, efficiency: 96 %, power: grid}}
          rack[8]: {{kind: rack, load: 100 kW, accelerators: 8, power: {{from: ups, redundancy: N+1}}}}
parties: {{me: {{role: owner}}}}
energy:
  - {{model: grid-tariff, name: retail, payer: me, energy: $0.05/kWh{limit}}}
"""


def run(tmp_path, limit, *names):
    path = tmp_path / "pair.yaml"
    path.write_text(PLANT.format(limit=f", limit: {limit}" if limit else ""))
    return load(path).run("capacity", *names)


def site(results, scope="pair"):
    return results.site_capacity.filter(pl.col("scope") == scope).sort("month")


def test_the_month_in_which_it_binds_and_what_it_strands(tmp_path):
    # 800 kW of IT in the first hall, 1,600 with the second; UPS lose 4 % of what they draw
    found = run(tmp_path, "{2027-01-01: 1 MW, 2027-04-01: 1.5 MW, 2027-10-01: 3 MW}")
    rows = site(found)
    assert [day.month for day in rows["month"]] == [1, 4, 7, 10]
    # two of three UPS carry a hall at any time: 1,000 kW each
    assert rows["usable_kw"].to_list() == pytest.approx([1000 * 0.96, 1000, 1500 * 0.96, 2000], rel=1e-6)
    assert rows["binding_resource"].to_list() == ["interconnection", "power", "interconnection", "power"]
    assert rows["binding_node"][2] == "retail"
    assert rows["binding_state"][2] == "all in service, tightest in 2027-07"
    assert rows["runner_up_resource"].to_list() == ["power", "interconnection", "power", "interconnection"]
    months = found.interconnection.sort("month")
    assert months["binds"].to_list() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3
    stranded = months["stranded_it_kw"].to_list()
    assert stranded == pytest.approx([40] * 3 + [0] * 3 + [560] * 3 + [0] * 3, abs=1e-3)
    assert months["headroom_kw"][6] == pytest.approx(1500 - 1600 / 0.96)
    failed = found.checks.filter(~pl.col("ok"))
    assert failed["check"].to_list() == ["usable capacity"]
    assert "grid connection ('retail')" in failed["message"][0]
    assert "raise its 'limit'" in failed["message"][0]


def test_a_hall_may_take_what_its_site_has_left(tmp_path):
    found = run(tmp_path, "1.8 MW")
    left = 1800 * 0.96 - 1600
    rows = site(found, "pair/hall[2]").filter(pl.col("demand_kw") > 0)
    assert rows["usable_kw"].to_list() == pytest.approx([800 + left], rel=1e-6)
    assert rows["binding_resource"].to_list() == ["interconnection"]
    assert site(found)["usable_kw"][-1] == pytest.approx(1600 + left, rel=1e-6)


def test_the_screen_says_from_when_and_how_much(tmp_path):
    shown = [line.plain for line in lines(run(tmp_path, "{2027-01-01: 1 MW, 2027-04-01: 1.5 MW, 2027-10-01: 3 MW}"))]
    start = next(number for number, line in enumerate(shown) if line.startswith("GRID CONNECTION"))
    rows = [line.split() for line in shown[start + 1 : start + 5]]
    assert [row[0] for row in rows] == ["2027-01", "2027-04", "2027-07", "2027-10"]
    assert [" ".join(row[-2:]) for row in rows] == ["40 kW", "MW -", "560 kW", "MW -"]
    assert not any("GRID CONNECTION" in line.plain for line in lines(run(tmp_path, "")))


def test_a_limit_that_is_far_away_changes_nothing(tmp_path):
    without, far = run(tmp_path, ""), run(tmp_path, "1 GW")
    assert not without.interconnection.height
    same = ["month", "scope", "usable_kw", "headroom_kw", "binding_resource", "binding_node", "binding_state"]
    assert site(without).select(same).equals(site(far).select(same))
    assert without.capacity.equals(far.capacity)
    assert without.stranded.equals(far.stranded)
    assert without.demand.equals(far.demand)
    assert not far.interconnection["binds"].any()


def test_what_to_buy_next_ends_where_the_connection_binds(tmp_path):
    free = run(tmp_path, "", "upgrades").upgrades
    held = run(tmp_path, "{2027-01-01: 1 MW, 2027-07-01: 2.5 MW}", "upgrades").upgrades
    # 2,000 kW by the UPS, 2,400 by the connection: the first purchase meets it
    assert held.height < free.height
    assert held["then_binds"].to_list()[-1] == "retail"
    assert held["usable_kw"].to_list()[-1] == pytest.approx(2400, rel=1e-6)
    assert not run(tmp_path, "1 MW", "upgrades").upgrades.height
