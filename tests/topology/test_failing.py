"""What a group says about failing together, maintenance and spares: one rule of what contradicts itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from failure.build import System
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.fakes import findings, load

from twin.cli.main import run
from twin.errors import RefusedError
from twin.failure.parts import parts
from twin.structure.behaviour import plain
from twin.topology.failing import ALPHA, GREEK, faults

FILE = """\
twin: 1
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 9 MW}
      set[COUNT]: {kind: genset, capacity: 1 MW, mtbf: 2000 h, mttr: 24 h, SAID}
      ups: {kind: ups, capacity: 1 MW, power: {from: [grid, set], share: primary}}
      rack: {kind: rack, load: 1 kW, power: ups}
"""

WRONG = {
    "gamma alone": (3, "gamma: 5 %", "gamma", "needs 'beta' beside it", "", "add 'beta: 5 %'"),
    "delta alone": (4, "beta: 5 %, delta: 5 %", "delta", "needs 'gamma' beside it", "", "add 'gamma: 50 %'"),
    "beta of one": (1, "beta: 5 %", "beta", "is about 2 that fail together, and one container has 1", "", "'[2]'"),
    "gamma of two": (2, "beta: 5 %, gamma: 5 %", "gamma", "is about 3", "", "leave it out"),
    "delta of three": (3, "beta: 5 %, gamma: 5 %, delta: 1 %", "delta", "is about 4", "", "'[4]'"),
    "alpha of more": (2, "alpha_3: 5 %", "alpha_3", "is about 3", "", "'[3]'"),
    "alpha above one": (3, "alpha_2: 60 %, alpha_3: 50 %", "alpha_2", "above 100 % together", "110 %", "the rest"),
    "both ways": (3, "beta: 5 %, alpha_2: 5 %", "alpha_2", "both Greek letters and alpha", "beta and alpha_2", "one"),
    "too many": (400, "beta: 5 %, gamma: 5 %", "gamma", "more than 20,000 subsets", "", "'beta' alone"),
    "interval alone": (2, "maintenance_interval: 1 year", "maintenance_interval", "needs 'maintenance_d", "", "8 h"),
    "duration alone": (2, "maintenance_duration: 8 h", "maintenance_duration", "needs 'maintenance_i", "", "1 year"),
    "longer than its interval": (
        1,
        "maintenance_interval: 1 day, maintenance_duration: 2 days",
        "maintenance_duration",
        "longer than the time from one to the next",
        "2 times the interval",
        "at most 24 h",
    ),
    "no time for all": (
        4,
        "maintenance_interval: 4 days, maintenance_duration: 30 h",
        "maintenance_duration",
        "the 4 's/set' of one container take turns",
        "1.25 times the interval",
        "at most 24 h",
    ),
    "lead time alone": (2, "spare_lead_time: 9 days", "spare_lead_time", "needs 'spares' beside it", "", "spares: 1"),
    "spares alone": (2, "spares: 1", "spares", "needs 'spare_lead_time' beside it", "", "30 days"),
}

RIGHT = (
    (2, "beta: 5 %"),
    (1, "beta: 0 %"),
    (3, "beta: 5 %, gamma: 20 %"),
    (4, "beta: 5 %, gamma: 20 %, delta: 100 %"),
    (400, "beta: 5 %"),
    (3, "alpha_2: 60 %, alpha_3: 40 %"),
    (4, "maintenance_interval: 4 days, maintenance_duration: 1 day"),
    (2, "spares: 1, spare_lead_time: 30 days"),
)


def text(count: int, said: str) -> str:
    return FILE.replace("COUNT", str(count)).replace("SAID", said)


@pytest.mark.parametrize("name", WRONG)
def test_each_is_a_finding_at_its_line_and_column(name, tmp_path):
    count, said, attribute, message, got, expected = WRONG[name]
    (found,) = findings(tmp_path, text(count, said))
    line = text(count, said).splitlines()[5]
    at = line.index(f"{attribute}:") + len(attribute) + 3
    assert (found.line, found.column, found.path) == (6, at, f"sites.s.contains.set[{count}].{attribute}")
    assert message in found.message
    assert found.got == got
    assert expected in found.expected


@pytest.mark.parametrize(("count", "said"), RIGHT)
def test_what_is_said_in_full_is_right(count, said, tmp_path):
    assert load(tmp_path, text(count, said)).groups["s/set"].total == count


def test_all_are_found_at_once(tmp_path):
    said = "gamma: 5 %, maintenance_interval: 1 day, maintenance_duration: 2 days, spare_lead_time: 1 day"
    assert [one.path.rpartition(".")[2] for one in findings(tmp_path, text(3, said))] == [
        "gamma",
        "maintenance_duration",
        "spare_lead_time",
    ]


def test_what_follows_from_a_wrong_value_is_not_said_again(tmp_path):
    (found,) = findings(tmp_path, text(3, "maintenance_interval: 0 h, maintenance_duration: 3 h"))
    assert found.path.endswith("maintenance_interval")
    assert found.message == "not above zero"


def test_a_component_is_named_where_it_says_so(tmp_path):
    used = text(1, "note: x").replace("kind: genset, capacity: 1 MW, mtbf: 2000 h, mttr: 24 h", "use: big")
    part = "components:\n  big: {kind: genset, capacity: 1 MW, mtbf: 2000 h, mttr: 24 h, beta: 5 %}\n"
    (found,) = findings(tmp_path, used.replace("sites:\n", f"{part}sites:\n"))
    assert (found.line, found.path) == (3, "sites.s.contains.set[1].beta")
    assert "'beta: 0 %' does for what a part states" in found.expected
    assert load(tmp_path, used.replace("sites:\n", f"{part}sites:\n").replace("note: x", "beta: 0 %"))


def test_an_overlay_is_named_where_it_says_so(tmp_path):
    (found,) = findings(tmp_path, text(3, "beta: 5 %"), overlays=("s/set[2].beta=6 %",))
    assert "differ in their figures" in found.message
    assert found.file != "x.yaml"
    assert "beta" in found.path


def test_a_side_table_is_named_and_its_instances_compared(tmp_path):
    (tmp_path / "sets.csv").write_text("maintenance_interval_h\n8760\n4380\n")
    said = "maintenance_duration: 8 h, rows: sets.csv"
    (found,) = findings(tmp_path, text(1, said).replace("set[1]", "set"))
    assert "their intervals are different" in found.message
    assert found.line == 6
    assert found.expected.startswith("give all instances")


def test_a_restart_that_may_fail_needs_a_repair(tmp_path):
    broken = text(2, "start_failure: 2 %").replace("ups: {kind: ups,", "ups: {kind: ups, start_failure: 1 %,")
    assert load(tmp_path, broken), "one switches between supplies, the other stands by"
    broken = broken.replace("{from: [grid, set], share: primary}", "grid")
    (found,) = findings(tmp_path, broken)
    assert found.path == "sites.s.contains.ups.start_failure"
    assert "may fail to start when its supply is back" in found.message
    assert load(tmp_path, broken.replace("start_failure: 1 %", "start_failure: 1 %, mtbf: 1000 h, mttr: 1 h"))


def test_the_engine_refuses_what_no_file_may_say():
    """A structure that did not come from a file: the same words."""
    system = System()
    gate = system.gate(system.add("site/set", 2), 1)
    system.load("site/rack", gates=[gate])
    structure = system.build().structure
    greek = np.array([[np.nan, 0.1, np.nan]] * 2)
    elements = replace(structure.elements, behaviour=replace(plain(2), greek=greek))
    with pytest.raises(RefusedError, match=r"'gamma' of 'site/set' needs 'beta' beside it; add 'beta: 5 %'"):
        parts(replace(structure, elements=elements))


SHARES = st.sampled_from([np.nan, 0.0, 0.1, 0.5, 0.7, 1.0])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(1, 4),
    st.lists(st.lists(SHARES, min_size=6, max_size=6), min_size=1, max_size=4),
    st.sampled_from([np.nan, 10.0, 100.0]),
    st.sampled_from([np.nan, 5.0, 60.0]),
)
def test_the_file_and_the_engine_agree(count, factors, every, long):
    """Whatever instances state: the engine answers just where the rule finds nothing, and its shares add up."""
    table = np.array([factors[min(number, len(factors) - 1)] for number in range(count)])
    said = dict(zip((*GREEK, *ALPHA), table.T[:, None, :], strict=True))
    said |= {"maintenance_interval": np.full((1, count), every), "maintenance_duration": np.full((1, count), long)}
    found = faults("site/set", said, [])
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/set", count, q=0.1), 1)])
    structure = system.build().structure
    behaviour = replace(
        plain(count),
        greek=table[:, :3],
        alpha=table[:, 3:],
        maintenance_per_year=np.full(count, 0.0 if np.isnan(every) else 8760.0 / every),
        maintenance_h=np.full(count, 0.0 if np.isnan(long) else long),
    )
    structure = replace(structure, elements=replace(structure.elements, behaviour=behaviour))
    if found:
        with pytest.raises(RefusedError) as refused:
            parts(structure)
        assert refused.value.reason == found[0].message
        return
    made = parts(structure)
    # each instance fails as often as stated, alone or with others
    member = np.repeat(np.arange(len(made)), np.diff(made.members.start))
    odds = np.where(made.exclusive < 0, made.unavailability / (1.0 - made.unavailability), 0.0)
    assert np.bincount(made.members.values, weights=odds[member]) == pytest.approx(np.full(count, 0.1 / 0.9))


def test_validate_says_it(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text(text(3, "gamma: 5 %"))
    assert run(["validate", str(tmp_path / "x.yaml")]) == 2
    said = capsys.readouterr().err
    assert "x.yaml:6:79: sites.s.contains.set[3].gamma: 'gamma' of 's/set' needs 'beta' beside it" in said
