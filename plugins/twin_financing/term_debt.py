"""The model `term-debt`: a loan that is sized, drawn, bears interest and is repaid from the cash of other deals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.api import Entry, FinancingInputs, FinancingModel
from twin_financing import cascade, funding, loan, sizing, term_debt_frames, terms
from twin_financing.cascade import Rules
from twin_financing.sizing import Limit, Uses
from twin_financing.support import DEBT_PRICING, supported_rate
from twin_financing.term_debt_dates import NAME, Dates, cfads, dates, refuse_shared_security
from twin_financing.term_debt_params import TermDebtParams

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows and balances of all loans.

    Returns:
        `cashflow` (debt_draw, interest, principal, fees, reserve, equity), `debt` from the first draw to
        maturity, `debt_sizing`, `waterfall` of the loans that say who pays them, and `debt_pricing` of those
        that a guarantee supports.

    Raises:
        RefusedError: a loan that cannot be worked out, or two that count the same cash, by name.
    """
    refuse_shared_security(inputs, NAME)
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    schemas: dict[str, dict[str, pl.DataType]] = {**term_debt_frames.SCHEMAS, "debt_pricing": DEBT_PRICING}
    return {
        "cashflow": ledger.frame(),
        **{
            name: terms.together([frames[name] for frames in made if name in frames], schema)
            for name, schema in schemas.items()
        },
    }


def _one(entry: Entry[TermDebtParams], inputs: FinancingInputs, ledger: terms.Ledger) -> dict[str, pl.DataFrame]:
    params = entry.params
    terms.two_parties(NAME, entry.name, params.lender, params.borrower)
    when = dates(entry, inputs)
    divides = params.dscr is not None or params.amortisation == "sculpted"
    last = when.repay + when.profile - 1 if divides else when.maturity
    if last >= inputs.calendar.months and params.needs_cash:
        raise terms.refuse(
            NAME,
            entry.name,
            f"it matures in {inputs.calendar.date(last):%Y-%m}, after the calendar ends, and the cash flow "
            "until then is needed to sculpt or size it",
            "leave `calendar.months` out, and the deals will say how long it runs",
        )
    cash = cfads(entry, inputs, when)
    if divides:
        _refuse_no_cash(entry, inputs, when, cash[when.grace :])
    work, pricing = _supported(_Work(entry, inputs, when, cash[when.grace :]))
    built = work.built()
    repaid = work.repaid(built.balance)
    term_debt_frames.pay(work.entry, ledger, when, built, repaid)
    frames = term_debt_frames.tables(work.entry, inputs, when, built, repaid, cash[: when.grace + when.count])
    return {**frames, **pricing}


def _supported(work: _Work) -> tuple[_Work, dict[str, pl.DataFrame]]:
    """The loan at the rate that a guarantee brings, and table `debt_pricing`."""
    entry, support = work.entry, work.entry.params.support
    if support is None:
        return work, {}

    def at(rate: float) -> _Work:
        return replace(work, entry=Entry(entry.name, entry.params.model_copy(update={"rate": rate})))

    months = work.when.repay, work.when.maturity
    rate, row = supported_rate(NAME, entry, support, work.inputs, months, lambda rate: at(rate).scheduled())
    return at(rate), {"debt_pricing": row}


