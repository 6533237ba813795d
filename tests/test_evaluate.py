"""The order of work, held against small analyses of its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import twin
from twin.api import Analysis, AnalysisInputs, Column, Params, Table, hookimpl
from twin.structure.compile import compile_structure

ROOM = """
twin: 1
name: room
calendar: {start: 2027-01-01, months: 3}
sites:
  room:
    contains:
      grid: {kind: utility, capacity: 500 kW, mtbf: 4000 h, mttr: 2 h}
      rack[2]: {kind: rack, load: 100 kW, accelerators: 8, power: grid}
"""
GREETINGS = Table("greetings", "One row per site.", (Column("site", "str", "id"), Column("racks", "i64", "racks")))


class Greet(Params):
    """Parameters of the analysis under test."""

    times: int = 1


def _greet(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    last = inputs.tables["schedule"].filter(pl.col("month") == pl.col("month").max())
    return {"greetings": last.select("site", pl.col("racks") * inputs.params.times)}


def plugin(**changes: object) -> SimpleNamespace:
    given = {"requires": ("schedule",), "produces": ("greetings",), "tables": (GREETINGS,)} | changes
    run = given.pop("run", _greet)
    analysis = Analysis("greet", "Counts racks.", Greet, run, **given)

    @hookimpl
    def twin_analyses() -> list[Analysis]:
        return [analysis]

    return SimpleNamespace(__name__="greet", twin_analyses=twin_analyses)


def load(tmp_path: Path, text: str = ROOM, **options: object) -> twin.Twin:
    path = tmp_path / "room.yaml"
    path.write_text(text, encoding="utf-8")
    return twin.load(path, **options)


def test_an_analysis_runs_after_what_it_requires_and_only_that(tmp_path: Path) -> None:
    results = load(tmp_path, plugins=[plugin()]).run("greet")
    assert results.greetings.rows() == [("room", 2)]
    assert "capacity" not in results
    assert "availability" in results  # the schedule requires it


def test_parameters_of_an_analysis_come_from_the_file(tmp_path: Path) -> None:
    results = load(tmp_path, ROOM + "analyses: {greet: {times: 3}}\n", plugins=[plugin()]).run("greet")
    assert results.greetings["racks"].to_list() == [6]


def test_evaluate_runs_every_analysis_and_sql_sees_a_table_of_a_plugin(tmp_path: Path) -> None:
    results = load(tmp_path, plugins=[plugin()]).evaluate()
    assert {"capacity", "cashflow", "greetings"} <= set(results.tables)
    assert results.sql("select racks from greetings").item() == 2


def test_an_analysis_on_demand_runs_once_when_its_table_is_asked_for_and_not_before(tmp_path: Path) -> None:
    asked = []

    def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
        asked.append(inputs.seed)
        return _greet(inputs)

    results = load(tmp_path, plugins=[plugin(run=run, on_demand=True)]).evaluate(seed=7)
    assert "greetings" in results
    assert not asked
    assert results.greetings.rows() == results.sql("select * from greetings").rows() == [("room", 2)]
    assert asked == [7]
    assert load(tmp_path, plugins=[plugin(on_demand=True)]).run("greet").greetings.rows() == [("room", 2)]
    at_once = load(tmp_path, plugins=[plugin()]).evaluate(seed=7)
    assert at_once.greetings.equals(results.greetings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": lambda _: {}}, "table 'greetings' is missing"),
        ({"run": lambda _: {"greetings": pl.DataFrame({"site": ["room"]})}}, "column 'racks' is missing"),
        ({"requires": ("nothing",)}, "requires the table 'nothing', which nothing writes"),
        ({"produces": ("capacity",), "tables": ()}, "table 'capacity' is written by several analyses"),
    ],
)
def test_what_an_analysis_gets_wrong_names_it(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    loaded = load(tmp_path, plugins=[plugin(**changes)])
    with pytest.raises(twin.PluginError, match="greet") as caught:
        loaded.run("greet")
    assert said in str(caught.value)


def test_analyses_that_need_each_other_are_refused(tmp_path: Path) -> None:
    other = Table("others", "One row per site.", GREETINGS.columns)
    first = plugin(requires=("others",))
    second = Analysis(
        "other", "Needs greet.", Greet, _greet, requires=("greetings",), produces=("others",), tables=(other,)
    )

    @hookimpl
    def twin_analyses() -> list[Analysis]:
        return [second]

    loaded = load(tmp_path, plugins=[first, SimpleNamespace(__name__="second", twin_analyses=twin_analyses)])
    with pytest.raises(twin.PluginError, match="require each other's tables"):
        loaded.run("greet")


def test_an_unknown_analysis_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(twin.UsageError, match="did you mean 'capacity'"):
        load(tmp_path).run("capcity")


def test_a_file_without_months_runs_a_year_past_the_last_energisation(tmp_path: Path) -> None:
    text = ROOM.replace(", months: 3", "").replace("rack[2]: {", "rack[2]: {energised: [2027-01-01, 2027-05-01], ")
    assert load(tmp_path, text).calendar.months == 4 + 12


def test_a_run_is_the_same_twice_and_carries_its_provenance(tmp_path: Path) -> None:
    first, second = (load(tmp_path, overlays=("room/rack.load=90 kW",)).evaluate(seed=7) for _ in range(2))
    assert first == second
    assert first.provenance.seed == 7
    assert first.provenance.overlays == ("room/rack.load=90 kW",)
    assert list(first.provenance.files) == [str(tmp_path / "room.yaml")]


def test_a_twinfile_beside_the_topology_runs_only_when_trusted(tmp_path: Path) -> None:
    (tmp_path / "twinfile.py").write_text(
        "from twin.api import Catalogue, Part, hookimpl\n"
        "@hookimpl\n"
        "def twin_hardware():\n"
        "    rack = Part('own.rack', kind='rack', attributes={'load': '50 kW'})\n"
        "    return [Catalogue('own', 'Own parts.', parts=(rack,))]\n",
        encoding="utf-8",
    )
    text = ROOM.replace("kind: rack, load: 100 kW,", "use: own.rack,")
    with pytest.raises(twin.InputError, match=r"own\.rack"):
        load(tmp_path, text)
    assert load(tmp_path, text, trust=True).nodes["load_kw"].drop_nulls().to_list() == [50.0, 50.0]


def _breaks(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    raise KeyError(inputs.seed)


def test_an_analysis_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    loaded = load(tmp_path, plugins=[plugin(run=_breaks)])
    with pytest.raises(twin.PluginError, match=r"analysis 'greet' of plugin greet .*KeyError: 0 \(test_evaluate.py:"):
        loaded.run("greet")


def _spoils(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    for frame in inputs.tables.values():
        frame.drop_in_place(frame.columns[0])
    return {"greetings": GREETINGS.empty()}


def test_an_analysis_cannot_spoil_what_others_made(tmp_path: Path) -> None:
    loaded = load(tmp_path, plugins=[plugin(run=_spoils, requires=("schedule", "nodes"))])
    results = loaded.run("greet")
    assert "month" in results.schedule.columns
    assert "node" in results.nodes.columns


def test_a_site_without_racks_is_evaluated(tmp_path: Path) -> None:
    text = "\n".join(line for line in ROOM.splitlines() if "rack" not in line)
    results = load(tmp_path, text).evaluate()
    assert results.schedule["it_kw"].to_list() == [0.0, 0.0, 0.0]


def test_the_structure_of_a_calendar_without_months_is_that_of_the_counted_one():
    made = twin.load(Path(__file__).parents[1] / "topologies" / "river-bend.yaml")
    assert made.calendar.months > 0
    kept, anew = made.structure, compile_structure(made.topology)
    assert kept.topology is made.topology
    for part in ("elements", "classes", "gates"):
        ours, theirs = getattr(kept, part), getattr(anew, part)
        for name in ("energised", "retired", "count", "gates", "threshold", "members"):
            if hasattr(ours, name):
                one, other = getattr(ours, name), getattr(theirs, name)
                pairs = (
                    [(one.start, other.start), (one.values, other.values)] if hasattr(one, "values") else [(one, other)]
                )
                assert all(np.array_equal(*pair) for pair in pairs), (part, name)
    assert kept.scopes == anew.scopes
