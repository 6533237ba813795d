"""What the guarantees of a file assume of default and of letting again, where their models say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from twin.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Assumed:
    """By party or in all.

    Attributes:
        obligors, guarantors: probability of default a year, by party.
        relets: share of the rent that letting again brings and months until then, as each guarantee has it.
    """

    obligors: dict[str, float] = field(default_factory=dict)
    guarantors: dict[str, float] = field(default_factory=dict)
    relets: set[tuple[float, int]] = field(default_factory=set)


def assumed(topology: Topology, guarantee: pl.DataFrame) -> Assumed:
    """Read the assumptions of the deals that wrote table `guarantee`.

    A parameter is known by its name: `default_probability`, `guarantor_default_probability`, `recovery`, and `relet`
    with `rent_share` and `downtime`.  A guarantee whose model has no such parameter is read from its table.
    """
    found = Assumed()
    entries = {entry.name: entry.params for entry in topology.section("deals")}
    for rows in guarantee.partition_by("deal", maintain_order=True):
        row = rows.row(0, named=True)
        params = entries.get(row["deal"])
        monthly = row["default_probability_fraction"]
        yearly = getattr(params, "default_probability", 1.0 - (1.0 - monthly) ** 12)
        found.obligors[row["obligor"]] = max(yearly, found.obligors.get(row["obligor"], 0.0))
        own = getattr(params, "guarantor_default_probability", 0.0)
        found.guarantors[row["guarantor"]] = max(own, found.guarantors.get(row["guarantor"], 0.0))
        relet = getattr(params, "relet", None)
        if relet is not None:
            found.relets.add((float(relet.rent_share), round(relet.downtime)))
        elif monthly * row["guaranteed_usd"] > 0:
            lost = row["expected_loss_usd"] / (monthly * row["guaranteed_usd"])
            found.relets.add((float(getattr(params, "recovery", round(1.0 - lost, 9))), 0))
    return found
