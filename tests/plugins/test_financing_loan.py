"""The arithmetic of loans against published cases and against itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import Source

from twin_financing import loan

SAM = Source(
    "Financing",
    "NREL SAM, Single Owner",
    "PySAM 7.1.1.post1, CustomGenerationProfileSingleOwner without tax, reserves, fees and inflation: 7 % term loan "
    "over 18 years, sized at DSCR 1.3.",
)
CORN_STOVER = Source(
    "Financing",
    "NREL corn stover ethanol, interest during construction",
    "As printed to three figures in BioSTEAM issue 180 (GitHub); draws at the start of three years, 8 %, ten years.",
)

# NREL SAM Single Owner (PySAM 7.1.1.post1, CustomGenerationProfileSingleOwner without tax, reserves, fees and
# inflation; 7 % term loan over 18 years sized at DSCR 1.3).  Cash available for debt service by year:
SAM_CFADS = np.array(
    [
        18524000.0, 18734240.0, 18946582.4, 19161048.224, 19377658.70624, 19596435.2933024,
        19817399.64623543, 20040573.642697778, 20265979.37912476, 20493639.172916003, 20723575.564645164,
        20955811.320291616, 21190369.43349453, 21427273.127829477, 21666545.859107777, 21908211.31769885,
        22152293.43087584, 22398816.365184598,
    ]
)  # fmt: skip
SAM_DEBT = 154_805_243.96
SAM_PRINCIPAL_1 = 3_412_863.69
SAM_INTEREST_1 = 10_836_367.08

# NREL corn stover ethanol, interest during construction, as printed to three figures in BioSTEAM issue 180.
NREL_DRAWS = np.array([11.4, 85.5, 45.6])
NREL_INTEREST = [0.912, 7.82, 12.1, 13.1, 12.2, 11.2, 10.1, 9.0, 7.77]
NREL_OUTSTANDING = [12.3, 106.0, 163.0, 152.0, 140.0, 127.0, 112.0, 97.1, 80.0]
NREL_PAYMENT = 24.3

rates = st.floats(0.0, 0.03)
lengths = st.integers(1, 360)
balances = st.floats(1e3, 1e11)


def cfads_of(size: int, seed: int, spread: float = 0.5) -> np.ndarray:
    return 1e6 * (1 + spread * np.random.default_rng(seed).random(size))


def test_sam_sizes_sculpted_debt_to_the_cent(published):
    published("sculpted debt", SAM_DEBT, loan.sized(SAM_CFADS, 0.07, 1.3), unit="$", abs=0.005, source=SAM)


def test_sam_sculpted_repayment_by_year(published):
    principal, dscr = loan.sculpted(SAM_DEBT, 0.07, SAM_CFADS)
    made = loan.assemble(np.array([SAM_DEBT]), principal, 0.07, capitalise=False)
    published("its cover", "1.3", dscr, digits=6, abs=1e-9, source=SAM)
    published("principal of year 1", SAM_PRINCIPAL_1, made.principal[1], unit="$", abs=0.01, source=SAM)
    published("interest of year 1", SAM_INTEREST_1, made.interest[1], unit="$", abs=0.01, source=SAM)
    published("balance after year 2", 147_578_893.04, made.closing[2], unit="$", abs=0.01, source=SAM)
    assert made.closing[-1] == 0.0


def test_nrel_interest_during_construction(published):
    # Draws at the start of a year are draws at the end of the one before.
    draws = np.concatenate((NREL_DRAWS, [0.0]))
    built = loan.build_up(draws, 0.08, capitalise=True)[-1]
    made = loan.assemble(draws, loan.level(built, 0.08, 10), 0.08, capitalise=True)
    published("interest by year", NREL_INTEREST, made.interest[1:10], unit="$M", rel=6e-3, source=CORN_STOVER)
    outstanding = (made.closing - made.draw)[1:10]
    case = "balance by year, but for the last"
    published(case, NREL_OUTSTANDING[:-1], outstanding[:-1], unit="$M", rel=6e-3, source=CORN_STOVER)
    # The last is printed as 80, to two figures: the table's own 97.1 + 7.77 - 24.3 is 80.6.
    assert outstanding[-1] == pytest.approx(97.1 + 7.77 - 24.3, rel=6e-3)
    published("the last", NREL_OUTSTANDING[-1], outstanding[-1], unit="$M", digits=1, rel=1e-2, source=CORN_STOVER)
    assert np.ptp(made.service[4:]) < 1e-9
    published("payment of a year", NREL_PAYMENT, made.service[4], unit="$M", rel=3e-3, source=CORN_STOVER)
    assert made.closing[-1] == 0.0


@given(balances, rates, lengths)
def test_level_debt_amortises_to_zero_in_equal_payments(balance, rate, periods):
    principal = loan.level(balance, rate, periods)
    made = loan.assemble(np.array([balance]), principal, rate, capitalise=False)
    assert made.closing[-1] == 0.0
    assert made.closing.min() >= 0.0
    assert np.ptp(made.service[1:]) <= 1e-6 * balance


@given(balances, rates, lengths, st.integers(0, 2**32 - 1), st.floats(0.0, 20.0))
def test_sculpted_debt_never_grows_and_ends_at_zero(balance, rate, periods, seed, spread):
    cfads = cfads_of(periods, seed, spread)
    principal, dscr = loan.sculpted(balance, rate, cfads)
    made = loan.assemble(np.array([balance]), principal, rate, capitalise=False)
    assert made.closing[-1] == 0.0
    assert made.closing.min() >= 0.0
    assert principal.min() >= -1e-9 * balance
    service = made.service[1:]
    wanted = np.maximum(cfads / dscr, made.interest[1:])
    assert service == pytest.approx(wanted, rel=1e-6, abs=1e-6 * balance)


@given(rates, st.integers(2, 240), st.integers(0, 2**32 - 1), st.floats(1.0, 3.0))
def test_a_sized_loan_sculpts_back_to_its_ratio(rate, periods, seed, dscr):
    cfads = cfads_of(periods, seed, 0.0)
    _, got = loan.sculpted(loan.sized(cfads, rate, dscr), rate, cfads)
    assert got == pytest.approx(dscr, rel=1e-9)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60).filter(lambda d: sum(d) > 1), rates, st.booleans(), lengths)
def test_at_its_own_rate_a_loan_is_worth_nothing(draws, rate, capitalise, periods):
    draws = np.array(draws)
    built = loan.build_up(draws, rate, capitalise=capitalise)[-1]
    made = loan.assemble(draws, loan.level(built, rate, periods), rate, capitalise=capitalise)
    factors = (1 + rate) ** -np.arange(len(made.draw))
    assert abs((made.service - made.draw) @ factors) <= 1e-9 * draws.sum()
    assert made.closing == pytest.approx(
        made.opening + made.draw + made.capitalised - made.principal, abs=1e-9 * built + 1e-9
    )


def test_interest_is_paid_where_the_cash_cannot_carry_its_share():
    cfads = np.array([1.0, 1.0, 200.0, 200.0])
    principal, dscr = loan.sculpted(100.0, 0.05, cfads)
    assert principal[:2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert principal[2] + 0.05 * 100 == pytest.approx(200.0 / dscr)
    assert principal.sum() == pytest.approx(100.0)


def test_trailing_ratio_and_llcr_by_hand():
    cfads, service = np.full(14, 3.0), np.full(14, 2.0)
    ratio = loan.trailing_dscr(cfads, service, 1)
    assert np.isnan(ratio[:12]).all()
    assert ratio[12:] == pytest.approx([1.5, 1.5])
    opening = np.array([0.0, 100.0, 50.0, 0.0])
    cover = loan.llcr(np.array([9.0, 60.0, 60.0, 9.0]), opening, 0.1, 1)
    assert np.isnan(cover[[0, 3]]).all()
    assert cover[2] == pytest.approx((60 / 1.1 + 9 / 1.21) / 50)
    assert cover[1] == pytest.approx((60 / 1.1 + 60 / 1.21 + 9 / 1.331) / 100)


def test_a_short_loan_has_no_trailing_ratio():
    assert np.isnan(loan.trailing_dscr(np.ones(8), np.ones(8), 1)).all()
