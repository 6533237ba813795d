"""Debian's `scram`, where it is: its own models, run by it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from math import inf
from pathlib import Path

import pytest

PROGRAM = shutil.which("scram")
INPUT = Path("/usr/share/scram/input")
needs_scram = pytest.mark.skipif(
    PROGRAM is None or not INPUT.is_dir(), reason="the program scram with its input models is not installed"
)

MODELS = {
    "BSCU": ("BSCU/BSCU.xml",),
    "baobab1": ("Baobab/baobab1.xml", "Baobab/baobab1-basic-events.xml"),
    "baobab2": ("Baobab/baobab2.xml", "Baobab/baobab2-basic-events.xml"),
    "CEA9601": ("CEA9601/CEA9601.xml", "CEA9601/CEA9601-basic-events.xml"),
    "Chinese": ("Chinese/chinese.xml", "Chinese/chinese-basic-events.xml"),
    "Chinese, high": ("Chinese/chinese.xml", "Chinese/high-prob.xml"),
    "Chinese, normal": ("Chinese/chinese.xml", "Chinese/mcs_prob.xml"),
    "Chinese, mixed": ("Chinese/chinese.xml", "Chinese/mixed_mcs_prob.xml"),
    "gas leak": ("EventTrees/gas_leak/gas_leak_reactive.xml",),
    "HIPPS": ("HIPPS/HIPPS.xml",),
    "Lift": ("Lift/lift.xml",),
    "SmallTree": ("SmallTree/SmallTree.xml",),
    "Theatre": ("Theatre/theatre.xml",),
    "ThreeMotor": ("ThreeMotor/three_motor.xml",),
    "TwoTrain": ("TwoTrain/two_train.xml",),
    "TwoTrain, common cause": ("TwoTrain/common_cause.xml",),
    "ne574": ("ne574/ne574.xml",),
}
"""Every one of its models that is a fault tree with an exact answer."""


def files(name: str) -> list[Path]:
    """The files of a model."""
    return [INPUT / one for one in MODELS[name]]


def report(paths: list[Path], *options: str) -> str:
    """What scram writes of a model, with common cause."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "report.xml"
        line = [str(PROGRAM), *map(str, paths), "--bdd", "--probability", "1", "--ccf", "1", *options, "-o", str(place)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return place.read_text()


def tops(text: str) -> dict[str, float]:
    """Probability of every top event of the fault trees."""
    found = re.findall(r'<sum-of-products name="([^"]*)"[^>]*? probability="([^"]*)"', text)
    return {name: float(value) for name, value in found}


def importance(text: str, top: str) -> dict[str, tuple[float, ...]]:
    """Event -> occurrence, MIF, CIF, DIF, RAW, RRW; an event of common cause is called after its members."""
    body = re.search(rf'<importance name="{re.escape(top)}".*?</importance>', text, re.DOTALL)
    assert body is not None
    names = ("occurrence", "MIF", "CIF", "DIF", "RAW", "RRW")
    found = {}
    for name, attributes in re.findall(r'<basic-event name="([^"]*)" (occurrence=[^>]*?)/?>', body[0]):
        found[name] = _values(attributes, names)
    for attributes, inside in re.findall(r"<ccf-event ([^>]*)>(.*?)</ccf-event>", body[0], re.DOTALL):
        members = re.findall(r'basic-event name="([^"]*)"', inside)
        found[f"[{' '.join(members)}]"] = _values(attributes, names)
    return found


def _values(attributes: str, names: tuple[str, ...]) -> tuple[float, ...]:
    given = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
    # scram writes 0 for a risk reduction worth that is infinite.
    return tuple(float(given[name]) or (inf if name == "RRW" else 0.0) for name in names)


def seconds(text: str) -> float:
    """The calculation time that scram reports: products and probability."""
    return sum(float(one) for one in re.findall(r"<(?:products|probability)>([^<]*)<", text))
