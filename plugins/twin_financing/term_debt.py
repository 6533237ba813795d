"""The model `term-debt`: a loan that is drawn, bears interest and is repaid from the cash of other deals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import Date, DealRef, Entry, FinancingInputs, FinancingModel, Money, Params, PartyRef, Rate, Ratio
from twin_financing import loan, terms
from twin_financing.support import DEBT_PRICING, SupportParams, supported_rate
from twin_financing.terms import PositiveTerm

if TYPE_CHECKING:
    from twin_financing.terms import Floats

NAME = "term-debt"

DEBT = {
    "month": pl.Date(),
    "deal": pl.String(),
    "borrower": pl.String(),
    "lender": pl.String(),
    **{
        f"{name}_usd": pl.Float64()
        for name in ("opening", "draw", "interest", "capitalised", "principal", "closing", "cfads")
    },
    "dscr_ratio": pl.Float64(),
    "llcr_ratio": pl.Float64(),
}


class TermDebtParams(Params):
    """A term loan.  Interest of a month is a twelfth of the yearly rate on the balance at its start."""

    borrower: PartyRef = Field(description="party that owes")
    lender: PartyRef = Field(description="party that is owed")
    principal: Money | None = Field(None, gt=0, description="amount drawn in all; give either this or dscr")
    dscr: Ratio | None = Field(
        None,
        ge=1,
        description="cover ratio that sizes the loan: CFADS over debt service; give either this or principal",
    )
    rate: Rate = Field(ge=0, description="interest a year, nominal: a twelfth of it is due each month")
    draw: Date | None = Field(None, description="month of the first draw; the start of the calendar where not given")
    draw_months: int = Field(1, ge=1, le=600, description="months over which the loan is drawn, in equal parts")
    funds: DealRef | None = Field(
        None, description="deal, such as a purchase, whose payments by the borrower the draws follow in proportion"
    )
    grace: Literal["interest-only", "capitalised"] = Field(
        "interest-only", description="what happens to interest before repayment starts: paid, or added to the balance"
    )
    repayment_start: Date | None = Field(
        None, description="month of the first repayment; the month after the last draw where not given"
    )
    maturity: Date | None = Field(None, description="month of the last repayment; give either this or tenor")
    tenor: PositiveTerm | None = Field(None, description="term from the first draw; give either this or maturity")
    amortisation: Literal["level", "sculpted", "bullet"] = Field(
        description="level: equal payments; sculpted: debt service is CFADS over one constant ratio, and never less "
        "than the interest; bullet: repaid at maturity"
    )
    secured_by: tuple[DealRef, ...] = Field(
        (), description="deals whose net cash to the borrower, less the energy bills it pays, is the CFADS"
    )
    support: SupportParams | None = Field(
        None, description="a guarantee of the rent that lowers the rate: table `debt_pricing`"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        for ours, other in (("principal", "dscr"), ("maturity", "tenor")):
            if (getattr(self, ours) is None) == (getattr(self, other) is None):
                raise terms.wrong(f"give one of {ours} and {other}")
        if self.funds is not None and (self.draw is not None or self.draw_months != 1):
            raise terms.wrong("funds says when the loan is drawn; leave draw and draw_months out")
        if self.funds is not None and self.maturity is None:
            raise terms.wrong("funds leaves the first draw to another deal; give maturity and not tenor")
        needs_cash = self.dscr is not None or self.amortisation == "sculpted"
        if needs_cash and not self.secured_by:
            raise terms.wrong("a loan sized by dscr or sculpted needs secured_by: the deals that pay it")
        if self.dscr is not None and self.amortisation == "bullet":
            raise terms.wrong("dscr sizes a level or a sculpted loan; give a bullet loan a principal")
        return self


@dataclass(frozen=True, slots=True)
class _Dates:
    """Month indices of a loan: first draw, last draw, first repayment, maturity; weights of the draws."""

    draw: int
    weights: Floats
    repay: int
    maturity: int

    @property
    def grace(self) -> int:
        """Months from the first draw to the month before the first repayment."""
        return self.repay - self.draw

    @property
    def window(self) -> slice:
        """The months of repayment in an array that starts with the first draw."""
        return slice(self.grace, self.maturity - self.draw + 1)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows and balances of all loans.

    Returns:
        `cashflow` (debt_draw, interest, principal) and `debt`, from the first draw to maturity.

    Raises:
        RefusedError: a loan that cannot be worked out, or two that count the same cash, by name.
    """
    _refuse_shared_security(inputs)
    ledger = terms.Ledger(inputs.calendar)
    frames: list[pl.DataFrame] = []
    pricing: list[pl.DataFrame] = []
    for entry in inputs.entries:
        priced, prices = _priced(entry, inputs)
        pricing += prices
        frames.append(_one(priced, inputs, ledger))
    return {
        "cashflow": ledger.frame(),
        "debt": terms.together(frames, DEBT),
        "debt_pricing": terms.together(pricing, DEBT_PRICING),
    }


