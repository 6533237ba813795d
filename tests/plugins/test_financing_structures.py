"""Delayed draws, chip leases, residual values, sale-leaseback, vendor credit, preferred and JV equity, own silicon."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from financing import MODELS, entry, inputs, ledger, monthly, run
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source
from pydantic import ValidationError
from scipy.stats import lognorm

from twin import tables
from twin.api import RefusedError
from twin_financing import delayed_draw, equity_waterfall, loan
from twin_financing.residual_value import expected_shortfall

MONTHS = 120
CASH = entry("operating-cost", "cash", payer="spv", amount="$1/year")
RACKS = entry("purchase", "racks", buyer="spv", amount="$1M")


def capex(amounts):
    flows = ledger([*amounts, *[0.0] * (MONTHS - len(amounts))], deal="racks", payer="spv", payee="vendor")
    return flows.with_columns(category=pl.lit("capex"))


def call(model, cash=None, spend=None, *, debt=None, others=(CASH, RACKS), racks=(), **params):
    flows = pl.concat([ledger([0.0] * MONTHS) if cash is None else cash, capex(spend or [])])
    given_ = inputs(entry(model, **params), months=MONTHS, cashflow=flows, debt=debt, others=others, racks=racks)
    return run(given_, model)


def figure(out, name):
    return out["deal_figures"].filter(figure=name)["value"][0]


def net_by_party(flows):
    sides = [
        flows.group_by(pl.col(column).alias("party"), "month").agg((pl.col("amount_usd") * sign).sum())
        for column, sign in (("payee", 1.0), ("payer", -1.0))
    ]
    return pl.concat(sides).group_by("party", "month").agg(pl.col("amount_usd").sum())


# --- delayed draws ---------------------------------------------------------------------------

DDTL = {
    "borrower": "spv",
    "lender": "bank",
    "funds": "racks",
    "advance_rate": "80 %",
    "draw_tenor": "5 years",
    "rate": "9 %/year",
}


def test_every_draw_is_repaid_over_its_own_term():
    out = call("delayed-draw", spend=[10e6, 0, 5e6], **DDTL)
    debt = out["debt"]
    assert debt["draw_usd"][:3].to_list() == pytest.approx([8e6, 0, 4e6])
    payment = [8e6 / loan.annuity(0.0075, 60), 4e6 / loan.annuity(0.0075, 60)]
    paid = debt["interest_usd"] + debt["principal_usd"]
    assert paid[1] == pytest.approx(payment[0])
    assert paid[3:61].to_numpy() == pytest.approx(np.full(58, sum(payment)))
    assert paid[61:63].to_numpy() == pytest.approx(np.full(2, payment[1]))
    assert debt["closing_usd"][-1] == 0.0
    assert debt.height == 63


def test_a_commitment_and_its_end_bind_and_cost_a_fee():
    terms = {**DDTL, "commitment": "$10M", "available_until": "2027-04-01", "unused_fee": "1.2 %/year"}
    out = call("delayed-draw", spend=[10e6, 0, 5e6, 0, 50e6], **terms, upfront_fee="1 %")
    row = out["debt_sizing"].row(0, named=True)
    assert (row["debt_usd"], row["binding"], row["cost_usd"]) == (pytest.approx(10e6), "commitment", 15e6)
    assert row["message"].startswith("the commitment allows $10.00M and binds; an advance rate of 0.8 would allow $12")
    fees = monthly(out["cashflow"], MONTHS, category="commitment_fee", payer="spv", payee="bank")
    assert fees[:6] == pytest.approx([0, 2e3, 2e3, 0, 0, 0])
    assert monthly(out["cashflow"], MONTHS, category="upfront_fee")[0] == pytest.approx(1e5)
    assert delayed_draw.horizon(inputs(entry("delayed-draw", **terms), months=0)) == 3 + 60 + 1


def test_the_contract_limits_the_loan_by_its_present_value():
    cash = ledger([0.0] + [1e5] * (MONTHS - 1))
    out = call("delayed-draw", cash=cash, spend=[10e6], **DDTL, secured_by=["cash"], dscr=1.5)
    row = out["debt_sizing"].row(0, named=True)
    want = 1e5 * loan.annuity(0.0075, MONTHS - 1) / 1.5
    assert row["binding"] == "dscr"
    assert row["debt_usd"] == pytest.approx(want)
    assert out["debt"]["draw_usd"].sum() == pytest.approx(want)


def test_collateral_decays_and_ltv_is_watched():
    terms = {**DDTL, "decay": "27.6 %", "max_ltv": 0.85}
    debt = call("delayed-draw", spend=[10e6], **terms)["debt"]
    assert debt["collateral_usd"][12] == pytest.approx(10e6 * (1 - 0.276))
    assert debt["ltv_ratio"][12] == pytest.approx(debt["closing_usd"][12] / 7.24e6)
    assert (debt["in_default"] == (debt["ltv_ratio"] > 0.85)).all()
    assert debt["in_default"].any()
    cured = call("delayed-draw", spend=[10e6], **terms, cure="prepay")["debt"]
    assert not cured["in_default"].any()
    assert cured["ltv_ratio"].max() == pytest.approx(0.85)
    assert cured["swept_usd"].sum() > 0
    assert cured["closing_usd"][-1] == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1e8), min_size=1, max_size=30).filter(lambda each: sum(each) > 1e3),
    st.floats(0, 0.3),
    st.floats(0, 0.9),
    st.floats(0.2, 2.0),
    st.booleans(),
)
def test_a_delayed_draw_balance_follows_and_is_never_negative(spend, rate, decay, most, cure):
    terms = {**DDTL, "rate": f"{rate!r}/year", "decay": decay, "max_ltv": most, "cure": "prepay" if cure else "none"}
    debt = call("delayed-draw", spend=spend, **terms)["debt"]
    money = debt.select("opening_usd", "draw_usd", "interest_usd", "principal_usd", "swept_usd", "closing_usd")
    size = sum(spend)
    assert money.min_horizontal().min() >= -1e-9 * size
    after = (debt["opening_usd"] + debt["draw_usd"] - debt["principal_usd"]).to_numpy()
    assert after == pytest.approx(debt["closing_usd"].to_numpy(), abs=1e-9 * size)
    assert debt["closing_usd"][-1] == pytest.approx(0.0, abs=1e-9 * size)


def test_delayed_draws_that_cannot_be_are_refused():
    with pytest.raises(RefusedError, match="'spv' buys nothing under 'racks' within the calendar until 2027-01"):
        call("delayed-draw", spend=[0, 0, 1e6], **DDTL, available_until="2027-01-31")
    with pytest.raises(RefusedError, match="leave no cash to repay it from"):
        call("delayed-draw", spend=[1e6], **DDTL, secured_by=["cash"], dscr=1.2)
    other = entry("term-debt", "notes", borrower="spv", lender="bank", principal="$1", rate="5 %/year",
                  tenor="1 year", amortisation="level", secured_by=["cash"])  # fmt: skip
    with pytest.raises(RefusedError, match="'notes' of the same borrower is secured by 'cash' too"):
        call("delayed-draw", spend=[1e6], others=(CASH, RACKS, other), **DDTL, secured_by=["cash"])


# --- chip lease ------------------------------------------------------------------------------

CHIPS = {
    "vehicle": "spv",
    "lessee": "lab",
    "sponsor": "fund",
    "amount": "$100M",
    "deliveries": 4,
    "term": "5 years",
    "residual": "20 %",
    "tranches": [
        {"name": "A", "lender": "insurers", "share": "75 %", "rate": "5.6 %/year", "supported": True},
        {"name": "B", "lender": "fund2", "share": "15 %", "rate": "8.5 %/year", "repaid_by": "residual"},
    ],
    "support": {
        "guarantor": "chipmaker",
        "default_probability": "4 %/year",
        "sale_discount": "20 %",
        "volatility": "30 %/year",
        "fee_rate": "0.5 %/year",
    },
}


def test_the_rent_amortises_the_senior_tranche_and_the_resale_repays_the_junior():
    out = call("chip-lease", **CHIPS)
    flows, debt = out["cashflow"], out["debt"]
    rent = 75e6 / loan.annuity(0.056 / 12, 60) + 15e6 * 0.085 / 12
    assert figure(out, "rent") == pytest.approx(rent)
    assert monthly(flows, MONTHS, category="base_rent", payer="lab", payee="spv")[4:61] == pytest.approx(rent)
    assert debt["tranche"].unique(maintain_order=True).to_list() == ["A", "B"]
    for _, each in debt.group_by("tranche"):
        assert each["closing_usd"].to_numpy()[-1] == 0.0
        assert each["dscr_ratio"].drop_nulls().min() >= 1 - 1e-9
    junior = debt.filter(tranche="B", month=date(2032, 1, 1))
    assert junior["principal_usd"][0] == pytest.approx(15e6 / 4)
    net = net_by_party(flows)
    assert net.group_by("month").agg(pl.col("amount_usd").sum())["amount_usd"].abs().max() < 1e-3
    assert net.filter(party="spv")["amount_usd"].abs().max() < 1e-3  # the vehicle keeps nothing
    assert monthly(flows, MONTHS, category="equity_contribution", payer="fund")[:4] == pytest.approx(2.5e6)
    assert monthly(flows, MONTHS, category="distribution").sum() == pytest.approx(20e6 - 15e6)


def test_the_support_is_what_a_default_and_a_sale_leave_owed():
    out = call("chip-lease", **{**CHIPS, "deliveries": 1, "support": {**CHIPS["support"], "volatility": "0 %/year"}})
    rows = out["guarantee"]
    owed = out["debt"].filter(tranche="A").select("month", "opening_usd")
    both = rows.join(owed, on="month")
    assert both["guaranteed_usd"].to_numpy() == pytest.approx(both["opening_usd"].to_numpy())
    year = rows.row(11, named=True)
    value = 100e6 * 0.2 ** (12 / 60) * 0.8
    hazard = 1 - 0.96 ** (1 / 12)
    assert year["default_probability_fraction"] == pytest.approx(hazard * (1 - hazard) ** 12)
    assert year["expected_loss_usd"] == pytest.approx(
        year["default_probability_fraction"] * max(year["guaranteed_usd"] - value, 0.0)
    )
    unsure = call("chip-lease", **{**CHIPS, "deliveries": 1})["guarantee"]
    assert (unsure["expected_loss_usd"] >= rows["expected_loss_usd"] - 1e-6).all()


def test_racks_of_a_site_are_let_as_they_energise():
    terms = {k: v for k, v in CHIPS.items() if k not in {"amount", "deliveries"}}
    out = call("chip-lease", racks=(("dc", 0, 10, 3e6), ("dc", 3, 5, 3e6)), **terms, site="dc")
    assert monthly(out["cashflow"], MONTHS, category="capex")[:4] == pytest.approx([30e6, 0, 0, 15e6])
    assert out["occupancy"]["user"].unique().to_list() == ["lab"]
    with pytest.raises(RefusedError, match="the price of racks is not known for 'dc/rack'"):
        call("chip-lease", racks=(("dc", 0, 10, None),), **terms, site="dc")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"residual": "10 %"}, "the residual does not repay the tranches that wait for it"),
        ({"support": None}, "support and `supported: true` of a tranche go together"),
        ({"tranches": [CHIPS["tranches"][0]] * 2}, "two tranches have the same name"),
        ({"tranches": [{**CHIPS["tranches"][0], "share": "80 %"}, {**CHIPS["tranches"][1], "share": "30 %"}]}, "more"),
        ({"site": "dc"}, "give one of site and amount"),
    ],
)
def test_bad_chip_leases_are_errors(more, says):
    with pytest.raises(ValidationError, match=says):
        entry("chip-lease", **{**CHIPS, **more})


def test_a_chip_lease_beyond_the_calendar_is_refused():
    with pytest.raises(RefusedError, match="its last lease ends in 2037-04, after the calendar"):
        call("chip-lease", **{**CHIPS, "term": "10 years"})


# --- residual value --------------------------------------------------------------------------

RVG = {
    "guarantor": "chipmaker",
    "beneficiary": "spv",
    "strike": "$50M",
    "exercise": "2031-01-01",
    "market_value": "$40M",
}


@settings(max_examples=40)
@given(st.floats(1, 1e3), st.floats(1, 1e3), st.floats(0.05, 1.5))
def test_the_put_is_the_integral_over_the_lognormal(strike, mean, deviation):
    value = lognorm(s=deviation, scale=mean * np.exp(-(deviation**2) / 2))
    # E[max(K - V, 0)] is the integral of the distribution up to K
    at = np.linspace(0, strike, 20001)
    whole = np.trapezoid(value.cdf(at), at)
    assert expected_shortfall(strike, mean, deviation) == pytest.approx(whole, rel=2e-4, abs=2e-4 * strike)


def test_a_guarantee_pays_what_is_missing_up_to_its_cap():
    out = call("residual-value-guarantee", **RVG, called=True)
    paid = monthly(out["cashflow"], MONTHS, category="residual_value_payment", payer="chipmaker", payee="spv")
    assert paid[48] == 10e6
    assert paid.sum() == 10e6
    capped = call("residual-value-guarantee", **RVG, called=True, cap="$4M", fee_rate="2 %/year")
    assert monthly(capped["cashflow"], MONTHS, category="residual_value_payment").sum() == 4e6
    assert monthly(capped["cashflow"], MONTHS, category="guarantee_fee", payer="spv")[:49] == pytest.approx(
        4e6 * 0.02 / 12
    )
    quiet = call("residual-value-guarantee", **RVG)
    assert quiet["cashflow"].is_empty()
    assert quiet["guarantee"]["expected_loss_usd"].sum() == pytest.approx(10e6)


@given(st.floats(0, 1.5), st.floats(1e5, 1e8), st.floats(0, 1))
def test_a_cap_never_raises_the_loss_and_more_chance_never_lowers_it(volatility, cap, chance):
    terms = {**RVG, "volatility": f"{volatility!r}/year"}
    losses = [
        call("residual-value-guarantee", **terms, **more)["guarantee"]["expected_loss_usd"].sum()
        for more in ({"cap": f"${cap!r}", "probability": chance}, {"probability": chance}, {})
    ]
    assert losses[0] <= losses[1] + 1e-6
    assert losses[1] <= losses[2] + 1e-6
    assert losses[0] <= cap * (1 + 1e-9)


def test_the_strike_may_be_what_a_loan_owes():
    made = call("delayed-draw", spend=[100e6], **DDTL)["debt"].with_columns(deal=pl.lit("ddtl"))
    terms = {k: v for k, v in RVG.items() if k != "strike"} | {"covers": "ddtl", "market_value": "$5M"}
    out = call("residual-value-guarantee", debt=made, **terms, called=True)
    owed = made.filter(month=date(2031, 1, 1))["closing_usd"][0]
    assert figure(out, "strike") == pytest.approx(owed)
    assert out["cashflow"]["amount_usd"].sum() == pytest.approx(owed - 5e6)
    with pytest.raises(RefusedError, match="nothing is owed under 'ddtl' at the end of 2036-01"):
        call("residual-value-guarantee", debt=made, **{**terms, "exercise": "2036-01-01"})


def test_a_residual_value_is_not_guaranteed_after_the_use_has_ended():
    lease = entry(
        "lease", landlord="spv", tenant="lab", site="dc", rent="$100/kW-month", term="2 years", renewals=["1 year"]
    )
    given_ = {"months": 240, "others": [lease], "phases": (("dc", 0, 1000.0),)}
    late = entry("residual-value-guarantee", **{**RVG, "exercise": "2035-01-01"})
    with pytest.raises(
        RefusedError, match="exercised in 2035-01, and the last lease of 'spv', 'lease', ends in 2029-12"
    ):
        run(inputs(late, **given_), "residual-value-guarantee")
    at_the_end = entry("residual-value-guarantee", **{**RVG, "exercise": "2030-01-01"})
    assert run(inputs(at_the_end, **given_), "residual-value-guarantee")["guarantee"].height == 37


def test_a_tranche_behind_an_unsupported_one_is_short_only_below_both():
    """The support of a junior tranche is a spread of two puts; without volatility what the sale leaves by hand."""
    tranches = [{**CHIPS["tranches"][0], "supported": False}, {**CHIPS["tranches"][1], "supported": True}]
    support = {**CHIPS["support"], "volatility": "0 %/year", "sale_discount": "40 %"}
    out = call("chip-lease", **{**CHIPS, "deliveries": 1, "tranches": tranches, "support": support})
    rows = out["guarantee"].join(out["wind_up"].filter(claim="A"), on="month")
    value, senior = rows["value_usd"].to_numpy(), rows["owed_usd"].to_numpy()
    claim = (rows["expected_loss_usd"] / rows["default_probability_fraction"]).to_numpy()
    assert claim == pytest.approx(15e6 - np.clip(value - senior, 0, 15e6))
    assert claim.max() == pytest.approx(15e6)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"expires": "2030-12-01"}, "it is exercised after it expires"),
        ({"start": "2032-01-01"}, "it starts after it is exercised"),
        ({"covers": "racks"}, "give one of strike and covers"),
        ({"beneficiary": "chipmaker"}, "a promise to oneself"),
    ],
)
def test_bad_residual_guarantees_are_errors(more, says):
    with pytest.raises(ValidationError, match=says):
        entry("residual-value-guarantee", **{**RVG, **more})


# --- sale and leaseback ----------------------------------------------------------------------

SALE = Source(
    "Financing",
    "IFRS 16, sale and leaseback",
    "faqifrs.com/the-case-sale-and-leaseback: a building sold at its fair value and rented back, carrying amount "
    "1,000,000, fair value 1,800,000, 18 payments of 120,000 a year at 4.5 %.",
)
CASE = {
    "seller": "lab",
    "buyer": "reit",
    "price": "$1.8M",
    "carrying_amount": "$1M",
    "rent": "$120000",
    "frequency": "year",
    "term": "18 years",
    "rate": "4.5 %/year",
}
CASE_LIABILITY, CASE_RIGHT_OF_USE, CASE_GAIN = 1_459_200, 810_667, 151_467


def sold(**more):
    given_ = inputs(entry("sale-leaseback", **{**CASE, **more}), months=240)
    return run(given_, "sale-leaseback")


def test_a_published_sale_and_leaseback(published):
    out = sold()
    published("lease liability", CASE_LIABILITY, figure(out, "lease_liability"), abs=1, source=SALE)
    published("right of use", CASE_RIGHT_OF_USE, figure(out, "right_of_use"), abs=1, source=SALE)
    published("gain", CASE_GAIN, figure(out, "gain"), abs=1, source=SALE)
    flows = out["cashflow"]
    assert monthly(flows, 240, category="asset_sale", payer="reit", payee="lab")[0] == 1.8e6
    assert monthly(flows, 240, category="base_rent")[12:217:12] == pytest.approx(120e3)


def test_a_price_above_fair_value_is_partly_a_loan():
    """The same rent with a price of 2,000,000: 200,000 of it are lent, so the rent of the site is worth 1,259,200."""
    out = sold(price="$2M", fair_value="$1.8M")
    assert figure(out, "financing") == 200_000
    assert figure(out, "lease_liability") == pytest.approx(1_259_200, abs=1)
    assert figure(out, "right_of_use") == pytest.approx(1e6 * 1_259_200 / 1.8e6, abs=1)
    assert figure(out, "gain") == pytest.approx(8e5 * (1.8e6 - 1_259_200) / 1.8e6, abs=1)
    cheap = sold(price="$1.5M", fair_value="$1.8M")
    assert figure(cheap, "prepaid_rent") == 300_000
    assert figure(cheap, "right_of_use") == pytest.approx(1e6 * 1_759_200 / 1.8e6, abs=1)


def test_the_books_of_the_seller_balance():
    """Cash in and right of use in place of the carrying amount, against liability, loan and gain (IFRS 16.100-103)."""
    for more in ({}, {"price": "$2M", "fair_value": "$1.8M"}, {"price": "$1.5M", "fair_value": "$1.8M"}):
        out = sold(**more)
        price = monthly(out["cashflow"], 240, category="asset_sale").sum()
        owed = figure(out, "lease_liability") + figure(out, "financing")
        assert price + figure(out, "right_of_use") - 1e6 == pytest.approx(owed + figure(out, "gain"))


def test_the_return_of_the_buyer_solves_its_flows():
    out = sold(residual="$1.9M", frequency="month", rent="$10000", escalator="2 %/year")
    flows = monthly(out["cashflow"], 240, payee="reit") - monthly(out["cashflow"], 240, payer="reit")
    rate = figure(out, "lessor_irr")
    assert flows @ (1 + rate) ** (-np.arange(240) / 12) == pytest.approx(0.0, abs=1e-6 * 1.8e6)


def test_a_sale_that_is_a_loan_is_refused():
    with pytest.raises(RefusedError, match="that is a loan and no sale"):
        sold(rent="$200000")
    with pytest.raises(ValidationError, match="whole years"):
        entry("sale-leaseback", **{**CASE, "term": "30 months"})


# --- vendor finance --------------------------------------------------------------------------

CREDIT = {"buyer": "lab", "price": "$10M", "down_payment": "20 %", "term": "36 months", "market_rate": "10 %/year"}


def test_the_subsidy_is_what_the_market_would_charge():
    out = call("vendor-finance", **CREDIT, rate="4 %/year")
    payment = 8e6 / loan.annuity(0.04 / 12, 36)
    assert figure(out, "subsidy") == pytest.approx(8e6 - payment * loan.annuity(0.1 / 12, 36))
    flows = out["cashflow"]
    net = monthly(flows, MONTHS, payer="lab") - monthly(flows, MONTHS, payee="lab")
    assert net[0] == pytest.approx(2e6)
    assert net[1:37] == pytest.approx(payment)
    assert figure(call("vendor-finance", **CREDIT, rate="10 %/year"), "subsidy") == pytest.approx(0.0, abs=1e-6)
    assert out["debt"]["closing_usd"][-1] == 0.0


def test_a_holiday_adds_interest_and_a_holiday_without_end_is_wrong():
    debt = call("vendor-finance", **CREDIT, rate="12 %/year", holiday="6 months", shape="bullet")["debt"]
    assert debt["closing_usd"][6] == pytest.approx(8e6 * 1.01**6)
    with pytest.raises(ValidationError, match="nothing would be left to pay in"):
        entry("vendor-finance", **CREDIT, rate="4 %/year", holiday="36 months")


# --- preferred and JV equity -----------------------------------------------------------------

PREF = {"issuer": "spv", "investor": "fund", "amount": "$100M", "dividend": "12 %/year", "term": "36 months"}


def test_preferred_dividends_in_cash_and_in_kind():
    cash = call("preferred-equity", **PREF)["cashflow"]
    assert monthly(cash, MONTHS, category="preferred_dividend", payer="spv")[1:37] == pytest.approx(1e6)
    assert monthly(cash, MONTHS, category="redemption")[36] == pytest.approx(100e6)
    kind = call("preferred-equity", **PREF, pays="pik")["cashflow"]
    assert monthly(kind, MONTHS, category="redemption")[36] == pytest.approx(100e6 * 1.01**36)
    part = call("preferred-equity", **PREF, cash_share="50 %")["cashflow"]
    assert monthly(part, MONTHS, category="redemption")[36] == pytest.approx(100e6 * 1.005**36)


def test_a_floor_on_the_multiple():
    out = call("preferred-equity", **PREF, least_multiple=1.5)
    assert figure(out, "moic") == pytest.approx(1.5)
    assert figure(out, "redemption") == pytest.approx(150e6 - 36e6)
    assert figure(out, "multiple_top_up") == pytest.approx(14e6)


JV = {
    "company": "spv",
    "deals": ["cash"],
    "investors": [{"party": "fund", "share": "90 %"}, {"party": "dev", "share": "10 %"}],
    "sponsor": "dev",
    "preferred_return": "8 %/year",
    "tiers": [{"hurdle": "12 %/year", "promote": "20 %"}],
    "promote": "40 %",
}


def jv_cash(amounts):
    """Net cash of the company: what is negative it pays."""
    gets = [max(each, 0.0) for each in amounts]
    pays = [max(-each, 0.0) for each in amounts]
    rest = [0.0] * (MONTHS - len(amounts))
    flows = pl.concat([ledger([*gets, *rest]), ledger([*pays, *rest], payer="spv", payee="vendor")])
    return flows.filter(pl.col("amount_usd") > 0)


def test_a_waterfall_by_hand():
    # 100 paid in, 200 back after a year: 100 of capital, 8 preferred; then until the owners have 112 they take 80 %
    # of 5, the sponsor 1; of the 87 left the sponsor takes 40 %.
    out = call("equity-waterfall", cash=jv_cash([-100.0, *[0.0] * 11, 200.0]), **JV)
    steps = out["waterfall"].filter(month=date(2028, 1, 1))
    assert steps["use"].to_list() == ["return_of_capital", "preferred_return", "promote_1", "residual"]
    assert steps["paid_usd"].to_list() == pytest.approx([100, 8, 5, 87])
    assert figure(out, "promote") == pytest.approx(1 + 0.4 * 87)
    paid = monthly(out["cashflow"], MONTHS, category="distribution", payer="spv")
    assert paid[12] == pytest.approx(200)
    fund = monthly(out["cashflow"], MONTHS, category="distribution", payee="fund")[12]
    assert fund == pytest.approx(0.9 * (112 + 0.6 * 87))
    assert monthly(out["cashflow"], MONTHS, category="equity_contribution", payer="dev")[0] == pytest.approx(10)


def test_nothing_is_paid_out_while_a_loan_is_locked_up():
    months = [date(2027, 2, 1), date(2027, 3, 1)]
    rows = [(month, "loan", "spv", "bank", 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, None, None) for month in months]
    names = tables.table("debt").names[:13]
    made = tables.check("debt", pl.DataFrame(rows, schema={n: tables.table("debt").schema()[n] for n in names},
                                             orient="row"), "test").with_columns(locked_up=True)  # fmt: skip
    out = call("equity-waterfall", cash=jv_cash([-10.0, 4.0, 4.0, 4.0]), debt=made, **JV)
    paid = monthly(out["cashflow"], MONTHS, category="distribution")
    assert paid[:4] == pytest.approx([0, 0, 0, 12])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.lists(st.booleans(), min_size=60, max_size=60),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_waterfall_pays_out_its_cash_and_nothing_else(net, locked, first, last):
    params = MODELS["equity-waterfall"].params.model_validate(
        {**JV, "tiers": [{"hurdle": "12 %/year", "promote": first}]}
    )
    rules = equity_waterfall.steps(params)
    made = equity_waterfall.share_out(np.array(net), np.array(locked[: len(net)], float), rules, last)
    paid = (made.owners + made.sponsor).sum(axis=0)
    size = 1 + np.abs(net).sum()
    assert paid + made.kept == pytest.approx(made.cash, abs=1e-9 * size)
    assert made.called.sum() + sum(net) == pytest.approx(paid.sum() + made.kept[-1], abs=1e-9 * size)
    assert min(made.owners.min(), made.sponsor.min(), made.called.min(), made.kept.min()) >= 0
    # before they have their capital back, the sponsor has no promote
    short = made.owners.sum(axis=0).cumsum() < made.called.cumsum() - 1e-6 * size
    assert made.sponsor.sum(axis=0)[short].sum() <= 1e-6 * size


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"sponsor": "spv"}, "the waterfall would run in a circle"),
        ({"investors": [{"party": "spv", "share": 1.0}]}, "the waterfall would run in a circle"),
        ({"investors": [{"party": "fund", "share": 0.9}]}, "do not sum to 1"),
        ({"investors": [{"party": "fund", "share": 0.5}] * 2}, "named twice"),
        ({"tiers": [{"hurdle": "7 %/year", "promote": 0.2}]}, "hurdles do not rise"),
    ],
)
def test_bad_waterfalls_are_errors(more, says):
    with pytest.raises(ValidationError, match=says):
        entry("equity-waterfall", **{**JV, **more})


def test_two_waterfalls_cannot_pay_out_the_same_cash():
    other = entry("equity-waterfall", "other", **JV)
    with pytest.raises(RefusedError, match="'other' pays out the cash of 'cash' to the owners of 'spv' too"):
        call("equity-waterfall", others=(CASH, other), **JV)


# --- own silicon -----------------------------------------------------------------------------

CHIP = {
    "owner": "lab",
    "foundry": "fab",
    "nre": "$240M",
    "design_months": 24,
    "mask_set": "$20M",
    "mask_sets": 2,
    "tape_out": "2028-12-01",
    "volume": 100_000,
    "production": "2 years",
    "unit_cost": "$6000",
    "merchant_price": "$20000",
}


def test_a_chip_programme_is_paid_ahead_and_written_off_over_its_chips():
    out = call("own-silicon", **CHIP)
    flows = out["cashflow"]
    assert monthly(flows, MONTHS, category="nre", payer="lab", payee="vendor")[:24] == pytest.approx(10e6)
    masks = monthly(flows, MONTHS, category="nre", payee="fab")
    assert np.flatnonzero(masks).tolist() == [23, 29]
    chips = monthly(flows, MONTHS, category="capex", payer="lab", payee="fab")
    assert np.flatnonzero(chips)[[0, -1]].tolist() == [41, 64]
    assert chips.sum() == pytest.approx(600e6)
    written = out["depreciation"]
    assert written["addition_usd"].sum() == pytest.approx(280e6)
    assert written["depreciation_usd"].sum() == pytest.approx(280e6)
    assert written["closing_usd"][-1] == 0.0
    assert figure(out, "unit_cost") == pytest.approx(6000 + 2800)
    assert figure(out, "break_even_volume") == pytest.approx(280e6 / 14000)
    assert figure(out, "saving") == pytest.approx((20000 - 8800) * 1e5)


def test_a_design_before_the_calendar_is_refused():
    with pytest.raises(RefusedError, match="its design begins in 2025-07, before the calendar starts"):
        call("own-silicon", **{**CHIP, "tape_out": "2027-06-01"})
    dear = call("own-silicon", **{**CHIP, "merchant_price": "$5000"})
    assert figure(dear, "break_even_volume") is None
