"""A default told to happen in a month: who pays what the obligor does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin import tables
from twin.cost.inputs import roles
from twin.cost.scenarios.draws import NEVER, Draws, Drivers
from twin.cost.scenarios.engine import live
from twin.errors import RefusedError
from twin.scenario.effects import effects, ready, row

if TYPE_CHECKING:
    import polars as pl

    from twin.cost.scenarios.compiled import Deal
    from twin.cost.scenarios.engine import Outcomes, Terms
    from twin.scenario.rerun import Base
    from twin.scenario.shocks import Shock

_HALF_A_CENT = 0.005
"""What sums of billions leave behind is no change."""


def default(base: Base, one: Shock) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `shock` and `shock_effects`: the obligors of all guarantees pay nothing from a month on.

    Raises:
        RefusedError: the file has nobody whose default it knows, or the month is not in the calendar.
    """
    deal, terms, least = ready(base)
    when = _month(base, one)
    guarantors = {one.defaults for one in deal.promises}
    obligors = [number for number in range(len(deal.defaulting)) if number not in guarantors]
    if not obligors:
        raise RefusedError(
            "shock",
            "nobody's default is in the file",
            "name `tenant` and its `tenant_default` in `analyses: {risk: …}`",
        )
    worth, calm = (_live(deal, terms, numbers, when) for numbers in (obligors, []))
    plain = _live(deal, replace(terms, factors=np.ones(deal.months)), obligors, when)
    change, net = (np.where(np.abs(one) < _HALF_A_CENT, 0.0, one) for one in (worth.change[:, 0], plain.change[:, 0]))
    before = deal.net @ terms.factors
    order = np.lexsort((np.array(deal.parties), change))
    known = roles(base.twin.topology)
    count = len(order)
    frame = tables.table("shock").frame(
        {
            "shock": [one.text] * count,
            "party": [deal.parties[place] for place in order],
            "role": [known.get(deal.parties[place], "external") for place in order],
            "npv_before_usd": before[order],
            "npv_after_usd": (before + change)[order],
            "npv_change_usd": change[order],
            "net_change_usd": net[order],
            "category": [None] * count,
            "category_change_usd": [None] * count,
        }
    )
    return frame, effects(one, _figures(deal, calm, worth, least))


def _month(base: Base, one: Shock) -> int:
    calendar = base.twin.calendar
    when = -1 if one.when is None else calendar.index(one.when)
    if not 0 <= when < calendar.months:
        last = calendar.date(calendar.months - 1)
        raise RefusedError(
            "shock", f"'{one.text}' is not in the calendar", f"name a month from {calendar.start:%Y-%m} to {last:%Y-%m}"
        )
    return when


def _live(deal: Deal, terms: Terms, obligors: list[int], when: int) -> Outcomes:
    months = np.full((len(deal.defaulting), 1), NEVER)
    months[obligors] = when
    nobody = np.zeros(len(deal.defaulting))
    drawn = Draws(months, np.zeros(1, dtype=np.int64), None, None)
    return live(deal, Drivers(nobody, nobody.astype(np.int64)), terms, drawn)


def _figures(deal: Deal, before: Outcomes, after: Outcomes, least_dscr: float) -> list[dict[str, Any]]:
    found = []
    for number, loan in enumerate(deal.loans):
        least = [float(one.least_dscr[number, 0]) for one in (before, after)]
        if np.isfinite(least[1]):
            found.append(row(loan.deal, "least_dscr", "", least, holds=least[1] >= least_dscr))
        missed = [float(one.missed[number, 0]) for one in (before, after)]
        found.append(row(loan.deal, "missed", "months", missed, holds=missed[1] == 0))
        overdue = [float(one.overdue[number, 0]) for one in (before, after)]
        found.append(row(loan.deal, "overdue", "$", overdue, holds=None))
    claims = [f"{one.deal} {name}" for one in deal.collateral for name in one.names]
    for number, name in enumerate(claims):
        found.append(row(name, "overdue", "$", [float(one.short[number, 0]) for one in (before, after)], holds=None))
    for number, guarantee in enumerate(deal.promises):
        claimed = [float(one.claimed[number, 0]) for one in (before, after)]
        found.append(row(guarantee.deal, "claimed", "$", claimed, holds=None))
    return found
