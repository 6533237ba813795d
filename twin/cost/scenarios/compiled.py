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
from twin.cost.scenarios import promises
from twin.cost.scenarios.assumed import SALE
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from twin.api import Calendar
    from twin.cost.measures import Floats
    from twin.cost.scenarios.promises import Guarantee, Residual, WindUp

RENT, THROUGH, STOP = "rent", "through", "stop"
"""What becomes of a stream when its obligor defaults: rent is let again; a pass-through falls to the
landlord; anything else stops.  A stream that does not end with a default has none of them."""

GPU, POWER = "gpu", "power"
_CAPITAL = ("capex", "salvage")
_LOAN = ("debt_draw", "principal", "interest")
_RESIDUAL = "residual_value_payment"
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
        again: share of it that letting again brings, and `downtime`: months after a default until it does.
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
    again: float
    downtime: int
    loans: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan by month.

    Attributes:
        deal: its name.
        borrower, lender: numbers of parties.
        obligor: number of the borrower among the defaulting parties; -1 where it is none of them.
        opening: owed at the start of the month in the ledger.
        cfads: cash flow available for debt service; operating cash of the borrower after maturity.
        service: due in cash.
        own: what the borrower pays of it out of its own pocket in the ledger, and so has committed.
        year_service: due in the twelve months to each; NaN where no cover ratio is taken.
        rate: interest a month on what is overdue.
        reserve: held for its service at the end of each month in the ledger, by the party with the number `account`;
        topped_up: put in after its first funding.
    """

    deal: str
    borrower: int
    lender: int
    obligor: int
    opening: Floats
    cfads: Floats
    service: Floats
    own: Floats
    year_service: Floats
    rate: float
    reserve: Floats
    topped_up: Floats
    account: int


@dataclass(frozen=True, slots=True)
class Deal:
    """All that scenarios need.

    Attributes:
        parties: names, by number; `market` among them.
        defaulting: names of the parties that may default: obligors, then guarantors.
        months: of the calendar and the longest delay together.
        net: what each party is left with by month in the ledger, shape (parties, months).
        streams, guarantees, loans: as above.
        left_out: guarantees whose contract no table has, which scenarios do not call.
        collateral: that is sold when an obligor defaults.
        residuals: guarantees of residual values.
    """

    parties: tuple[str, ...]
    defaulting: tuple[str, ...]
    months: int
    net: Floats
    streams: tuple[Stream, ...]
    guarantees: tuple[Guarantee, ...]
    loans: tuple[Loan, ...]
    left_out: tuple[str, ...] = ()
    collateral: tuple[WindUp, ...] = ()
    residuals: tuple[Residual, ...] = ()

    @property
    def promises(self) -> tuple[Guarantee | Residual, ...]:
        """All that guarantors are asked under, in the order of what is claimed and paid."""
        return (*self.guarantees, *self.residuals)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a deal comes from.

    Attributes:
        cashflow, debt, guarantee, terms, cover, residual, wind_up: tables of the analysis `cost`.
        calendar: the months.
        secured_by: deals that pay each loan, by its name; all of the borrower's where it is not among them.
        gpu_deals, power_deals: deals whose prices wander.
        latest: longest delay in months.
        obligors: parties that may default, and after them those that guarantee.
        relet: of a lease, the share of the rent that letting again brings and the months until it does.
        energised: deals whose collateral comes as its site is energised.
    """

    cashflow: pl.DataFrame
    debt: pl.DataFrame
    guarantee: pl.DataFrame
    terms: pl.DataFrame
    cover: pl.DataFrame
    residual: pl.DataFrame
    wind_up: pl.DataFrame
    calendar: Calendar
    secured_by: Mapping[str, Collection[str]]
    gpu_deals: Collection[str]
    power_deals: Collection[str]
    latest: int
    obligors: tuple[str, ...]
    relet: Callable[[str], tuple[float, int]]
    energised: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Named:
    """A source with numbers for its parties."""

    source: Source
    months: int
    number: Mapping[str, int]
    defaulting: tuple[str, ...]
    loans: pl.DataFrame
    sold: tuple[str, ...]


def compiled(source: Source) -> Deal:
    """Make a deal ready.

    Raises:
        RefusedError: nothing says what letting a site again brings.
    """
    ledger = source.cashflow
    defaulting = tuple(dict.fromkeys((*source.obligors, *source.terms["guarantor"], *source.residual["guarantor"])))
    names = sorted(set(ledger["payer"]) | set(ledger["payee"]) | set(defaulting) | {MARKET})
    number = {name: place for place, name in enumerate(names)}
    months = source.calendar.months + source.latest
    net = np.zeros((len(names), months))
    for column, sign in (("payee", 1.0), ("payer", -1.0)):
        place = ledger[column].replace_strict(number, return_dtype=pl.Int64).to_numpy()
        np.add.at(net, (place, month_numbers(ledger, source.calendar)), sign * ledger["amount_usd"].to_numpy())
    sold = tuple(source.wind_up["deal"].unique(maintain_order=True))
    debt = source.debt.filter(~pl.col("deal").is_in(sold))
    loans = debt.group_by("deal", "borrower", maintain_order=True).len()
    named = _Named(source, months, number, defaulting, loans, sold)
    guarantees, collateral, residuals = _promises(named)
    return Deal(
        tuple(names),
        defaulting,
        months,
        net,
        _streams(named),
        guarantees,
        _loans(named, debt),
        promises.left_out(source.guarantee, source.terms, source.residual),
        collateral,
        residuals,
    )


def _by_month(rows: pl.DataFrame, source: Source, months: int, column: str = "amount_usd") -> Floats:
    return np.bincount(month_numbers(rows, source.calendar), weights=rows[column].to_numpy(), minlength=months).astype(
        np.float64
    )


