"""A deal made ready for scenarios: its ledger as a few streams that answer to defaults, prices and delay.

A stream is all that one party pays another under one deal for one kind of thing.  What nothing drawn can change is no
stream: scenarios are worked out as differences from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.cost.measures import month_numbers
from twin.cost.operating import operating
from twin.errors import RefusedError
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twin.api import Calendar
    from twin.cost.measures import Floats

RENT, THROUGH, STOP = "rent", "through", "stop"
"""What becomes of a stream when its obligor defaults: rent is let again and guaranteed; a pass-through falls to the
landlord; anything else stops.  A stream that does not end with a default has none of them."""

GPU, POWER = "gpu", "power"
_CAPITAL = ("capex", "salvage")
_LOAN = ("debt_draw", "principal", "interest")
MARKET = "market"


@dataclass(frozen=True, slots=True)
class Stream:
    """What `payer` pays `payee` under a deal.

    Attributes:
        payer, payee: numbers of parties.
        amount: dollars by month, with as many zeros at the end as the longest delay has months.
        obligor: number among the defaulting parties; -1 where no default ends it.
        kind: RENT, THROUGH, STOP or empty.
        price: GPU, POWER or empty.
        late: whether it comes later with the energisation.
        landlord: party that bears a pass-through, or is paid the rent; -1 where there is none.
        guarantee: number of the guarantee of the rent; -1 for none.
        loans: numbers of the loans that are paid from it.
    """

    payer: int
    payee: int
    amount: Floats
    obligor: int
    kind: str
    price: str
    late: bool
    landlord: int
    guarantee: int
    loans: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee of the rent of one obligor.

    Attributes:
        deal: its name.
        guarantor: number of the party; `defaults` its number among the defaulting ones.
        obligor: number among the defaulting parties.
        share: guaranteed amount over all rent still to come, by month of default.
        amount: guaranteed at the start of each month, and `ahead`: all rent still to come.
        first: first month in which something is guaranteed.
    """

    deal: str
    guarantor: int
    defaults: int
    obligor: int
    share: Floats
    amount: Floats
    ahead: Floats
    first: int

    def default_in(self, hazard: float, start: int) -> Floats:
        """Probability that the obligor defaults in each month, (1 - h)^age h, where something is guaranteed in it.

        Args:
            hazard: of a month.
            start: month from which the obligor may default; its age counts from there.
        """
        age = np.arange(len(self.amount)) - start
        return np.where(self.amount > 0, (1 - hazard) ** np.maximum(age, 0) * hazard, 0.0)

    def expected_claim(self, default: Floats, recovery: float, downtime: int) -> float:
        """The claim in closed form: sum over months of default of its probability x what is lost of what is guaranteed.

        Lost is what letting again after the downtime does not bring of the rent still to come.
        """
        later = np.append(self.ahead[downtime:], np.zeros(min(downtime, len(self.ahead))))
        lost = 1.0 - recovery * np.divide(later, self.ahead, out=np.zeros(len(later)), where=self.ahead > 0)
        return float((default * lost) @ self.amount)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan by month.

    Attributes:
        deal: its name.
        borrower, lender: numbers of parties.
        obligor: number of the borrower among the defaulting parties; -1 where it is none of them.
        cfads: cash flow available for debt service; operating cash of the borrower after maturity.
        service: due in cash.
        own: what the borrower pays of it out of its own pocket in the ledger, and so has committed.
        year_service: due in the twelve months to each; NaN where no cover ratio is taken.
        rate: interest a month on what is overdue.
    """

    deal: str
    borrower: int
    lender: int
    obligor: int
    cfads: Floats
    service: Floats
    own: Floats
    year_service: Floats
    rate: float


@dataclass(frozen=True, slots=True)
class Deal:
    """All that scenarios need.

    Attributes:
        parties: names, by number; `market` among them.
        defaulting: names of the parties that may default: obligors, then guarantors.
        months: of the calendar and the longest delay together.
        net: what each party is left with by month in the ledger, shape (parties, months).
        streams, guarantees, loans: as above.
        left_out: guarantees of something other than rent, which scenarios do not call.
    """

    parties: tuple[str, ...]
    defaulting: tuple[str, ...]
    months: int
    net: Floats
    streams: tuple[Stream, ...]
    guarantees: tuple[Guarantee, ...]
    loans: tuple[Loan, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a deal comes from.

    Attributes:
        cashflow, debt, guarantee: tables of the analysis `cost`.
        calendar: the months.
        secured_by: deals that pay each loan, by its name; all of the borrower's where it is not among them.
        gpu_deals, power_deals: deals whose prices wander.
        latest: longest delay in months.
        obligors: parties that may default beside the obligors of guarantees.
    """

    cashflow: pl.DataFrame
    debt: pl.DataFrame
    guarantee: pl.DataFrame
    calendar: Calendar
    secured_by: Mapping[str, Collection[str]]
    gpu_deals: Collection[str]
    power_deals: Collection[str]
    latest: int = 0
    obligors: tuple[str, ...] = ()


