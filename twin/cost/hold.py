"""Whether what a financing model wrote are the flows of its own deals, between known parties, in the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.errors import PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twin.api import FinancingInputs

_PARTIES = {
    "cashflow": ("payer", "payee"),
    "occupancy": ("user",),
    "debt": ("borrower", "lender"),
    "guarantee": ("guarantor", "beneficiary", "obligor"),
}
_NOT_NEGATIVE = {
    "cashflow": ("amount_usd",),
    "occupancy": ("it_kw",),
    "debt": ("opening_usd", "draw_usd", "interest_usd", "capitalised_usd", "principal_usd", "closing_usd"),
    "guarantee": ("guaranteed_usd", "default_probability_fraction", "expected_loss_usd"),
}


def hold(written: Mapping[str, pl.DataFrame], inputs: FinancingInputs, parties: Collection[str], who: str) -> None:
    """Check the tables of one call beyond their columns.

    Args:
        written: frames by table, columns checked.
        inputs: what the model was given.
        parties: names of all parties.
        who: the model and its plugin, for the message.

    Raises:
        PluginError: a row of another deal, of an unknown party or site, outside the calendar, with a
            negative amount, or a party that pays itself.
    """
    for table, frame in written.items():
        fault = _fault(table, frame, inputs, parties)
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
    outside = frame.filter(~pl.col("month").is_in(months))
    if outside.height:
        return f"month {outside['month'][0]} is not the first day of a month of the calendar"
    for column in _NOT_NEGATIVE[table]:
        negative = frame.filter(pl.col(column) < 0)
        if negative.height:
            deal, amount = negative["deal"][0], negative[column][0]
            month = negative["month"][0]
            return f"deal '{deal}' has {column} {amount:,.2f} in {month}; an amount is never negative: swap the parties"
    if table == "cashflow":
        own = frame.filter(pl.col("payer") == pl.col("payee"))
        if own.height:
            return f"deal '{own['deal'][0]}' lets '{own['payer'][0]}' pay itself"
    return ""
