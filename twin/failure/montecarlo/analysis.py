"""The analysis `simulation`, registered by the same hook as anybody's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, Fraction, Params, hookimpl
from twin.failure.beyond import beyond
from twin.failure.montecarlo import frames
from twin.failure.montecarlo.agreement import agreement
from twin.failure.montecarlo.estimate import Stop
from twin.failure.montecarlo.headline import headline
from twin.failure.montecarlo.sequential import Histories, live_through
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.montecarlo.tilt import tilt
from twin.failure.parts import parts
from twin.failure.ride import riding
from twin.structure.snapshot import months_of_change, snapshot
from twin.tables import table
from twin.topology.given import with_params as given_from_outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.structure.model import Bools, Snapshot, Structure
    from twin.topology.model import ModelEntry, Topology


NAME = "simulation"


class SimulationParams(Params):
    """Parameters of `analyses: {simulation: …}`; the defaults take a fraction of a second on a campus."""

    samples: int = Field(
        default=1 << 16, ge=2, le=10_000_000_000, description="states of the long run that are drawn at the most"
    )
    half_width: Fraction | None = Field(
        default=None,
        gt=0.0,
        description="stop once the share of time that every site is not fed, and that of its load that is not served, "
        "are known to so much either way",
    )
    relative: bool = Field(
        default=False, description="whether `half_width` is a share of these losses and not of the whole"
    )
    confidence: Fraction = Field(default=0.99, gt=0.0, lt=1.0, description="of all half-widths")
    levels: tuple[Fraction, ...] = Field(
        default=(0.9, 0.99), description="shares of a site's load: how often is at least so much in service"
    )
    biasing: bool = Field(
        default=False, description="draw each site once more with its rare failures made frequent (cross-entropy)"
    )
    histories: int = Field(default=100, ge=0, le=100_000_000, description="histories; 0 for none, else 2 or more")
    years: int = Field(default=10, ge=1, le=1_000, description="length of one history")
    draws: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="draws of uncertain failure rates, each solved exactly; 0 for none, 93 and more for bounds",
    )


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Simulate the last month in which something changes: full build.

    Returns:
        Tables `simulation`, `outage_durations`, `uncertainty`, `availability_draws` and `rate_draws`, and rows of
        `checks`.

    Raises:
        RefusedError: behaviour that cannot be, too few draws, one history.
    """
    params, seed = inputs.params, inputs.seed
    structure = riding(inputs.twin.structure, inputs.tables["grid_survival"])
    month = snapshot(structure, months_of_change(structure)[-1])
    found = [_steady(month, params, seed)]
    if params.biasing:
        found += _biased(month, params, seed)
    lasting = table("outage_durations").empty()
    if params.histories:
        histories = Histories(month, float(params.years), seed)
        block = live_through(histories, max(params.histories, 2))
        found.append(frames.sequential(histories, block, params.confidence))
        lasting = frames.durations(histories, block)
    simulation = pl.concat(found)
    left_out = beyond(month)
    methods = ("steady", "biased") if left_out else ("steady", "biased", "sequential")
    exact, levels = inputs.tables["availability"], inputs.tables["capacity_outage"]
    checks = [agreement(exact, simulation, methods, capacity_outage=levels), _named(structure, left_out)]
    return {
        "simulation": simulation,
        "outage_durations": lasting,
        **headline(month, params.draws, seed),
        "checks": pl.concat(checks),
    }


def stated(topology: Topology) -> SimulationParams:
    """The parameters of the simulation as a topology states them, the defaults where it does not."""
    old = _entry(topology)
    return cast("SimulationParams", old.params) if old else SimulationParams()


def _entry(topology: Topology) -> ModelEntry | None:
    return next((entry for entry in topology.section("analyses") if entry.name == NAME), None)


def with_params(topology: Topology, given: Mapping[str, object]) -> Topology:
    """The topology with some parameters of `analyses: {simulation: …}` set, as the command line sets them.

    Args:
        topology: as loaded.
        given: parameter -> value; those left out stay as the file has them.

    Raises:
        UsageError: a value that the parameter does not take.
    """
    return given_from_outside(topology, NAME, SimulationParams, given)


def _steady(month: Snapshot, params: SimulationParams, seed: int) -> pl.DataFrame:
    sampler = Sampler(month, parts(month.structure), params.levels, samples=params.samples)
    found = simulate(sampler, _stop(params), seed)
    return frames.steady(month, found, params.levels, confidence=params.confidence, seed=seed)


def _biased(month: Snapshot, params: SimulationParams, seed: int) -> Iterator[pl.DataFrame]:
    """Each site by itself: what makes one site lose supply says nothing about another."""
    of = parts(month.structure)
    for index, scope in enumerate(month.structure.scopes):
        inside = _within(month, index)
        if scope.parent >= 0 or not inside.any():
            continue
        alone = replace(month, class_on=inside)
        sampler = Sampler(alone, of, samples=params.samples)
        found = simulate(sampler, _stop(params), seed, watched=np.array([index]), proposal=tilt(sampler, index, seed))
        yield frames.steady(alone, found, (), confidence=params.confidence, seed=seed, method="biased", scopes=[index])


def _within(month: Snapshot, scope: int) -> Bools:
    """(classes,): energised and in the site."""
    site = np.array([each.site for each in month.structure.scopes], dtype=np.int64)
    inside: Bools = month.class_on & (site[month.structure.classes.scope] == scope)
    return inside


def _stop(params: SimulationParams) -> Stop:
    return Stop(params.samples, params.half_width, params.relative, params.confidence)


def _named(structure: Structure, left_out: dict[str, tuple[str, ...]]) -> pl.DataFrame:
    """A row that names what the histories carry and the exact answer does not."""
    if not left_out:
        return table("checks").empty()
    said = "; ".join(f"{name} of {', '.join(paths)}" for name, paths in left_out.items())
    return table("checks").frame(
        {
            "check": ["simulation_beyond_exact"],
            "scope": [structure.topology.name],
            "ok": [True],
            "got": [", ".join(left_out)],
            "wanted": ["the histories alone carry it in time"],
            "message": [f"the exact availability leaves out what these do in time, so the two may differ: {said}"],
        }
    )


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The simulation of failure."""
    return [
        Analysis(
            name=NAME,
            doc="Failure by sampled states and histories in time: what the exact answer is held against or leaves out.",
            params=SimulationParams,
            run=run,
            requires=("availability", "capacity_outage", "grid_survival"),
            produces=("simulation", "outage_durations", "uncertainty", "availability_draws", "rate_draws", "checks"),
        )
    ]
