"""What fails with an element, on a room where it can be counted by hand."""

from __future__ import annotations

import pytest

import twin
from twin.report.fate import fate

FILE = """
twin: 1
name: room
calendar: {start: 2027-01-01, months: 12}
sites:
  room:
    contains:
      grid: {kind: utility, capacity: 1 MW}
      spare: {kind: utility, capacity: 1 MW, retired: 2027-03-01}
      ups[2]: {kind: ups, capacity: 500 kW, power: grid}
      busway[4]: {kind: busway, capacity: 300 kW, power: {from: ups, need: 1}}
      rack[8]: {kind: rack, load: 50 kW, power: {from: busway, pick: 1}}
"""


@pytest.fixture(scope="module")
def structure(tmp_path_factory):
    path = tmp_path_factory.mktemp("fate") / "room.yaml"
    path.write_text(FILE)
    return twin.load(path).structure


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("room/grid", "2 of room/ups, 4 of room/busway, 8 of room/rack without supply, 400 kW of IT"),
        ("room/ups", "nothing: what is left carries all"),
        ("room/busway", "2 of room/rack without supply, 100 kW of IT"),
        ("room/spare", "nothing: it is not in service at full build"),
    ],
)
def test_what_fails_with_it(structure, path, said):
    lines = fate(structure, path, 0, 200)
    assert [line.plain.strip() for line in lines] == [f"FAILS WITH IT  {said}"]


def test_a_load_feeds_nobody(structure):
    assert fate(structure, "room/rack", 0, 100) == []
    assert fate(structure, "room", 0, 100) == []
