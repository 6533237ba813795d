from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from topology.fakes import load

from twin.errors import InputError
from twin.topology import rows

FILE = """\
twin: 1
calendar: {{start: 2027-01-01}}
sites:
  s:
    contains:
      grid: {{kind: utility}}
      fleet: {{kind: rack, rows: {rows}, power: grid{more}}}
"""
LINE = 7


def fleet(folder, table="fleet.csv", more="", **given):
    return load(folder, FILE.format(rows=table, more=more), **given).groups["s/fleet"]


def broken(folder, table="fleet.csv", more="", **given):
    with pytest.raises(InputError) as caught:
        fleet(folder, table, more, **given)
    assert all(
        one.line == LINE and one.path.endswith((".rows", ".fleet", ".fleet.mtbf")) for one in caught.value.findings
    )
    return str(caught.value)


def csv(folder, text, name="fleet.csv"):
    (folder / name).write_text(text, encoding="utf-8")


def test_columns_become_attributes_in_canonical_units(tmp_path):
    csv(tmp_path, "load_kw,accelerators,mtbf_h,energised,maker\n100,72,5e4,2027-03-15,a\n 50.5 ,8,6e4,2026-01-01, b\n")
    group = fleet(tmp_path, more=", mttr: 4 h")
    assert (group.count, group.total, group.indexed) == (2, 2, True)
    assert group.rows.to_dict(as_series=False) == {
        "load": [100.0, 50.5],
        "accelerators": [72, 8],
        "mtbf": [50000.0, 60000.0],
        "energised": [2, -12],
        "maker": ["a", "b"],
    }
    assert group.rows.schema == {
        "load": pl.Float64,
        "accelerators": pl.Int64,
        "mtbf": pl.Float64,
        "energised": pl.Int64,
        "maker": pl.String,
    }
    assert group.energised == (2, -12)


def test_parquet_reads_alike(tmp_path):
    frame = pl.DataFrame({"load_kw": [1, 2, 3], "energised": pl.Series(["2027-02-01"] * 3).str.to_date()})
    frame.write_parquet(tmp_path / "fleet.parquet")
    group = fleet(tmp_path, "fleet.parquet")
    assert group.rows.to_dict(as_series=False) == {"load": [1.0, 2.0, 3.0], "energised": [1, 1, 1]}


def test_the_file_is_recorded_with_its_hash(tmp_path):
    (tmp_path / "sub").mkdir()
    csv(tmp_path, "load_kw\n1\n", "sub/fleet.csv")
    topology = load(tmp_path, FILE.format(rows="sub/fleet.csv", more=""))
    assert [os.path.relpath(name, tmp_path) for name in topology.files] == ["x.yaml", str(Path("sub/fleet.csv"))]
    assert all(len(digest) == 64 for digest in topology.files.values())


def test_a_column_hides_what_a_component_says_and_not_what_it_does_not(tmp_path):
    csv(tmp_path, "load_kw\n1\n2\n")
    group = fleet(tmp_path, more=", use: maker.rack")
    assert "load" not in group.attributes
    assert group.attributes["accelerators"].value == 64


def test_the_earliest_date_of_a_table_starts_a_calendar_that_says_no_start(tmp_path):
    csv(tmp_path, "energised\n2027-05-09\n2027-04-30\n")
    text = FILE.format(rows="fleet.csv", more="").replace("calendar: {start: 2027-01-01}\n", "")
    topology = load(tmp_path, text)
    assert topology.calendar.start.isoformat() == "2027-04-01"
    assert topology.groups["s/fleet"].energised == (1, 0)


def test_an_overlay_on_all_replaces_a_column_and_on_some_stays_beside_it(tmp_path):
    csv(tmp_path, "load_kw,energised\n1,2027-02-01\n2,2027-02-01\n3,2027-02-01\n")
    group = fleet(tmp_path, overlays=("s/fleet.load=7 kW", "s/fleet.energised=2027-04-01"))
    assert group.rows is None
    assert group.attributes["load"].value == 7
    assert group.energised == (3,)
    topology = load(tmp_path, FILE.format(rows="fleet.csv", more=""), overlays=("s/fleet[2..3].load=7 kW",))
    assert topology.groups["s/fleet"].rows["load"].to_list() == [1, 2, 3]
    assert topology.overrides[0].locals == (1, 2)