def _promises(named: _Named) -> tuple[tuple[Guarantee, ...], tuple[WindUp, ...], tuple[Residual, ...]]:
    """The guarantees that scenarios call, the collateral that they sell, and the residual values guaranteed."""
    source = named.source
    given = promises.Promised(
        source.guarantee,
        source.terms,
        source.cover,
        source.residual,
        source.wind_up,
        source.calendar,
        named.months,
        named.number,
        named.defaulting,
    )
    rows = list(source.terms.iter_rows(named=True))
    guarantees = tuple(
        promises.guarantee(
            row,
            given,
            source.relet(row["covers"]) if row["loss"] != SALE else (0.0, 0),
            _served(named, row["covers"], (row["obligor"], row["beneficiary"])),
        )
        for row in rows
    )
    support = {row["covers"]: place for place, row in enumerate(rows) if row["loss"] == SALE}
    sold = source.wind_up.filter(pl.col("obligor").is_in(list(source.obligors)))
    collateral = tuple(
        promises.wind_up(
            part,
            given,
            support.get(deal, -1),
            priced=deal in source.gpu_deals,
            late=deal in source.energised,
        )
        for (deal,), part in sold.group_by("deal", maintain_order=True)
    )
    residuals = tuple(
        promises.residual(
            row,
            given,
            float(_residual_payments(source).filter(deal=row["deal"])["amount_usd"].sum()),
            _served(named, row["deal"], (row["guarantor"], row["beneficiary"])),
            priced=row["deal"] in source.gpu_deals,
        )
        for row in source.residual.iter_rows(named=True)
    )
    return guarantees, collateral, residuals


def _residual_payments(source: Source) -> pl.DataFrame:
    """What the ledger has paid under guarantees of residual values: no stream, as scenarios call them themselves."""
    return source.cashflow.filter(
        pl.col("deal").is_in(source.residual["deal"].to_list()) & (pl.col("category") == _RESIDUAL)
    )


def _served(named: _Named, deal: str, parties: tuple[str | None, ...]) -> tuple[int, ...]:
    """Numbers of the loans that the cash of a deal pays."""
    return tuple(
        place
        for place, (name, borrower, _) in enumerate(named.loans.rows())
        if _pays(named.source, str(name), str(borrower), deal, parties)
    )


def _streams(named: _Named) -> tuple[Stream, ...]:
    source = named.source
    rows = source.cashflow.filter(
        ~(pl.col("deal").is_in(named.loans["deal"].to_list()) & pl.col("category").is_in(list(_LOAN)))
    ).join(_residual_payments(source), on=source.cashflow.columns, how="anti", maintain_order="left")
    keys = ("payer", "payee", "deal", "category")
    landlords = {
        str(deal): str(payee)
        for deal, payee in rows.filter(category="base_rent").select("deal", "payee").unique().rows()
        if deal not in named.sold
    }
    lessees = dict(source.wind_up.select("deal", "obligor").unique().rows())
    found = []
    for (payer, payee, deal, category), part in rows.group_by(*keys, maintain_order=True):
        ends = (lessees[deal],) if deal in lessees else (payer, payee)
        one = next((name for name in source.obligors if name in ends), None)
        landlord = landlords.get(str(deal)) if payer == one and one is not None else None
        kind = "" if one is None else STOP
        if landlord is not None and category in {"base_rent", "pass_through"}:
            kind = RENT if landlord == payee else THROUGH
        price = _price(source, str(deal), str(category))
        late = deal in source.energised if deal in lessees else category not in _CAPITAL or price == GPU
        if not (kind or price or (late and source.latest)):
            continue
        again, downtime = source.relet(str(deal)) if kind in {RENT, THROUGH} else (0.0, 0)
        found.append(
            Stream(
                named.number[str(payer)],
                named.number[str(payee)],
                _by_month(part, source, named.months),
                -1 if one is None else named.defaulting.index(one),
                kind,
                price,
                late,
                -1 if landlord is None else named.number[landlord],
                again,
                downtime,
                () if category in _CAPITAL else _served(named, str(deal), (str(payer), str(payee), landlord)),
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


def _loans(named: _Named, debt: pl.DataFrame) -> tuple[Loan, ...]:
    source, number, defaulting, months = named.source, named.number, named.defaulting, named.months
    found = []
    for rows in debt.partition_by("deal", maintain_order=True):
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
                taken["opening"],
                cfads,
                service,
                np.maximum(service - np.maximum(cfads, 0.0), 0.0),
                np.where(covered & (year > 0), year, np.nan),
                float(taken["interest"].sum() / owed) if owed > 0 else 0.0,
                *_reserve(np.nan_to_num(_at(rows, source, months, "reserve_usd"))),
                number[_account(source.cashflow, str(rows["deal"][0]), lender)],
            )
        )
    return tuple(found)


def _reserve(held: Floats) -> tuple[Floats, Floats]:
    """A reserve by month, and what is put in after its first funding."""
    more = np.maximum(np.diff(held, prepend=0.0), 0.0)
    more[: int(np.argmax(held > 0)) + 1] = 0.0
    return held, more


def _account(cashflow: pl.DataFrame, deal: str, lender: str) -> str:
    """Party that holds the reserve of a loan: who it is paid to in the ledger."""
    held = cashflow.filter((pl.col("deal") == deal) & (pl.col("category") == "reserve_funding"))
    return str(held["payee"][0]) if held.height else lender


def _at(rows: pl.DataFrame, source: Source, months: int, column: str) -> Floats:
    out = np.full(months, np.nan)
    out[month_numbers(rows, source.calendar)] = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return out
