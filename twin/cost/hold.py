"""Whether what a financing model wrote are the flows of its own deals, between known parties, in the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.cost.categories import known
from twin.errors import PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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


def _fault(table: str, frame: pl.DataFrame, inputs: FinancingInputs, parties: Collection[str]) -> str:
    sites = inputs.phases["site"].unique().to_list()
    known = {"deal": [entry.name for entry in inputs.entries], "site": sites}
    known |= {column: list(parties) for column in _PARTIES[table]}
    for column, names in known.items():
        strange = frame.filter(~pl.col(column).is_in(names)) if column in frame.columns else frame.clear()
        if strange.height:
            return (
                f"{column} '{strange[column][0]}' is not one of those it was given; {one_of(strange[column][0], names)}"
            )
    months = inputs.calendar.dates()
    outside = frame.filter(~pl.col("month").is_in(months)) if "month" in frame.columns else frame.clear()
    if outside.height:
        return f"month {outside['month'][0]} is not the first day of a month of the calendar"
    for column in _NOT_NEGATIVE[table]:
        negative = frame.filter(pl.col(column) < 0)
        if negative.height:
            deal, amount = negative["deal"][0], negative[column][0]
            month = f" in {negative['month'][0]}" if "month" in negative.columns else ""
            return f"deal '{deal}' has {column} {amount:,.2f}{month}; an amount is never negative: swap the parties"
    return _own_fault(table, frame)


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


def _own_fault(table: str, frame: pl.DataFrame) -> str:
    """What is wrong with the rows of one table beside each other."""
    if table == "cashflow":
        own = frame.filter(pl.col("payer") == pl.col("payee"))
        return f"deal '{own['deal'][0]}' lets '{own['payer'][0]}' pay itself" if own.height else ""
    if table in _ONE_A_MONTH:
        twice = frame.filter(pl.struct(_ONE_A_MONTH[table]).is_duplicated())
        if twice.height:
            return f"deal '{twice['deal'][0]}' has more than one row for {twice['month'][0]}"
    if table == "waterfall":
        off = frame.filter(
            (pl.col("available_usd") - pl.col("paid_usd") - pl.col("left_usd")).abs()
            > _ROUNDING * pl.max_horizontal("available_usd", 1.0)
        )
        if off.height:
            return f"deal '{off['deal'][0]}' pays out something other than its cash in {off['month'][0]}"
    if table == "debt":
        due = pl.col("opening_usd") + pl.col("draw_usd") + pl.col("capitalised_usd") - pl.col("principal_usd")
        size = pl.max_horizontal("opening_usd", "draw_usd", "closing_usd", 1.0)
        off = frame.filter((due - pl.col("closing_usd")).abs() > _ROUNDING * size)
        if off.height:
            return (
                f"deal '{off['deal'][0]}' closes {off['month'][0]} with {off['closing_usd'][0]:,.2f}, which is not "
                f"opening + draw + capitalised - principal"
            )
    return ""