def _refuse_no_cash(entry: Entry[TermDebtParams], inputs: FinancingInputs, when: Dates, flow: Floats) -> None:
    if flow.min() <= 0:
        month = inputs.calendar.date(when.repay + int(np.argmax(flow <= 0)))
        raise terms.refuse(
            NAME,
            entry.name,
            f"the cash flow available for debt service is not above zero in {month:%Y-%m}, so nothing can be sculpted "
            "to it or sized by it",
            "move repayment_start or maturity, name the deals that pay in `secured_by`, or repay it level",
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """One loan being worked out; `flow` is its CFADS from the first repayment on."""

    entry: Entry[TermDebtParams]
    inputs: FinancingInputs
    when: Dates
    flow: Floats

    @property
    def rate(self) -> float:
        """Interest a month."""
        return self.entry.params.rate / 12

    def schedule(self, balance: float) -> tuple[Floats, float]:
        """Principal by month and balloon of a balance when repayment starts."""
        shape, count, profile = self.entry.params.amortisation, self.when.count, self.when.profile
        if shape == "bullet":
            return loan.bullet(balance, count), 0.0
        if shape == "level":
            whole = loan.level(balance, self.rate, profile)
        elif shape == "fixed-principal":
            whole = loan.fixed_principal(balance, profile)
        else:
            whole, dscr = loan.sculpted(balance, self.rate, self.flow)
            self._refuse_growth(balance, dscr)
        return loan.cut(whole, count)

    def scheduled(self) -> Floats:
        """Balance at the start of each month of repayment, without sweep."""
        balance = self.built().balance
        principal, _ = self.schedule(balance)
        return np.asarray(balance - np.concatenate(([0.0], np.cumsum(principal)))[:-1])

    def _refuse_growth(self, balance: float, dscr: float) -> None:
        """Refuse a loan that `dscr` sizes and that would have to grow to keep that ratio when repayment starts."""
        wanted, when = self.entry.params.dscr, self.when
        if wanted is None or dscr <= wanted * (1 + 1e-9):
            return
        if balance >= loan.sized(self.flow, self.rate, wanted) * (1 - 1e-9):
            raise terms.refuse(
                NAME,
                self.entry.name,
                f"at a cover ratio of {wanted:g} the cash flow does not pay the interest of every month from "
                f"{self.inputs.calendar.date(when.repay):%Y-%m}, so the balance would grow",
                "let repayment_start be later, or ask for a higher dscr",
            )

    def _carried(self) -> float:
        """The balance that `dscr` allows when repayment starts."""
        params, flow = self.entry.params, self.flow
        dscr = params.dscr or 1.0
        if params.amortisation == "sculpted":
            return loan.sized(flow, self.rate, dscr)
        unit, _ = self.schedule(1.0)
        return loan.carried(unit, self.rate, flow[: self.when.count], dscr)

    def _limits(self, unit: float, cost: float | None) -> tuple[Limit, ...]:
        """What may be drawn, by limit; a dollar drawn is `unit` dollars when repayment starts."""
        params = self.entry.params
        found = []
        if params.principal is not None:
            found.append(Limit("principal", "the principal", params.principal))
        if params.dscr is not None:
            found.append(Limit("dscr", f"a DSCR of {params.dscr:g}", self._carried() / unit))
        if params.ltc is not None and cost is not None:
            found.append(Limit("ltc", f"a loan to cost of {params.ltc:.4g}", params.ltc * cost))
        if params.ltv is not None and params.value is not None:
            found.append(Limit("ltv", f"a loan to value of {params.ltv:.4g}", params.ltv * params.value / unit))
        return tuple(found)

    def built(self) -> term_debt_frames.Built:
        """The loan up to its first repayment."""
        return self.ordered() if self.entry.params.order else self.plain()

    def plain(self) -> term_debt_frames.Built:
        """Draws as the file says; interest, fees and reserve before repayment out of the borrower's pocket."""
        params, when = self.entry.params, self.when
        capitalise = params.grace == "capitalised"
        unit = float(loan.build_up(when.weights, self.rate, capitalise=capitalise)[-1])
        cost = None if when.cost is None else float(when.cost.sum())
        limits = self._limits(unit, cost)
        self._refuse_oversized(cost)
        size = sizing.least(limits, cost)[0].usd
        draw = when.weights * size
        closing = loan.build_up(draw, self.rate, capitalise=capitalise)
        opening = np.concatenate(([0.0], closing[:-1]))
        interest = self.rate * opening
        undrawn = np.maximum(size - np.cumsum(draw), 0.0)
        commitment = np.concatenate(([0.0], undrawn[:-1])) * params.commitment_fee / 12
        upfront = np.zeros(len(draw))
        upfront[0] = params.upfront_fee * size
        reserve = self._reserve(float(closing[-1]))
        return term_debt_frames.Built(
            size=size,
            draw=draw,
            equity=np.zeros(len(draw)),
            interest=interest,
            capitalised=interest if capitalise else np.zeros(len(draw)),
            upfront=upfront,
            commitment=commitment,
            undrawn=undrawn,
            reserve=reserve,
            limits=limits,
            uses=Uses(cost, float(interest.sum()), float(commitment.sum() + upfront[0]), reserve),
        )

    def ordered(self) -> term_debt_frames.Built:
        """Draws and equity pay for the deal and for interest, fees and reserve, in the order of the file."""
        params, when = self.entry.params, self.when
        cost = when.weights if when.cost is None else when.cost
        fixed = [limit.usd for limit in self._limits(1.0, None)]
        share = 1.0 if params.ltc is None else params.ltc
        how = funding.Terms(
            self.rate, params.upfront_fee, params.commitment_fee / 12, params.order or "pro-rata", self._reserve
        )
        made = funding.close(cost, how, lambda used: min([*fixed, share * used]))
        if made is None:
            raise terms.refuse(
                NAME,
                self.entry.name,
                "its interest, fees and reserve grow with the loan and the loan with them, without end",
                "lower upfront_fee, rate or ltc, or shorten the time before repayment_start",
            )
        self._refuse_oversized(made.cost)
        fees = float(made.upfront.sum() + made.commitment.sum())
        return term_debt_frames.Built(
            size=made.loan,
            draw=made.draw,
            equity=made.equity,
            interest=made.interest,
            capitalised=np.zeros(len(cost)),
            upfront=made.upfront,
            commitment=made.commitment,
            undrawn=np.maximum(made.loan - np.cumsum(made.draw), 0.0),
            reserve=made.reserve,
            limits=self._limits(1.0, made.cost),
            uses=Uses(made.cost, float(made.interest.sum()), fees, made.reserve),
        )

    def _refuse_oversized(self, cost: float | None) -> None:
        principal = self.entry.params.principal
        if cost is not None and principal is not None and principal > cost * (1 + 1e-9):
            raise terms.refuse(
                NAME,
                self.entry.name,
                f"its principal of ${principal:,.0f} is {principal / cost:.1%} of what '{self.entry.params.funds}' "
                f"costs, ${cost:,.0f}",
                "lower the principal, or size it by `ltc`",
            )

    def _reserve(self, balance: float) -> float:
        """The reserve when repayment starts."""
        months = self.entry.params.reserve_months
        if not months or balance <= 0:
            return 0.0
        principal, _ = self.schedule(balance)
        owed = balance - np.concatenate(([0.0], np.cumsum(principal)))[:-1]
        return float(cascade.reserve_targets(principal + self.rate * owed, months)[0])

    def repaid(self, balance: float) -> cascade.Cascade:
        """The repayment out of the cash."""
        params = self.entry.params
        principal, balloon = self.schedule(balance)
        rules = Rules(self.rate, params.reserve_months, params.sweep, params.lock_up or 1.0)
        return cascade.run(
            balance, principal, balloon, self.flow[: self.when.count], rules, funded=self._reserve(balance)
        )


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last loan matures; or until its schedule would end, where that needs the cash till then."""
    ends = [0]
    for entry in inputs.entries:
        params: TermDebtParams = entry.params
        draw = 0 if params.draw is None else inputs.calendar.index(params.draw)
        if params.maturity is not None:
            ends.append(inputs.calendar.index(params.maturity) + 1)
        else:
            ends.append(draw + int(params.tenor or 0) + 1)
        if params.profile_term is not None and (params.dscr is not None or params.amortisation == "sculpted"):
            start = draw + params.draw_months
            if params.repayment_start is not None:
                start = inputs.calendar.index(params.repayment_start)
            ends.append(start + int(params.profile_term))
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="A loan: sized by DSCR, cost or value, drawn with equity in any order, repaid level, sculpted, in equal parts, "
    "at once or with a balloon; fees, reserve, sweep, covenants, seniority.",
    params=TermDebtParams,
    run=run,
    horizon=horizon,
)
