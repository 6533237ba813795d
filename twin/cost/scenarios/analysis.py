"""The analysis `risk`: what defaults, prices and delay do to each party, by Monte Carlo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from twin import tables
from twin.api import Analysis, AnalysisInputs, DealRef, Fraction, Params, PartyRef, Rate, Ratio, Term, hookimpl
from twin.cost.inputs import roles
from twin.cost.measures import discount_factors
from twin.cost.scenarios.assumed import Assumed, assumed
from twin.cost.scenarios.compiled import RENT, THROUGH, Deal, Source, compiled
from twin.cost.scenarios.draws import Drivers, Price
from twin.cost.scenarios.engine import Terms, simulate
from twin.cost.scenarios.promises import left_out
from twin.cost.scenarios.statistics import agreement, events, loans, not_called, risk
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

NAME = "risk"
NEEDS = ("cashflow", "debt", "guarantee", "guarantee_terms", "guarantee_cover", "residual_value", "wind_up")
"""Tables of the analysis `cost` that scenarios are made of."""


class PriceParams(Params):
    """A price that wanders: log-normal about its path, pulled back to it."""

    deals: tuple[DealRef, ...] = Field((), description="deals whose price it is")
    drift: Rate = Field(0.0, gt=-1, description="growth a year of its mean over what the file pays")
    volatility: Rate = Field(ge=0, description="standard deviation of the logarithm over a year")
    reversion: Rate = Field(0.0, ge=0, description="pull back to the mean, a year; 0 for a random walk")

    def price(self) -> Price:
        """As the engine reads it."""
        return Price(self.drift, self.volatility, self.reversion)


class RiskParams(Params):
    """Parameters of `analyses: {risk: …}`."""

    scenarios: int = Field(10_000, ge=100, le=10_000_000, description="scenarios drawn")
    tenant: PartyRef | None = Field(
        None,
        description="party that may default beside the obligors of guarantees; where not given and tenant_default is, "
        "the tenants of all leases",
    )
    tenant_default: Rate | None = Field(
        None, ge=0, lt=1, description="its probability of default a year; that of the guarantee where not given"
    )
    guarantor_default: Rate | None = Field(
        None, ge=0, lt=1, description="probability of default a year of a guarantor; that of the guarantee if not given"
    )
    recovery: Fraction | None = Field(
        None,
        description="share of the rent that letting again brings after a default; if not given that of the guarantee, "
        "and nothing where no guarantee of the file says",
    )
    downtime: Term | None = Field(
        None, description="months after a default until the site is let again; those of the guarantees if not given"
    )
    correlation: Fraction = Field(0.0, description="correlation of any two defaults (one-factor Gaussian copula)")
    market_correlation: Fraction = Field(
        0.0, description="correlation of defaults with a fall of the price of accelerators"
    )
    gpu_price: PriceParams | None = Field(None, description="price of accelerators; `deals` are their purchases")
    power_price: PriceParams | None = Field(
        None, description="price of energy; all entries of `energy:` where no deals are named"
    )
    delay: dict[Term, Fraction] = Field(
        default_factory=dict, description="months that energisation is late -> probability; the rest is in time"
    )
    lock_up: Ratio = Field(1.15, description="DSCR over twelve months below which a loan keeps the cash")
    default_dscr: Ratio = Field(1.05, description="DSCR over twelve months below which a loan is in default")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if sum(self.delay.values()) > 1 + 1e-9:
            raise PydanticCustomError("risk", "the probabilities of `delay` are more than 100 % together")
        if any(abs(term - round(term)) > 1e-6 for term in self.delay):  # noqa: PLR2004 - rounding
            raise PydanticCustomError("risk", "a delay is not a whole number of months; write it as '6 months'")
        if self.gpu_price is not None and not self.gpu_price.deals:
            raise PydanticCustomError("risk", "gpu_price names no deals; write the purchases whose price it is")
        if self.market_correlation and self.gpu_price is None:
            raise PydanticCustomError("risk", "market_correlation needs a gpu_price")
        return self


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `risk`, `risk_events`, `loan_risk` and rows of `checks`; no rows where the file lets nothing happen.

    Raises:
        RefusedError: a default without a probability or a recovery, or an assumption on what the file does not have.
    """
    params, twin = inputs.params, inputs.twin
    guarantee, *contracts = (inputs.tables[name] for name in ("guarantee", "guarantee_terms", "residual_value"))
    if all(one.is_empty() for one in contracts) and not _anything(params):
        nothing = {name: tables.table(name).empty() for name in ("risk", "risk_events", "loan_risk")}
        return {**nothing, "checks": not_called(left_out(guarantee, *contracts))}
    deal, drivers, terms = prepare(inputs)
    outcomes = simulate(deal, drivers, terms, params.scenarios, inputs.seed)
    base = deal.net @ terms.factors
    return {
        "risk": risk(deal, outcomes, base, roles(twin.topology), inputs.seed),
        "risk_events": events(deal, drivers, terms, outcomes, params.default_dscr),
        "loan_risk": loans(deal, outcomes),
        "checks": agreement(deal, drivers, outcomes, as_the_file_says=_as_the_file_says(params)),
    }


def _anything(params: RiskParams) -> bool:
    return bool(
        params.tenant
        or params.tenant_default
        or params.guarantor_default
        or params.gpu_price
        or params.power_price
        or params.delay
    )