def _priced(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> tuple[Entry[TermDebtParams], list[pl.DataFrame]]:
    """The loan at the rate that a guarantee brings, and what it brings."""
    params = entry.params
    if params.support is None:
        return entry, []
    dates = _dates(entry, inputs)
    cfads = _cfads(entry, inputs, dates)

    def at(rate: float) -> Entry[TermDebtParams]:
        return Entry(entry.name, params.model_copy(update={"rate": rate}))

    def sized(rate: float) -> float:
        return float(_loan(at(rate), inputs, dates, cfads).principal.sum())

    rate, row = supported_rate(NAME, entry, params.support, inputs, (dates.repay, dates.maturity), sized)
    return at(rate), [row]


def _refuse_shared_security(inputs: FinancingInputs) -> None:
    """Two loans that count the same cash would each look covered by all of it."""
    every = [*inputs.entries, *(other for other in inputs.others.values() if isinstance(other.params, TermDebtParams))]
    for entry in inputs.entries:
        for other in every:
            shared = set(entry.params.secured_by) & set(other.params.secured_by)
            if other.name != entry.name and other.params.borrower == entry.params.borrower and shared:
                raise terms.refuse(
                    NAME,
                    entry.name,
                    f"'{other.name}' of the same borrower is secured by '{min(shared)}' too, and each would count all "
                    "of its cash",
                    "secure each loan by deals of its own, or make them one loan",
                )


def _one(entry: Entry[TermDebtParams], inputs: FinancingInputs, ledger: terms.Ledger) -> pl.DataFrame:
    params, months = entry.params, inputs.calendar.months
    terms.two_parties(NAME, entry.name, params.lender, params.borrower)
    dates = _dates(entry, inputs)
    cut_short = dates.maturity >= months
    if cut_short and (params.dscr is not None or params.amortisation == "sculpted"):
        raise terms.refuse(
            NAME,
            entry.name,
            f"it matures in {inputs.calendar.date(dates.maturity):%Y-%m}, after the calendar ends, and the cash flow "
            "until then is needed to sculpt or size it",
            "leave `calendar.months` out, and the deals will say how long it runs",
        )
    cfads = _cfads(entry, inputs, dates)
    made = _loan(entry, inputs, dates, cfads)
    for payer, payee, category, amounts in (
        (params.lender, params.borrower, "debt_draw", made.draw),
        (params.borrower, params.lender, "interest", made.interest - made.capitalised),
        (params.borrower, params.lender, "principal", made.principal),
    ):
        ledger.add(entry.name, payer, payee, category, terms.place(dates.draw, amounts, months))
    return _frame(entry, inputs, dates, made, cfads)


def _frame(
    entry: Entry[TermDebtParams], inputs: FinancingInputs, dates: _Dates, made: loan.Loan, cfads: Floats
) -> pl.DataFrame:
    params, months = entry.params, inputs.calendar.months
    columns = {
        name: getattr(made, name) for name in ("opening", "draw", "interest", "capitalised", "principal", "closing")
    }
    unknown = np.full(len(cfads), np.nan)
    secured = bool(params.secured_by)
    ratios = {
        "dscr_ratio": loan.trailing_dscr(cfads, made.service, dates.grace) if secured else unknown,
        "llcr_ratio": loan.llcr(cfads, made.opening, params.rate / 12, dates.grace)
        if secured and dates.maturity < months
        else unknown,
    }
    here = slice(0, max(months - dates.draw, 0))
    frame = pl.DataFrame(
        {f"{name}_usd": values[here] for name, values in (*columns.items(), ("cfads", cfads))}
        | {name: values[here] for name, values in ratios.items()}
    )
    calendar = [inputs.calendar.date(dates.draw + index) for index in range(frame.height)]
    return frame.with_columns(
        pl.Series("month", calendar, dtype=pl.Date),
        deal=pl.lit(entry.name, pl.String),
        borrower=pl.lit(params.borrower, pl.String),
        lender=pl.lit(params.lender, pl.String),
        dscr_ratio=pl.col("dscr_ratio").fill_nan(None),
        llcr_ratio=pl.col("llcr_ratio").fill_nan(None),
    ).select(list(DEBT))


def _loan(entry: Entry[TermDebtParams], inputs: FinancingInputs, dates: _Dates, cfads: Floats) -> loan.Loan:
    """The loan by month from its first draw: its size first, where `dscr` sizes it, then its repayment."""
    params, rate = entry.params, entry.params.rate / 12
    capitalise = params.grace == "capitalised"
    flow = cfads[dates.window]
    needs_cash = params.dscr is not None or params.amortisation == "sculpted"
    if needs_cash and flow.min() <= 0:
        month = inputs.calendar.date(dates.repay + int(np.argmax(flow <= 0)))
        raise terms.refuse(
            NAME,
            entry.name,
            f"the cash flow available for debt service is not above zero in {month:%Y-%m}, so nothing can be sculpted "
            "to it or sized by it",
            "move repayment_start or maturity, name the deals that pay in `secured_by`, or repay it level",
        )
    unit = loan.build_up(dates.weights, rate, capitalise=capitalise)[-1]
    principal = params.principal or _size(params, flow) / unit
    balance = principal * unit
    if params.amortisation == "level":
        repaid = loan.level(balance, rate, len(flow))
    elif params.amortisation == "bullet":
        repaid = loan.bullet(balance, len(flow))
    else:
        repaid, dscr = loan.sculpted(balance, rate, flow)
        _refuse_growth(entry, inputs, dates, dscr)
    return loan.assemble(dates.weights * principal, repaid, rate, capitalise=capitalise)


def _size(params: TermDebtParams, flow: Floats) -> float:
    """The balance that `dscr` allows when repayment starts."""
    dscr, rate = params.dscr or 1.0, params.rate / 12
    if params.amortisation == "level":
        return float(flow.min()) / dscr * loan.annuity(rate, len(flow))
    return loan.sized(flow, rate, dscr)


def _refuse_growth(entry: Entry[TermDebtParams], inputs: FinancingInputs, dates: _Dates, dscr: float) -> None:
    """Refuse a loan sized by `dscr` that would have to grow to keep that ratio when repayment starts."""
    wanted = entry.params.dscr
    if wanted is not None and dscr > wanted * (1 + 1e-9):
        raise terms.refuse(
            NAME,
            entry.name,
            f"at a cover ratio of {wanted:g} the cash flow does not pay the interest of every month from "
            f"{inputs.calendar.date(dates.repay):%Y-%m}, so the balance would grow",
            "let repayment_start be later, or ask for a higher dscr",
        )


def _dates(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> _Dates:
    params, calendar = entry.params, inputs.calendar
    if params.funds is None:
        draw = 0 if params.draw is None else calendar.index(params.draw)
        weights = np.full(params.draw_months, 1 / params.draw_months)
    else:
        draw, weights = _following(entry, inputs)
    drawn = draw + len(weights)
    repay = drawn if params.repayment_start is None else calendar.index(params.repayment_start)
    maturity = draw + int(params.tenor or 0) if params.maturity is None else calendar.index(params.maturity)
    found = _Dates(draw, np.concatenate((weights, np.zeros(max(repay - drawn, 0)))), repay, maturity)
    _refuse_dates(entry, inputs, found, drawn)
    return found


def _refuse_dates(entry: Entry[TermDebtParams], inputs: FinancingInputs, dates: _Dates, drawn: int) -> None:
    def month(index: int) -> str:
        return f"{inputs.calendar.date(index):%Y-%m}"

    if dates.draw < 0:
        reason, remedy = f"it is drawn in {month(dates.draw)}, before the calendar starts", "start the calendar earlier"
    elif dates.repay < drawn:
        reason = f"repayment starts in {month(dates.repay)}, but it is drawn until {month(drawn - 1)}"
        remedy = f"let repayment_start be {month(drawn)} or later"
    elif dates.maturity < dates.repay:
        reason = f"it matures in {month(dates.maturity)}, before its first repayment in {month(dates.repay)}"
        remedy = "let it mature later, or start repayment earlier"
    else:
        return
    raise terms.refuse(NAME, entry.name, reason, remedy)


def _following(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> tuple[int, Floats]:
    """First month and shares of the draws that follow the payments of the deal `funds`."""
    params = entry.params
    paid = inputs.cashflow.filter((pl.col("deal") == params.funds) & (pl.col("payer") == params.borrower))
    by_month = _by_month(paid, inputs, np.ones(paid.height))
    at = np.flatnonzero(by_month)
    if not len(at):
        raise terms.refuse(
            NAME,
            entry.name,
            f"'{params.borrower}' pays nothing under '{params.funds}' within the calendar: nothing to draw for",
            "let `funds` name a deal that the borrower pays for",
        )
    draws = by_month[at[0] : at[-1] + 1]
    return int(at[0]), draws / draws.sum()


def _cfads(entry: Entry[TermDebtParams], inputs: FinancingInputs, dates: _Dates) -> Floats:
    """Net cash to the borrower of the deals in `secured_by`, less its energy bills, from the first draw to maturity.

    What is in the ledger and not an entry of `deals:` is a bill of an entry of `energy:`.
    """
    params = entry.params
    if not params.secured_by:
        return np.zeros(dates.maturity - dates.draw + 1)
    deals = set(inputs.others) | {other.name for other in inputs.entries}
    counted = pl.col("deal").is_in(list(params.secured_by)) | ~pl.col("deal").is_in(list(deals))
    rows = inputs.cashflow.filter(counted)
    sign = (rows["payee"] == params.borrower).to_numpy().astype(np.float64) - (
        rows["payer"] == params.borrower
    ).to_numpy()
    net = _by_month(rows, inputs, sign)
    return terms.place(-dates.draw, net, dates.maturity - dates.draw + 1)


def _by_month(rows: pl.DataFrame, inputs: FinancingInputs, sign: Floats) -> Floats:
    index = rows.select(inputs.calendar.number())["month"].to_numpy()
    amounts = rows["amount_usd"].to_numpy() * sign
    return np.bincount(index, weights=amounts, minlength=inputs.calendar.months).astype(np.float64)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last loan matures."""
    ends = [0]
    for entry in inputs.entries:
        params = entry.params
        if params.maturity is not None:
            ends.append(inputs.calendar.index(params.maturity) + 1)
        else:
            draw = 0 if params.draw is None else inputs.calendar.index(params.draw)
            ends.append(draw + int(params.tenor or 0) + 1)
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="A loan: drawn at once, evenly or as a purchase is paid; level, sculpted or bullet; DSCR and LLCR by month.",
    params=TermDebtParams,
    run=run,
    horizon=horizon,
)
