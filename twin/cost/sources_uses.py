"""Sources and uses of a build: what was paid while it went on, and where that came from, borrower by borrower.

A build is of the deals that hang together: loans, what they fund, the deals that secure them, owners.  It goes on from
the first month in which something is bought or drawn to the last draw, and on while something is bought or paid in by
owners month after month; principal is repaid after it.  Where draws and repayments overlap, no month parts the build
from what follows, and nothing is said.

What the borrower draws and owes in interest is of table `debt`, all else and what is left over is of the ledger: so
that both sides are equal says that the two agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from twin import tables, units
from twin.cost.categories import CATEGORIES
from twin.cost.covenants import loan_name
from twin.cost.measures import CENT
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from twin.cost.assertions import Row

SOURCE, USE = "source", "use"
OWN_CASH, CASH_LEFT, CAPITALISED = "own_cash", "cash_left", "capitalised_interest"
"""Items that are no category of the ledger."""

_BUYS = [category.name for category in CATEGORIES.values() if category.paid == "fixed_assets"]
_PAID_IN = [category.name for category in CATEGORIES.values() if category.received == "equity"]
_SERVED = ["debt_draw", "interest", "principal"]
"""Flows of a loan of which table `debt` tells, with what is added to the balance."""


class Build(NamedTuple):
    """Loans of one borrower, with all flows of the borrower under the deals that hang together with them.

    Attributes:
        party: the borrower.
        loans: rows of table `debt`.
        flows: rows of the ledger, with `net_usd` as the borrower sees them.
    """

    party: str
    loans: pl.DataFrame
    flows: pl.DataFrame

    @property
    def name(self) -> str:
        """The loans that pay for it."""
        return " + ".join(self.loans["deal"].unique(maintain_order=True))


class Months(NamedTuple):
    """When a build begins and ends; `left_out` are remarks on what comes later."""

    first: date
    last: date
    left_out: tuple[str, ...]


def sources_uses(
    cashflow: pl.DataFrame, debt: pl.DataFrame, refers: Mapping[str, Sequence[str]]
) -> tuple[pl.DataFrame, list[Row]]:
    """Table `sources_uses`, and a row of `checks` for each build: whether both sides are equal, or why none is told.

    Args:
        cashflow: the ledger.
        debt: table `debt`.
        refers: deal -> the deals that it names.
    """
    declared = tables.table("sources_uses")
    frames, rows = [declared.empty()], []
    for build in _builds(cashflow, debt, refers):
        months = _months(build)
        if isinstance(months, str):
            rows.append(_row(build, "not told", months, ok=True))
            continue
        frame = _sides(build, months)
        frames.append(frame.select(declared.names))
        rows.append(_equal(build, frame, months))
    return pl.concat(frames), rows


def _builds(cashflow: pl.DataFrame, debt: pl.DataFrame, refers: Mapping[str, Sequence[str]]) -> Iterator[Build]:
    groups = _together(refers)
    group = [groups.get(deal, deal) for deal in debt["deal"]]
    for (of, party), loans in debt.with_columns(group=pl.Series(group, dtype=pl.String)).group_by(
        "group", "borrower", maintain_order=True
    ):
        deals = {deal for deal, its in groups.items() if its == of} | {str(of)}
        gets, pays = pl.col("payee") == party, pl.col("payer") == party
        flows = cashflow.filter(pl.col("deal").is_in(sorted(deals)), gets ^ pays)
        sign = pl.when(gets).then(1.0).otherwise(-1.0)
        yield Build(str(party), loans.drop("group"), flows.with_columns(net_usd=sign * pl.col("amount_usd")))


def _together(refers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Deal -> the first of the deals that hang together with it, whichever of them names the other."""
    of = {deal: deal for deal in refers}
    for deal, named in refers.items():
        for other in named:
            keep, gone = of[deal], of.get(other, other)
            of = {each: keep if its == gone else its for each, its in of.items()} | {other: keep}
    return of