def compiled(source: Source) -> Deal:
    """Make a deal ready.

    Raises:
        RefusedError: two guarantees of one rent.
    """
    ledger = source.cashflow
    promised = source.guarantee.group_by("deal", "guarantor", "obligor", "beneficiary", maintain_order=True).len()
    obligors = tuple(dict.fromkeys((*promised["obligor"], *source.obligors)))
    defaulting = tuple(dict.fromkeys((*obligors, *promised["guarantor"])))
    names = sorted(set(ledger["payer"]) | set(ledger["payee"]) | set(defaulting) | {MARKET})
    number = {name: place for place, name in enumerate(names)}
    months = source.calendar.months + source.latest
    net = np.zeros((len(names), months))
    for column, sign in (("payee", 1.0), ("payer", -1.0)):
        place = ledger[column].replace_strict(number, return_dtype=pl.Int64).to_numpy()
        np.add.at(net, (place, month_numbers(ledger, source.calendar)), sign * ledger["amount_usd"].to_numpy())
    guarantees, covered, left_out = _guarantees(source, number, defaulting, months)
    return Deal(
        tuple(names),
        defaulting,
        months,
        net,
        _streams(source, number, obligors, covered, months),
        guarantees,
        _loans(source, number, defaulting, months),
        left_out,
    )


def _by_month(rows: pl.DataFrame, source: Source, months: int, column: str = "amount_usd") -> Floats:
    return np.bincount(month_numbers(rows, source.calendar), weights=rows[column].to_numpy(), minlength=months).astype(
        np.float64
    )


def _guarantees(
    source: Source, number: Mapping[str, int], defaulting: tuple[str, ...], months: int
) -> tuple[tuple[Guarantee, ...], dict[tuple[str, str], int], tuple[str, ...]]:
    """The guarantees, which of them covers the rent from an obligor to a beneficiary, and those of something else."""
    left_out: list[str] = []
    found: list[Guarantee] = []
    covered: dict[tuple[str, str], int] = {}
    for (deal, guarantor, obligor, beneficiary), rows in source.guarantee.group_by(
        "deal", "guarantor", "obligor", "beneficiary", maintain_order=True
    ):
        pair = (str(obligor), str(beneficiary))
        if pair in covered:
            raise RefusedError(
                "risk",
                f"'{deal}' and '{found[covered[pair]].deal}' both guarantee what '{obligor}' owes '{beneficiary}'",
                "make them one guarantee",
            )
        rent = source.cashflow.filter(
            (pl.col("payer") == obligor) & (pl.col("payee") == beneficiary) & (pl.col("category") == "base_rent")
        )
        ahead = np.cumsum(_by_month(rent, source, months)[::-1])[::-1]
        if not ahead.any():
            left_out.append(str(deal))
            continue
        amount = _by_month(rows, source, months, "guaranteed_usd")
        covered[pair] = len(found)
        share = np.divide(amount, ahead, out=np.zeros(months), where=ahead > 0)
        force = np.flatnonzero(amount > 0)
        found.append(
            Guarantee(
                str(deal),
                number[str(guarantor)],
                defaulting.index(str(guarantor)),
                defaulting.index(str(obligor)),
                share,
                amount,
                ahead,
                int(force[0]) if len(force) else 0,
            )
        )
    return tuple(found), covered, tuple(left_out)


