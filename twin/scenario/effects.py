"""Figures before and after a shock: cover and covenants of loans, guarantees, unit cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NAME as RISK
from twin.cost.scenarios.analysis import NEEDS, RiskParams, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.cost.scenarios.compiled import Deal, Loan
    from twin.cost.scenarios.debt import Debt
    from twin.cost.scenarios.engine import Terms
    from twin.results.results import Results
    from twin.scenario.rerun import Base
    from twin.scenario.shocks import Shock


def ready(base: Base) -> tuple[Deal, Terms, float]:
    """The deal as scenarios have it, with the terms of `analyses: {risk: …}`."""
    entry = next((one for one in base.twin.topology.section("analyses") if one.name == RISK), None)
    params = entry.params if entry is not None and isinstance(entry.params, RiskParams) else RiskParams()
    quiet = params.model_copy(update={"gpu_price": None, "power_price": None, "delay": {}, "market_correlation": 0.0})
    given = {name: base.results[name] for name in NEEDS}
    deal, _, terms = prepare(AnalysisInputs(given, base.twin, base.seed, quiet))
    return deal, terms, params.default_dscr


def effects(one: Shock, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Table `shock_effects` of one shock."""
    table = tables.table("shock_effects")
    return table.frame({name: [{"shock": one.text, **row}[name] for row in rows] for name in table.names})


def covenants(
    loan: Loan, before: Debt, after: Debt, locked: list[int], terms: Terms, default: float
) -> Iterator[dict[str, Any]]:
    """Least cover, months of lock-up and of missed payments, and what is overdue at the end."""
    least = [float(debt.least[0]) if np.isfinite(debt.least[0]) else None for debt in (before, after)]
    if least[1] is not None:
        yield row(loan.deal, "least_dscr", "", least, holds=least[1] >= default)
        yield row(loan.deal, "lock_up", "months", [float(one) for one in locked], holds=least[1] >= terms.lock_up)
    missed = [float(debt.missed[0]) for debt in (before, after)]
    yield row(loan.deal, "missed", "months", missed, holds=missed[1] == 0)
    yield row(loan.deal, "overdue", "$", [float(debt.overdue[0]) for debt in (before, after)], holds=None)


def guarantees(before: Results, after: Results) -> Iterator[dict[str, Any]]:
    """The most that is guaranteed, and the expected loss."""
    for measure, column, of in (
        ("guaranteed", "guaranteed_usd", pl.col("guaranteed_usd").max()),
        ("expected_loss", "expected_loss_usd", pl.col("expected_loss_usd").sum()),
    ):
        found = [frame["guarantee"].group_by("deal", maintain_order=True).agg(of) for frame in (before, after)]
        values = [dict(zip(one["deal"], one[column], strict=True)) for one in found]
        for deal in values[0]:
            yield row(deal, measure, "$", [values[0][deal], values[1].get(deal)], holds=None)


def units(before: pl.DataFrame, after: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The cost of a delivered accelerator-hour, from tables `unit_cost`."""
    found = [
        {
            row["party"]: row["usd_per_delivered_accelerator_h"]
            for row in frame.filter(category="total").iter_rows(named=True)
        }
        for frame in (before, after)
    ]
    for party, value in found[0].items():
        yield row(party, "unit_cost", "$/accelerator-hour", [value, found[1].get(party)], holds=None)


def row(subject: str, measure: str, unit: str, values: Sequence[float | None], *, holds: bool | None) -> dict[str, Any]:
    """One figure before and after, and whether its covenant holds."""
    return {
        "subject": subject,
        "measure": measure,
        "unit": unit,
        "before": values[0],
        "after": values[1],
        "holds": holds,
    }
