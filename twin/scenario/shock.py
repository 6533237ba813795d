"""A shock taken through physics to money: who bears it, what it does to cover, covenants, guarantees and unit cost.

Loans stay as contracted: what is due is due, whatever the shock does to the cash that pays for it.  Everything else is
worked out again.  What is then not paid, out of which cash, is as in `twin.cost.scenarios.engine`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import progress, tables
from twin.cost.inputs import roles
from twin.cost.measures import discount_factors
from twin.cost.operating import operating
from twin.cost.scenarios.debt import Debt
from twin.cost.unit_cost import unit_cost
from twin.evaluate import counted
from twin.scenario.default import default
from twin.scenario.effects import covenants, effects, guarantees, ready, units
from twin.scenario.shocks import DEFAULT, DELAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin.api import Calendar
    from twin.cost.scenarios.compiled import Deal, Loan
    from twin.evaluate import Twin
    from twin.scenario.rerun import Base
    from twin.scenario.shocks import Shock
    from twin.topology.model import Topology

    Floats = NDArray[np.float64]

_HALF_A_CENT = 0.005


def shocks(base: Base, wanted: Sequence[Shock]) -> dict[str, pl.DataFrame]:
    """Tables `shock` and `shock_effects`, each shock by itself.

    Args:
        base: the file with its results.
        wanted: what happens.

    Raises:
        RefusedError: a shock that the file has nothing for, or a deal that cannot be worked out with it.
    """
    each = progress.counted(wanted, len(wanted), "shocks")
    parts = [default(base, one) if one.kind == DEFAULT else _again(base, one) for one in each]
    return {
        name: pl.concat([tables.table(name).empty(), *(part[place] for part in parts)])
        for place, name in enumerate(("shock", "shock_effects"))
    }


@dataclass(frozen=True, slots=True)
class _Money:
    """A ledger with its calendar and what it is measured with."""

    cashflow: pl.DataFrame
    calendar: Calendar
    rate_per_year: float

    def worth(self) -> pl.DataFrame:
        """`party, category, pv_usd, net_usd`: what each party gets less what it pays, by category."""
        months = pl.DataFrame(
            {"month": self.calendar.dates(), "factor": discount_factors(self.rate_per_year, self.calendar.months)},
            schema={"month": pl.Date, "factor": pl.Float64},
        )
        rows = self.cashflow.join(months, on="month")
        sides = [
            rows.select(
                pl.col(column).alias("party"),
                "category",
                (pl.col("amount_usd") * pl.col("factor") * sign).alias("pv_usd"),
                (pl.col("amount_usd") * sign).alias("net_usd"),
            )
            for column, sign in (("payee", 1.0), ("payer", -1.0))
        ]
        return pl.concat(sides).group_by("party", "category").agg(pl.col("pv_usd", "net_usd").sum())


def _again(base: Base, one: Shock) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The file worked out again with a shock, its loans as contracted."""
    twin, frozen = _shocked(base, one)
    results = twin.run("cost", seed=base.seed, given=one.tables(base.results) if _same(twin, base) else {})
    kept = base.results["cashflow"].filter(pl.col("deal").is_in(sorted(frozen)))
    ledger = pl.concat([results["cashflow"], kept])
    debts, owed = _loans(base, ledger, twin.calendar)
    rate = base.twin.topology.discount_per_year
    after = _Money(pl.concat([ledger, *owed]), twin.calendar, rate)
    costs = unit_cost(after.cashflow, results["occupancy"], results["schedule"], twin.calendar, rate)
    found = [*debts, *guarantees(base.results, results), *units(base.results["unit_cost"], costs)]
    return _borne(base, one, after), effects(one, found)


def _same(twin: Twin, base: Base) -> bool:
    return twin.calendar == base.twin.calendar


def _shocked(base: Base, one: Shock) -> tuple[Twin, frozenset[str]]:
    """The topology with the shock and without its loans, and the deals that are left out."""
    overlays = one.overlays(base.twin.topology)
    start = replace(base, overlays=(*base.overlays, *overlays)).topology()
    topology, frozen = _without(one.topology(start), set(base.results["debt"]["deal"]))
    known = base.twin.registry
    if one.kind != DELAY:  # the loans that are left out have a say in how long the calendar is
        topology = replace(topology, calendar=base.twin.calendar)
    made = counted(topology, known)
    if made.calendar.months < base.twin.calendar.months:
        made = counted(replace(topology, calendar=base.twin.calendar), known)
    return made, frozen


def _without(topology: Topology, left_out: set[str]) -> tuple[Topology, frozenset[str]]:
    """Leave deals out, and all that refer to them."""
    grown = set(left_out)
    while True:
        more = {entry.name for entry in topology.section("deals") if set(entry.refers) & grown} | grown
        if more == grown:
            break
        grown = more
    kept = tuple(entry for entry in topology.entries if entry.section != "deals" or entry.name not in grown)
    return replace(topology, entries=kept), frozenset(grown)


