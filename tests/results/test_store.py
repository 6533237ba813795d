from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import fake_results
import polars as pl
import pytest

from twin.errors import UsageError
from twin.loading import BROKEN, PluginInfo
from twin.results import store
from twin.results.provenance import Provenance, provenance, versions
from twin.results.results import Results


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_loaded_again_to_the_last_bit(tmp_path):
    results = fake_results.small()
    assert results.save(tmp_path / "deep" / "out") == tmp_path / "deep" / "out"
    again = Results.load(tmp_path / "deep" / "out")
    assert again == results
    assert again.provenance.created == results.provenance.created
    assert names(tmp_path / "deep" / "out") == sorted([*(f"{name}.parquet" for name in results), store.MANIFEST])
    assert names(tmp_path / "deep") == ["out"]


def test_tables_on_demand_are_saved_and_plugin_tables_come_back(tmp_path):
    results = Results(
        {"mine": pl.DataFrame({"x_kw": [1.5, None]})},
        fake_results.provenance(),
        {"edges": lambda: fake_results.table("edges", {"layer": "power"})},
    )
    results.save(tmp_path / "out")
    again = Results.load(tmp_path / "out")
    assert again.tables == ("edges", "mine")
    assert again.mine["x_kw"].to_list() == [1.5, None]


def test_an_older_results_folder_is_replaced_whole(tmp_path):
    fake_results.small().save(tmp_path / "out")
    fake_results.small(debt=None).save(tmp_path / "out")
    assert "debt" not in Results.load(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_results_can_be_saved_over_themselves(tmp_path):
    fake_results.small().save(tmp_path / "out")
    Results.load(tmp_path / "out").save(tmp_path / "out")
    assert Results.load(tmp_path / "out") == fake_results.small()


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    fake_results.small().save(tmp_path / "out")
    assert Results.load(tmp_path / "out") == fake_results.small()


@pytest.mark.parametrize("kind", ["file", "folder", "other manifest"])
def test_what_is_not_results_is_never_overwritten(tmp_path, kind):
    place = tmp_path / "out"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / ("thesis.txt" if kind == "folder" else store.MANIFEST)).write_text('{"format": "other"}')
    with pytest.raises(UsageError, match="not a results folder"):
        fake_results.small().save(place)
    assert names(tmp_path) == ["out"]
    assert kind != "file" or place.read_text() == "mine"


def test_nothing_is_left_when_writing_breaks_off(tmp_path, monkeypatch):
    fake_results.small(debt=None).save(tmp_path / "out")

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_swap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fake_results.small().save(tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert Results.load(tmp_path / "out") == fake_results.small(debt=None)


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path):
    fake_results.small().save(tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        store._swap(tmp_path / "never made", tmp_path / "out")
    assert Results.load(tmp_path / "out") == fake_results.small()
    assert names(tmp_path) == ["out"]


def test_a_place_that_cannot_be_written_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        fake_results.small().save(tmp_path / "file" / "out")


def _no_folder(folder):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _no_manifest(folder):
    (folder / store.MANIFEST).unlink()


def _change(folder, **changes):
    path = folder / store.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_no_folder, "is not a results folder"),
        (_no_manifest, "is not a results folder"),
        (lambda f: (f / store.MANIFEST).write_bytes(b"\xff\x00"), "is not a results folder"),
        (lambda f: (f / store.MANIFEST).write_text("[]"), "is not a results folder"),
        (lambda f: _change(f, version=99), "version 99; evaluate the topology again"),
        (lambda f: _change(f, rows={"../secret": 1}), "does not list its tables"),
        (lambda f: _change(f, provenance={}), "provenance of these results cannot be read"),
        (lambda f: (f / "debt.parquet").unlink(), "debt.parquet is missing"),
        (lambda f: (f / "debt.parquet").write_bytes(b"PAR1"), "debt.parquet cannot be read"),
        (lambda f: pl.DataFrame({"old": [1]}).write_parquet(f / "debt.parquet"), "another version of twin"),
    ],
)
def test_a_damaged_folder_is_named(tmp_path, harm, message):
    fake_results.small().save(tmp_path / "out")
    harm(tmp_path / "out")
    with pytest.raises(UsageError, match=message):
        Results.load(tmp_path / "out")


def test_a_table_damaged_after_loading_is_named(tmp_path):
    fake_results.small().save(tmp_path / "out")
    results = Results.load(tmp_path / "out")
    (tmp_path / "out" / "debt.parquet").unlink()
    with pytest.raises(UsageError, match="table 'debt' of these results cannot be read"):
        _ = results.debt


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    place = tmp_path / "deep" / "a.csv"
    with store.atomic(place) as part:
        part.write_text("new")
        assert not place.exists()
    assert place.read_text() == "new"

    def break_off():
        with store.atomic(place) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert place.read_text() == "new"
    assert names(tmp_path / "deep") == ["a.csv"]


def test_a_file_is_not_written_over_a_folder(tmp_path):
    with pytest.raises(UsageError, match="is a folder"), store.atomic(tmp_path):
        pass


def test_the_time_of_a_run_is_no_part_of_its_identity():
    early = fake_results.provenance(created=datetime(2026, 1, 1, tzinfo=UTC))
    assert early == fake_results.provenance()
    assert early != fake_results.provenance(seed=7)


def test_provenance_survives_json():
    origin = fake_results.provenance(scenario="late", overlays=("a=b",), seed=3)
    again = Provenance.from_dict(json.loads(json.dumps(origin.to_dict())))
    assert again == origin
    assert again.created == origin.created


def test_the_versions_of_what_numbers_depend_on_are_known():
    assert set(versions()) == {"twin", "python", "polars", "numpy", "networkx", "pydantic"}
    assert "unknown" not in versions().values()
    assert versions()["polars"] == pl.__version__


def test_provenance_of_a_topology_keeps_active_plugins_only():
    plugins = (
        PluginInfo("good", "package", "1.2"),
        PluginInfo("twinfile", "twinfile.py", ""),
        PluginInfo("bad", "package", "1.2", state=BROKEN),
    )
    topology = SimpleNamespace(name="t", files={"t.yaml": "00"}, scenario="s", overlays=("a=b",))
    origin = provenance(topology, SimpleNamespace(plugins=plugins), 5)
    assert dict(origin.plugins) == {"good": "package 1.2", "twinfile": "twinfile.py"}
    assert (origin.topology, origin.scenario, origin.overlays, origin.seed) == ("t", "s", ("a=b",), 5)
