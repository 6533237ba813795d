"""The cost of an hour of an offer is that of table `unit_cost`, with its loans; its cash is that of the party."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.api import AnalysisInputs
from twin.cost.offers import OfferParams, OffersParams, run

TOPOLOGIES = Path(__file__).parents[2] / "topologies"
SITE = """
twin: 1
name: small
calendar: {start: 2027-01-01, months: 100}
discount: 8 %/year
sites:
  dc:
    contains:
      feed[2]: {kind: utility, capacity: 60 MW, mtbf: 1 year, mttr: 40 h}
      rack[10]: {kind: rack, load: 1 MW, accelerators: 64, price: $3M, power: {from: feed, need: 2}}
parties:
  own: {role: landlord}
  lab: {role: tenant}
  bank: {role: lender}
  fund: {role: owner}
energy:
  - {model: grid-tariff, name: grid, payer: lab, energy: $0.05/kWh}
deals:
  - {model: purchase, name: racks, buyer: lab, scope: accelerators, life: 5 years, salvage: 10 %}
"""
ROOM = "  - {model: purchase, name: room, buyer: lab, amount: $80M, months: 6}\n"
LEASE = """
  - {model: lease, name: room, landlord: own, tenant: lab, site: dc, rent: $130/kW-month, term: 8 years,
     deposit: 6 months}
"""
LOAN = """
  - {model: term-debt, name: notes, borrower: lab, lender: bank, principal: $60M, funds: room, rate: 7 %/year,
     maturity: 2033-12-01, repayment_start: 2027-10-01, amortisation: level, upfront_fee: 2 %,
     commitment_fee: 0.5 %/year}
"""
CREDIT = """
  - {model: vendor-finance, name: credit, buyer: lab, price: $9M, down_payment: 10 %, rate: 4 %/year,
     market_rate: 8 %/year, term: 5 years}
"""
CLOUD = "  - {model: cloud-rental, name: burst, user: lab, accelerators: 64, price: $3/h, utilisation: 50 %}\n"
FILES = {
    "owned with a loan": SITE + ROOM + LOAN,
    "leased with racks on credit": SITE + LEASE + CREDIT,
    "all at once and a burst": SITE
    + LEASE
    + CREDIT
    + CLOUD
    + LOAN.replace("funds: room", "funds: racks").replace("$60M", "$20M"),
}


def on_offer(path, user):
    """The file as it is, and all of its deals as an offer of it."""
    made = twin.load(path)
    results = made.cost()
    every = OfferParams(keep=tuple(entry.name for entry in made.topology.section("deals")))
    given = {name: results[name] for name in ("schedule", "energy_cost")}
    return results, run(AnalysisInputs(given, made, 0, OffersParams(user=user, offers={"all": every})))["offers"]


def agrees(results, offers, user):
    offer = offers.row(0, named=True)
    cost = results["unit_cost"].filter(party=user, category="total").row(0, named=True)
    for name in ("cost_pv_usd", "usd_per_accelerator_h", "usd_per_delivered_accelerator_h"):
        assert offer[name] == pytest.approx(cost[name], rel=1e-9), name
    party = results["party_metrics"].filter(party=user).row(0, named=True)
    for ours, theirs in (("npv_usd", "npv_usd"), ("paid_usd", "outflow_usd")):
        assert offer[ours] == pytest.approx(party[theirs], rel=1e-9), ours
    assert offer["net_cost_usd"] == pytest.approx(-party["net_usd"], rel=1e-9)


@pytest.mark.parametrize("name", FILES)
def test_an_hour_of_an_offer_costs_what_unit_cost_says(tmp_path, name):
    path = tmp_path / "small.yaml"
    path.write_text(FILES[name])
    results, offers = on_offer(path, "lab")
    assert results.cashflow.filter(category="interest", payer="lab")["amount_usd"].sum() > 1e5
    agrees(results, offers, "lab")
    offer = offers.row(0, named=True)
    assert abs(offer["npv_usd"] + offer["cost_pv_usd"]) > 1e5  # the loan is in one, and not in the other


@pytest.mark.parametrize(
    ("file", "user"),
    [("quickstart", "lab"), ("five-sites", "lab"), ("helios", "coreweave"), ("river-bend", "fluidstack")],
)
def test_so_do_the_deals_that_ship(file, user):
    agrees(*on_offer(TOPOLOGIES / f"{file}.yaml", user), user)


def test_a_loan_alters_the_cash_of_an_offer_and_not_what_an_hour_costs(tmp_path):
    """By hand: a year's bullet of $12M at 6 % beside the same purchase; nothing else differs."""
    path = tmp_path / "small.yaml"
    lent = """
  - {model: term-debt, name: lent, offer: lent, borrower: lab, lender: bank, principal: $12M, rate: 6 %/year,
     tenor: 1 year, amortisation: bullet}
analyses: {offers: {user: lab, offers: {cash: {keep: [room, racks]}, lent: {keep: [room, racks]}}, against: cash}}
"""
    path.write_text(SITE + ROOM + lent)
    results = twin.load(path).run("offers")
    cash, with_loan = (results["offers"].filter(offer=name).row(0, named=True) for name in ("cash", "lent"))
    for same in ("usd_per_delivered_accelerator_h", "usd_per_accelerator_h", "cost_pv_usd", "peak_funding_usd"):
        assert with_loan[same] == cash[same]
    assert results["offer_bridge"].is_empty()  # no reason for a difference, as there is none
    assert with_loan["net_cost_usd"] - cash["net_cost_usd"] == pytest.approx(0.06 * 12e6)
    worth = 12e6 - sum(0.005 * 12e6 * 1.08 ** (-month / 12) for month in range(1, 13)) - 12e6 * 1.08**-1
    assert with_loan["npv_usd"] - cash["npv_usd"] == pytest.approx(worth)
    first = results["offer_cash"].filter(year=2027)
    assert first.filter(offer="lent")["received_usd"].item() - first.filter(offer="cash")["received_usd"].item() == 12e6
