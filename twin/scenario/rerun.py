"""A file evaluated again with something changed, keeping every table that the change cannot touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.evaluate import load
from twin.topology.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import polars as pl

    from twin.evaluate import Twin
    from twin.results.results import Results
    from twin.topology.model import Topology

_PHYSICS = ("schedule", "goodput", "goodput_loss")
_BILLS = ("energy", "energy_cost")
_MONEY_ONLY = ("deals", "discount", "parties")
_AFTER_SCHEDULE = (*_MONEY_ONLY, "energy", "cooling")


@dataclass(frozen=True)
class Base:
    """A topology file with its results, from which others are made.

    Attributes:
        path: the file.
        scenario, overlays, trust, seed: as it was loaded.
        twin: the loaded topology.
        results: of the analysis `cost` and all that it requires.
    """

    path: Path
    scenario: str
    overlays: tuple[str, ...]
    trust: bool
    seed: int
    twin: Twin
    results: Results

    def topology(self) -> Topology:
        """The file as it is read, before its months are counted."""
        return read(self.path, self.twin.registry, scenario=self.scenario, overlays=self.overlays)

    def with_overlays(self, overlays: Sequence[str]) -> Results:
        """The results of `cost` with further `path=value` settings.

        Where the settings are of deals, discount and parties alone, only money is worked out again; with energy
        or cooling the bills are too; anything else runs all.

        Raises:
            InputError: a setting that the file does not take.
            RefusedError: a deal that cannot be worked out with it.
        """
        twin = load(self.path, scenario=self.scenario, overlays=(*self.overlays, *overlays), trust=self.trust)
        return twin.run("cost", seed=self.seed, given=self._kept(twin, overlays))

    def _kept(self, twin: Twin, overlays: Iterable[str]) -> dict[str, pl.DataFrame]:
        sections = {overlay.partition("=")[0].strip().partition(".")[0] for overlay in overlays}
        if twin.calendar != self.twin.calendar or not sections <= set(_AFTER_SCHEDULE):
            return {}
        names = (*_PHYSICS, *_BILLS) if sections <= set(_MONEY_ONLY) else _PHYSICS
        return {name: self.results[name] for name in names if name in self.results}


def base(path: Path, *, scenario: str = "", overlays: Sequence[str] = (), trust: bool = False, seed: int = 0) -> Base:
    """Load a file and work out its money.

    Args:
        path: the file.
        scenario: a scenario of the file.
        overlays: settings after it.
        trust: run a `twinfile.py` beside it.
        seed: of what is drawn at random.
    """
    twin = load(path, scenario=scenario, overlays=overlays, trust=trust)
    return Base(path, scenario, tuple(overlays), trust, seed, twin, twin.run("cost", seed=seed))
