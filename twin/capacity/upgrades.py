"""Table `upgrades`: what to buy next, in order, and what it releases.

At full build each site is full at one group of equipment, the one that binds.  That group is
enlarged by the fewest units for which something else binds, at most to twice its size, and the site
is worked out anew from the enlarged topology, exactly as if the larger number stood in the file.
An A and a B side of one size grow alike, and what is full at the same load is enlarged in one
step, each no further than it takes for what the step releases.  Then the same again with what binds now.

Where more units do not help or cannot be written down without saying more (each has a date of its
own, or a row of a table), the rating is raised instead, in steps of 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import Field

from twin import tables
from twin.api import Analysis, Params
from twin.capacity import enlarge
from twin.capacity.connection import Connections
from twin.capacity.standing import Standing, sites, standing
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from twin.api import AnalysisInputs
    from twin.capacity.connection import Tight
    from twin.capacity.enlarge import Change, Move
    from twin.topology.model import Topology

_TOGETHER = 6
"""Most groups that are enlarged in one step because they are full at once."""


class UpgradesParams(Params):
    """Parameters of `analyses: {upgrades: …}`."""

    steps: int = Field(default=5, ge=1, le=50, description="purchases to work out for each site")


@dataclass(frozen=True, slots=True)
class Step:
    """One purchase: what is changed, where the site stands before and after it."""

    changes: tuple[Change, ...]
    before: Standing
    after: Standing


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """The purchases of every site.

    Args:
        inputs: of which `twin.topology`, `twin.lifted` and table `connection` are read.

    Returns:
        Table `upgrades`.

    Raises:
        RefusedError: as the capacity analysis.
    """
    topology: Topology = inputs.twin.topology
    connected = Connections(inputs.tables["connection"], topology.calendar).at_full_build()
    rows = [
        _row(site.id, number, step)
        for site in sites(inputs.twin.lifted)
        for number, step in enumerate(
            islice(steps(topology, site.id, site.month, connected.get(site.id)), inputs.params.steps), start=1
        )
    ]
    table = tables.table("upgrades")
    return {"upgrades": table.frame({column: [row[column] for row in rows] for column in table.names})}


def analysis() -> Analysis:
    """The analysis, for `twin.capacity.analysis` to register."""
    return Analysis(
        name="upgrades",
        doc="What to buy next, in order: the kW, racks and accelerators that each purchase releases.",
        params=UpgradesParams,
        run=run,
        requires=("connection",),
        produces=("upgrades",),
        on_demand=True,
    )


def steps(topology: Topology, site: str, month: int, connected: Tight | None = None) -> Iterator[Step]:
    """One purchase after the other, until nothing binds or nothing that can be bought helps.

    What the engine refuses to work out of an enlarged topology is not bought.

    Args:
        topology: read and resolved.
        site: id of the site.
        month: month index in which it is asked.
        connected: what its grid connection lets it use; no limit where not given.
    """
    here = standing(topology, site, month, connected)
    while here.group is not None:
        try:
            step = _next(here)
        except RefusedError:
            return
        if step is None:
            return
        yield step
        here = step.after


def told(changes: Sequence[Change]) -> str:
    """What to do in one step; the same in several places is said once."""
    places: dict[tuple[str, str], str] = {}
    for change in changes:
        same = (change.what, change.how)
        places[same] = f"{places[same]} and{change.where}" if same in places else change.where
    return "; ".join(f"{what}{where}{how}" for (what, how), where in places.items())


def _next(before: Standing) -> Step | None:
    """The purchase that releases something: one group, or several that are full at once."""
    changes: list[Change] = []
    here = before
    for _ in range(_TOGETHER):
        change = enlarge.least(here)
        if change is None:
            return None
        changes.append(change)
        here = change.after
        if here.above(before):
            return Step(tuple(changes), before, here) if len(changes) == 1 else _minimal(before, changes)
    return None


def _minimal(before: Standing, changes: Sequence[Change]) -> Step:
    """The step with each group named once, and without what can be left out at no loss."""
    goal = changes[-1].after
    moves: list[Move] = []
    for change in changes:
        at = next((number for number, move in enumerate(moves) if move.same(change.move)), None)
        if at is None:
            moves.append(change.move)
        else:
            moves[at] = moves[at].and_then(change.move)
    for move in tuple(moves):
        at = moves.index(move)
        if _does(before, [*moves[:at], *moves[at + 1 :]], goal):
            del moves[at]
    for at, move in enumerate(moves):
        enough, too_few = move.units, 0
        while enough - too_few > 1:
            units = (enough + too_few) // 2
            if _does(before, [*moves[:at], replace(move, units=units), *moves[at + 1 :]], goal):
                enough = units
            else:
                too_few = units
        moves[at] = replace(move, units=enough)
    here, told_of = before, []
    for move in moves:
        told_of.append(enlarge.made(here, move))
        here = told_of[-1].after
    return Step(tuple(told_of), before, here)


def _does(before: Standing, moves: Sequence[Move], goal: Standing) -> bool:
    """Whether a site carries no less than it is to with some changes."""
    topology = before.topology
    for move in moves:
        topology = move.apply(topology)
    return not goal.above(standing(topology, before.site, before.month, before.connected))


def _row(site: str, number: int, step: Step) -> dict[str, object]:
    before, after, first = step.before, step.after, step.changes[0]
    price = _sum([change.price_usd for change in step.changes])
    released = None if after.usable_kw is None else after.usable_kw - (before.usable_kw or 0.0)
    return {
        "site": site,
        "step": number,
        "group": before.group,
        "kind": first.kind,
        "resource": before.resource,
        "change": told(step.changes),
        "units": _sum([change.units for change in step.changes]),
        "added_kw": _sum([change.added_kw for change in step.changes]),
        "usable_kw": after.usable_kw,
        "released_kw": released,
        "released_racks": _less(after.usable_racks, before.usable_racks),
        "released_accelerators": _less(after.usable_accelerators, before.usable_accelerators),
        "price_usd": price,
        "usd_per_kw": None if price is None or released is None else price / released,
        "then_binds": after.node,
    }


def _less(after: int | None, before: int | None) -> int | None:
    """What of the present mix a step releases; None where what there is then is not limited."""
    return None if after is None else after - (before or 0)


def _sum(parts: Sequence[float | None]) -> float | None:
    """The sum; None where a part of it is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
