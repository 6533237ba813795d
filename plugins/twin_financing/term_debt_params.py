"""The parameters of `term-debt`, and which of them go together."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from twin.api import Date, DealRef, Fraction, Money, Params, PartyRef, Rate, Ratio
from twin_financing import terms
from twin_financing.support import SupportParams
from twin_financing.terms import PositiveTerm

SIZERS = ("dscr", "ltc", "ltv")


class TermDebtParams(Params):
    """A term loan.  Interest of a month is a twelfth of the yearly rate on the balance at its start."""

    borrower: PartyRef = Field(description="party that owes")
    lender: PartyRef = Field(description="party that is owed")
    principal: Money | None = Field(None, gt=0, description="amount drawn in all; or dscr, ltc and ltv size the loan")
    dscr: Ratio | None = Field(
        None,
        ge=1,
        description="cover ratio that sizes the loan: CFADS over debt service; give either principal or some of dscr, "
        "ltc and ltv, of which the one that allows least binds",
    )
    ltc: Fraction | None = Field(
        None, gt=0, description="loan to cost, or gearing: share of what `funds` costs that may be lent"
    )
    ltv: Fraction | None = Field(None, gt=0, description="loan to value: share of `value` that may be lent")
    value: Money | None = Field(None, gt=0, description="value of the collateral, as appraised")
    rate: Rate = Field(ge=0, description="interest a year, nominal: a twelfth of it is due each month")
    draw: Date | None = Field(None, description="month of the first draw; the start of the calendar where not given")
    draw_months: int = Field(1, ge=1, le=600, description="months over which the loan is drawn, in equal parts")
    funds: DealRef | None = Field(
        None, description="deal, such as a purchase, whose payments by the borrower the draws follow in proportion"
    )
    order: Literal["equity-first", "pro-rata", "debt-first"] | None = Field(
        None,
        description="draws and equity pay, in this order, for `funds` and for the interest, fees and reserve before "
        "repayment; without it the draws follow `funds` and the borrower pays those from its own pocket",
    )
    sponsor: PartyRef | None = Field(None, description="party that pays the equity in; with `order` only")
    upfront_fee: Fraction = Field(0.0, description="fee at the first draw, as a share of the loan")
    commitment_fee: Rate = Field(0.0, ge=0, description="fee a year on what is committed and not drawn")
    grace: Literal["interest-only", "capitalised"] = Field(
        "interest-only", description="what happens to interest before repayment starts: paid, or added to the balance"
    )
    repayment_start: Date | None = Field(
        None, description="month of the first repayment; the month after the last draw where not given"
    )
    maturity: Date | None = Field(None, description="month of the last repayment; give either this or tenor")
    tenor: PositiveTerm | None = Field(None, description="term from the first draw; give either this or maturity")
    amortisation: Literal["level", "sculpted", "fixed-principal", "bullet"] = Field(
        description="level: equal payments; sculpted: debt service is CFADS over one constant ratio, and never less "
        "than the interest; fixed-principal: equal parts of principal; bullet: repaid at maturity"
    )
    profile_term: PositiveTerm | None = Field(
        None,
        description="repaid as a loan of so many months from the first repayment would be, and what is left at "
        "maturity is a balloon: a mini-perm",
    )
    secured_by: tuple[DealRef, ...] = Field(
        (), description="deals whose net cash to the borrower, less the energy bills it pays, is the CFADS"
    )
    support: SupportParams | None = Field(
        None, description="a guarantee of the rent that lowers the rate: table `debt_pricing`"
    )
    behind: tuple[DealRef, ...] = Field(
        (), description="loans secured by the same deals that are served first; the CFADS is what they leave"
    )
    reserve_months: int = Field(
        0, ge=0, le=60, description="months of debt service that a reserve account holds, from before repayment on"
    )
    reserve_account: PartyRef | None = Field(
        None, description="party that holds the reserve; the lender where not given"
    )
    sweep: Fraction = Field(0.0, description="share of the excess cash that prepays the loan")
    lock_up: Ratio | None = Field(
        None,
        gt=0,
        description="DSCR over twelve months below which the owners get nothing; sweep takes what is above it",
    )
    default_below: Ratio | None = Field(None, gt=0, description="DSCR over twelve months below which it is in default")

    @model_validator(mode="after")
    def _together(self) -> Self:
        sized = [name for name in SIZERS if getattr(self, name) is not None]
        if (self.principal is None) == (not sized):
            raise terms.wrong("give one of principal and dscr, or ltc or ltv in place of dscr, or several of these")
        if (self.maturity is None) == (self.tenor is None):
            raise terms.wrong("give one of maturity and tenor")
        self._of_draws()
        if self.needs_cash and not self.secured_by:
            raise terms.wrong("a loan sized by dscr, sculpted, swept or with covenants needs secured_by: who pays it")
        if self.dscr is not None and self.amortisation == "bullet":
            raise terms.wrong("dscr sizes a loan that is repaid as it goes; give a bullet loan a principal")
        if self.profile_term is not None and self.amortisation == "bullet":
            raise terms.wrong("a bullet loan is all balloon; leave profile_term out")
        if self.behind and not self.secured_by:
            raise terms.wrong("behind needs secured_by: the cash that is shared")
        if (self.ltv is None) != (self.value is None):
            raise terms.wrong("ltv and value go together")
        if self.lock_up is not None and self.default_below is not None and self.default_below > self.lock_up:
            raise terms.wrong("default_below is above lock_up; a loan is locked up before it is in default")
        return self

    def _of_draws(self) -> None:
        if self.funds is not None and (self.draw is not None or self.draw_months != 1):
            raise terms.wrong("funds says when the loan is drawn; leave draw and draw_months out")
        if self.funds is not None and self.maturity is None:
            raise terms.wrong("funds leaves the first draw to another deal; give maturity and not tenor")
        if self.ltc is not None and self.funds is None:
            raise terms.wrong("ltc needs funds: the deal whose cost it is a share of")
        if self.order is not None and self.funds is None:
            raise terms.wrong("order needs funds: the deal that draws and equity pay for")
        if self.sponsor is not None and self.order is None:
            raise terms.wrong("sponsor needs order: when the equity is paid in")
        if self.order is not None and self.grace == "capitalised":
            raise terms.wrong("with order, draws and equity pay the interest; leave grace out")

    @property
    def needs_cash(self) -> bool:
        """Whether the CFADS decides how large the loan is or how it is repaid."""
        return self.dscr is not None or self.amortisation == "sculpted" or self.watches_cash

    @property
    def watches_cash(self) -> bool:
        """Whether what is paid, or may be paid out, depends on the CFADS month by month."""
        return self.sweep > 0 or self.lock_up is not None or self.default_below is not None or self.reserve_months > 0
