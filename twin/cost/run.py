"""The order of the deals: energy bills first, then every model with all its entries that can be worked out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.cost.categories import known
from twin.cost.hold import hold
from twin.cost.inputs import entries_of, financing_inputs
from twin.errors import PluginError, RefusedError, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twin.api import Calendar, Category, FinancingInputs
    from twin.registry import Provided, Registry
    from twin.structure.model import Structure
    from twin.topology.model import ModelEntry, Topology

WRITTEN = (
    "cashflow",
    "occupancy",
    "debt",
    "guarantee",
    "guarantee_value",
    "guarantee_terms",
    "guarantee_cover",
    "residual_value",
    "wind_up",
    "debt_pricing",
    "lease_accounting",
    "lease_tests",
    "debt_sizing",
    "waterfall",
    "depreciation",
    "deal_figures",
)
"""Tables that financing models write; the first of them always."""


@dataclass(slots=True)
class Ledger:
    """What the deals have written so far, by table."""

    frames: dict[str, list[pl.DataFrame]] = field(
        default_factory=lambda: {name: [tables.table(name).empty()] for name in WRITTEN}
    )

    def take(self, written: Mapping[str, pl.DataFrame]) -> None:
        """Add what a model returned."""
        for name, frame in written.items():
            self.frames[name].append(frame)

    def table(self, name: str) -> pl.DataFrame:
        """One table, all deals together."""
        return pl.concat(self.frames[name])


def run_deals(
    structure: Structure, registry: Registry, calendar: Calendar, schedule: pl.DataFrame, energy_cost: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Work out every deal of a topology.

    Args:
        structure: the compiled topology.
        registry: the models.
        calendar: the months, counted.
        schedule: table `schedule`.
        energy_cost: table `energy_cost`; its rows become flows, under the supply's name and the line.

    Returns:
        The tables `WRITTEN`, cashflow sorted by month.

    Raises:
        RefusedError: a model will not answer; or a supply and a deal have the same name.
        PluginError: a model failed, or returned something other than the flows of its own deals.
    """
    topology = structure.topology
    bills = energy_flows(energy_cost)
    _refuse_shared_names(topology, bills)
    given = financing_inputs(structure, calendar, schedule, bills)
    ledger = Ledger()
    ledger.take({"cashflow": bills})
    for provided, entries in calls(topology.section("deals"), registry):
        inputs = _for(given, entries, topology, ledger, bills)
        written = provided.call(inputs, required=WRITTEN[:1], optional=WRITTEN[1:])
        hold(written, inputs, topology.known_parties, provided.who, provided.model.categories)
        ledger.take(written)
    done = {name: ledger.table(name) for name in WRITTEN}
    done["cashflow"] = done["cashflow"].sort("month", maintain_order=True)
    done["occupancy"] = settle(done["occupancy"], done["cashflow"])
    return done


def categories(deals: Sequence[ModelEntry], registry: Registry) -> dict[str, Category]:
    """Every category that the models of these deals may write, by name.

    Raises:
        PluginError: two models declare one of them differently.
    """
    found: dict[str, Category] = {}
    for provided, _ in calls(deals, registry):
        for name, category in known(provided.model.categories, provided.who).items():
            if found.setdefault(name, category) != category:
                raise PluginError(f"{provided.who} declares category '{name}' otherwise than another model does")
    return found


def energy_flows(energy_cost: pl.DataFrame) -> pl.DataFrame:
    """The rows of an energy bill as flows: deal is the supply, category the line; sites together, zeros left out."""
    return (
        energy_cost.group_by("month", "payer", "payee", "supply", "line", maintain_order=True)
        .agg(pl.col("amount_usd").sum())
        .filter(pl.col("amount_usd") > 0)
        .rename({"supply": "deal", "line": "category"})
        .select(tables.table("cashflow").names)
    )


def calls(deals: Sequence[ModelEntry], registry: Registry) -> Iterator[tuple[Provided, tuple[ModelEntry, ...]]]:
    """Which model is called with which entries, in order: a deal comes after all that it refers to.

    Deals that wait for equally long chains of others are worked out together, one call a model.
    """
    by_name = {entry.name: entry for entry in deals}
    sorter = TopologicalSorter({entry.name: entry.refers for entry in deals})
    sorter.prepare()
    known = registry.models("deals")
    place = {name: number for number, name in enumerate(by_name)}
    while generation := sorter.get_ready():
        sorter.done(*generation)
        entries = [by_name[name] for name in sorted(generation, key=place.__getitem__)]
        for model in dict.fromkeys(entry.model for entry in entries):
            if model not in known:
                raise PluginError(f"no plugin provides the financing model '{model}'; {one_of(model, known)}")
            yield known[model], tuple(entry for entry in entries if entry.model == model)


def settle(occupancy: pl.DataFrame, cashflow: pl.DataFrame) -> pl.DataFrame:
    """Table `occupancy` with one use a kW: what is let is not also in its owner's use.

    A deal that pays capex gives its buyer the use of what was bought, but only at sites that no
    other deal lets to somebody.
    """
    bought = cashflow.filter(pl.col("category") == "capex")["deal"].unique().to_list()
    owned = pl.col("deal").is_in(bought)
    let = occupancy.filter(~owned)["site"].unique().to_list()
    return occupancy.filter(~(owned & pl.col("site").is_in(let))).sort("month", maintain_order=True)


def _for(
    given: FinancingInputs, entries: tuple[ModelEntry, ...], topology: Topology, ledger: Ledger, bills: pl.DataFrame
) -> FinancingInputs:
    """The inputs of one call: its entries, all others by name, the tables of the deals it refers to."""
    every = entries_of(topology)
    own = tuple(every.pop(entry.name) for entry in entries)
    referred = sorted({name for entry in entries for name in entry.refers})
    flows, debt = ledger.table("cashflow"), ledger.table("debt")
    deals = flows.filter(pl.col("deal").is_in(referred))
    return replace(
        given,
        entries=own,
        others=every,
        cashflow=pl.concat([bills, deals]),
        debt=debt.filter(pl.col("deal").is_in(referred)),
        depreciation=ledger.table("depreciation").filter(pl.col("deal").is_in(referred)),
    )


def _refuse_shared_names(topology: Topology, bills: pl.DataFrame) -> None:
    shared = sorted({entry.name for entry in topology.section("deals")} & set(bills["deal"]))
    if shared:
        raise RefusedError(
            "cost",
            f"'{shared[0]}' is both an entry of energy: and of deals:, so the ledger could not tell them apart",
            "give one of them another `name`",
        )
