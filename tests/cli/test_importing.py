"""`twin import`: one screen, tables, folders, and what is refused."""

from __future__ import annotations

import json
from io import StringIO

import polars as pl
import pytest
from failure.random_trees import ladder

from twin.cli import importing
from twin.errors import EXIT_BAD_INPUT
from twin.failure.exact import DEFAULT_NODES
from twin.interop.open_psa import read_open_psa
from twin.results.results import Results

MODEL = """<opsa-mef>
  <define-fault-tree name="F">
    <define-gate name="north"><and><event name="a"/><or><event name="b"/><event name="c"/></or></and></define-gate>
    <define-gate name="south"><atleast min="2">
      <event name="a"/><event name="b"/><event name="c"/>
    </atleast></define-gate>
  </define-fault-tree>
  {more}
</opsa-mef>"""
EVENTS = """<opsa-mef><model-data>
  <define-basic-event name="a"><float value="0.1"/></define-basic-event>
  <define-basic-event name="b"><float value="0.2"/></define-basic-event>
  <define-basic-event name="c">
    <exponential><float value="1e-3"/><system-mission-time/></exponential>
  </define-basic-event>
</model-data></opsa-mef>"""


@pytest.fixture
def files(tmp_path):
    model, events = tmp_path / "model.xml", tmp_path / "events.xml"
    model.write_text(MODEL.format(more=""))
    events.write_text(EVENTS)
    return model, events


def test_one_screen_of_top_events(call, files):
    done = call("import", "open-psa", *files)
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["gate", "probability", "lower", "upper", "method"] or "top_events" in lines[0]
    assert [line.split()[0] for line in lines if "exact" in line] == ["north", "south"]


def test_cut_sets_and_importance_of_the_tops_asked_for(call, files):
    done = call("import", "open-psa", *files, "--top", "north", "--cut-sets", 2, "--importance", "--format", "json")
    found = json.loads(done.out)
    assert [row["events"] for row in found["cut_sets"]] == ["a, c", "a, b"]
    assert {row["gate"] for row in found["importance"]} == {"north"}
    assert [row["gate"] for row in found["top_events"]] == ["north"]
    assert len(found["gates"]) == 2 + 2 + 3


def test_one_table_for_a_program(call, files):
    done = call("import", "open-psa", *files, "--table", "events", "--format", "csv", "--mission-time", 0)
    events = pl.read_csv(StringIO(done.out))
    assert dict(events.select("event", "probability").rows()) == {"a": 0.1, "b": 0.2, "c": 0.0}


def test_all_gates_and_a_folder_that_query_reads(call, files, tmp_path):
    done = call("import", "open-psa", *files, "--top", "*", "-o", tmp_path / "trees")
    assert done.status == 0
    saved = Results.load(tmp_path / "trees")
    assert sorted(saved["top_events"]["gate"].to_list()) == ["north", "north#1", "south"]
    assert saved["gates"].equals(read_open_psa(files).gates)
    asked = call(
        "query", tmp_path / "trees", "select probability from top_events where gate = 'north#1'", "--format", "json"
    )
    assert json.loads(asked.out)[0]["probability"] == pytest.approx(1.0 - 0.8 * 0.000157, rel=1e-4)


def test_what_is_left_out_is_said(call, files):
    files[0].write_text(MODEL.format(more='<define-event-tree name="E"/>'))
    done = call("import", "open-psa", *files)
    assert done.status == EXIT_BAD_INPUT
    assert "model.xml:8: E: <define-event-tree> is not read; --fault-trees-only leaves it out" in done.err
    done = call("import", "open-psa", *files, "--fault-trees-only")
    assert done.status == 0
    assert "left out: 1 <define-event-tree>" in done.err


def test_common_cause_can_be_switched_off(call, files):
    group = """<define-CCF-group name="g" model="beta-factor"><members><event name="d"/><event name="e"/></members>
      <distribution><float value="0.1"/></distribution><factor><float value="0.5"/></factor></define-CCF-group>
      <define-fault-tree name="G"><define-gate name="both"><and><event name="d"/><event name="e"/></and></define-gate>
      </define-fault-tree>"""
    files[0].write_text(MODEL.format(more=group))
    ask = ("import", "open-psa", *files, "--top", "both", "--format", "json")
    assert json.loads(call(*ask).out)["top_events"][0]["probability"] == pytest.approx(1.0 - 0.95 * (1.0 - 0.05**2))
    alone = json.loads(call(*ask, "--no-common-cause").out)
    assert alone["top_events"][0]["probability"] == pytest.approx(0.01)


def test_bounds_are_said_to_be_bounds(call, tmp_path):
    """Two of each of many overlapping sets, one third of them: beyond the least budget."""
    gates, events = ladder(60)
    path = tmp_path / "ladder.xml"
    path.write_text(as_open_psa(gates, events))
    done = call("import", "open-psa", path, "--nodes", 1000)
    assert done.status == 0
    assert "pruned diagrams" in done.out
    assert "top: only bounds are known within --nodes" in done.err


def as_open_psa(gates, events) -> str:
    text = ""
    for name, kind, k, inputs in (
        gates.group_by("gate", maintain_order=True).agg(pl.col("kind").first(), pl.col("k").first(), "input").rows()
    ):
        inside = "".join(f'<event name="{one}"/>' for one in inputs)
        text += f'<define-gate name="{name}"><{kind} min="{k}">{inside}</{kind}></define-gate>'
    for name, p in events.rows():
        text += f'<define-basic-event name="{name}"><float value="{p}"/></define-basic-event>'
    return f'<opsa-mef><define-fault-tree name="F">{text}</define-fault-tree></opsa-mef>'


def test_an_unknown_top_names_the_nearest(call, files):
    done = call("import", "open-psa", *files, "--top", "nort")
    assert done.status == EXIT_BAD_INPUT
    assert "did you mean 'north'?" in done.err


def test_the_default_budget_is_the_engines():
    """It is written again in the command, so that --help imports no engine."""
    (nodes,) = (one for one in importing.import_model.params if one.name == "nodes")
    assert nodes.default == DEFAULT_NODES
