"""Depreciation against IRS Publication 946 and SAM, and what it does to the flows of a purchase."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from financing import entry, inputs, monthly, run
from hypothesis import given
from hypothesis import strategies as st
from published import Source
from pydantic import ValidationError

from twin_financing.depreciation import MACRS_YEARS, TaxParams, macrs, shares

IRS = Source(
    "Financing",
    "IRS Publication 946, MACRS",
    "Table A-1 (half-year) and tables A-2 and A-5 (mid-quarter, first and fourth quarter), per cent by year.",
)
SAM = Source(
    "Financing",
    "NREL SAM, Single Owner, depreciation",
    "$206.5M straight-line over 20 years with half of it in the first and last year.",
)
HALF_YEAR = {
    3: [33.33, 44.45, 14.81, 7.41],
    5: [20, 32, 19.2, 11.52, 11.52, 5.76],
    7: [14.29, 24.49, 17.49, 12.49, 8.93, 8.92, 8.93, 4.46],
    10: [10, 18, 14.4, 11.52, 9.22, 7.37, 6.55, 6.55, 6.56, 6.55, 3.28],
    15: [5, 9.5, 8.55, 7.7, 6.93, 6.23, 5.9, 5.9, 5.91, 5.9, 5.91, 5.9, 5.91, 5.9, 5.91, 2.95],
    20: [3.75, 7.219, 6.677, 6.177, 5.713, 5.285, 4.888, 4.522, *[4.462, 4.461] * 6, 2.231],
}
FOURTH_QUARTER = {
    5: [5, 38, 22.8, 13.68, 10.94, 9.58],
    7: [3.57, 27.55, 19.68, 14.06, 10.04, 8.73, 8.73, 7.64],
    15: [1.25, 9.88, 8.89, 8, 7.2, 6.48, 5.9, 5.9, 5.9, 5.91, 5.9, 5.91, 5.9, 5.91, 5.9, 5.17],
}
FIRST_QUARTER = {5: [35, 26, 15.6, 11.01, 11.01, 1.38]}
CASES = [
    *((years, None, row) for years, row in HALF_YEAR.items()),
    *((years, 4, row) for years, row in FOURTH_QUARTER.items()),
    *((years, 1, row) for years, row in FIRST_QUARTER.items()),
]
SAM_FIRST, SAM_LATER = 5_162_500.0, 10_325_000.0


@pytest.mark.parametrize(("years", "quarter", "percent"), CASES)
def test_irs_tables_to_every_printed_digit(published, years, quarter, percent):
    case = f"{years} years, {'half-year' if quarter is None else f'mid-quarter, quarter {quarter}'}"
    published(case, percent, 100 * macrs(years, quarter), unit="%", abs=1e-9, source=IRS)


@given(st.sampled_from(MACRS_YEARS), st.sampled_from([None, 1, 2, 3, 4]), st.floats(0, 1))
def test_everything_is_written_off_once(years, quarter, bonus):
    assert macrs(years, quarter).sum() == pytest.approx(1.0, abs=1e-12)
    assert macrs(years, quarter).min() > 0
    tax = TaxParams(years=years, bonus=bonus, convention="half-year" if quarter is None else "mid-quarter")
    assert shares(tax).sum(axis=1) == pytest.approx(np.ones(4))


def bought(months=360, start=date(2027, 1, 1), **params):
    given_ = {"buyer": "spv", "amount": "$206.5M", **params}
    return run(inputs(entry("purchase", **given_), months=months, start=start), "purchase")


def written(out, basis="tax"):
    return out["depreciation"].filter(pl.col("basis") == basis)


def deducted(out):
    return written(out).filter(pl.col("depreciation_usd") > 0)


def test_sam_straight_line_with_the_half_year_convention(published):
    frame = deducted(bought(tax={"method": "straight-line", "years": 20}))
    by_year = [SAM_FIRST, *[SAM_LATER] * 19, SAM_FIRST]
    published("by year", by_year, frame["depreciation_usd"].to_list(), unit="$", rel=1e-6, source=SAM)
    assert {month.month for month in frame["month"]} == {12}
    assert frame["closing_usd"][-1] == 0.0


def test_a_deduction_is_worth_its_tax_and_the_government_pays_it():
    out = bought(amount="$100M", tax={"rate": "25 %", "years": 5, "bonus": "40 %"})
    back = monthly(out["cashflow"], 360, category="tax_credit", payer="government", payee="spv")
    assert back[11] == pytest.approx(0.25 * (40e6 + 60e6 * 0.2))
    assert back[23] == pytest.approx(0.25 * 60e6 * 0.32)
    assert back.sum() == pytest.approx(25e6)
    assert not written(bought(amount="$100M", tax={"years": 5})).is_empty()
    assert bought(amount="$100M", tax={"years": 5})["cashflow"]["category"].unique().to_list() == ["capex"]


def test_what_is_sold_is_taxed_on_its_gain():
    terms = {"amount": "$100M", "life": "3 years", "salvage": "30 %", "tax": {"rate": "20 %"}}
    out = bought(months=48, **terms)
    left = 100e6 * (
        1 - 0.2 - 0.32 - 0.192
    )  # sold in 2030, at the end of the calendar: nothing is written off that year
    tax = monthly(out["cashflow"], 48, category="income_tax", payer="spv", payee="government")
    assert tax[47] == pytest.approx(0.2 * (30e6 - left))
    frame = written(out)
    assert frame["disposal_usd"].sum() == pytest.approx(left)
    assert frame["closing_usd"][-1] == 0.0
    flows = out["cashflow"]
    net = monthly(flows, 48, category="tax_credit") - monthly(flows, 48, category="income_tax")
    assert net.sum() == pytest.approx(0.2 * (100e6 - 30e6))


def test_the_quarter_of_service_counts_by_the_calendar_year():
    out = bought(amount="$100M", start=date(2027, 10, 1), months=100, tax={"years": 5, "convention": "mid-quarter"})
    shares_ = [5e6, 38e6, 22.8e6, 13.68e6, 10.94e6, 9.58e6]
    assert deducted(out)["depreciation_usd"].to_list() == pytest.approx(shares_)
    assert deducted(out)["month"][0] == date(2027, 12, 1)


def test_books_are_straight_line_to_salvage():
    frame = written(bought(months=60, amount="$36M", life="3 years", salvage="10 %"), "book")
    assert frame["depreciation_usd"][:36].to_numpy() == pytest.approx(np.full(36, 36e6 * 0.9 / 36))
    assert frame.filter(pl.col("disposal_usd") > 0)["disposal_usd"].to_list() == pytest.approx([3.6e6])
    assert frame["closing_usd"][-1] == 0.0


@given(
    st.integers(1, 200),
    st.integers(1, 80),
    st.booleans(),
    st.floats(0, 1),
    st.sampled_from([*MACRS_YEARS]),
    st.sampled_from(["half-year", "mid-quarter"]),
    st.integers(1, 12),
)
def test_what_is_written_off_follows_from_cost(months, life, refresh, salvage, years, convention, first):
    out = bought(
        months=months,
        start=date(2027, first, 1),
        amount="$1M",
        life=f"{life} months",
        refresh=refresh,
        salvage=salvage,
        tax={"years": years, "convention": convention, "rate": "30 %"},
    )
    for _, frame in out["depreciation"].group_by("basis"):
        money = frame.sort("month").select("addition_usd", "depreciation_usd", "disposal_usd", "closing_usd").to_numpy()
        assert money.min() >= 0
        assert np.cumsum(money[:, 0] - money[:, 1] - money[:, 2]) == pytest.approx(money[:, 3], abs=1e-3)
    capex = monthly(out["cashflow"], months, category="capex").sum() if first == 1 else None
    if capex is not None:
        assert written(out)["addition_usd"].sum() == pytest.approx(capex)


@pytest.mark.parametrize(
    ("tax", "says"),
    [
        ({"years": 6}, "MACRS has classes of 3, 5, 7, 10, 15 and 20 years"),
        ({"method": "straight-line", "years": 6, "convention": "mid-quarter"}, "half-year convention"),
        ({"rate": "120 %"}, "above"),
        ({"bonus": "-1 %"}, "below"),
    ],
)
def test_bad_tax_terms_are_errors(tax, says):
    with pytest.raises(ValidationError, match=says):
        entry("purchase", buyer="spv", amount="$1M", tax=tax)
