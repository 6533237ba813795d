"""What differs on a terminal: colour, width, progress."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from rich.cells import cell_len

from twin.cli import common
from twin.cli.common import time_left, working
from twin.progress import counted, listening

MAIN = "from twin.cli.main import main; main()"


@pytest.fixture
def starter(call, tmp_path):
    assert call("init", tmp_path).status == 0
    return tmp_path / "quickstart.yaml"


def on_terminal(*args: str, **environment: str) -> tuple[int, str]:
    """Run the command with stdout on a terminal; gives exit status and what the terminal got."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    env |= {"TERM": "xterm", "COLUMNS": "100", **environment}
    process = subprocess.Popen([sys.executable, "-c", MAIN, *args], stdout=theirs, stderr=subprocess.DEVNULL, env=env)
    os.close(theirs)
    got = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        got += part
    os.close(ours)
    return process.wait(), got.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_terminal_gets_bold_titles_and_a_pipe_the_same_words(call, starter):
    status, text = on_terminal("evaluate", str(starter))
    assert status == 0
    assert "\x1b[1m" in text
    assert plain(text) == call("evaluate", starter).out


def test_no_color_is_respected(starter):
    overloaded = ["--set", "components.feed.capacity=300 kW"]
    status, text = on_terminal("evaluate", str(starter), *overloaded)
    assert status == 1
    assert "\x1b[1;31m" in text
    status, text = on_terminal("evaluate", str(starter), *overloaded, NO_COLOR="1")
    assert status == 1
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", text)


NARROW = [
    *([name, "{river_bend}"] for name in ("show", "capacity", "failure", "cost", "energy", "network", "risk")),
    ["evaluate", "{starter}"],
    ["compare", "{river_bend}", "--offers"],
    ["simulate", "{starter}", "--samples", "1000", "--histories", "200", "--years", "1"],
    ["validate", "{starter}"],
    ["diff", "{starter}", "{river_bend}"],
    ["query", "{starter}", "select * from site_capacity"],
    ["tables"],
    ["tables", "energy"],
    ["parts"],
    ["parts", "nvidia.dgx-h100-rack"],
    ["plugins"],
]


@pytest.mark.parametrize("line", NARROW, ids=" ".join)
def test_sixty_columns_are_not_overrun(line, starter):
    river_bend = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
    status, text = on_terminal(*(word.format(starter=starter, river_bend=river_bend) for word in line), COLUMNS="60")
    assert status == 0
    assert plain(text).strip()
    longest = max(plain(text).splitlines(), key=cell_len)
    assert cell_len(longest) <= 60, longest


def test_parquet_is_kept_from_a_terminal(starter):
    status, text = on_terminal("capacity", str(starter), "--format", "parquet")
    assert (status, text) == (2, "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(patience_s: float, work_s: float, stream: io.StringIO, error: Exception | None = None) -> str:
    """What is seen of work that lasts so long; pytest puts its own stderr back between fixture and test."""
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(stream):
        patch.setenv("TERM", "xterm")
        patch.setattr(common, "PATIENCE_S", patience_s)
        with working("counting racks"):
            time.sleep(work_s)
            if error is not None:
                raise error
    return stream.getvalue()


def test_long_work_shows_that_it_goes_on():
    assert "counting racks" in shown(0.02, 0.3, Terminal())


def counting(stream, pieces=10, piece_s=0.05, quiet=False):
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(stream):
        patch.setenv("TERM", "xterm")
        patch.setattr(common, "PATIENCE_S", 0.1)
        context = click.Context(click.Command("count"), obj={"quiet": quiet})
        with context.scope(), working("counting [red]racks"):
            for _ in counted(range(pieces), pieces, "racks"):
                time.sleep(piece_s)
    return plain(stream.getvalue())


def test_counted_work_shows_how_long_the_rest_takes():
    text = counting(Terminal())
    assert re.search(r"counting \[red\]racks: [4-9] of 10 racks, about 0 s left", text)


def test_counted_work_within_counted_work_tells_the_time_of_the_whole(monkeypatch):
    said, now = [], iter(range(0, 1000, 10))
    monkeypatch.setattr(common, "monotonic", lambda: next(now))
    shown = common._Shown(SimpleNamespace(update=said.append), "shocking x")
    for _ in counted_by(shown, 2, "shocks"):
        for _ in counted_by(shown, 4, "years"):
            pass
    assert said[2] == "shocking x: 0 of 2 shocks, 1 of 4 years, about 30 s left"
    assert said[6] == "shocking x: 1 of 2 shocks, about 60 s left"
    assert said[9] == "shocking x: 1 of 2 shocks, 2 of 4 years, about 30 s left"
    assert said[-1] == "shocking x: 2 of 2 shocks, about 0 s left"


def counted_by(listener, pieces, what):
    with listening(listener):
        yield from counted(range(pieces), pieces, what)


def test_quiet_leaves_progress_out():
    assert counting(Terminal(), pieces=3, quiet=True) == ""
    assert counting(io.StringIO(), pieces=3) == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (150, "2 min"), (3599, "1 h 0 min"), (4800, "1 h 20 min")]
)
def test_time_is_told_as_people_do(seconds, said):
    assert time_left(seconds) == said


def test_short_work_shows_nothing():
    assert "counting" not in shown(30, 0, Terminal())


def test_progress_ends_with_the_work_even_when_it_fails():
    stream = Terminal()
    with pytest.raises(KeyError, match="rack"):
        shown(0.02, 0.2, stream, KeyError("rack"))
    length = len(stream.getvalue())
    assert length
    time.sleep(0.2)
    assert len(stream.getvalue()) == length


def test_a_pipe_gets_no_progress():
    assert shown(0, 0.1, io.StringIO()) == ""
