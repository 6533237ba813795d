"""What was dispatched, and what it costs: the same for the optimum and for a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.energy.dispatch.system import Floats, Generator, System

    Bools = NDArray[np.bool_]

TINY_KW = 1e-3
"""Power that counts as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Power of everything by step, in kW; tuples follow the order of the system's units.

    Attributes:
        import_kw: from the grid.
        export_kw: into the grid.
        unserved_kw: load that is not served.
        power_kw: output of each generator.
        online: share of the machines that run, of each generator; ones where that is of no consequence.
        charge_kw: what each store takes.
        discharge_kw: what each store gives.
        state_kwh: what each store holds at the end of the step.
        down_kw: load that each shift takes away.
        up_kw: load that each shift adds.
    """

    import_kw: Floats
    export_kw: Floats
    unserved_kw: Floats
    power_kw: tuple[Floats, ...] = ()
    online: tuple[Floats, ...] = ()
    charge_kw: tuple[Floats, ...] = ()
    discharge_kw: tuple[Floats, ...] = ()
    state_kwh: tuple[Floats, ...] = ()
    down_kw: tuple[Floats, ...] = ()
    up_kw: tuple[Floats, ...] = ()

    def balance_kw(self, system: System) -> Floats:
        """Supply less use by step; zero in a sound dispatch."""
        supply = self.import_kw - self.export_kw + self.unserved_kw - system.load_kw
        for sign, parts in (
            (1.0, self.power_kw),
            (-1.0, self.charge_kw),
            (1.0, self.discharge_kw),
            (1.0, self.down_kw),
            (-1.0, self.up_kw),
        ):
            for part in parts:
                supply = supply + sign * part
        return supply

    def both_ways(self) -> int:
        """Steps in which some store takes and gives at once."""
        both = np.zeros(len(self.import_kw), dtype=bool)
        for charge, discharge in zip(self.charge_kw, self.discharge_kw, strict=True):
            both |= (charge > TINY_KW) & (discharge > TINY_KW)
        return int(both.sum())

    def part_online(self, system: System) -> int:
        """Steps in which some plant runs a share of its machines that no whole number of them is."""
        part = np.zeros(len(self.import_kw), dtype=bool)
        for generator, online in zip(system.generators, self.online, strict=True):
            if generator.committed:
                count = online * generator.machines
                part |= np.abs(count - np.round(count)) > 1e-6  # noqa: PLR2004 - a millionth of a machine
        return int(part.sum())


def fuel_kw(generator: Generator, power_kw: Floats, online: Floats) -> Floats:
    """Fuel that a generator draws, by step: of its running and of its output by segment."""
    fuel = generator.online_fuel_kw * online
    below = 0.0
    for reach, heat in generator.segments:
        width = (reach - below) * generator.capacity_kw * online
        fuel = fuel + heat * np.clip(power_kw - below * generator.capacity_kw * online, 0.0, width)
        below = reach
    return fuel


def starts(online: Floats) -> Floats:
    """Share of the machines that start in each step; what ran before the first step is not known."""
    return np.maximum(np.diff(online, prepend=online[:1]), 0.0)


def cost(system: System, flows: Flows) -> dict[str, float]:
    """USD of a dispatch by what it is for; the sum is the objective of the linear program.

    Keys: import, export (negative: earned), demand, unserved, carbon, and `entry/unit` of each unit, where a
    generator's is fuel, price and starts together.
    """
    step = system.step_h
    lines = {
        "import": float(system.import_usd_per_kwh @ flows.import_kw) * step,
        "export": -float(system.export_usd_per_kwh @ flows.export_kw) * step,
        "demand": sum(
            charge.usd_per_kw * max(charge.floor_kw, float(flows.import_kw[charge.steps].max(initial=0.0)))
            for charge in system.demand
        ),
        "unserved": (system.unserved_usd_per_kwh or 0.0) * float(flows.unserved_kw.sum()) * step,
        "carbon": system.carbon_usd_per_kg * emissions_kg(system, flows) if system.carbon_usd_per_kg else 0.0,
    }
    for generator, power, online in zip(system.generators, flows.power_kw, flows.online, strict=True):
        # what must be taken is paid for whether it is used or not
        paid = generator.available_kw if generator.must_take else power
        usd = float(generator.usd_per_kwh @ paid) * step
        usd += float(generator.fuel_usd_per_kwh @ fuel_kw(generator, paid, online)) * step
        usd += generator.start_usd * float(starts(online).sum())
        lines[f"{generator.entry}/{generator.unit}"] = usd
    for storage, discharge in zip(system.storages, flows.discharge_kw, strict=True):
        lines[f"{storage.entry}/{storage.unit}"] = float(storage.usd_per_kwh @ discharge) * step
    for shift, down in zip(system.shifts, flows.down_kw, strict=True):
        lines[f"{shift.entry}/{shift.unit}"] = float(shift.usd_per_kwh @ down) * step
    return lines


def emissions_kg(system: System, flows: Flows) -> float:
    """Kg CO2e of the import and of fuel."""
    kg = 0.0
    if len(system.import_kg_co2e_per_kwh):
        kg += float(system.import_kg_co2e_per_kwh @ flows.import_kw)
    for generator, power, online in zip(system.generators, flows.power_kw, flows.online, strict=True):
        paid = generator.available_kw if generator.must_take else power
        kg += generator.fuel_kg_co2e_per_kwh * float(fuel_kw(generator, paid, online).sum())
    return kg * system.step_h


def matched_kw(load_kw: Floats, free_kw: Floats, charge_kw: Floats, discharge_kw: Floats) -> Floats:
    """Load that carbon-free supply covers in its own step.

    Stores take carbon-free supply first.  The share of all charging that was carbon-free is the share of their
    output that is: energy that came from the grid does not become carbon-free by being stored.

    Args:
        load_kw: (…, steps), of a site, or of several.
        free_kw: carbon-free supply of the site, in the same shape as all here.
        charge_kw: what all its stores together take.
        discharge_kw: what they give.
    """
    taken = np.minimum(charge_kw, free_kw)
    total = charge_kw.sum(axis=-1, keepdims=True)
    share = np.divide(taken.sum(axis=-1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    matched: Floats = np.minimum(load_kw, free_kw - taken + share * discharge_kw)
    return matched


def carbon_free_fraction(system: System, flows: Flows) -> float:
    """Hourly carbon-free score: load matched in its own hour, and the grid's share of the import, over the load.

    What a store gives counts as far as carbon-free supply of the site charged it; see `matched_kw`.
    """
    free, none, delivered = np.zeros(system.steps), np.zeros(system.steps), flows.import_kw
    for generator, power in zip(system.generators, flows.power_kw, strict=True):
        if generator.carbon_free:
            free = free + power
        elif generator.by_grid:
            # a contract that is not carbon-free is energy of the grid as the import is
            delivered = delivered + power
    matched = matched_kw(system.load_kw, free, sum(flows.charge_kw, none), sum(flows.discharge_kw, none))
    share = system.import_cfe_fraction if len(system.import_cfe_fraction) else np.zeros(system.steps)
    rest = np.minimum(delivered, system.load_kw - matched)
    total = float(system.load_kw.sum())
    return float((matched + share * rest).sum()) / total if total else 1.0
