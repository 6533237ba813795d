"""Table `contingency`: what any failure, common cause, two failures, or one in maintenance takes down; and the check.

A common cause is an event of order one, as a failure is; the failures of an element are then those that it has alone.
The expected energy lost counts what a row alone explains: the loss of one, or what two take down beyond
what either does alone, times the hours a year that it lasts.  It counts each failure whatever else is down
meanwhile, and leaves out what three or more events take down.  Table `availability` has everything, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from twin.failure.alike import kinds
from twin.failure.blast import ACCELERATORS, KW, RACKS, Blasts, of_pairs, of_singles
from twin.failure.coincident import coincident
from twin.failure.naming import named
from twin.failure.parts import alone as failing_alone
from twin.failure.parts import common_causes
from twin.failure.redundant import checks
from twin.failure.together import of_common_causes
from twin.structure.lump import number
from twin.tables import table
from twin.tables.failure import COMMON_CAUSE, COMMON_CAUSE_AND_FAILURE, TWO_COMMON_CAUSES
from twin.topology.instances import offsets
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import polars as pl

    from twin.failure.net import Net
    from twin.failure.pairs import Pairs
    from twin.failure.parts import Common
    from twin.structure.model import Bools, Elements, Floats, Ints, Snapshot, Structure


Own: TypeAlias = "tuple[Floats, Floats]"
"""(elements,) unavailability and failures a year of what each fails by itself."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """How often and how long each element is out for maintenance.

    Attributes:
        per_year: (elements,), times a year; 0 where never.
        hours: (elements,), how long each time.
    """

    per_year: Floats
    hours: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the table before alike ones become one.  Every array has one entry a row.

    Attributes:
        event: what happens, as in the table.
        node, other: numbers of the two in the `nodes` table; -1 for `other` where there is one.
        failed: how many elements the event itself takes out.
        count, elements: see `Blasts`.
        lost, added: (3, n), see `Blasts`.
        per_year: how often it begins.
        hours: how long it lasts on average; NaN where it never happens.
    """

    event: str
    node: Ints
    other: Ints
    failed: Ints
    count: Ints
    elements: Ints
    lost: Floats
    added: Floats
    per_year: Floats
    hours: Floats

    def __len__(self) -> int:
        """How many there are."""
        return len(self.node)