def _months(build: Build) -> Months | str:
    """When the build goes on, or why that cannot be told."""
    loans = build.loans
    draws = loans.filter(pl.col("draw_usd") > CENT)
    if draws.is_empty():
        return "nothing is drawn within the calendar"
    repaid = loans.filter(pl.col("principal_usd") > CENT)["month"]
    after = min(repaid.to_list(), default=None)
    first_draws = draws.with_columns(first=pl.col("month").min().over("deal", "tranche"))
    before = first_draws.filter(pl.col("first") < after) if after else first_draws
    later = first_draws.join(before, on=["deal", "tranche"], how="anti", nulls_equal=True, maintain_order="left")
    names = [loan_name(*row) for row in later.select("deal", "tranche").unique(maintain_order=True).rows()]
    drawn = before["month"].to_list()
    if after and max(drawn, default=after) >= after:
        return f"principal is repaid from {after:%Y-%m} on while loans are still drawn: no month ends the build"
    bought = build.flows.filter(pl.col("category").is_in(_BUYS), pl.col("net_usd") < 0)
    when = set(bought["month"].to_list())
    if not when or min(when) > max(drawn):
        return "nothing is bought while it is drawn: name what it pays for in `funds`"
    last = max(drawn)
    paid_in = build.flows.filter(pl.col("category").is_in(_PAID_IN), pl.col("net_usd") > 0)["month"].to_list()
    for month in sorted(month for month in {*when, *paid_in} if month > last):
        if (month.year - last.year) * MONTHS_PER_YEAR + month.month - last.month > 1 or (after and month >= after):
            break
        last = month
    rest = float(bought.filter(pl.col("month") > last)["amount_usd"].sum())
    remarks = [f"{', '.join(names)}: drawn after it"] if names else []
    remarks += [f"{units.show_money(rest)} bought after it"] if rest > CENT else []
    return Months(min(*when, *drawn), last, tuple(remarks))


def _sides(build: Build, months: Months) -> pl.DataFrame:
    """The rows of one build: loans as table `debt` has them, then the ledger, then the borrower's own cash."""
    within = pl.col("month").is_between(months.first, months.last)
    flows, loans = build.flows.filter(within), build.loans.filter(within)
    lent = [
        loans.group_by("deal", "tranche", maintain_order=True)
        .agg(amount_usd=pl.col(column).sum())
        .with_columns(side=pl.lit(side), item=pl.lit(item))
        for side, item, column in (
            (SOURCE, "debt_draw", "draw_usd"),
            (SOURCE, CAPITALISED, "capitalised_usd"),
            (USE, "interest", "interest_usd"),
        )
    ]
    served = pl.col("category").is_in(_SERVED) & pl.col("deal").is_in(build.loans["deal"].unique().to_list())
    others = (
        flows.filter(~served)
        .with_columns(side=pl.when(pl.col("net_usd") > 0).then(pl.lit(SOURCE)).otherwise(pl.lit(USE)))
        .group_by("side", "deal", item="category", maintain_order=True)
        .agg(pl.col("amount_usd").sum())
        .with_columns(tranche=pl.lit(None, pl.String))
    )
    own, left = _own(flows)
    rest = pl.DataFrame({"side": [SOURCE, USE], "item": [OWN_CASH, CASH_LEFT], "amount_usd": [own, left]})
    frame = pl.concat([*lent, others, rest], how="diagonal").filter(pl.col("amount_usd") > CENT / 2)
    last = pl.col("item") == CASH_LEFT
    return frame.sort("side", last, -pl.col("amount_usd"), maintain_order=True).with_columns(
        party=pl.lit(build.party),
        build=pl.lit(build.name),
        start=pl.lit(months.first),
        end=pl.lit(months.last),
        share_fraction=pl.col("amount_usd") / pl.col("amount_usd").sum().over("side"),
    )


def _own(flows: pl.DataFrame) -> tuple[float, float]:
    """The most that the borrower has had to find by any month, and what of it is in hand at the end.

    What comes in early pays for what is due later, and not the other way round.
    """
    nets = flows.group_by("month").agg(pl.col("net_usd").sum()).sort("month")["net_usd"].cum_sum().to_list()
    own = max(0.0, -min(nets, default=0.0))
    return own, own + (nets[-1] if nets else 0.0)


def _equal(build: Build, frame: pl.DataFrame, months: Months) -> Row:
    source, use = (float(frame.filter(pl.col("side") == side)["amount_usd"].sum()) for side in (SOURCE, USE))
    message = f"{months.first:%Y-%m} to {months.last:%Y-%m}; loans as table debt has them, all else as the ledger has"
    return _row(
        build,
        f"sources of ${source:,.2f}, uses of ${use:,.2f}",
        "; left out: ".join((message, *months.left_out)),
        ok=abs(source - use) < CENT / 2,
    )


def _row(build: Build, got: str, message: str, *, ok: bool) -> Row:
    return "sources_equal_uses", f"{build.party}: {build.name}", ok, got, "equal to the cent", message