@pytest.mark.parametrize(
    ("text", "message", "expected"),
    [
        ("lood_kw\n1\n", "fleet.csv: unknown column 'lood_kw'", "did you mean 'load_kw'"),
        ("load\n1\n", "unknown column 'load'", "did you mean 'load_kw'"),
        ("capacity_kw\n1\n", "unknown column 'capacity_kw'", ""),
        ("load_kw\n1\n-2\n", "column 'load_kw', row 2: below 0", "at least"),
        ("load_kw\n1\nnan\n", "column 'load_kw', row 2: not a finite number", "finite"),
        ("load_kw\n1\ninf\n", "row 2: not a finite number", "finite"),
        ("load_kw\n1\n1e999\n", "row 2: not a finite number", "finite"),
        ("load_kw,accelerators\n1,1\n,1\n,2\n", "row 2 and 1 more rows: empty", "every row"),
        ("load_kw\n1\n5 MW\n", "row 2: not a number", "without the unit"),
        ("accelerators\n1\n2.5\n", "row 2: not a whole number", ""),
        ("mtbf_h\n1\n0\n", "row 2: not above zero", ""),
        ("derate\n1\n1.5\n", "row 2: above 100 %", ""),
        ("maker,load_kw\na,1\n,2\n", "column 'maker', row 2: empty", ""),
        ("energised\n2027-01-01\n2027-13-01\n", "column 'energised', row 2: not a date", "2027-06-01"),
        ("load_kw\n", "no rows", "from 1"),
        ("", "cannot be read", ""),
        ("a,a\n1,2\n", "cannot be read", ""),
        ("load_kw\n1,2,3\n4\n", "cannot be read", ""),
        ("\x00\x01", "", ""),
    ],
)
def test_a_wrong_table_names_file_column_and_row(tmp_path, text, message, expected):
    csv(tmp_path, text)
    found = broken(tmp_path, more=", mttr: 1 h" if "mtbf" in text else "")
    assert message in found
    assert expected in found


def test_wrong_types_of_a_parquet_column(tmp_path):
    pl.DataFrame({"load_kw": [True], "energised": [3]}).write_parquet(tmp_path / "a.parquet")
    found = broken(tmp_path, "a.parquet")
    assert "column 'load_kw' is not numbers (got Boolean)" in found
    assert "column 'energised' is not dates (got Int64)" in found
    pl.DataFrame({"load_kw": [None, None]}).write_parquet(tmp_path / "a.parquet")
    assert "row 1 and 1 more rows: empty" in broken(tmp_path, "a.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
    assert "cannot be read" in broken(tmp_path, "a.parquet")


def test_a_table_is_confined_to_the_folder(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    csv(tmp_path, "load_kw\n1\n")
    (inside / "link.csv").symlink_to(tmp_path / "fleet.csv")
    (inside / "dir.csv").mkdir()
    (inside / "dangling.csv").symlink_to(tmp_path / "nix.csv")
    (inside / "loop.csv").symlink_to(inside / "loop.csv")
    outside = "outside the topology's folder"
    for name in ("../fleet.csv", "link.csv", "dangling.csv", "../nix.csv", "a/../../fleet.csv"):
        assert outside in broken(inside, name), name
    assert "not a path beside" in broken(inside, str(tmp_path / "fleet.csv"))
    assert "not a path beside" in broken(inside, "'..\\fleet.csv'")
    assert "not a file" in broken(inside, "dir.csv")
    assert "no such file" in broken(inside, "nix.csv")
    assert "no such file" in broken(inside, "loop.csv")
    csv(inside, "load_kw\n1\n")
    (inside / "near.csv").symlink_to(inside / "fleet.csv")
    assert fleet(inside, "near.csv").count == 1
    assert "did you mean 'fleet.csv'" in broken(inside, "fleeet.csv")


def test_a_table_of_an_unknown_sort(tmp_path):
    csv(tmp_path, "x", "fleet.xlsx")
    found = broken(tmp_path, "fleet.xlsx", why="plugin excel (excel-dist 2.0) is broken: no module")
    assert "no reader for '.xlsx' files" in found
    assert ".csv, .parquet" in found
    assert "excel-dist 2.0" in found


def test_a_table_too_large(tmp_path, monkeypatch):
    csv(tmp_path, "load_kw\n1\n2\n")
    monkeypatch.setattr(rows, "MAX_BYTES", 5)
    assert "too large" in broken(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(rows, "MAX_COUNT", 1)
    assert "too many rows" in broken(tmp_path)


def test_a_count_beside_rows_and_a_table_inside_many_halls(tmp_path):
    csv(tmp_path, "load_kw\n1\n")
    text = FILE.format(rows="fleet.csv", more="").replace("fleet:", "fleet[3]:")
    with pytest.raises(InputError, match="a count beside 'rows'"):
        load(tmp_path, text)
    with pytest.raises(InputError, match=r"inside 's\[2\]'"):
        load(tmp_path, text.replace("fleet[3]:", "fleet:").replace("  s:", "  s[2]:"))
    assert load(tmp_path, text.replace("fleet[3]:", "fleet:").replace("  s:", "  s[1]:")).groups["s/fleet"].count == 1


def test_a_column_beside_a_key_says_the_same_twice(tmp_path):
    csv(tmp_path, "load_kw\n1\n")
    assert "column 'load_kw' and the key of the group say the same" in broken(tmp_path, more=", load: 3 kW")


def test_a_table_of_failures_needs_repairs(tmp_path):
    csv(tmp_path, "mtbf_h\n1\n")
    assert "needs 'mttr'" in broken(tmp_path)
    csv(tmp_path, "mtbf_h,mttr_h\n1,1\n")
    assert fleet(tmp_path).rows.columns == ["mtbf", "mttr"]


def test_a_million_rows_in_a_second_or_two(tmp_path):
    pl.DataFrame({"load_kw": pl.repeat(1.0, 1_000_000, eager=True)}).write_parquet(tmp_path / "fleet.parquet")
    assert fleet(tmp_path, "fleet.parquet").total == 1_000_000