def _loans(base: Base, ledger: pl.DataFrame, calendar: Calendar) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
    """What becomes of each loan, and the service that is not paid as rows that take it back."""
    deal, terms, least = ready(base)
    said: list[dict[str, Any]] = []
    rows = []
    for loan in deal.loans:
        more = _more(base, loan, deal, ledger, calendar)
        before, after = Debt(loan, terms.lock_up, 1), Debt(loan, terms.lock_up, 1)
        locked = [0, 0]
        unpaid, given = np.zeros(calendar.months), np.zeros(calendar.months)
        for month in range(calendar.months):
            inside = month < len(loan.service)
            if not inside:
                break
            for place, (debt, extra) in enumerate(((before, 0.0), (after, more[month]))):
                paid = debt.month(month, np.array([extra]), None)
                year = loan.year_service[month]
                locked[place] += int(year > 0 and debt.year[0] / year < terms.lock_up * (1 - 1e-9))
                if place:
                    unpaid[month], given[month] = loan.service[month] - paid[0], debt.given[0]
        rows += [_taken_back(loan, deal, unpaid, calendar), _reserved(loan, deal, given, calendar)]
        said += covenants(loan, before, after, locked, terms, least)
    return said, rows


def _more(base: Base, loan: Loan, deal: Deal, ledger: pl.DataFrame, calendar: Calendar) -> Floats:
    """Cash for debt service beyond that of the file, by month of the longer calendar."""
    borrower = deal.parties[loan.borrower]
    entry = next(one for one in base.twin.topology.section("deals") if one.name == loan.deal)
    secured = tuple(getattr(entry.params, "secured_by", ()))
    deals = {one.name for one in base.twin.topology.section("deals")}
    counted_in = (
        pl.col("deal").is_in(list(secured)) | ~pl.col("deal").is_in(sorted(deals)) if secured else pl.lit(value=True)
    )
    now = operating(ledger.filter(counted_in), borrower, calendar)
    was = operating(base.results["cashflow"].filter(counted_in), borrower, base.twin.calendar)
    now[: len(was)] -= was
    return now


def _taken_back(loan: Loan, deal: Deal, unpaid: Floats, calendar: Calendar) -> pl.DataFrame:
    """Unpaid service goes back to the borrower; what is paid late goes to the lender."""
    return _both_ways(loan, (deal.parties[loan.lender], deal.parties[loan.borrower]), unpaid, "principal", calendar)


def _reserved(loan: Loan, deal: Deal, given: Floats, calendar: Calendar) -> pl.DataFrame:
    """What the reserve gives the borrower over the ledger, and takes again."""
    return _both_ways(
        loan, (deal.parties[loan.account], deal.parties[loan.borrower]), given, "reserve_release", calendar
    )


def _both_ways(loan: Loan, parties: tuple[str, str], amount: Floats, category: str, calendar: Calendar) -> pl.DataFrame:
    """Rows of `cashflow` from the first party to the second, and back where the amount is negative."""
    found = []
    for (payer, payee), paid in ((parties, amount), (parties[::-1], -amount)):
        months = np.flatnonzero(paid > 0)
        found.append(
            tables.table("cashflow").frame(
                {
                    "month": [calendar.date(int(month)) for month in months],
                    "payer": [payer] * len(months),
                    "payee": [payee] * len(months),
                    "deal": [loan.deal] * len(months),
                    "category": [category] * len(months),
                    "amount_usd": paid[months],
                }
            )
        )
    return pl.concat(found)


def _borne(base: Base, one: Shock, after: _Money) -> pl.DataFrame:
    """Table `shock`: what each party gains or loses, and in which category most."""
    before = _Money(base.results["cashflow"], base.twin.calendar, after.rate_per_year)
    joined = (
        before.worth()
        .join(after.worth(), on=["party", "category"], how="full", coalesce=True, suffix="_after")
        .fill_null(0.0)
        .with_columns(
            change=_not_rounding(pl.col("pv_usd_after") - pl.col("pv_usd")),
            net=_not_rounding(pl.col("net_usd_after") - pl.col("net_usd")),
        )
    )
    known = roles(base.twin.topology)
    rows = joined.group_by("party").agg(
        pl.col("pv_usd").sum().alias("npv_before_usd"),
        pl.col("pv_usd_after").sum().alias("npv_after_usd"),
        pl.col("change").sum().alias("npv_change_usd"),
        pl.col("net").sum().alias("net_change_usd"),
        pl.col("category")
        .filter(pl.col("change") != 0)
        .sort_by(pl.col("change").filter(pl.col("change") != 0).abs())
        .last(),
        pl.col("change").sort_by(pl.col("change").abs(), "category").last().alias("category_change_usd"),
    )
    return (
        rows.with_columns(
            pl.lit(one.text).alias("shock"),
            pl.col("party").replace_strict(known, default="external", return_dtype=pl.String).alias("role"),
        )
        .sort("npv_change_usd", "party")
        .select(tables.table("shock").names)
    )


def _not_rounding(change: pl.Expr) -> pl.Expr:
    """A change of less than half a cent is what sums of billions leave behind."""
    return pl.when(change.abs() < _HALF_A_CENT).then(0.0).otherwise(change)
