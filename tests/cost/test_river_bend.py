"""The published campus from its file to the ledger.

Published (finanzen.at and 6ix.com, December 2025 and 2026, rounded): $7.0B over the base term, $17.7B with all
renewals, $6.9B of net operating income, $3.25B of fully amortising notes at 6.192 %.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import twin

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
ROUNDING = 0.015


@pytest.fixture(scope="module")
def base():
    return twin.load(FILE).cost()


def total(results, **where):
    return results.cashflow.filter(**where)["amount_usd"].sum()


def test_base_term_and_renewals_from_one_rent(base):
    assert total(base, category="base_rent") == pytest.approx(7.0e9, rel=ROUNDING)
    renewed = twin.load(FILE, overlays=["deals.lease.renewals_exercised=3"]).cost()
    assert total(renewed, category="base_rent") == pytest.approx(17.7e9, rel=ROUNDING)


def test_net_operating_income(base):
    income = total(base, category="base_rent") - total(base, deal="lease", payer="hut8")
    assert income == pytest.approx(6.9e9, rel=ROUNDING)


def test_parties_sum_to_zero(base):
    assert abs(base.party_metrics["net_usd"].sum()) < 0.01
    assert abs(base.party_metrics["npv_usd"].sum()) < 0.01
    assert base.checks["ok"].all()


def test_the_notes_are_repaid_from_the_rent(base):
    debt = base.debt
    assert debt["draw_usd"].sum() == pytest.approx(3.25e9)
    assert debt["principal_usd"].sum() == pytest.approx(3.25e9)
    assert debt["closing_usd"][-1] == 0.0
    # 1.314 follows from the published figures alone: present value of NOI at the coupon over the principal.
    assert debt["dscr_ratio"].drop_nulls().to_list() == pytest.approx([1.314] * 168, rel=0.005)
    lender = base.party_metrics.row(by_predicate=pl.col("party") == "noteholders", named=True)
    assert lender["irr_per_year"] == pytest.approx((1 + 0.06192 / 12) ** 12 - 1, abs=1e-9)


def test_the_guarantor_covers_the_base_term_and_is_paid_for_it(base):
    guarantee = base.guarantee
    assert guarantee["guaranteed_usd"].max() < 7.0e9
    assert guarantee["default_probability_fraction"].sum() < 1
    assert total(base, payee="google", category="guarantee_fee") == pytest.approx(200 * 245e3 * 15)


def test_the_tenant_has_all_hours_of_the_leased_site(base):
    cost = base.unit_cost.filter(pl.col("category") == "total").row(0, named=True)
    assert cost["party"] == "fluidstack"
    assert cost["usd_per_delivered_accelerator_h"] > cost["usd_per_accelerator_h"] > 0
    assert set(base.occupancy["deal"]) == {"lease"}


def test_late_halls_cost_cover_but_not_rent(base):
    late = twin.load(FILE, scenario="late-energisation").cost()
    assert total(late, category="base_rent") == pytest.approx(total(base, category="base_rent"))
    assert late.debt["dscr_ratio"].min() < base.debt["dscr_ratio"].min()
    assert late.debt["closing_usd"][-1] == 0.0
