"""River Bend against what was published of it (sources in topologies/river-bend.yaml)."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from published import Source

import twin

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
PUBLISHERS_ROUNDING = 0.015
SOURCE = Source(
    "Real campuses",
    "River Bend",
    "Announcement of the lease of 245 MW for 15 years and of the notes; sources in topologies/river-bend.yaml. The "
    "publisher rounds to $0.1B. The rent is not published: one rent has to give both contract "
    "values. Amount and coupon of the notes are inputs: what is held is that they are drawn, repaid and yield it.",
)

BASE_TERM_USD = 7.0e9
WITH_RENEWALS_USD = 17.7e9
NOTES_USD = 3.25e9
COUPON = 0.06192
IT_KW = 245_000


@pytest.fixture(scope="module")
def results() -> twin.Results:
    return twin.load(FILE).evaluate()


def _rent(results: twin.Results) -> float:
    return results.sql("select sum(amount_usd) from cashflow where category = 'base_rent'").item()


def test_one_rent_gives_both_published_contract_values(published, results: twin.Results) -> None:
    rounded = {"unit": "$B", "digits": 2, "rel": PUBLISHERS_ROUNDING, "source": SOURCE}
    published("contract value of the base term", "7.0", _rent(results) / 1e9, **rounded)
    renewed = _rent(twin.load(FILE, scenario="all-renewals").run("cost"))
    published("contract value with all renewals", "17.7", renewed / 1e9, **rounded)
    by_hand = twin.load(FILE, overlays=["deals.lease.renewals_exercised=3"]).run("cost")
    assert _rent(by_hand) == pytest.approx(renewed)


def test_the_rent_is_the_one_that_misses_both_values_equally(results: twin.Results) -> None:
    low = _rent(results) / BASE_TERM_USD - 1
    high = _rent(twin.load(FILE, scenario="all-renewals").run("cost")) / WITH_RENEWALS_USD - 1
    assert low == pytest.approx(-high, abs=2e-4)


def test_noi_is_the_published_one(published, results: twin.Results) -> None:
    cost = results.sql("select sum(amount_usd) from cashflow where deal = 'lease' and payer = 'hut8'").item()
    noi = (_rent(results) - cost) / 1e9
    published("NOI over the base term", "6.9", noi, unit="$B", digits=2, rel=PUBLISHERS_ROUNDING, source=SOURCE)


def test_parties_sum_to_zero_to_the_cent(results: twin.Results) -> None:
    assert results.party_metrics["net_usd"].sum() == pytest.approx(0.0, abs=0.005)
    flows = results.cashflow
    into = flows.group_by("month", pl.col("payee").alias("party")).agg(pl.col("amount_usd").sum())
    out = flows.group_by("month", pl.col("payer").alias("party")).agg(-pl.col("amount_usd").sum())
    by_month = pl.concat([into, out]).group_by("month").agg(pl.col("amount_usd").sum())
    assert by_month["amount_usd"].abs().max() < 0.005
    assert {"hut8", "fluidstack", "google", "noteholders"} <= set(results.party_metrics["party"])


def test_the_notes_are_drawn_whole_and_amortise_to_nothing(published, results: twin.Results) -> None:
    notes = results.debt.filter(pl.col("deal") == "notes")
    published("notes drawn", NOTES_USD, notes["draw_usd"].sum(), unit="$", digits=2, abs=0.01, source=SOURCE)
    published("notes repaid", NOTES_USD, notes["principal_usd"].sum(), unit="$", digits=2, abs=0.01, source=SOURCE)
    assert notes["closing_usd"].min() >= 0
    assert notes.filter(pl.col("principal_usd") > 0)["month"].min() == date(2028, 1, 1)
    # 1.314 follows from the published figures: present value of NOI at the coupon over the notes.
    assert notes["dscr_ratio"].drop_nulls().to_list() == pytest.approx([1.314] * 168, rel=0.005)
    lender = results.party_metrics.row(by_predicate=pl.col("party") == "noteholders", named=True)
    earned = 100 * 12 * ((1 + lender["irr_per_year"]) ** (1 / 12) - 1)
    published("return of the noteholders, monthly compounding", "6.192", earned, unit="%", abs=1e-7, source=SOURCE)


def test_the_guarantor_covers_the_base_term_and_is_paid_for_it(results: twin.Results) -> None:
    # rent and pass-through of the base term, as published; never more than all of both
    through = results.sql("select sum(amount_usd) from cashflow where category = 'pass_through'").item()
    assert BASE_TERM_USD < results.guarantee["guaranteed_usd"].max() < _rent(results) + through
    assert results.guarantee["default_probability_fraction"].sum() < 1
    fee = results.cashflow.filter((pl.col("payee") == "google") & (pl.col("category") == "guarantee_fee"))
    assert fee["amount_usd"].sum() == pytest.approx(200 * IT_KW * 15)


def test_the_lease_occupies_what_was_let(results: twin.Results) -> None:
    lease = results.occupancy.filter(pl.col("deal") == "lease")
    assert lease["it_kw"].max() == pytest.approx(IT_KW)


def test_halls_energise_as_delivered_and_something_is_named_as_binding(results: twin.Results) -> None:
    site = results.site_capacity.filter(pl.col("kind") == "site").sort("month")
    assert site["racks"].to_list() == [0, 320, 640, 960, 1280, 1600]
    full = site.row(-1, named=True)
    assert full["demand_kw"] <= IT_KW <= full["usable_kw"]
    assert full["binding_node"]
    assert results.site_capacity.filter(pl.col("kind") == "hall")["scope"].n_unique() == 5


def test_delivered_hours_cost_more_than_nameplate_hours(results: twin.Results) -> None:
    total = results.unit_cost.filter((pl.col("party") == "fluidstack") & (pl.col("category") == "total")).row(
        0, named=True
    )
    assert 0.5 < total["usd_per_accelerator_h"] < total["usd_per_delivered_accelerator_h"] < 5
    parts = results.unit_cost.filter(pl.col("category") != "total")["usd_per_accelerator_h"].sum()
    assert parts == pytest.approx(total["usd_per_accelerator_h"])


def test_every_check_holds(results: twin.Results) -> None:
    assert results.checks["ok"].all(), results.checks.filter(~pl.col("ok"))


def test_what_is_not_published_says_why(results: twin.Results) -> None:
    silent = results.assumptions.filter(
        pl.col("origin").is_in(["file", "component"])
        & pl.col("owner").str.starts_with("river-bend")
        & pl.col("source").is_null()
        & pl.col("note").is_null()
    )
    assert silent.is_empty(), silent


def test_late_halls_move_rent_and_cover(results: twin.Results) -> None:
    late = twin.load(FILE, scenario="late-energisation").run("cost")
    first_years = pl.col("month") < date(2029, 1, 1)
    rent = pl.col("category") == "base_rent"
    early_rent = results.cashflow.filter(rent & first_years)["amount_usd"].sum()
    assert late.cashflow.filter(rent)["amount_usd"].sum() == pytest.approx(_rent(results))
    assert late.debt["closing_usd"][-1] == 0.0
    assert late.cashflow.filter(rent & first_years)["amount_usd"].sum() < 0.9 * early_rent
    assert late.debt["dscr_ratio"].drop_nulls().min() < results.debt["dscr_ratio"].drop_nulls().min()


def test_the_price_of_a_wasted_hour_is_that_of_the_file(results: twin.Results) -> None:
    whole = results.unit_cost.filter(pl.col("category") == "total")["usd_per_accelerator_h"].item()
    lost = results.goodput_loss
    price = lost["lost_usd_per_year"].sum() / lost["lost_accelerator_h_per_year"].sum()
    assert price == pytest.approx(whole, rel=0.02)


def test_racks_interrupt_the_run_as_often_as_llama_3_was(results: twin.Results) -> None:
    """289 by hosts, 63 by software, 32 by maintenance of 419 on 16,384 GPUs in 54 days; the fabric is redundant."""
    row = results.goodput.row(0, named=True)
    scaled = (289 + 63 + 32) / 54 * row["accelerators"] / 16_384
    assert row["interruptions_per_day"] == pytest.approx(scaled, rel=0.005)
    lost = results.goodput_loss["lost_accelerator_h_per_year"]
    assert row["wasted_accelerator_h_per_year"] == math.fsum(lost)


def test_debt_service_amortises_the_notes_and_covers_by_year(results: twin.Results) -> None:
    """By hand: NOI of a year over its debt service; the same cover in every full year, as a sculpted loan has."""
    notes = results.debt.with_columns(year=pl.col("month").dt.year()).filter(pl.col("year").is_between(2028, 2041))
    by_year = notes.group_by("year", maintain_order=True).agg(
        pl.col("cfads_usd").sum(), service=(pl.col("interest_usd") + pl.col("principal_usd")).sum()
    )
    ratios = (by_year["cfads_usd"] / by_year["service"]).to_list()
    assert ratios == pytest.approx([1.317] * 14, abs=0.001)
    discounted = sum(
        service / (1 + COUPON / 12) ** k
        for k, service in enumerate(
            results.debt.filter(pl.col("principal_usd") > 0)
            .select(pl.col("interest_usd") + pl.col("principal_usd"))
            .to_series(),
            1,
        )
    )
    assert discounted == pytest.approx(NOTES_USD, abs=1.0)


def test_without_the_backstop_the_same_notes_are_hardly_covered(results: twin.Results) -> None:
    alone = twin.load(FILE, scenario="no-backstop").run("cost")
    assert alone.guarantee.is_empty()
    assert alone.debt["dscr_ratio"].min() < 1.1 < results.debt["dscr_ratio"].min()
    values = alone.guarantee_value.row(0, named=True), results.guarantee_value.row(0, named=True)
    assert values[0]["beneficiary_loss_pv_usd"] > 100 * values[1]["beneficiary_loss_pv_usd"]


def test_the_lease_is_in_the_books_of_both_sides(results: twin.Results) -> None:
    book = results.lease_accounting.filter(pl.col("standard") == "asc842")
    assert book["classification"].unique().sort().to_list() == ["operating lessee", "operating lessor"]
    tenant = book.filter(pl.col("party") == "fluidstack")
    assert tenant["straight_line_usd"].sum() == pytest.approx(_rent(results))
    assert tenant["liability_usd"].max() > NOTES_USD
    assert abs(tenant["liability_usd"][-1]) < 0.005
    landlord = book.filter(pl.col("party") == "hut8")
    assert landlord["deferred_rent_usd"].max() > 0
    assert abs(landlord["deferred_rent_usd"][-1]) < 0.005


def test_the_guarantor_is_left_with_the_same_in_scenarios_as_in_the_closed_form(results: twin.Results) -> None:
    """Fees until the tenant defaults, less what is asked for, each payment in its month."""
    drawn = twin.load(FILE).run("risk").risk.row(by_predicate=pl.col("party") == "google", named=True)
    net = results.guarantee_value["net_pv_usd"].item()
    assert drawn["mean_npv_usd"] == pytest.approx(net, abs=4 * drawn["standard_error_usd"])
    assert drawn["npv_usd"] > net
