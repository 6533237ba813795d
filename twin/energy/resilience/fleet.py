"""What carries a site while its grid is out: kinds of machines, stores, and what sun and wind give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.energy.read import Hours
    from twin.energy.steps import Floats
    from twin.structure.model import Structure

ENGINE = "resilience"
_KIND = "genset"


@dataclass(frozen=True)
class Machines:
    """Equal machines of one supply, or of one group of the file.

    Attributes:
        name: of the supply or group.
        count: how many there are.
        each_kw: rating of one.
        store_kwh: electricity that the fuel on site makes; infinity where it comes by pipe.
        fails_per_h: failures of a running machine.
        repairs_per_h: repairs of a failed one; 0 where it is not repaired within an outage.
        start_failure: probability that one does not start, or is down when the outage begins.
    """

    name: str
    count: int
    each_kw: float
    store_kwh: float
    fails_per_h: float
    repairs_per_h: float
    start_failure: float


@dataclass(frozen=True)
class Store:
    """All stores of a site taken together.

    Attributes:
        energy_kwh: what they hold when full, as electricity given.
        state_kwh: (steps,), what they hold at the start of each step.
        discharge_kw: most that they give.
        charge_kw: most that they take.
        efficiency: energy given over energy taken.
    """

    energy_kwh: float
    state_kwh: Floats
    discharge_kw: float
    charge_kw: float
    efficiency: float


@dataclass(frozen=True)
class Fleet:
    """What a site has in an outage.

    Attributes:
        machines: that burn fuel, those without a limit of fuel first.
        store: of energy.
        free_kw: (steps,), what is there in each step without fuel or store.
    """

    machines: tuple[Machines, ...]
    store: Store
    free_kw: Floats


def fleet(hours: Hours, site: int, structure: Structure) -> Fleet:
    """What a site has: units of its supplies that run on an outage, and generating sets of the file.

    A supply without fuel (sun, wind) gives what it has in each step, used or not.

    Raises:
        RefusedError: a unit that fails without a time to repair it.
    """
    machines, free = [], np.zeros(len(hours.steps))
    full = given = taken = energy = 0.0
    state = np.zeros(len(hours.steps))
    for at, row, kw in hours.each():
        if at != site or not row["on_outage"] or row["kind"] not in ("generator", "storage"):
            continue
        if row["kind"] == "storage":
            out = float(row["discharge_efficiency_fraction"])
            given += float(row["capacity_kw"] or 0.0)
            taken += float(row["charge_kw"] or 0.0)
            energy += float(row["energy_kwh"] or 0.0) * out
            full += float(row["energy_kwh"] or 0.0) * out * float(row["charge_efficiency_fraction"]) * out
            # what is in store at the start of a step is what the step before left
            state += np.roll(kw["state_kwh"], 1) * out
        elif row["fuel_kwh_per_kwh"]:
            machines.append(_of_supply(row))
        else:
            free += kw["power_kw"] + kw["curtailed_kw"]
    machines += _of_structure(hours.sites[site], structure)
    machines.sort(key=lambda one: one.store_kwh < np.inf)
    store = Store(energy, state, given, taken, full / energy if energy else 1.0)
    return Fleet(tuple(machines), store, free)


def _of_supply(row: dict[str, Any]) -> Machines:
    count, mtbf, mttr = int(row["machines"]), row["mtbf_h"], row["mttr_h"]
    if mtbf is not None and mttr is None:
        raise RefusedError(ENGINE, f"'{row['supply']}' fails and nobody says how long a repair takes", "add its 'mttr'")
    down = 0.0 if mtbf is None else mttr / (mtbf + mttr)
    fuel = row["fuel_store_kwh"]
    return Machines(
        name=str(row["supply"]),
        count=count,
        each_kw=float(row["capacity_kw"]) / count,
        store_kwh=np.inf if fuel is None else float(fuel) / float(row["fuel_kwh_per_kwh"]),
        fails_per_h=0.0 if mtbf is None else 1.0 / mtbf,
        repairs_per_h=0.0 if mtbf is None else 1.0 / mttr,
        start_failure=1 - (1 - down) * (1 - float(row["start_failure_fraction"])),
    )


def _of_structure(site: str, structure: Structure) -> list[Machines]:
    """Generating sets that stand on the site, by group; without a stated `runtime` their fuel does not run out."""
    groups, elements = structure.topology.groups, structure.elements
    made = []
    for number, path in enumerate(structure.groups):
        root = site.partition("[")[0]
        if groups[path].kind != _KIND or path.partition("/")[0] != root:
            continue
        own = np.flatnonzero(elements.group == number)
        if not len(own):
            continue
        first = int(own[0])
        down, often = float(elements.unavailability[first]), float(elements.failures_per_year[first]) / 8760.0
        up = often / (1 - down) if down < 1 else 0.0
        runtime, capacity = float(elements.behaviour.runtime_h[first]), float(elements.capacity_kw[first])
        count = round(float(elements.count[own].sum()) / groups[path.partition("/")[0]].total)
        made.append(
            Machines(
                name=path,
                count=count,
                each_kw=capacity,
                store_kwh=runtime * capacity * count if runtime > 0 else np.inf,
                fails_per_h=up,
                repairs_per_h=often / down if down > 0 else 0.0,
                start_failure=1 - (1 - down) * (1 - float(elements.behaviour.start_failure[first])),
            )
        )
    return made
