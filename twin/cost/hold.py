"""Whether what a financing model wrote are the flows of its own deals, between known parties, in the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.cost.categories import known
from twin.errors import PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from twin.api import Category, FinancingInputs

_PARTIES = {
    "cashflow": ("payer", "payee"),
    "occupancy": ("user",),
    "debt": ("borrower", "lender"),
    "guarantee": ("guarantor", "beneficiary", "obligor"),
    "guarantee_value": ("guarantor", "beneficiary", "obligor"),
    "guarantee_terms": ("guarantor", "beneficiary", "obligor"),
    "guarantee_cover": (),
    "residual_value": ("guarantor", "beneficiary"),
    "wind_up": ("obligor", "owner", "residual", "claimant"),
    "debt_pricing": (),
    "lease_accounting": ("party",),
    "lease_tests": (),
    "debt_sizing": (),
    "waterfall": ("party",),
    "depreciation": ("party",),
    "deal_figures": (),
}
_NOT_NEGATIVE = {
    "cashflow": ("amount_usd",),
    "occupancy": ("it_kw",),
    "debt": (
        *("opening_usd", "draw_usd", "interest_usd", "capitalised_usd", "principal_usd", "closing_usd"),
        *("undrawn_usd", "fee_usd", "swept_usd", "balloon_usd", "reserve_usd", "collateral_usd"),
    ),
    "guarantee": ("guaranteed_usd", "default_probability_fraction", "expected_loss_usd"),
    "guarantee_value": ("peak_usd",),
    "guarantee_terms": ("default_per_year", "guarantor_default_per_year", "called_fraction", "relet_fraction"),
    "guarantee_cover": ("due_usd",),
    "residual_value": ("strike_usd", "most_usd", "value_usd", "log_deviation_ratio", "ends_fraction"),
    "wind_up": ("owed_usd", "value_usd", "log_deviation_ratio"),
    "debt_pricing": ("debt_usd", "rate_per_year"),
    "lease_accounting": ("opening_liability_usd", "liability_usd", "opening_right_of_use_usd", "right_of_use_usd"),
    "lease_tests": (),
    "debt_sizing": ("debt_usd", "construction_interest_usd", "fees_usd", "reserve_usd", "equity_usd"),
    "waterfall": ("available_usd", "due_usd", "paid_usd", "left_usd", "short_usd"),
    "depreciation": ("addition_usd", "depreciation_usd", "disposal_usd", "closing_usd"),
    "deal_figures": (),
}

_ONE_A_MONTH = {
    "debt": ("month", "deal", "tranche"),
    "guarantee": ("month", "deal"),
    "guarantee_cover": ("month", "deal", "since"),
    "wind_up": ("month", "deal", "claim"),
    "lease_accounting": ("month", "deal", "party", "standard"),
    "waterfall": ("month", "deal", "step"),
    "depreciation": ("month", "deal", "party", "basis"),
}
_ROUNDING = 1e-6


def hold(
    written: Mapping[str, pl.DataFrame],
    inputs: FinancingInputs,
    parties: Collection[str],
    who: str,
    own: Collection[Category] = (),
) -> None:
    """Check the tables of one call beyond their columns.

    Args:
        written: frames by table, columns checked.
        inputs: what the model was given.
        parties: names of all parties.
        who: the model and its plugin, for the message.
        own: categories that the model declares beyond those listed.

    Raises:
        PluginError: a category that is neither listed nor declared, a row of another deal, of an unknown
            party or site, outside the calendar, with a negative amount, a party that pays itself, two rows
            of `debt` or `guarantee` for one month of a deal, or a balance that does not follow from what was
            drawn and repaid.
    """
    listed = known(own, who)
    for table, frame in written.items():
        fault = _fault(table, frame, inputs, parties) or _category_fault(table, frame, listed)
        if fault:
            raise PluginError(f"{who} returned a bad table '{table}': {fault}")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What no row of a table may be, and what to say of the first that is."""

    bad: pl.Expr
    say: Callable[[dict[str, Any]], str]


