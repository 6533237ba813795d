"""What a guarantee says: parameters of the model `backstop`."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from twin.api import Date, DealRef, Fraction, Money, MoneyPerPowerMonth, Params, PartyRef, Rate, Ratio
from twin_financing import credit, terms
from twin_financing.terms import PositiveTerm, WholeTerm

NAME = "backstop"


class StepParams(Params):
    """A step of a burn-down."""

    at: Date = Field(description="month from which this is the most that is guaranteed")
    amount: Money = Field(description="most that is guaranteed from then on")


class ReletParams(Params):
    """What the site brings when it is let again after a default."""

    rent_share: Fraction = Field(description="assumption: rent of the next tenant over that of the contract")
    downtime: WholeTerm = Field(description="assumption: months without a tenant")


class WarrantParams(Params):
    """Warrants on shares that a guarantor receives beside its fee."""

    count: int = Field(gt=0, description="warrants granted")
    strike: Money = Field(description="price at which one buys a share; a penny warrant has next to none")
    price: Money = Field(gt=0, description="price of a share on the day of the grant")
    volatility: Rate | None = Field(
        None, ge=0, description="of the share a year, for Black-Scholes; worth what exercise brings where not given"
    )
    term: PositiveTerm | None = Field(None, description="time to expiry; needed with volatility")
    rate: Rate = Field(0.0, description="riskless interest a year")
    shares: int | None = Field(None, gt=0, description="shares outstanding, for dilution; none where not given")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.volatility is None) != (self.term is None):
            raise terms.wrong("volatility and term go together: give both for Black-Scholes, or neither")
        return self

    def value_usd(self) -> float:
        """What all of them are worth on the day of the grant."""
        if self.volatility is None or self.term is None:
            return self.count * max(self.price - self.strike, 0.0)
        dilution = 0.0 if self.shares is None else self.count / self.shares
        years = self.term / credit.YEAR
        return self.count * credit.warrant(self.price, self.strike, years, self.rate, self.volatility, dilution)


class BackstopParams(Params):
    """A guarantee of the remaining base-term rent of every phase that has commenced."""

    guarantor: PartyRef = Field(description="party that pays if the obligor does not")
    obligor: PartyRef = Field(description="party whose rent is guaranteed: the tenant of the lease")
    beneficiary: PartyRef = Field(description="party that is protected: the landlord of the lease")
    lease: DealRef = Field(description="entry of `deals:` with the model `lease` whose rent is guaranteed")
    covers_pass_through: bool = Field(
        default=False, description="whether the tenant's pass-through is guaranteed beside the rent"
    )
    effective: Literal["each-phase", "all-phases"] = Field(
        "each-phase", description="from when it holds: for each phase as it commences, or once all have commenced"
    )
    cap: Money | None = Field(
        None, description="most that is guaranteed at any time; the whole remainder where not given"
    )
    schedule: tuple[StepParams, ...] = Field((), description="burn-down: the most that is guaranteed, step by step")
    expires: Date | None = Field(
        None, description="first month in which nothing is guaranteed any more; with the base term where not given"
    )
    loss: Literal["first", "pro-rata"] = Field(
        "first",
        description="what is paid of a shortfall: all of it until what was guaranteed in the month of default is used "
        "up (first; a guarantee of up to an amount), or the share that was guaranteed of all that was owed (pro-rata)",
    )
    trigger: Literal["payment-default", "insolvency"] = Field(
        "payment-default", description="what has to happen before the guarantor pays"
    )
    insolvency_share: Fraction = Field(
        1.0, description="assumption: share of payment defaults that become an insolvency, for that trigger"
    )
    fee: MoneyPerPowerMonth | None = Field(
        None, description="fee on the leased capacity that has commenced; give either this or fee_rate"
    )
    fee_rate: Rate | None = Field(
        None, ge=0, description="fee a year as a share of the guaranteed amount; give either this or fee"
    )
    fee_payer: PartyRef | None = Field(None, description="party that pays the fee; the obligor where not given")
    warrants: WarrantParams | None = Field(None, description="warrants that the guarantor receives")
    default_probability: Rate = Field(
        ge=0,
        le=1,
        description="assumption: probability a year that the obligor defaults, having not before; "
        "counted from the first commencement of any of its leases",
    )
    guarantor_default_probability: Rate = Field(
        0.0, ge=0, le=1, description="assumption: probability a year that the guarantor defaults"
    )
    correlation: Ratio = Field(0.0, le=1, description="assumption: correlation of the two defaults")
    recovery: Fraction = Field(
        0.0, description="assumption: share of the exposure that is recovered by letting the site again"
    )
    relet: ReletParams | None = Field(None, description="the same from rent and downtime; give either this or recovery")

    @model_validator(mode="after")
    def _together(self) -> Self:
        for fault in (_two_ways(self), _schedule(self), _defaults(self)):
            if fault:
                raise terms.wrong(fault)
        return self

    @property
    def let_again(self) -> tuple[float, int]:
        """Share of what is owed that letting the site again brings, and the months until it does."""
        if self.relet is None:
            return self.recovery, 0
        return self.relet.rent_share, int(self.relet.downtime)

    @property
    def payer(self) -> str:
        """Who pays the fee."""
        return self.obligor if self.fee_payer is None else self.fee_payer


def _two_ways(backstop: BackstopParams) -> str:
    if backstop.fee is not None and backstop.fee_rate is not None:
        return "both fee and fee_rate are given; give one of them"
    if backstop.relet is not None and backstop.recovery:
        return "both relet and recovery are given; give one of them"
    if backstop.guarantor == backstop.obligor:
        return "the guarantor is the obligor; a promise to oneself guarantees nothing"
    if backstop.insolvency_share != 1 and backstop.trigger != "insolvency":
        return "insolvency_share goes with `trigger: insolvency`"
    return ""


def _schedule(backstop: BackstopParams) -> str:
    for earlier, later in pairwise(backstop.schedule):
        if later.at <= earlier.at:
            return "schedule is not in order of its months"
        if later.amount > earlier.amount:
            return f"schedule rises in {later.at:%Y-%m}; a guarantee burns down: let amounts fall"
    last = backstop.schedule[-1].at if backstop.schedule else None
    if last is not None and backstop.expires is not None and last >= backstop.expires:
        return (
            f"schedule guarantees something from {last:%Y-%m}, and the guarantee expires in {backstop.expires:%Y-%m}; "
            "let it expire later, or leave that step out"
        )
    return ""


def _defaults(backstop: BackstopParams) -> str:
    if backstop.correlation and not backstop.guarantor_default_probability:
        return "correlation needs a guarantor_default_probability"
    most = credit.correlation_range(backstop.default_probability, backstop.guarantor_default_probability)[1]
    if backstop.correlation > most + 1e-9:
        return (
            f"two defaults of these probabilities cannot be correlated by more than {most:.3f}; "
            "lower correlation, or let the probabilities be nearer to each other"
        )
    return ""
