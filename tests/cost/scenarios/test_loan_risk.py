"""P(missed), EAD and LGD of loans: by hand, and in agreement with the loss of the lender in table `risk`."""

from __future__ import annotations

import numpy as np
import pytest
from guaranteed_deals import CHIPS, LEASED, made, promise, ready

import twin
from twin.cost.scenarios.draws import NEVER, Draws
from twin.cost.scenarios.engine import live, simulate
from twin.cost.scenarios.statistics import loans, risk


def write(folder, text):
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def test_a_loan_that_nobody_pays_any_more_by_hand(tmp_path):
    """Two of four scenarios default, in the 30th and the 60th month; nothing is let again and nobody guarantees."""
    found = made(tmp_path, LEASED)
    nothing = promise(cap="$0", relet="{rent_share: 0 %, downtime: 0 months}")
    (deal, drivers, terms), results = ready(found, *nothing)
    months = np.full((2, 4), NEVER)
    months[0, 1], months[0, 3] = 30, 60
    row = loans(deal, live(deal, drivers, terms, Draws(months, np.zeros(4, dtype=np.int64)))).row(0, named=True)
    debt, factors = results["debt"], 1.08 ** (-np.arange(deal.months) / 12)
    first = found.twin.calendar.index(debt["month"][0])
    owed, service = np.zeros(deal.months), np.zeros(deal.months)
    owed[first : first + debt.height] = debt["opening_usd"]
    service[first : first + debt.height] = debt["interest_usd"] - debt["capitalised_usd"] + debt["principal_usd"]
    exposure = np.mean([owed[when] * factors[when] for when in (30, 60)])
    loss = np.mean([(service * factors)[when:].sum() for when in (30, 60)])
    assert row["missed_fraction"] == row["not_repaid_fraction"] == 0.5
    assert row["exposure_usd"] == pytest.approx(exposure)
    assert row["lgd_usd"] == pytest.approx(loss)
    assert row["lgd_fraction"] == pytest.approx(loss / exposure)
    assert row["expected_loss_usd"] == pytest.approx(loss / 2)
    # service at 7 % nominal is worth a little less than the balance at 8 % effective, and all of it is lost
    assert 0.97 < row["lgd_fraction"] < 1.0


@pytest.mark.parametrize("months", [0, 6])
def test_expected_loss_is_p_times_ead_times_lgd_and_that_of_the_lender_in_table_risk(tmp_path, months):
    found = made(tmp_path, LEASED)
    more = (*promise(cap="$20M"), f"deals.notes.reserve_months={months}")
    (deal, drivers, terms), _ = ready(found, *more)
    outcomes = simulate(deal, drivers, terms, 4000, 5)
    row = loans(deal, outcomes).row(0, named=True)
    lender = risk(deal, outcomes, deal.net @ terms.factors, {}, 5).filter(party="bank").row(0, named=True)
    assert 0 < row["missed_fraction"] < 1
    product = row["missed_fraction"] * row["exposure_usd"] * row["lgd_fraction"]
    assert row["expected_loss_usd"] == pytest.approx(product)
    assert row["expected_loss_usd"] == pytest.approx(lender["expected_loss_usd"])
    assert row["missed_fraction"] == (outcomes.missed[0] > 0).mean()
    assert (row["lender"], row["borrower"]) == ("bank", "own")


def test_a_run_says_it_and_its_events_agree(tmp_path):
    path = write(tmp_path, LEASED)
    results = twin.load(path, overlays=list(promise(cap="$20M"))).run("risk")
    row = results["loan_risk"].row(0, named=True)
    events = {one["event"]: one for one in results["risk_events"].filter(subject="notes").iter_rows(named=True)}
    assert row["missed_fraction"] == events["payment_missed"]["probability_fraction"] > 0
    assert row["not_repaid_fraction"] == events["not_repaid"]["probability_fraction"]
    assert row["expected_loss_usd"] == pytest.approx(
        results["risk"].filter(party="bank")["expected_loss_usd"].item(), rel=1e-6
    )


def test_a_loan_that_is_always_paid_has_no_lgd(tmp_path):
    found = made(tmp_path, LEASED)
    (deal, drivers, terms), _ = ready(found)
    calm = live(deal, drivers, terms, Draws(np.full((2, 3), NEVER), np.zeros(3, dtype=np.int64)))
    row = loans(deal, calm).row(0, named=True)
    assert (row["missed_fraction"], row["expected_loss_usd"]) == (0.0, 0.0)
    assert row["exposure_usd"] is row["lgd_fraction"] is row["lgd_usd"] is None


def test_tranches_lose_what_the_sale_and_the_guarantor_leave(tmp_path):
    """By hand as the shock of the same month: four deliveries of $25M, a default in the twentieth month."""
    found = made(tmp_path, CHIPS)
    (deal, drivers, terms), _ = ready(found)
    months = np.array([[20, NEVER], [NEVER, NEVER]])
    frame = loans(deal, live(deal, drivers, terms, Draws(months, np.zeros(2, dtype=np.int64))))
    rows = {row["tranche"]: row for row in frame.iter_rows(named=True)}
    factor, i = 1.08 ** (-20 / 12), 0.05 / 12
    owed = sum(25e6 * 0.75 * ((1 + i) ** 60 - (1 + i) ** (19 - start)) / ((1 + i) ** 60 - 1) for start in range(4))
    assert rows["A"]["exposure_usd"] == pytest.approx(owed * factor)
    assert rows["A"]["missed_fraction"] == rows["B"]["missed_fraction"] == 0.5
    assert rows["A"]["lgd_fraction"] == pytest.approx(0.0, abs=1e-12)  # supported: the guarantor pays the rest
    assert rows["B"]["lgd_fraction"] == pytest.approx(1.0)  # behind A, which the sale does not pay
    assert rows["B"]["expected_loss_usd"] == pytest.approx(0.5 * 18e6 * factor)
    assert rows["B"]["lender"] == "mezz"
