"""Operating cash of a party by month: what is left before investment, debt, equity and tax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.cost.categories import ACCOUNTS, BILL, CATEGORIES
from twin.cost.measures import month_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.api import Calendar, Category
    from twin.cost.measures import Floats

_INTEREST = ("interest_income", "interest_expense")


def operating(cashflow: pl.DataFrame, party: str, calendar: Calendar, own: Iterable[Category] = ()) -> Floats:
    """Operating cash received less paid by a party, one entry a month.

    Args:
        cashflow: table `cashflow`.
        party: whose.
        calendar: the months.
        own: categories that plugins declare beside those listed.
    """
    known = {**CATEGORIES, **{category.name: category for category in own}}
    net = np.zeros(calendar.months)
    for column, sign in (("payee", 1.0), ("payer", -1.0)):
        rows = cashflow.filter(pl.col(column) == party)
        counted = [name for name in rows["category"].unique() if _counts(known, name, column)]
        rows = rows.filter(pl.col("category").is_in(counted))
        net += sign * np.bincount(
            month_numbers(rows, calendar), weights=rows["amount_usd"].to_numpy(), minlength=calendar.months
        )
    return net


def _counts(known: Mapping[str, Category], name: str, column: str) -> bool:
    category = known.get(name, BILL)
    account = ACCOUNTS[category.paid if column == "payer" else category.received]
    return account.activity == "operating" and account.name not in _INTEREST


def capital_received(cashflow: pl.DataFrame, party: str) -> float:
    """What a party is paid by lenders and owners, and for what it sells of its assets.

    Args:
        cashflow: rows of table `cashflow`.
        party: whose.
    """
    rows = cashflow.filter(pl.col("payee") == party)
    activity = {name: ACCOUNTS[CATEGORIES.get(name, BILL).received].activity for name in rows["category"].unique()}
    counted = [name for name, what in activity.items() if what in ("investing", "financing")]
    return float(rows.filter(pl.col("category").is_in(counted))["amount_usd"].sum())


def stabilised(net: Floats, it_kw: Floats) -> float | None:
    """Net operating income of the first full year of full build.

    Args:
        net: operating cash by month.
        it_kw: IT load in service by month; the year starts in the first month in which it is at its largest.

    Returns:
        Dollars in twelve months; None where the calendar ends before.
    """
    if not it_kw.any():
        return None
    start = int(np.argmax(it_kw >= it_kw.max() * (1 - 1e-9)))
    year = net[start : start + 12]
    return float(year.sum()) if len(year) == 12 else None  # noqa: PLR2004 - months of a year


def yields_on_cost(cashflow: pl.DataFrame, schedule: pl.DataFrame, calendar: Calendar) -> dict[str, float]:
    """Stabilised operating cash over all capex, of every party that pays some and earns some.

    Args:
        cashflow: table `cashflow`.
        schedule: table `schedule`.
        calendar: the months.
    """
    paid = cashflow.filter(pl.col("category") == "capex").group_by("payer").agg(pl.col("amount_usd").sum())
    load = np.zeros(calendar.months)
    np.add.at(load, month_numbers(schedule, calendar), schedule["it_kw"].to_numpy())
    found = {}
    for party, capex in paid.sort("payer").rows():
        income = stabilised(operating(cashflow, party, calendar), load)
        if income is not None and income > 0:
            found[party] = income / capex
    return found
