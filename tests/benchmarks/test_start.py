"""What a command costs before and after its imports, as ratios in the same run.

`pytest tests/benchmarks/test_start.py -s` prints the figures.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

QUICKSTART = Path(__file__).parents[2] / "topologies" / "quickstart.yaml"
MAIN = "from twin.cli.main import main; main()"

SPLIT = """
import builtins, importlib, json, sys, time

begin, spent, inside = time.process_time(), 0.0, False

def timed(importing):
    def call(*args, **given):
        global spent, inside
        if inside:
            return importing(*args, **given)
        inside, at = True, time.process_time()
        try:
            return importing(*args, **given)
        finally:
            inside = False
            spent += time.process_time() - at
    return call

builtins.__import__, importlib.import_module = timed(builtins.__import__), timed(importlib.import_module)
from twin.cli.main import run
status = run(sys.argv[1:])
print(json.dumps([status, spent, time.process_time() - begin - spent]), file=sys.stderr)
"""
"""Runs a command and tells CPU time inside imports, whoever imports, and outside."""


def cpu_s(*line: str) -> float:
    """CPU time of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *line], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_costs_less_than_three_times_click():
    """Medians of 20 processes each, in turn."""
    pairs = [(cpu_s("-c", MAIN, "--help"), cpu_s("-c", "import click")) for _ in range(20)]
    ours, click = (statistics.median(each) for each in zip(*pairs, strict=True))
    said = f"twin --help {ours * 1000:.0f} ms, import click {click * 1000:.0f} ms of CPU: {ours / click:.2f} times"
    sys.stdout.write(f"\n{said}\n")
    assert ours < 3.0 * click


@pytest.mark.slow
def test_imports_dominate_an_evaluation_of_the_quickstart():
    """Medians of 7 fresh processes."""
    line = [sys.executable, "-c", SPLIT, "evaluate", str(QUICKSTART)]
    found = []
    for _ in range(7):
        done = subprocess.run(line, check=True, capture_output=True, text=True)
        status, imports, rest = json.loads(done.stderr.splitlines()[-1])
        assert status == 0
        found.append((imports, rest))
    imports, rest = (statistics.median(each) for each in zip(*found, strict=True))
    said = f"evaluate quickstart.yaml: imports {imports:.2f} s, the rest {rest:.2f} s of CPU: {rest / imports:.2f}"
    sys.stdout.write(f"\n{said}\n")
    assert rest < 0.4 * imports