def _fault(table: str, frame: pl.DataFrame, inputs: FinancingInputs, parties: Collection[str]) -> str:
    """The first rule that a row breaks, and how; all are asked in one query."""
    rules = [*_named(table, frame, inputs, parties), *_amounts(table), *_beside(table)]
    if not rules or frame.is_empty():
        return ""
    broken = frame.select(rule.bad.any().alias(str(number)) for number, rule in enumerate(rules)).row(0)
    for rule in compress(rules, broken):
        return rule.say(frame.filter(rule.bad).row(0, named=True))
    return ""


def _named(table: str, frame: pl.DataFrame, inputs: FinancingInputs, parties: Collection[str]) -> Iterator[_Rule]:
    """Deals, sites, parties and months are those that the model was given."""
    known = {"deal": [entry.name for entry in inputs.entries], "site": inputs.phases["site"].unique().to_list()}
    known |= {column: list(parties) for column in _PARTIES[table]}
    for column, names in known.items():
        if column in frame.columns:
            yield _Rule(~pl.col(column).is_in(names), partial(_strange, column, names))
    if "month" in frame.columns:
        yield _Rule(
            ~pl.col("month").is_in(inputs.calendar.dates()),
            lambda row: f"month {row['month']} is not the first day of a month of the calendar",
        )


def _strange(column: str, names: Sequence[str], row: Mapping[str, Any]) -> str:
    return f"{column} '{row[column]}' is not one of those it was given; {one_of(row[column], names)}"


def _amounts(table: str) -> Iterator[_Rule]:
    for column in _NOT_NEGATIVE[table]:
        yield _Rule(pl.col(column) < 0, partial(_negative, column))


def _negative(column: str, row: Mapping[str, Any]) -> str:
    month = f" in {row['month']}" if "month" in row else ""
    return f"deal '{row['deal']}' has {column} {row[column]:,.2f}{month}; an amount is never negative: swap the parties"


def _category_fault(table: str, frame: pl.DataFrame, listed: Collection[str]) -> str:
    """Which category of the ledger nobody has said the treatment of."""
    if table != "cashflow":
        return ""
    strange = frame.filter(~pl.col("category").is_in(list(listed)))["category"]
    if strange.is_empty():
        return ""
    return (
        f"category '{strange[0]}' is neither listed nor declared; {one_of(strange[0], listed)}; "
        "or declare it: FinancingModel(..., categories=(Category(name, doc, paid, received),))"
    )


def _beside(table: str) -> Iterator[_Rule]:
    """What the columns of a row, and the rows of a table, are beside each other."""
    if table == "cashflow":
        yield _Rule(
            pl.col("payer") == pl.col("payee"), lambda row: f"deal '{row['deal']}' lets '{row['payer']}' pay itself"
        )
    if table in _ONE_A_MONTH:
        yield _Rule(
            pl.struct(_ONE_A_MONTH[table]).is_duplicated(),
            lambda row: f"deal '{row['deal']}' has more than one row for {row['month']}",
        )
    if table == "waterfall":
        gap = pl.col("available_usd") - pl.col("paid_usd") - pl.col("left_usd")
        yield _Rule(
            gap.abs() > _ROUNDING * pl.max_horizontal("available_usd", 1.0),
            lambda row: f"deal '{row['deal']}' pays out something other than its cash in {row['month']}",
        )
    if table == "debt":
        due = pl.col("opening_usd") + pl.col("draw_usd") + pl.col("capitalised_usd") - pl.col("principal_usd")
        size = pl.max_horizontal("opening_usd", "draw_usd", "closing_usd", 1.0)
        yield _Rule(
            (due - pl.col("closing_usd")).abs() > _ROUNDING * size,
            lambda row: (
                f"deal '{row['deal']}' closes {row['month']} with {row['closing_usd']:,.2f}, which is not "
                "opening + draw + capitalised - principal"
            ),
        )
