"""Own, lease or rent: bridges sum, mixes are linear, break-even is where two offers cost the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

import twin
from twin.cost.offers import OffersParams, Worked, break_even, bridge, mixed
from twin.errors import InputError

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
MONTHS = 24
FACTORS = 1.08 ** (-np.arange(MONTHS) / 12)
amounts = hnp.arrays(np.float64, MONTHS, elements=st.floats(0, 1e9))


@st.composite
def offers(draw):
    names = draw(st.lists(st.sampled_from(["capex", "base_rent", "cloud_rental", "salvage"]), unique=True, min_size=1))
    paid = {name: draw(amounts) for name in names}
    hours = draw(hnp.arrays(np.float64, MONTHS, elements=st.floats(1.0, 1e6)))
    return Worked(paid, np.sum(list(paid.values()), axis=0), np.zeros(MONTHS), hours, hours * 0.99, metered=False)


@given(offers(), offers())
def test_the_reasons_sum_to_the_difference(one, other):
    got = bridge(("one", one), ("other", other), FACTORS)
    size = float((one.cost + other.cost) @ FACTORS) + 1.0
    assert got["change_usd"].sum() == pytest.approx(float((other.cost - one.cost) @ FACTORS), abs=1e-12 * size)
    costs = [float(each.cost @ FACTORS) / float(each.delivered @ FACTORS) for each in (one, other)]
    assert got["change_usd_per_h"].sum() == pytest.approx(costs[1] - costs[0], rel=1e-9, abs=1e-9 * max(*costs, 1e-9))


@given(offers(), offers(), st.floats(0, 1))
def test_a_mix_costs_its_shares(one, other, share):
    got = mixed({"one": one, "other": other}, {"one": share, "other": 1 - share})
    np.testing.assert_allclose(got.net, share * one.net + (1 - share) * other.net, rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(got.delivered, share * one.delivered + (1 - share) * other.delivered)
    assert got.cost == pytest.approx(got.net, rel=1e-9, abs=1e-3)  # nothing is lent here


@pytest.mark.parametrize(
    ("one", "other", "month"),
    [([10, 1, 1, 1], [4, 4, 4, 4], 2), ([1, 1], [2, 2], None), ([9, 1], [1, 1], None), ([5, 1, 9, 0], [3, 3, 3, 9], 3)],
)
def test_break_even_is_for_good(one, other, month):
    assert break_even(np.array(one, float), np.array(other, float)) == month


@pytest.fixture(scope="module")
def river():
    return twin.load(FILE).run("offers", "cost")


def test_the_lease_on_offer_is_the_lease_of_the_file(river):
    rows = {row["offer"]: row for row in river["offers"].iter_rows(named=True)}
    total = river["unit_cost"].filter(category="total").row(0, named=True)
    assert rows["lease"]["npv_usd"] == pytest.approx(-total["cost_pv_usd"])
    assert rows["lease"]["usd_per_delivered_accelerator_h"] == pytest.approx(total["usd_per_delivered_accelerator_h"])
    metrics = {row["party"]: row for row in river["party_metrics"].iter_rows(named=True)}
    assert rows["lease"]["paid_usd"] == pytest.approx(metrics["fluidstack"]["outflow_usd"])
    for name, row in rows.items():
        assert river["offer_cash"].filter(offer=name)["paid_usd"].sum() == pytest.approx(row["paid_usd"])


def test_cloud_by_hand(river):
    # every hour of every accelerator of the file, 2.53 rented for each, at the published price
    rows = {row["offer"]: row for row in river["offers"].iter_rows(named=True)}
    hours = river["schedule"]["accelerator_h"].sum()
    for name, price in (("cloud-on-demand", 11.06), ("cloud-1y", 7.67), ("cloud-3y", 4.86)):
        assert rows[name]["paid_usd"] == pytest.approx(hours * 2.53 * price)
        assert rows[name]["usd_per_delivered_accelerator_h"] == pytest.approx(2.53 * price)
        assert rows[name]["peak_funding_usd"] == pytest.approx(0.0, abs=100.0)
    # at the break-even utilisation the rented hours cost what the lease costs
    lease = rows["lease"]
    assert lease["break_even_fraction"] * 2.53 * 11.06 == pytest.approx(lease["usd_per_delivered_accelerator_h"])
    assert lease["against"] == "cloud-on-demand"


def test_deals_on_offer_are_in_no_other_run(river):
    assert not {"own-campus", "own-operation", "cloud-3y"} & set(river["cashflow"]["deal"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"offers": {"a": {}}}, "say who compares"),
        ({"user": "lab", "offers": {"a": {}}, "against": "b"}, "none of the offers"),
        ({"user": "lab", "offers": {"a": {"mix": {"b": 1.0}}}}, "not of 'b'"),
        ({"user": "lab", "offers": {"a": {"mix": {"b": 0.5}}, "b": {}}}, "not 100 % in sum"),
        ({"user": "lab", "offers": {"a": {"mix": {"b": 1.0}, "keep": ["x"]}, "b": {}}}, "leave `keep` out"),
    ],
)
def test_bad_offers_say_what_is_wrong(given, says):
    with pytest.raises(ValidationError, match=says):
        OffersParams.model_validate(given)


def test_a_deal_of_the_file_cannot_rest_on_one_on_offer(tmp_path):
    text = FILE.read_text(encoding="utf-8")
    (tmp_path / "x.yaml").write_text(text.replace("    funds: campus\n", "    funds: own-campus\n"), encoding="utf-8")
    with pytest.raises(InputError, match="only there in the offer 'purchase'"):
        twin.load(tmp_path / "x.yaml")
    bad = text.replace("  - model: constant-pue\n", "").replace(
        "{model: constant-pue, pue: 1.2,", "{model: constant-pue, offer: x, pue: 1.2,"
    )
    (tmp_path / "y.yaml").write_text(bad, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be on offer"):
        twin.load(tmp_path / "y.yaml")
