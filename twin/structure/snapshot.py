"""The structure in one month: who is in service, what flows, what each gate asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.flow import loads, plan
from twin.structure.live import live
from twin.structure.lump import row_of
from twin.structure.model import FOREVER, NETWORK, POWER, Snapshot
from twin.structure.thresholds import Asked, derive
from twin.structure.upstream import Upstream

if TYPE_CHECKING:
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Classes, Elements, Floats, Structure


def months_of_change(structure: Structure) -> list[int]:
    """The month indices at which something comes into service or retires, ascending, within the calendar.

    Month 0 is always one of them: it shows what was in service before.  A calendar of 0 months has no
    end yet.
    """
    months = structure.topology.calendar.months
    both = (structure.elements, structure.classes)
    changes = [when for part in both for when in (part.energised, part.retired[part.retired < FOREVER])]
    found = np.unique(np.maximum(np.concatenate(changes), 0))
    return sorted({0, *(month for month in found.tolist() if not months or month < months)})


def snapshot(structure: Structure, month: int, prepared: Plan | None = None) -> Snapshot:
    """The structure in one month, with everything in service that is energised by then and not retired.

    The last one asked for is kept with the structure: capacity and failure both begin with it.

    Args:
        structure: the compiled system.
        month: month index of the calendar.
        prepared: `twin.structure.flow.plan(structure)`, for a caller that takes many months.

    Returns:
        The snapshot; see `Snapshot` for shapes and units.

    Raises:
        RefusedError: what a gate needs cannot be derived; see `twin.structure.thresholds`.
    """
    last: Snapshot | None = structure.derived.get("snapshot")
    if last is None or last.month != month:
        # one, and not all: of a large structure with many months of change they would fill the memory
        last = structure.derived["snapshot"] = _snapshot(structure, month, prepared or plan(structure))
    return last


def _snapshot(structure: Structure, month: int, work: Plan) -> Snapshot:
    bare = connected(structure, month)
    alive, fed = live(bare, np.zeros((1, len(structure.elements)), dtype=bool))
    flow = loads(bare, alive, np.empty((len(structure.classes), 0)), fed, work)
    load, on = flow.total[0], alive[0]
    power_in, heat_out = work.losses.balance(load, on)
    asked = Asked(on, used(bare), flow.asked[0], load, _limit(bare, alive, fed, load, work))

    def what_if(lost: Bools) -> Floats:
        none = np.empty((len(structure.classes), 0))
        return loads(bare, on & ~lost, none, np.repeat(fed, len(lost), axis=0), work).total

    rule = derive(structure, asked, Upstream(structure, asked, work, what_if))
    return replace(
        bare,
        load_kw=load,
        input_kw=power_in,
        heat_kw=heat_out,
        limit_kw=asked.limit,
        source_kw=float((load * structure.elements.count)[sources(structure)].sum()),
        weight=rule.weight,
        threshold=rule.threshold,
        spare=rule.spare,
        shortfall=rule.shortfall,
        cuts=rule.cuts,
    )


def _limit(month: Snapshot, alive: Bools, fed: Bools, load: Floats, work: Plan) -> Floats:
    """(elements,): the most that each may carry.

    What may be oversubscribed takes more than its derated capacity as long as the loads, held back as far as
    they can be, stay within it.  How much of a load can be held back is taken as it is with all in service.
    """
    elements, classes = month.structure.elements, month.structure.classes
    if not (elements.oversubscription > 1.0).any():
        return elements.derated_kw
    share = np.divide(classes.capped_kw, classes.power_kw, out=np.ones(len(classes)), where=classes.power_kw > 0)
    held = loads(month, alive, np.empty((len(classes), 0)), fed * share, work).total[0]
    ratio = np.divide(load, held, out=np.ones(len(load)), where=held > 0)
    limit: Floats = elements.derated_kw * np.clip(ratio, 1.0, elements.oversubscription)
    return limit


def connected(structure: Structure, month: int) -> Snapshot:
    """The month under the least rule there is: a gate of power or cooling is up with any live member.

    It says who draws at all: what is in service when nothing that could feed it is does not.
    """
    gates = structure.gates
    elements = len(structure.elements)
    on = in_service(structure.elements, month)
    return Snapshot(
        structure=structure,
        month=month,
        element_on=on,
        class_on=in_service(structure.classes, month),
        load_kw=np.zeros(elements),
        input_kw=np.zeros(elements),
        heat_kw=np.zeros(elements),
        limit_kw=structure.elements.derated_kw,
        source_kw=0.0,
        weight=on[gates.members.values].astype(float),
        threshold=(gates.resource != NETWORK).astype(float),
        spare=np.full(len(gates), -1, dtype=np.int64),
        shortfall=np.zeros(len(gates), dtype=bool),
    )


def in_service(part: Elements | Classes, month: int) -> Bools:
    """Which elements or classes are in service in a month: energised, and not retired yet."""
    on: Bools = (part.energised <= month) & (month < part.retired)
    return on


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