def _as_the_file_says(params: RiskParams) -> bool:
    """Whether nothing that a closed form rests on is told otherwise than the file has it."""
    return params.tenant_default is None and params.recovery is None and params.downtime is None


def prepare(inputs: AnalysisInputs) -> tuple[Deal, Drivers, Terms]:
    """The deal made ready, what may happen to it, and what is the same in all scenarios."""
    params, twin = inputs.params, inputs.twin
    delays = _delays(params.delay)
    known = assumed(inputs.tables["guarantee_terms"])
    source = _source(inputs, max((months for months, _ in delays), default=0), known)
    deal = compiled(source)
    _refuse_unused(params, deal, source)
    hazard, first = np.zeros(len(deal.defaulting)), np.zeros(len(deal.defaulting), dtype=np.int64)
    for number, party in enumerate(deal.defaulting):
        yearly = _hazard(params, party, known) if party in source.obligors else _guarantor(params, party, known)
        hazard[number] = 1.0 - (1.0 - yearly) ** (1 / 12)
        starts = [one.start for one in deal.guarantees if number in (one.obligor, one.defaults)]
        starts += [one.start for one in deal.residuals if number == one.defaults]
        first[number] = min(starts) if starts else _first_payment(deal, number)
    drivers = Drivers(
        hazard,
        first,
        params.correlation,
        params.market_correlation,
        None if params.gpu_price is None else params.gpu_price.price(),
        None if params.power_price is None else params.power_price.price(),
        delays,
        any(one.called < 1 for one in deal.guarantees),
        len(deal.collateral),
        len(deal.residuals),
    )
    factors = discount_factors(twin.topology.discount_per_year, deal.months)
    return deal, drivers, Terms(factors, params.lock_up)


def _source(inputs: AnalysisInputs, latest: int, known: Assumed) -> Source:
    params, topology, given = inputs.params, inputs.twin.topology, inputs.tables
    energy = tuple(entry.name for entry in topology.section("energy"))
    power = params.power_price

    def relet(deal: str) -> tuple[float, int]:
        if params.recovery is not None:
            return params.recovery, round(params.downtime or 0.0)
        share, months = known.relet(deal)
        return share, months if params.downtime is None else round(params.downtime)

    return Source(
        given["cashflow"],
        given["debt"],
        given["guarantee"],
        given["guarantee_terms"],
        given["guarantee_cover"],
        given["residual_value"],
        given["wind_up"],
        inputs.twin.calendar,
        {
            entry.name: frozenset(entry.params.secured_by)
            for entry in topology.section("deals")
            if getattr(entry.params, "secured_by", ())
        },
        () if params.gpu_price is None else params.gpu_price.deals,
        () if power is None else (power.deals or energy),
        latest,
        _obligors(params, given),
        relet,
        frozenset(entry.name for entry in topology.section("deals") if getattr(entry.params, "site", None) is not None),
    )


def _obligors(params: RiskParams, given: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Who may default: the obligors of guarantees, the party named, and where none is the tenants of all leases."""
    found = given["guarantee_terms"]["obligor"].to_list()
    if params.tenant is not None:
        found.append(params.tenant)
    elif params.tenant_default is not None:
        rent = given["cashflow"].filter(category="base_rent")
        found += rent["payer"].unique(maintain_order=True).to_list()
    return tuple(dict.fromkeys(found))


def _refuse_unused(params: RiskParams, deal: Deal, source: Source) -> None:
    """Refuse an assumption that nothing in the file would take up."""
    rents = any(one.kind in {RENT, THROUGH} for one in deal.streams)
    for name, unused, missing in (
        ("tenant_default", not source.obligors, "nobody leases anything"),
        ("guarantor_default", not (deal.guarantees or deal.residuals), "nobody guarantees anything"),
        ("recovery", not rents, "nobody who may default pays rent for a site"),
        ("downtime", not rents, "nobody who may default pays rent for a site"),
    ):
        if getattr(params, name) is not None and unused:
            raise RefusedError(
                NAME, f"`{name}` is given, and in this file {missing}", f"leave `{name}` out, or add the deal it is for"
            )


def _delays(given: Mapping[float, float]) -> tuple[tuple[int, float], ...]:
    """Months and cumulative probability."""
    found, below = [], 0.0
    for months, probability in sorted(given.items()):
        below += probability
        found.append((round(months), below))
    return tuple(found)


def _hazard(params: RiskParams, party: str, known: Assumed) -> float:
    if params.tenant_default is not None and params.tenant in (None, party):
        return params.tenant_default
    said = known.hazard(party)
    if said is None:
        raise RefusedError(
            NAME, f"nothing says how likely a default of '{party}' is", "give `tenant_default`, as '5 %/year'"
        )
    return said


def _guarantor(params: RiskParams, party: str, known: Assumed) -> float:
    return known.guarantors.get(party, 0.0) if params.guarantor_default is None else params.guarantor_default


def _first_payment(deal: Deal, number: int) -> int:
    months = [np.flatnonzero(one.amount)[0] for one in deal.streams if one.obligor == number and one.amount.any()]
    return int(min(months, default=0))


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engine, registered as anybody's analysis is."""
    return [
        Analysis(
            name=NAME,
            doc="What defaults, prices and delay do to each party: expected loss, value at risk, chance of a call.",
            params=RiskParams,
            run=run,
            requires=NEEDS,
            produces=("risk", "risk_events", "loan_risk", "checks"),
        )
    ]
