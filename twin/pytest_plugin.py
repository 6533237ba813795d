"""Fixtures for the tests of a plugin; pytest finds them wherever `twin` is installed.

- `twin_tiny("deals: [...]", plugins=[my_plugin])` is a loaded topology of four racks and four parties.
- `twin_inputs(MODEL, {"fee": {"fee": "$10/kW-month"}})` is what a model is given, for a small site.
- `twin_run(MODEL, {"fee": {"fee": "$10/kW-month"}})` is what it returns, held against the tables.

Nothing of `twin` is imported before a fixture is used, so that the tests of others are not slower for it.
`-p no:twin.pytest_plugin` leaves it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import polars as pl

    from twin.api import Model, Params
    from twin.evaluate import Twin

    Entries = Mapping[str, Mapping[str, Any] | Params]


class Tiny(Protocol):
    """A tiny topology, loaded."""

    def __call__(self, sections: str = "", *, racks: int = 4, months: int = 24, plugins: Iterable[object] = ()) -> Twin:
        """Load it with more sections; as `twin.testing.tiny_topology` and `load_text` have them."""


class Inputs(Protocol):
    """What a model is given."""

    def __call__(self, model: Model, entries: Entries, **frames: Any) -> Any:
        """Build it; as `twin.testing.inputs_of` has it."""


class Run(Protocol):
    """What a model returns."""

    def __call__(self, model: Model, entries: Entries, **frames: Any) -> dict[str, pl.DataFrame]:
        """Call the model as `twin` does, twice; as `twin.testing.run_model` has it."""


@pytest.fixture
def twin_tiny(tmp_path: Path) -> Tiny:
    """Loads a tiny topology with more sections: `twin_tiny("deals: [...]", plugins=[my_plugin])`."""

    def load(sections: str = "", *, racks: int = 4, months: int = 24, plugins: Iterable[object] = ()) -> Twin:
        from twin.testing import load_text, tiny_topology  # noqa: PLC0415 - polars is loaded for who asks

        return load_text(tiny_topology(sections, racks=racks, months=months), tmp_path, plugins=plugins)

    return load


@pytest.fixture
def twin_inputs() -> Inputs:
    """Builds what a model is given: `twin_inputs(MODEL, {"name": {"price": "$2/h"}}, months=12)`."""

    def build(model: Model, entries: Entries, **frames: Any) -> Any:
        from twin.testing import inputs_of  # noqa: PLC0415 - as above

        return inputs_of(model, entries, **frames)

    return build


@pytest.fixture
def twin_run(twin_inputs: Inputs) -> Run:
    """Calls a model for a small site: `twin_run(MODEL, {"name": {"price": "$2/h"}})["cashflow"]`."""

    def run(model: Model, entries: Entries, **frames: Any) -> dict[str, pl.DataFrame]:
        from twin.testing import run_model  # noqa: PLC0415 - as above

        return run_model(model, twin_inputs(model, entries, **frames))

    return run
