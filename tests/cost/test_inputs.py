from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from deals import START, deal, structure

from twin.api import Calendar
from twin.cost import inputs

RACKS = (("dc", 2, 5), ("dc", 4, 15), ("annex", -3, 1))


def test_phases_count_all_loads_and_share_the_site():
    got = inputs.phases(structure(racks=RACKS, others=(("dc", 2, 50),)), Calendar(START, 12))
    assert got.rows() == [
        ("annex", date(2026, 10, 1), 1, 8, 100.0, 1.0),
        ("dc", date(2027, 3, 1), 5, 40, 1000.0, 0.4),
        ("dc", date(2027, 5, 1), 15, 120, 1500.0, 0.6),
    ]


def test_phases_of_a_site_without_power_have_no_share():
    made = structure(racks=(("dc", 0, 3),))
    made.classes.power_kw[:] = 0.0
    assert inputs.phases(made, Calendar(START, 12))["share_fraction"].to_list() == [0.0]


def test_parts_are_racks_with_their_price():
    got = inputs.parts(structure(racks=RACKS, others=(("dc", 2, 50),)), Calendar(START, 12))
    assert got.rows()[1] == ("dc", "dc/rack", "maker.rack", date(2027, 3, 1), 5, 40, 500.0, 3e6)
    assert got["racks"].sum() == 21
    unpriced = inputs.parts(structure(price=None), Calendar(START, 12))
    assert unpriced["price_usd"].to_list() == [None]


def test_what_holds_accelerators_is_bought_though_it_is_no_rack():
    made = structure(racks=(("dc", 0, 3),))
    made.classes.is_rack[:] = False
    assert inputs.parts(made, Calendar(START, 12))["racks"].to_list() == [3]
    assert inputs.phases(made, Calendar(START, 12))["racks"].to_list() == [0]


def test_prices_by_instance_from_a_side_table():
    rows = pl.DataFrame({"price": [1e6, 2e6, 1e6, None]})
    got = inputs.parts(structure(racks=(("dc", 0, 4),), rows=rows), Calendar(START, 12))
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
