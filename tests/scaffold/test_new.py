"""A new plugin of every kind: complete, it passes its own tests, and it conforms."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from twin.errors import UsageError
from twin.hookspecs import RETURNS
from twin.scaffold.new import KINDS, new

if TYPE_CHECKING:
    from pathlib import Path


def installed(package: Path, site: Path) -> dict[str, str]:
    """The environment of a process in which the package is there as an installed one is."""
    name = package.name
    about = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text(f"[twin]\n{name} = {name.replace('-', '_')}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (package / "src", site)))}


def python(*args: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, check=False, cwd=cwd, env=env)


def test_there_is_a_kind_for_every_hook():
    hooks = {hook.removeprefix("twin_") for hook in RETURNS}
    plural = {"workload": "workloads", "analysis": "analyses", "reader": "readers"}
    assert {plural.get(kind, kind) for kind in KINDS} == hooks


QUICK = {"hardware", "energy", "financing"}
"""One of each sort: figures alone, by the hour, by the month; the others are in the slow step."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in QUICK else [pytest.mark.slow]) for kind in KINDS]
)
def test_a_new_package_passes_its_tests_and_its_check(kind, tmp_path):
    written = new(f"acme-{kind}", kind, tmp_path)
    package = tmp_path / f"acme-{kind}"
    assert {path.name for path in written} >= {"pyproject.toml", "README.md", "LICENSE", "example.yaml", ".gitignore"}
    assert not [path for path in written if "my-plugin" in path.read_text() or "my_plugin" in path.read_text()]
    env = installed(package, tmp_path / "site")
    tests = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "twin.pytest_plugin", cwd=package, env=env)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert re.search(r"^[23] passed", tests.stdout, re.MULTILINE)
    check = python("-m", "twin", "plugin", "check", package.name, "--format", "csv", cwd=tmp_path, env=env)
    assert check.returncode == 0, check.stdout + check.stderr
    rows = [line.split(",") for line in check.stdout.splitlines()[1:]]
    assert rows[0][:3] == [package.name, "loads", "true"]
    assert (len(rows) > 5) == (kind not in {"hardware", "reader"})


@pytest.mark.slow
def test_pip_installs_a_new_package(tmp_path):
    """As its README says, in a venv of its own that sees this one's packages."""
    new("acme-leases", "financing", tmp_path)
    assert python("-m", "venv", "--system-site-packages", "venv", cwd=tmp_path, env=dict(os.environ)).returncode == 0
    here = tmp_path / "venv" / "bin" / "python"
    pip = [str(here), "-m", "pip", "install", "--quiet", "--no-deps", "./acme-leases"]
    assert subprocess.run(pip, check=False, cwd=tmp_path).returncode == 0
    paths = os.pathsep.join(path for path in sys.path if path)
    listed = subprocess.run(
        [str(here), "-m", "twin", "plugins"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert "acme-leases" in listed.stdout


@pytest.mark.parametrize("name", ["Acme", "acme leases", "-acme", "acme-", "1st", ""])
def test_names_that_cannot_be_one(name, tmp_path):
    with pytest.raises(UsageError, match="lower-case words"):
        new(name, "financing", tmp_path)


@pytest.mark.parametrize("name", ["twin", "json", "lambda"])
def test_names_that_are_taken(name, tmp_path):
    with pytest.raises(UsageError, match="already"):
        new(name, "financing", tmp_path)


def test_nothing_is_overwritten_and_nothing_is_left_half_written(tmp_path):
    (tmp_path / "acme").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        new("acme", "financing", tmp_path)
    with pytest.raises(UsageError, match="did you mean 'financing'"):
        new("other", "financin", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["acme"]
    assert not list((tmp_path / "acme").iterdir())
