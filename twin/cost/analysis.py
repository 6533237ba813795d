"""The analysis `cost`: the ledger of all deals, and what it means to each party and per accelerator-hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from twin.api import Analysis, AnalysisInputs, Params, Ratio, hookimpl
from twin.cost.assertions import Row, calendar_covers, checks, let_covers, use_while_paying
from twin.cost.covenants import balloons, covenants, paid_from_cash, sized
from twin.cost.cover import Deals
from twin.cost.debt_metrics import debt_metrics
from twin.cost.inputs import roles
from twin.cost.levelised import levelised
from twin.cost.measures import party_metrics, positions
from twin.cost.operating import yields_on_cost
from twin.cost.run import WRITTEN, categories, run_deals
from twin.cost.sources_uses import sources_uses
from twin.cost.statements import reconciled, statements
from twin.cost.unit_cost import unit_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

MEASURED = ("party_metrics", "debt_metrics", "unit_cost", "levelised", "statements", "sources_uses")
"""Tables that are measured from what the deals write."""


class CostParams(Params):
    """Parameters of `analyses: {cost: …}`."""

    least_dscr: Ratio = Field(
        default=1.0, description="debt service cover ratio over twelve months below which the check of a loan fails"
    )
    lease_standard: Literal["asc842", "ifrs16"] = Field(
        default="asc842", description="lease accounting that the statements of the parties follow"
    )


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Work out every deal, and measure the result.

    Returns:
        What the deals wrote, what is measured from it (`party_metrics`, `debt_metrics`, `unit_cost`,
        `levelised`, `statements`, `sources_uses`), and rows of `checks`.

    Raises:
        RefusedError: a deal that cannot be worked out, by name.
        PluginError: a model returned something other than the flows of its deals.
    """
    twin = inputs.twin
    topology, calendar = twin.topology, twin.calendar
    schedule = inputs.tables["schedule"]
    done = run_deals(twin.structure, twin.registry, calendar, schedule, inputs.tables["energy_cost"])
    declared = {party.name: party.role for party in topology.parties.values()}
    found = positions(done["cashflow"], calendar, declared)
    rate = topology.discount_per_year
    on_cost = yields_on_cost(done["cashflow"], schedule, calendar)
    cost = unit_cost(done["cashflow"], done["occupancy"], schedule, calendar, rate)
    standard = inputs.params.lease_standard
    made = statements(done, categories(topology.section("deals"), twin.registry), calendar, standard)
    refers = {entry.name: entry.refers for entry in topology.section("deals")}
    loans = debt_metrics(done["debt"], Deals(done["cashflow"], done["guarantee"], refers, calendar))
    built, equal = sources_uses(done["cashflow"], done["debt"], refers)
    others = [*_assertions(inputs, done), *balloons(loans), *equal, *reconciled(made, done, standard)]
    return {
        **done,
        "statements": made,
        "party_metrics": party_metrics(found, calendar, roles(topology), rate, on_cost),
        "debt_metrics": loans,
        "sources_uses": built,
        "unit_cost": cost,
        "levelised": levelised(cost, done["occupancy"], schedule, inputs.tables["goodput"], calendar, rate),
        "checks": checks(topology.name, found, done["debt"], inputs.params.least_dscr, others),
    }


def _assertions(inputs: AnalysisInputs, done: Mapping[str, pl.DataFrame]) -> list[Row]:
    twin = inputs.twin
    if not twin.topology.section("deals"):
        return []
    return [
        calendar_covers(twin.topology.name, twin.calendar.months, max(twin.horizons.values(), default=0)),
        *let_covers(done["occupancy"], inputs.tables["schedule"]),
        *use_while_paying(done["occupancy"], inputs.tables["energy_cost"]),
        *sized(done["debt_sizing"]),
        *covenants(done["debt"]),
        *paid_from_cash(done["debt"], done["waterfall"]),
    ]


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The cost engine."""
    return [
        Analysis(
            name="cost",
            doc="Who pays whom, month by month; what each party is left with; what an accelerator-hour costs.",
            params=CostParams,
            run=run,
            requires=("schedule", "goodput", "energy_cost"),
            produces=(*WRITTEN, *MEASURED, "checks"),
        )
    ]
