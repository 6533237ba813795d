"""The structure in one month: who is in service, what flows, what each gate asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.flow import loads, plan
from twin.structure.live import live
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, POWER, Snapshot
from twin.structure.thresholds import Asked, derive
from twin.structure.upstream import Upstream

if TYPE_CHECKING:
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Structure


def months_of_change(structure: Structure) -> list[int]:
    """The month indices at which something comes into service, ascending, within the calendar.

    Month 0 is always one of them: it shows what was in service before.  A calendar of 0 months has no
    end yet.
    """
    months = structure.topology.calendar.months
    energised = np.concatenate([structure.elements.energised, structure.classes.energised])
    found = np.unique(np.maximum(energised, 0))
    return sorted({0, *(month for month in found.tolist() if not months or month < months)})


def snapshot(structure: Structure, month: int, prepared: Plan | None = None) -> Snapshot:
    """The structure in one month, with the loads of everything energised by then in service.

    Args:
        structure: the compiled system.
        month: month index of the calendar.
        prepared: `twin.structure.flow.plan(structure)`, for a caller that takes many months.

    Returns:
        The snapshot; see `Snapshot` for shapes and units.

    Raises:
        RefusedError: what a gate needs cannot be derived; see `twin.structure.thresholds`.
    """
    work = prepared or plan(structure)
    bare = connected(structure, month)
    alive, fed = live(bare, np.zeros((1, len(structure.elements)), dtype=bool))
    flow = loads(bare, alive, np.empty((len(structure.classes), 0)), fed, work)
    load = (flow.constant + flow.present)[0]
    on = alive[0]
    power_in = np.where(on, load * work.gain + structure.elements.power_kw, 0.0)
    asked = Asked(on, used(bare), flow.asked[0], load)

    def what_if(lost: Bools) -> Floats:
        state = loads(bare, on & ~lost, np.empty((len(structure.classes), 0)), np.repeat(fed, len(lost), axis=0), work)
        carried: Floats = state.constant + state.present
        return carried

    rule = derive(structure, asked, Upstream(structure, asked, work, what_if))
    return replace(
        bare,
        load_kw=load,
        input_kw=power_in,
        heat_kw=np.where(on, load * work.heat + structure.elements.power_kw, 0.0),
        source_kw=float(load[sources(structure)].sum()),
        weight=rule.weight,
        threshold=rule.threshold,
        spare=rule.spare,
        shortfall=rule.shortfall,
        cuts=rule.cuts,
    )


def connected(structure: Structure, month: int) -> Snapshot:
    """The month under the least rule there is: a gate of power or cooling is up with any live member.

    It says who draws at all: what is energised before anything that could feed it does not.
    """
    gates = structure.gates
    elements = len(structure.elements)
    on = structure.elements.energised <= month
    return Snapshot(
        structure=structure,
        month=month,
        element_on=on,
        class_on=structure.classes.energised <= month,
        load_kw=np.zeros(elements),
        input_kw=np.zeros(elements),
        heat_kw=np.zeros(elements),
        source_kw=0.0,
        weight=on[gates.members.values].astype(float),
        threshold=(gates.resource != NETWORK).astype(float),
        spare=np.full(len(gates), -1, dtype=np.int64),
        shortfall=np.zeros(len(gates), dtype=bool),
    )


def used(month: Snapshot) -> Bools:
    """(gates,): which have an energised consumer."""
    structure = month.structure
    found = np.zeros(len(structure.gates), dtype=bool)
    for lists, on in ((structure.elements.gates, month.element_on), (structure.classes.gates, month.class_on)):
        found[lists.values[np.repeat(on, np.diff(lists.start))]] = True
    return found


def sources(structure: Structure) -> Bools:
    """(elements,): where power enters: members of a power gate that have no power gate themselves."""
    gates, inputs = structure.gates, structure.elements.gates
    found = np.zeros(len(inputs), dtype=bool)
    found[gates.members.values[gates.resource[row_of(gates.members)] == POWER]] = True
    found[row_of(inputs)[gates.resource[inputs.values] == POWER]] = False
    return found
