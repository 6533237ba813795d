"""Side tables: what stands in the file comes back, and what cannot be read says why."""

from __future__ import annotations

import polars as pl
import pytest

from twin.loading import load_module
from twin.topology import readers
from twin.topology.readers import read_csv, read_parquet


def write(tmp_path, content, name="fleet.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_guesses_nothing(tmp_path):
    frame = read_csv(write(tmp_path, "name, load,energised,code\nr1,132 kW,2027-04-01,010\nr2,,no,1e3\n"))
    assert frame.columns == ["name", "load", "energised", "code"]
    assert set(frame.dtypes) == {pl.String}
    assert frame.rows() == [("r1", "132 kW", "2027-04-01", "010"), ("r2", None, "no", "1e3")]


def test_csv_quotes_byte_order_mark_and_line_ends(tmp_path):
    frame = read_csv(write(tmp_path, '\ufeffname,note\r\n"a, b","say ""hi"""\r\n'))
    assert frame.rows() == [("a, b", 'say "hi"')]
    assert frame.columns == ["name", "note"]


def test_csv_with_a_header_alone_has_no_rows(tmp_path):
    frame = read_csv(write(tmp_path, "name,load\n"))
    assert frame.shape == (0, 2)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "empty"),
        ("a,b,a\n1,2,3\n", "column 'a' stands twice in the header"),
        ("a,b\n1,2,3\n", "fields|schema|columns"),
        ("a,b\n1,2\n1\n", "line 3 has 1 fields and the header 2"),
        ("a,b\n1,2\n\n3,4\n", "line 3 has 0 fields"),
        ("a,,c\n1,2,3\n", "a column has no name"),
        (b"\xff\xfe\x00\x01", "codec"),
        (b"a,b\n\xff,1\n", "(?i)utf-8|utf8"),
        ("\x00\x00", "NUL|not text"),
    ],
)
def test_csv_that_cannot_be_read_says_why_in_one_line(tmp_path, content, what):
    with pytest.raises(ValueError, match=what) as caught:
        read_csv(write(tmp_path, content))
    assert str(caught.value)
    assert "\n" not in str(caught.value)


def test_parquet_keeps_types(tmp_path):
    frame = pl.DataFrame({"load": [132.0, None], "accelerators": [72, 8]})
    path = tmp_path / "fleet.parquet"
    frame.write_parquet(path)
    assert read_parquet(path).equals(frame)


@pytest.mark.parametrize("content", [b"", b"PAR1 no", b"a,b\n"])
def test_parquet_that_is_none(tmp_path, content):
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_parquet(write(tmp_path, content, "fleet.parquet"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_csv, read_parquet])
def test_no_file(tmp_path, read):
    with pytest.raises(ValueError, match=r"(?i)no such file"):
        read(tmp_path / "gone")


def test_they_enter_by_the_door():
    loaded = load_module(readers, "twin", "0")
    assert loaded.info.provides == ("readers/csv", "readers/parquet")
    assert [suffix for _, reader in loaded.offers for suffix in reader.suffixes] == [".csv", ".parquet", ".pq"]
