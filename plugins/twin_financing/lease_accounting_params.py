"""What accounting for a lease needs to be told beyond its terms."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from twin.api import Date, Money, Params, Rate
from twin_financing import terms
from twin_financing.terms import PositiveTerm

Standard = Literal["asc842", "ifrs16"]


class ReassessmentParams(Params):
    """A change of the lease term that the tenant is reasonably certain of, with the rate of that day."""

    at: Date = Field(description="month at whose start the liability is measured again")
    renewals_certain: int = Field(ge=0, description="renewals that the tenant is from then on reasonably certain of")
    rate: Rate = Field(ge=0, description="discount rate of that day")


class AccountingParams(Params):
    """How a lease is accounted for: each phase by itself, rent paid in advance, a twelfth of the rate each month."""

    standards: tuple[Standard, ...] = Field(("asc842", "ifrs16"), min_length=1, description="asc842, ifrs16 or both")
    rate: Rate = Field(ge=0, description="incremental borrowing rate of the tenant, or the rate implicit in the lease")
    renewals_certain: int | None = Field(
        None,
        ge=0,
        description="renewals that the tenant is reasonably certain of at commencement; those exercised if not given",
    )
    initial_direct_costs: Money = Field(0.0, description="cost of the tenant to obtain the lease, shared by capacity")
    transfers_ownership: bool = Field(default=False, description="whether the tenant owns the site in the end")
    purchase_option_certain: bool = Field(
        default=False, description="whether the tenant is reasonably certain to buy the site under an option"
    )
    specialised: bool | None = Field(
        None, description="whether nobody else has a use for the site; as `kind: build-to-suit` says if not given"
    )
    economic_life: PositiveTerm | None = Field(None, description="remaining economic life of what is leased")
    fair_value: Money | None = Field(None, gt=0, description="fair value of what is leased")
    reassessments: tuple[ReassessmentParams, ...] = Field((), description="changes of the lease term, in order")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if any(later.at <= earlier.at for earlier, later in pairwise(self.reassessments)):
            raise terms.wrong("reassessments are not in order of their months")
        return self
