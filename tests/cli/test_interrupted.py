"""Ctrl-C in the middle of writing, a real signal to a real process: all of the old is there, nothing of the new."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from twin.cli.main import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

SLOW = """
import sys, time
from pathlib import Path
import polars as pl

def stuck(write, at):
    calls = iter(range(1, at))
    def slow(self, *args, **more):
        done = write(self, *args, **more)
        if next(calls, None) is None:  # half of it is on the disk, and there the interruption comes
            print("writing", file=sys.stderr, flush=True)
            time.sleep(60)
        return done
    return slow

pl.DataFrame.write_parquet = stuck(pl.DataFrame.write_parquet, 3)
pl.DataFrame.write_csv = stuck(pl.DataFrame.write_csv, 1)
text = Path.write_text
Path.write_text = stuck(lambda self, text_, *args, **more: text(self, text_[: len(text_) // 2], *args, **more), 1)
from twin.cli.main import main
main()
"""

TOLD = """
import sys
from twin.cli.main import main
from twin.progress import listening

def told(what, done, total):
    if done == 1:
        print("writing", file=sys.stderr, flush=True)

with listening(told):
    main()
"""


def interrupted(code: str, *args: str, cwd: Path) -> int:
    """Exit status of a command that gets SIGINT once it says that it is writing."""
    line = [sys.executable, "-c", code, *args]
    with subprocess.Popen(line, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for said in process.stderr:
            if said == "writing\n":
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        status = process.wait(timeout=60)
    assert "Traceback" not in rest
    assert "interrupted" in rest
    return status


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(call, tmp_path):
    assert call("init", tmp_path).status == 0
    return tmp_path


def test_a_folder_of_results_stays_as_it_was(call, place):
    assert call("capacity", place / "quickstart.yaml", "-o", place / "out").status == 0
    before = content(place)
    assert len(before) > 5
    assert interrupted(SLOW, "capacity", "quickstart.yaml", "-o", "out", cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before


def test_a_new_folder_is_not_there_at_all(place):
    before = content(place)
    assert interrupted(SLOW, "capacity", "quickstart.yaml", "-o", "new", cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before
    assert [path.name for path in place.iterdir()] == ["quickstart.yaml"]


def test_a_file_of_one_table_stays_as_it_was(place):
    (place / "tables.csv").write_text("old")
    before = content(place)
    line = ("capacity", "quickstart.yaml", "--table", "capacity", "-o", "tables.csv")
    assert interrupted(SLOW, *line, cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before


def test_a_report_stays_as_it_was(place):
    pytest.importorskip("vl_convert")
    (place / "report.html").write_text("old")
    before = content(place)
    assert interrupted(SLOW, "report", "quickstart.yaml", "-o", "report.html", cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before


def test_a_new_plugin_is_not_left_half_written(place):
    before = content(place)
    assert interrupted(SLOW, "plugin", "new", "acme-fees", "--kind", "financing", cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before


def test_an_engine_at_work_ends_at_once(place):
    """Interrupted while it simulates: far more samples than there is time for."""
    line = ("simulate", "quickstart.yaml", "--samples", "2000000000", "-o", "out")
    before = content(place)
    assert interrupted(TOLD, *line, cwd=place) == EXIT_INTERRUPTED
    assert content(place) == before
