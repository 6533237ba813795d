from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from deals import START, deal, structure
from hypothesis import given
from hypothesis import strategies as st

from twin.api import Calendar
from twin.cost import inputs
from twin.topology.instances import FOREVER

RACKS = (("dc", 2, 5), ("dc", 4, 15), ("annex", -3, 1))


def test_phases_count_all_loads_and_share_the_site():
    got = inputs.financing_inputs(structure(racks=RACKS, others=(("dc", 2, 50),)), Calendar(START, 12)).phases
    assert got.rows() == [
        ("annex", date(2026, 10, 1), 1, 8, 100.0, 1.0),
        ("dc", date(2027, 3, 1), 5, 40, 1000.0, 0.4),
        ("dc", date(2027, 5, 1), 15, 120, 1500.0, 0.6),
    ]


def test_phases_of_a_site_without_power_have_no_share():
    made = structure(racks=(("dc", 0, 3),))
    made.classes.power_kw[:] = 0.0
    assert inputs.financing_inputs(made, Calendar(START, 12)).phases["share_fraction"].to_list() == [0.0]


def retiring(*spans, power=(100.0, 100.0)):
    """Groups of one site: (month index, count, retired) each."""
    made = structure(racks=tuple(("dc", start, count) for start, count, _ in spans))
    made.classes.retired[:] = [end for *_, end in spans]
    made.classes.power_kw[:] = power[: len(spans)]
    return made


def test_what_takes_the_place_of_what_retired_is_no_new_phase():
    got = inputs.financing_inputs(retiring((0, 10, 24), (24, 10, FOREVER)), Calendar(START, 60)).phases
    assert got.rows() == [("dc", date(2027, 1, 1), 10, 80, 1000.0, 1.0)]
    gap = inputs.financing_inputs(retiring((0, 10, 24), (26, 4, FOREVER)), Calendar(START, 60)).phases
    assert gap.rows() == [("dc", date(2027, 1, 1), 10, 80, 1000.0, 1.0)]


def test_only_what_exceeds_it_is():
    got = inputs.financing_inputs(
        retiring((0, 10, 24), (24, 10, FOREVER), power=(100.0, 150.0)), Calendar(START, 60)
    ).phases
    assert got.rows() == [
        ("dc", date(2027, 1, 1), 10, 80, 1000.0, pytest.approx(2 / 3)),
        ("dc", date(2029, 1, 1), 0, 0, 500.0, pytest.approx(1 / 3)),
    ]


@given(
    st.lists(
        st.tuples(st.integers(-4, 12), st.integers(1, 5), st.integers(-4, 20) | st.just(FOREVER)),
        min_size=1,
        max_size=6,
    )
)
def test_phases_add_up_to_the_most_in_service_so_far(spans):
    made = retiring(*spans, power=[10.0 * (k + 1) for k in range(len(spans))])
    got = inputs.financing_inputs(made, Calendar(START, 24)).phases
    for month in range(24):
        most = 0.0
        for earlier in range(-4, month + 1):
            on = [(n, k) for k, (start, n, end) in enumerate(spans) if start <= earlier < end and end > max(start, 0)]
            most = max(most, sum(n * 10.0 * (k + 1) for n, k in on))
        so_far = got.filter(pl.col("month") <= Calendar(START, 24).date(month))["it_kw"].sum()
        assert so_far == pytest.approx(most)


def test_parts_say_when_they_retire():
    got = inputs.financing_inputs(retiring((0, 10, 24), (24, 10, FOREVER)), Calendar(START, 60)).parts
    assert got.select("month", "racks", "retired").rows() == [
        (date(2027, 1, 1), 10, date(2029, 1, 1)),
        (date(2029, 1, 1), 10, None),
    ]
    assert inputs.financing_inputs(retiring((-9, 10, 0)), Calendar(START, 60)).parts.is_empty()


def test_parts_are_racks_with_their_price():
    got = inputs.financing_inputs(structure(racks=RACKS, others=(("dc", 2, 50),)), Calendar(START, 12)).parts
    assert got.rows()[1] == ("dc", "dc/rack", "maker.rack", date(2027, 3, 1), 5, 40, 500.0, 3e6, None)
    assert got["racks"].sum() == 21
    unpriced = inputs.financing_inputs(structure(price=None), Calendar(START, 12)).parts
    assert unpriced["price_usd"].to_list() == [None]


def test_what_holds_accelerators_is_bought_though_it_is_no_rack():
    made = structure(racks=(("dc", 0, 3),))
    made.classes.is_rack[:] = False
    assert inputs.financing_inputs(made, Calendar(START, 12)).parts["racks"].to_list() == [3]
    assert inputs.financing_inputs(made, Calendar(START, 12)).phases["racks"].to_list() == [0]


def test_prices_by_instance_from_a_side_table():
    rows = pl.DataFrame({"price": [1e6, 2e6, 1e6, None]})
    got = inputs.financing_inputs(structure(racks=(("dc", 0, 4),), rows=rows), Calendar(START, 12)).parts
    assert dict(got.select("price_usd", "racks").iter_rows()) == {1e6: 2, 2e6: 1, 3e6: 1}
    assert got["accelerators"].sum() == 32
    assert got["it_kw"].sum() == 400.0
    assert set(got["site"]) == {"dc"}


def test_parties_and_entries():
    made = structure(deal("rent"), deal("fee"))
    parties = inputs.parties(made.topology)
    assert parties.rows()[:3] == [("lab", "tenant", ""), ("owner", "landlord", ""), ("bank", "lender", "AA")]
    assert ("vendor", "external", "") in parties.rows()
    assert list(inputs.entries_of(made.topology)) == ["rent", "fee"]


@pytest.mark.parametrize("table", ["schedule", "cashflow", "debt"])
def test_tables_not_given_are_empty(table):
    assert getattr(inputs.financing_inputs(structure(), Calendar(START, 0)), table).is_empty()
