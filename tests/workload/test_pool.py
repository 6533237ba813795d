"""Racks in service: against enumeration, published figures, and what spares may not do."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import Source

from twin.workload.pool import in_service, sure

pools = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([1.0, 2.5, 8.0]), st.floats(0.0, 1.0)), min_size=1, max_size=3
)


def frame(*rows: tuple[float, float, float]) -> pl.DataFrame:
    """Racks, what one gives, how probably one is in service."""
    return pl.DataFrame(rows, schema=dict.fromkeys(("racks", "size", "availability"), pl.Float64), orient="row")


def brute(racks, wanted, least):
    """Capacity and probability of running, state by state; racks as (size, availability)."""
    capacity = running = 0.0
    for state in product((0, 1), repeat=len(racks)):
        chance, amount = 1.0, 0.0
        for up, (size, availability) in zip(state, racks, strict=True):
            chance *= availability if up else 1.0 - availability
            amount += size * up
        if amount >= least - 1e-9:
            running += chance
            capacity += chance * min(amount, wanted) / wanted
    return capacity, running


@given(pools, st.floats(0.1, 1.0), st.floats(0.0, 1.0))
def test_it_is_what_enumeration_gives(made, wanted, least):
    racks = [(size, availability) for count, size, availability in made for _ in range(count)]
    want = wanted * sum(size for size, _ in racks)
    # half a unit off any sum of racks, so that rounding does not decide
    need = int(least * want) + 0.25
    got = in_service(frame(*made), want, need)
    assert (got.capacity, got.running) == pytest.approx(brute(racks, want, need), abs=1e-12)


def test_a_rack_may_be_used_in_part():
    got = in_service(frame((2.5, 8.0, 0.9)), 20.0, 12.0)
    assert (got.capacity, got.running) == pytest.approx(brute([(8.0, 0.9), (8.0, 0.9), (4.0, 0.9)], 20.0, 12.0))


@given(st.floats(0.5, 1.0), st.integers(1, 300), st.integers(0, 60), st.integers(1, 30), st.floats(0.0, 1.0))
def test_more_spares_never_hurt(availability, racks, spares, more, least):
    few = in_service(frame((racks + spares, 72.0, availability)), racks * 72.0, least * racks * 72.0)
    many = in_service(frame((racks + spares + more, 72.0, availability)), racks * 72.0, least * racks * 72.0)
    assert many.capacity >= few.capacity - 1e-12
    assert many.running >= few.running - 1e-12


@given(st.floats(0.0, 1.0), st.floats(1.0, 5000.0))
def test_without_spares_and_floor_the_mean_is_the_availability(availability, racks):
    got = in_service(frame((racks, 72.0, availability)), racks * 72.0)
    assert got.capacity == pytest.approx(availability, abs=1e-12)
    assert got.running == 1.0


SUPERPOD = Source(
    "Goodput",
    "Google, TPU superpod",
    "Google Cloud, cluster-level reliability for trillion-parameter models on TPUs, May 2026 (read in summaries): of "
    "the 144 cubes of 64 TPUs in a superpod, 130 are healthy with 95 % confidence, by the binomial distribution. The "
    "availability of a cube is not published; 93.469 % is what gives 95 %.",
)


def test_the_superpod_has_130_of_144_cubes(published):
    published("healthy cubes of 144", 130, sure(144, 0.93469, 0.95), abs=0, source=SUPERPOD)
    assert sure(144, 0.93468, 0.95) == 129
    whole = in_service(frame((144, 64.0, 0.9346861267)), 130 * 64.0, 130 * 64.0)
    assert whole.running == pytest.approx(0.95, abs=1e-8)
    assert whole.capacity == pytest.approx(0.95, abs=1e-8)


def test_sure_at_the_ends():
    assert sure(10, 1.0, 0.99) == 10
    assert sure(10, 0.0, 0.99) == 0
