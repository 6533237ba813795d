"""Small deals with a guarantor behind them, made ready for scenarios."""

from __future__ import annotations

from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NEEDS, RiskParams, prepare
from twin.scenario.rerun import Base, base

SITE = """
twin: 1
name: small
calendar: {start: 2027-01-01}
discount: 8 %/year
sites:
  dc:
    contains:
      feed[2]: {kind: utility, capacity: 60 MW}
      hall[2]:
        energised: [2028-01-01, 2028-07-01]
        contains:
          rack[10]: {kind: rack, load: 1 MW, accelerators: 64, power: {from: feed, need: 1}}
parties:
  own: {role: landlord}
  lab: {role: tenant}
  parent: {role: guarantor}
  bank: {role: lender}
  fund: {role: owner}
  mezz: {role: lender}
deals:
"""
LEASED = (
    SITE
    + """
  - model: lease
    landlord: own
    tenant: lab
    site: dc
    rent: $130/kW-month
    escalator: 3 %/year
    term: 8 years
    opex: $20/kW-year
    pass_through: $100/kW-year
  - {model: purchase, name: campus, buyer: own, seller: contractor, amount: $160M, months: 12}
  - model: term-debt
    name: notes
    borrower: own
    lender: bank
    principal: $120M
    funds: campus
    rate: 7 %/year
    repayment_start: 2028-08-01
    maturity: 2035-12-01
    amortisation: sculpted
    secured_by: [lease]
  - model: backstop
    name: promise
    guarantor: parent
    obligor: lab
    beneficiary: own
    lease: lease
    default_probability: 8 %/year
    relet: {rent_share: 50 %, downtime: 18 months}
"""
)
CHIPS = (
    SITE
    + """
  - model: chip-lease
    name: chips
    vehicle: own
    lessee: lab
    sponsor: fund
    amount: $100M
    deliveries: 4
    term: 5 years
    residual: 20 %
    rent_cover: 1.05
    tranches:
      - {name: A, lender: bank, share: 75 %, rate: 5 %/year, supported: true}
      - {name: B, lender: mezz, share: 18 %, rate: 8 %/year, repaid_by: residual}
    support: {guarantor: parent, default_probability: 10 %/year, volatility: 30 %/year, sale_discount: 20 %}
"""
)
QUIET = RiskParams(lock_up=0.0)
"""No cash is kept: what a lock-up keeps for the lender where cover is thin, a guarantor that pays lets out."""


class Small(Base):
    """A file with its results that a failing example does not print as a whole."""

    def __repr__(self):
        return self.path.name


def made(folder, text):
    path = folder / "small.yaml"
    path.write_text(text)
    return Small(**vars(base(path)))


def ready(found, *overlays, params=QUIET):
    results = found.with_overlays(overlays) if overlays else found.results
    return prepare(AnalysisInputs({name: results[name] for name in NEEDS}, found.twin, 0, params)), results


def promise(**terms):
    return tuple(f"deals.promise.{name}={value}" for name, value in terms.items())
