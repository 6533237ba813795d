from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import fake_results
import pytest

from twin.cli.main import run
from twin.results.results import Results

ANALYSES = {
    "capacity": ("capacity", "site_capacity", "stranded", "fit", "demand", "checks"),
    "upgrades": ("upgrades",),
    "failure": ("availability", "contingency", "checks"),
    "energy": ("schedule", "energy", "energy_cost", "site_hours", "checks"),
    "carbon": (),
    "resilience": (),
    "cost": ("cashflow", "debt", "party_metrics", "unit_cost"),
}


class FakeTwin:
    """Stands for a loaded topology: gives the frames of `fake_results` and writes down what was run."""

    def __init__(self, frames) -> None:
        self.frames = frames
        self.ran = []
        self.loaded_with = {}
        self.registry = SimpleNamespace(models=self.models, broken=())
        self.topology = SimpleNamespace(section=lambda _: (), groups={}, parties={})

    def models(self, section):
        assert section == "analyses"
        return {name: SimpleNamespace(model=SimpleNamespace(produces=made)) for name, made in ANALYSES.items()}

    def run(self, *names, seed=0) -> Results:
        self.ran.append((names, seed))
        made = {table: self.frames[table] for name in names for table in ANALYSES[name]}
        on_demand = {name: (lambda name=name: self.frames[name]) for name in ("groups", "assumptions")}
        return Results(made, fake_results.provenance(seed=seed), on_demand)

    def gives(self, *names):
        made = [table for name in names or ANALYSES for table in ANALYSES.get(name, ())]
        return ("groups", "assumptions", *made)

    def evaluate(self, *, seed=0) -> Results:
        return self.run(*ANALYSES, seed=seed)


@pytest.fixture(autouse=True)
def _wide_as_a_pipe(monkeypatch) -> None:
    """No width from the shell or from the test runner."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def twin(monkeypatch) -> FakeTwin:
    """What `twin.evaluate.load` gives during the test."""
    made = FakeTwin(fake_results.small_tables())

    def load(path, **options):
        made.loaded_with = {"path": path, **options}
        return made

    module = ModuleType("twin.evaluate")
    module.load = load
    module.INPUT_TABLES = ("groups", "nodes", "edges", "assumptions")
    monkeypatch.setitem(sys.modules, "twin.evaluate", module)
    return made


@pytest.fixture
def file(tmp_path, twin):  # noqa: ARG001 - whoever has the file has the twin
    """A topology file that is there; the fake twin does not look inside."""
    path = tmp_path / "small.yaml"
    path.write_text("twin: 1\n")
    return path


@pytest.fixture
def call(capfdbinary):
    """Run a command line; gives exit status, stdout and stderr."""

    def run_it(*args):
        sys.stdout.flush()
        capfdbinary.readouterr()
        status = run([str(arg) for arg in args])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return SimpleNamespace(status=status, out=out.decode(errors="replace"), err=err.decode(), bytes=out)

    return run_it
