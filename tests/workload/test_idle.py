"""What idles against sums over single racks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import HERE, Builder, power, value

from twin.api import Calendar, Fraction, Params, Ratio
from twin.structure.compile import compile_structure
from twin.structure.installed import energised
from twin.topology.model import ModelEntry, Override, Supplier
from twin.workload.idle import idle_share
from twin.workload.utilisation import utilisation

CALENDAR = Calendar(date(2027, 1, 1), 4)


class Run(Params):
    accelerators: Ratio = 1.0
    utilisation: Fraction = 1.0


def structure(racks, overrides=()):
    """One site; a group for each (count, kW, idle share or None, month of coming into service)."""
    make = Builder().add("s", None, "site").add("s/grid", None, "utility")
    for number, (count, kilowatts, idle, month) in enumerate(racks):
        figures = {"load": value(kilowatts), "accelerators": value(8)}
        figures |= {} if idle is None else {"idle_fraction": value(idle)}
        feed = [power(Supplier("s/grid", "s"))]
        make.add(f"s/r{number}", count, "rack", depends=feed, attributes=figures, energised=(month,))
    return compile_structure(replace(make.done(overrides), calendar=CALENDAR))


def shares(racks, overrides=()):
    return idle_share(structure(racks, overrides), CALENDAR)["idle_fraction"].to_list()


rack = st.tuples(st.integers(1, 4), st.floats(1.0, 200.0), st.none() | st.floats(0.0, 1.0), st.integers(0, 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(rack, min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_the_draw_is_the_sum_over_racks(racks, use):
    made = structure(racks)
    months = energised(made, CALENDAR)
    entry = ModelEntry("workloads", "w", "any", Run(utilisation=use), {}, (), HERE)
    share = utilisation(months, [entry], idle_share(made, CALENDAR))["utilisation_fraction"]
    drawn = (months["it_kw"] * share).to_list()
    for month, got in enumerate(drawn):
        on = [(count * kw, idle or 0.0) for count, kw, idle, start in racks if start <= month]
        assert got == pytest.approx(sum(load * (idle + (1 - idle) * use) for load, idle in on))


def test_nothing_known_is_nothing_drawn():
    assert shares([(2, 50.0, None, 0)]) == [0.0] * 4
    assert shares([(2, 50.0, 0.3, 9)]) == [0.0] * 4


def test_the_share_follows_what_is_in_service():
    assert shares([(1, 100.0, 0.2, 0), (1, 300.0, None, 2)]) == pytest.approx([0.2, 0.2, 0.05, 0.05])


def test_one_instance_may_differ():
    changed = Override("s/r0", (1,), "idle_fraction", value(0.5))
    assert shares([(2, 100.0, 0.1, 0)], [changed]) == pytest.approx([0.3] * 4)


def test_full_use_draws_everything_and_a_site_without_workloads_too():
    made = structure([(2, 100.0, 0.4, 0)])
    months, idle = energised(made, CALENDAR), idle_share(made, CALENDAR)
    for entries in ([], [ModelEntry("workloads", "w", "any", Run(), {}, (), HERE)]):
        assert utilisation(months, entries, idle)["utilisation_fraction"].to_list() == [1.0] * 4
    half = ModelEntry("workloads", "w", "any", Run(accelerators=0.5), {}, (), HERE)
    assert utilisation(months, [half], idle)["utilisation_fraction"].to_list() == pytest.approx([0.7] * 4)
    assert isinstance(idle, pl.DataFrame)