def _streams(
    source: Source,
    number: Mapping[str, int],
    obligors: tuple[str, ...],
    covered: Mapping[tuple[str, str], int],
    months: int,
) -> tuple[Stream, ...]:
    loans = source.debt.group_by("deal", "borrower", maintain_order=True).len()
    rows = source.cashflow.filter(
        ~(pl.col("deal").is_in(loans["deal"].to_list()) & pl.col("category").is_in(list(_LOAN)))
    )
    keys = ("payer", "payee", "deal", "category")
    landlords = {
        str(deal): str(payee)
        for deal, payee in rows.filter(category="base_rent").select("deal", "payee").unique().rows()
    }
    found = []
    for (payer, payee, deal, category), part in rows.group_by(*keys, maintain_order=True):
        one = next((name for name in obligors if name in (payer, payee)), None)
        owing = payer == one and one is not None
        landlord = landlords.get(str(deal)) if owing else None
        kind = "" if one is None else STOP
        if owing and category == "base_rent":
            kind = RENT
        elif landlord not in (None, payee) and category == "pass_through":
            kind = THROUGH
        price = _price(source, str(deal), str(category))
        late = category not in _CAPITAL or price == GPU
        if not (kind or price or (late and source.latest)):
            continue
        found.append(
            Stream(
                number[str(payer)],
                number[str(payee)],
                _by_month(part, source, months),
                -1 if one is None else obligors.index(one),
                kind,
                price,
                late,
                -1 if landlord is None else number[landlord],
                covered.get((str(payer), str(payee)), -1) if kind == RENT else -1,
                tuple(
                    place
                    for place, (name, borrower, _) in enumerate(loans.rows())
                    if _pays(source, str(name), str(borrower), str(deal), (str(payer), str(payee), landlord))
                    and category not in _CAPITAL
                ),
            )
        )
    return tuple(found)


def _price(source: Source, deal: str, category: str) -> str:
    if deal in source.power_deals:
        return POWER
    return GPU if deal in source.gpu_deals and category in _CAPITAL else ""


def _pays(source: Source, loan: str, borrower: str, deal: str, parties: tuple[str | None, ...]) -> bool:
    """Whether the cash of a deal is the borrower's and secures the loan."""
    secured = source.secured_by.get(loan)
    return borrower in parties and (secured is None or deal in secured or deal in source.power_deals)


def _loans(source: Source, number: Mapping[str, int], defaulting: tuple[str, ...], months: int) -> tuple[Loan, ...]:
    found = []
    for rows in source.debt.partition_by("deal", maintain_order=True):
        borrower, lender = str(rows["borrower"][0]), str(rows["lender"][0])
        taken = {
            name: _by_month(rows, source, months, f"{name}_usd")
            for name in ("opening", "interest", "capitalised", "principal", "cfads")
        }
        service = taken["interest"] - taken["capitalised"] + taken["principal"]
        last = int(month_numbers(rows, source.calendar)[-1])
        cfads = taken["cfads"]
        if last + 1 < source.calendar.months:
            cfads[last + 1 : source.calendar.months] = operating(source.cashflow, borrower, source.calendar)[last + 1 :]
        covered = np.isfinite(_at(rows, source, months, "dscr_ratio"))
        year = np.convolve(service, np.ones(MONTHS_PER_YEAR))[:months]
        owed = taken["opening"].sum()
        found.append(
            Loan(
                str(rows["deal"][0]),
                number[borrower],
                number[lender],
                defaulting.index(borrower) if borrower in defaulting else -1,
                cfads,
                service,
                np.maximum(service - np.maximum(cfads, 0.0), 0.0),
                np.where(covered & (year > 0), year, np.nan),
                float(taken["interest"].sum() / owed) if owed > 0 else 0.0,
            )
        )
    return tuple(found)


def _at(rows: pl.DataFrame, source: Source, months: int, column: str) -> Floats:
    out = np.full(months, np.nan)
    out[month_numbers(rows, source.calendar)] = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return out