def contingency(
    net: Net, found: Pairs, price: float | None = None, maintenance: Maintenance | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every single failure of an element or a load, every common cause, and every pair that loses more than its two.

    One row stands for all sets of elements of the same groups whose loss takes down the same amounts and
    that fail alike; what they take down need not be the same racks.

    Args:
        net: the thresholds, usually at full build.
        found: its pairs; without any, rows are of single losses.
        price: what an accelerator-hour is worth in USD; None where that is not said.
        maintenance: when elements are out for maintenance.

    Returns:
        Table `contingency`, the largest expected loss first, and rows of table `checks`: one for each
        dependency that declares that it survives the loss of a supplier.

    Raises:
        RefusedError: common causes that a file may not state.
    """
    snapshot, structure = net.snapshot, net.snapshot.structure
    alone, batches = of_singles(net)
    causes, share = common_causes(structure)
    own = failing_alone(structure, share)
    parts = [_loads(snapshot), *_single(snapshot, alone, own, maintenance), _common(net, causes)]
    parts += _double(snapshot, of_pairs(net, found), own, maintenance)
    if causes and found.order > 1:
        parts += _beside(net, causes, own)
    return _frame(structure, [_merged(structure, part) for part in parts], price), checks(net, batches, alone)


def _loads(snapshot: Snapshot) -> Rows:
    """A load's own failure takes down that one load."""
    classes = snapshot.structure.classes
    on = np.flatnonzero(snapshot.class_on)
    each = np.stack([classes.is_rack[on], classes.power_kw[on], classes.accelerators[on]]).astype(float)
    often = classes.failures_per_year[on]
    return Rows(
        event="failure",
        node=classes.node[on],
        other=np.full(len(on), -1),
        failed=np.ones(len(on), dtype=np.int64),
        count=classes.count[on],
        elements=np.zeros(len(on), dtype=np.int64),
        lost=each,
        added=each,
        per_year=often,
        hours=_mean(classes.unavailability[on], often),
    )


def _single(snapshot: Snapshot, blasts: Blasts, own: Own, maintenance: Maintenance | None) -> list[Rows]:
    """Rows of the loss of one element: by failure, and by maintenance."""
    elements, (q, w) = snapshot.structure.elements, own
    often = w[blasts.one]
    rows = [_rows("failure", elements, blasts, (often, _mean(q[blasts.one], often)))]
    if maintenance is not None:
        out = _some(blasts, maintenance.per_year[blasts.one] > 0)
        rows.append(_rows("maintenance", elements, out, (maintenance.per_year[out.one], maintenance.hours[out.one])))
    return rows


def _common(net: Net, causes: list[Common]) -> Rows:
    """Rows of common causes."""
    found = of_common_causes(net, causes)
    clock = found.per_year, _mean(found.unavailability, found.per_year)
    return replace(_rows(COMMON_CAUSE, net.snapshot.structure.elements, found.blasts, clock), failed=found.size)


def _double(snapshot: Snapshot, blasts: Blasts, own: Own, maintenance: Maintenance | None) -> list[Rows]:
    """Rows of the loss of two elements: by failure of both, and of one during maintenance of the other."""
    elements = snapshot.structure.elements
    rows = [_rows("failure+failure", elements, blasts, _both_down(own, blasts.one, blasts.other))]
    if maintenance is not None:
        both = _both_ways(blasts)
        out = _some(both, maintenance.per_year[both.one] > 0)
        rows.append(_rows("maintenance+failure", elements, out, _in_maintenance(own, out, maintenance)))
    return rows


def _beside(net: Net, causes: list[Common], own: Own) -> list[Rows]:
    """Rows of a common cause beside another failure, and of two common causes."""
    found = coincident(net, causes, own)
    (q, also), (w, often) = found.unavailability, found.per_year
    per_year = w * also + often * q
    clock = per_year, _mean(q * also, per_year)
    rows = replace(_rows(COMMON_CAUSE, net.snapshot.structure.elements, found.blasts, clock), failed=found.failed)
    parts = (COMMON_CAUSE_AND_FAILURE, ~found.caused), (TWO_COMMON_CAUSES, found.caused)
    return [replace(_of(rows, which), event=event) for event, which in parts]


def _of(rows: Rows, which: Bools) -> Rows:
    """Some rows."""
    names = [each.name for each in fields(Rows) if each.name != "event"]
    return Rows(rows.event, *(getattr(rows, name)[..., which] for name in names))


def _rows(event: str, elements: Elements, blasts: Blasts, clock: tuple[Floats, Floats]) -> Rows:
    other = np.where(blasts.other >= 0, elements.node[blasts.other], -1)
    failed = np.where(blasts.other >= 0, 2, 1)
    figures = (blasts.count, blasts.elements, blasts.lost, blasts.added)
    return Rows(event, elements.node[blasts.one], other, failed, *figures, *clock)


def _both_down(own: Own, one: Ints, other: Ints) -> tuple[Floats, Floats]:
    """How often a year two independent elements come to be down at once, and how long on average.

    In the steady state both are down with the product of their unavailabilities, and that begins when one
    fails while the other is down: w_i q_j + w_j q_i (Billinton and Allan, Reliability Evaluation of
    Engineering Systems, ch. 11); the mean is what the one makes of the other, 1 / (1 / r_i + 1 / r_j).
    """
    q, w = own
    often = w[one] * q[other] + w[other] * q[one]
    return often, _mean(q[one] * q[other], often)


def _in_maintenance(own: Own, out: Blasts, maintenance: Maintenance) -> tuple[Floats, Floats]:
    """How often a year `other` is down while `one` is out for maintenance, and how long on average.

    Maintenance comes by its plan, whatever is down.  So both are out with the product of their shares of time, and
    that begins when the failure comes during maintenance or maintenance during repair, as for two failures.
    """
    per_year = maintenance.per_year[out.one]
    share = np.minimum(per_year * maintenance.hours[out.one] / HOURS_PER_YEAR, 1.0)
    q, w = (each[out.other] for each in own)
    often = share * w + per_year * q
    return often, _mean(share * q, often)


def _mean(share: Floats, often: Floats) -> Floats:
    """Hours that something lasts on average, from the share of time and how often a year; NaN where never."""
    hours: Floats = np.divide(share * HOURS_PER_YEAR, often, out=np.full(len(often), np.nan), where=often > 0.0)
    return hours


def _some(blasts: Blasts, keep: Ints | Bools) -> Blasts:
    return Blasts(
        one=blasts.one[keep],
        other=blasts.other[keep],
        count=blasts.count[keep],
        elements=blasts.elements[keep],
        lost=blasts.lost[:, keep],
        added=blasts.added[:, keep],
    )


def _both_ways(blasts: Blasts) -> Blasts:
    """Every pair twice, with either one first."""
    twice = np.tile(np.arange(len(blasts.one)), 2)
    both = _some(blasts, twice)
    one, other = np.concatenate([blasts.one, blasts.other]), np.concatenate([blasts.other, blasts.one])
    return Blasts(one, other, both.count, both.elements, both.lost, both.added)


def _merged(structure: Structure, rows: Rows) -> Rows:
    """Sets of the same groups with the same numbers as one, with their summed count."""
    if not len(rows):
        return rows
    first = np.array(list(offsets(structure.topology).values()))
    groups = [np.searchsorted(first, nodes, side="right") for nodes in (rows.node, rows.other)]
    hours = np.nan_to_num(rows.hours, nan=-1.0)
    floats = [kinds(each) for each in (*rows.lost, *rows.added, rows.per_year, hours)]
    order = np.lexsort((rows.other, rows.node))
    of = number([column[order] for column in (*groups, rows.failed, rows.elements, *floats)], len(rows))
    lead = order[np.unique(of, return_index=True)[1]]
    count = np.bincount(of, rows.count[order]).astype(np.int64)
    return Rows(
        event=rows.event,
        node=rows.node[lead],
        other=rows.other[lead],
        failed=rows.failed[lead],
        count=count,
        elements=rows.elements[lead],
        lost=rows.lost[:, lead],
        added=rows.added[:, lead],
        per_year=rows.per_year[lead],
        hours=rows.hours[lead],
    )


def _frame(structure: Structure, parts: list[Rows], price: float | None) -> pl.DataFrame:
    """Rows as the table has them, the largest expected loss first: in dollars where these are known, then in kWh."""
    event = [part.event for part in parts for _ in range(len(part))]
    node, other, failed, count, elements, per_year, hours = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("node", "other", "failed", "count", "elements", "per_year", "hours")
    )
    lost, added = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("lost", "added"))
    each = count * per_year * np.nan_to_num(hours)
    value = 0.0 if price is None else price
    expected, dollars = each * added[KW], each * added[ACCELERATORS] * value
    order = np.lexsort((other, node, -lost[KW], -expected, -dollars))
    one, two = (named(structure, nodes[order].tolist()) for nodes in (node, other))
    null = [None] * len(order)
    return table("contingency").frame(
        {
            "event": [event[row] for row in order.tolist()],
            "element": [name.id for name in one],
            "group": [name.group for name in one],
            "kind": [name.kind for name in one],
            "second_element": [name.id for name in two],
            "second_group": [name.group for name in two],
            "elements_failed": failed[order],
            "count": count[order],
            "elements_lost": elements[order],
            "racks_lost": lost[RACKS, order].astype(np.int64),
            "lost_it_kw": lost[KW, order],
            "added_it_kw": added[KW, order],
            "accelerators_lost": lost[ACCELERATORS, order].astype(np.int64),
            "lost_usd_per_h": null if price is None else lost[ACCELERATORS, order] * value,
            "outages_per_year": per_year[order],
            "mean_outage_h": [None if np.isnan(h) else h for h in hours[order].tolist()],
            "expected_kwh_lost_per_year": expected[order],
            "expected_usd_lost_per_year": null if price is None else dollars[order],
        }
    )
