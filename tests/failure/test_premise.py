"""An availability that rests on an overloaded supply says so."""

from __future__ import annotations

import pytest

import twin

ROOM = """
twin: 1
name: room
calendar: {{start: 2027-01-01, months: 12}}
sites:
  room:
    contains:
      grid[2]: {{kind: utility, capacity: {rating}, mtbf: 4000 h, mttr: 2 h}}
      rack[10]: {{kind: rack, load: 100 kW, energised: {energised}, power: grid}}
"""


def row(tmp_path, rating, energised="2027-01-01"):
    path = tmp_path / "room.yaml"
    path.write_text(ROOM.format(rating=rating, energised=energised), encoding="utf-8")
    checks = twin.load(path).failure().checks
    return checks.filter(checks["check"] == "supply_within_rating").row(0, named=True)


@pytest.mark.parametrize("rating", ["500 kW", "1 MW"])
def test_a_supply_that_carries_its_load_is_no_matter(tmp_path, rating):
    assert row(tmp_path, rating)["ok"]


def test_an_overloaded_supply_fails_the_check_by_name_and_month(tmp_path):
    found = row(tmp_path, "400 kW", "2027-03-01")
    assert not found["ok"]
    assert found["got"] == "125 %"
    assert "room/grid[1] is over its rating in 2027-03" in found["message"]


def test_without_a_rating_there_is_nothing_to_exceed(tmp_path):
    path = tmp_path / "room.yaml"
    path.write_text(ROOM.replace(" capacity: {rating},", "").format(energised="2027-01-01"), encoding="utf-8")
    assert twin.load(path).failure().checks["ok"].all()
