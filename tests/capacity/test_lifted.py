"""What is said of representatives is what all instances give, to the last name."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from capacity.limits import UNLIMITED
from hypothesis import assume, given, settings
from polars.testing import assert_frame_equal
from structure.nested import nested

from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run
from twin.errors import RefusedError
from twin.structure.compile import compile_structure

SUMMED = ("load_kw", "input_kw", "loss_kw", "worst_load_kw", "headroom_kw")


def frames(topology, lifted):
    """The tables, or None where the engine refuses."""
    structure = compile_structure(topology, lifted=lifted)
    plant = SimpleNamespace(lifted=structure, topology=topology)
    try:
        return run(AnalysisInputs(UNLIMITED, plant, 0, CapacityParams()))
    except RefusedError:
        return None


@settings(max_examples=100, deadline=None)
@given(nested())
def test_representatives_give_what_all_instances_give(topology):
    few, every = (frames(topology, lifted) for lifted in (True, False))
    assert (few is None) == (every is None)
    assume(few is not None)
    assert_frame_equal(few["site_capacity"], every["site_capacity"], rel_tol=1e-8, abs_tol=1e-8)
    assert_frame_equal(by_group(few["capacity"]), by_group(every["capacity"]), rel_tol=1e-8, abs_tol=1e-8)
    order = ("month", "scope", "group")
    assert_frame_equal(few["stranded"].sort(order), every["stranded"].sort(order), rel_tol=1e-6, abs_tol=1e-6)


def by_group(capacity):
    """Loads of whole groups: sets of twins are those of one hall or row where each of these is itself."""
    sums = [(pl.col(name) * pl.col("count")).sum() for name in SUMMED]
    return capacity.group_by("month", "group").agg(pl.col("count").sum(), *sums).sort("month", "group")
