"""The parameters of `chip-lease`, and which of them go together."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from twin.api import Date, Fraction, Money, Params, PartyRef, Rate, Ratio, SiteRef
from twin_financing import terms
from twin_financing.terms import PositiveTerm


class TrancheParams(Params):
    """A tranche of the vehicle's debt; those named first are served first."""

    name: str = Field(min_length=1, description="as A1, A2, B")
    lender: PartyRef = Field(description="party that is owed")
    share: Fraction = Field(gt=0, description="share of the price of the chips")
    rate: Rate = Field(ge=0, description="interest a year, nominal: a twelfth is due each month")
    repaid_by: Literal["rent", "residual"] = Field(
        "rent", description="level payments out of the rent, or interest from the rent and principal from the resale"
    )
    supported: bool = Field(default=False, description="whether the guarantor stands behind it")


class SupportParams(Params):
    """Residual value support: after a default of the lessee and a sale of the chips, what the sale leaves owed."""

    guarantor: PartyRef = Field(description="party that pays the shortfall on the supported tranches")
    default_probability: Rate = Field(
        ge=0, le=1, description="assumption: probability a year that the lessee defaults, having not before"
    )
    volatility: Rate = Field(0.0, ge=0, description="assumption: standard deviation a year of the logarithm of value")
    sale_discount: Fraction = Field(0.0, description="assumption: share of the value that a forced sale loses")
    fee_rate: Rate = Field(0.0, ge=0, description="fee a year on the balance supported, paid by the lessee")


class ChipLeaseParams(Params):
    """A vehicle that owns nothing but chips and a lease; what is left of its cash goes to its sponsor."""

    vehicle: PartyRef = Field(description="party that buys, borrows and lets")
    lessee: PartyRef = Field(description="party that has the use of the chips and pays the rent")
    seller: PartyRef = Field("vendor", description="party that sells the chips")
    sponsor: PartyRef = Field(description="party that owns the vehicle: pays in what is not lent, gets what is left")
    site: SiteRef | None = Field(
        None, description="site whose racks are let, at their `price`, as they energise; give either this or amount"
    )
    amount: Money | None = Field(None, gt=0, description="price of all chips; give either this or site")
    start: Date | None = Field(None, description="month of the first delivery of amount; the calendar's start if not")
    deliveries: int = Field(1, ge=1, le=600, description="months over which amount is delivered, in equal parts")
    term: PositiveTerm = Field(description="term of the lease of each delivery, rent at the end of the month")
    tranches: tuple[TrancheParams, ...] = Field(min_length=1, description="debt of the vehicle, the senior first")
    rent_cover: Ratio = Field(1.0, ge=1, description="rent over the debt service that it pays")
    residual: Fraction = Field(description="assumption: share of the price that the chips are sold for after the term")
    support: SupportParams | None = Field(None, description="residual value support of the tranches that have it")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.site is None) == (self.amount is None):
            raise terms.wrong("give one of site and amount")
        if self.site is not None and (self.start is not None or self.deliveries != 1):
            raise terms.wrong("the racks of a site are delivered as they energise; leave start and deliveries out")
        names = [tranche.name for tranche in self.tranches]
        if len(set(names)) < len(names):
            raise terms.wrong("two tranches have the same name")
        if sum(tranche.share for tranche in self.tranches) > 1 + 1e-9:
            raise terms.wrong("the tranches lend more than the price of the chips")
        if (self.support is None) == any(tranche.supported for tranche in self.tranches):
            raise terms.wrong("support and `supported: true` of a tranche go together")
        late = sum(tranche.share for tranche in self.tranches if tranche.repaid_by == "residual")
        if late > self.residual + 1e-9:
            raise terms.wrong("the residual does not repay the tranches that wait for it; lend less, or expect more")
        return self
