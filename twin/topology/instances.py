"""Arrays over the instances of a group, in node order, without expanding anything else.

The instances of a group are numbered from 0 in node order (their *local*): parent instance first,
then the index within the parent.  The node number is the local plus the group's offset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from twin.api import Calendar
    from twin.topology.model import Group, Override, Topology

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

ENERGISED = "energised"
"""Name under which side tables and overrides carry the month index of coming into service."""

RETIRED = "retired"
"""Name under which they carry the month index of going out of service for good."""

FOREVER = 1 << 40
"""Month of retirement of what is never retired: later than any calendar."""

_UNSTATED = {ENERGISED: -FOREVER, RETIRED: FOREVER}
"""Month of a group that says nothing: earlier, or later, than any that is stated."""


def offsets(topology: Topology) -> dict[str, int]:
    """The node number of the first instance of every group, by path, in the order of the groups."""
    first: dict[str, int] = {}
    number = 0
    for path, group in topology.groups.items():
        first[path] = number
        number += group.total
    return first


def size(topology: Topology) -> int:
    """How many instances the whole topology has."""
    return sum(group.total for group in topology.groups.values())


def ancestor_locals(topology: Topology, group: str, ancestor: str, locals_: ArrayLike) -> Ints:
    """Which instance of a containing group holds each of some instances.

    Args:
        topology: the topology.
        group: path of the group.
        ancestor: path of a group that contains it, or `group` itself; `""` for the whole file.
        locals_: locals of `group`, any shape.

    Returns:
        Locals of `ancestor`, int64, of the same shape; zeros for the whole file.
    """
    return np.asarray(locals_, dtype=np.int64) // topology.per(group, ancestor)


def first_days(calendar: Calendar, months: ArrayLike) -> NDArray[np.datetime64]:
    """The first days of months by index, negative ones too: `datetime64[D]` of the shape of `months`."""
    start = np.datetime64(f"{calendar.start:%Y-%m}", "M")
    return (start + np.asarray(months, dtype=np.int64)).astype("datetime64[D]")


def varying(topology: Topology, group: str) -> tuple[str, ...]:
    """The attributes that a side table or an overlay gives instance by instance, months of service left out."""
    rows = topology.groups[group].rows
    names = [] if rows is None else list(rows.columns)
    names += [override.attribute for override in topology.overrides if override.group == group]
    return tuple(dict.fromkeys(name for name in names if name not in _UNSTATED))


def attribute(topology: Topology, group: str, name: str, locals_: Ints | None = None) -> Floats:
    """A numeric attribute of the instances of a group, side table and overlays applied.

    A row of the side table wins over the group's own value (an empty cell does not), and an overlay
    wins over both.

    Args:
        topology: the topology.
        group: path of the group.
        name: name of the attribute, of `twin.topology.attributes`.
        locals_: the instances that are asked for, `(n,)`; all of them where not given.

    Returns:
        A new float64 array of length `n`, or `total`, in canonical units, NaN where there is no value.

    Raises:
        UsageError: the attribute is a word and not a number.
    """
    own = topology.groups[group]
    stated = own.attributes.get(name)
    size = own.total if locals_ is None else len(locals_)
    values = np.full(size, np.nan if stated is None else _number(stated.value, group, name))
    if own.rows is not None and name in own.rows.columns:
        column = own.rows[name]
        if not column.dtype.is_numeric():
            raise UsageError(f"attribute '{name}' of '{group}' is not a number")
        cells = column.cast(float).to_numpy()
        cells = cells if locals_ is None else cells[locals_]
        values = np.where(np.isnan(cells), values, cells)
    for override in topology.overrides:
        if override.group == group and override.attribute == name:
            values[_touched(override, locals_)] = _number(override.value.value, group, name)
    return values


def energised(topology: Topology) -> dict[str, Ints]:
    """The month index from which every instance is in service, by group path.

    An instance is in service when it and everything that contains it is: the latest of the months
    that they state, side tables and overlays applied; the calendar's start where none states one.

    Returns:
        int64 arrays of length `total`, counted from the month of the calendar's start; negative
        before it.  Where all instances agree the array is a read-only view of one number.
    """
    return {path: _started(months) for path, months in _every(topology, ENERGISED).items()}


def retired(topology: Topology) -> dict[str, Ints]:
    """The month index from which every instance is out of service for good, by group path.

    The earliest of the months that it and everything that contains it state, side tables and
    overlays applied; `FOREVER` where none states one.

    Returns:
        int64 arrays of length `total`, as those of `energised`.
    """
    return _every(topology, RETIRED)


def service_months(topology: Topology, group: str, locals_: Ints) -> tuple[Ints, Ints]:
    """The months in which some instances of a group come into service and retire.

    The same numbers as `energised` and `retired` give for all, without making those.

    Args:
        topology: the topology.
        group: path of the group.
        locals_: locals of the group, shape `(n,)`.

    Returns:
        Two int64 arrays of shape `(n,)`: energised and retired.
    """
    found = []
    for name, latest in ((ENERGISED, np.maximum), (RETIRED, np.minimum)):
        months = np.full(len(locals_), _UNSTATED[name], dtype=np.int64)
        for level in topology.ancestors(group):
            own = _own_months(topology, level, name, ancestor_locals(topology, group, level.path, locals_))
            months = latest(months, own)
        found.append(months)
    return _started(found[0]), found[1]


def ids(topology: Topology, group: str, locals_: ArrayLike) -> list[str]:
    """The ids of some instances of a group.

    One string is made for each, by arithmetic; `twin.topology.expand.nodes` has those of all.

    Args:
        topology: the topology.
        group: path of the group.
        locals_: locals of the group, shape `(n,)`.

    Returns:
        `n` ids as `site/hall[3]/row[7]/rack[2]`, numbers from 1.
    """
    chain = topology.ancestors(group)[::-1]
    return [instance_id(chain, local) for local in np.asarray(locals_, dtype=np.int64).tolist()]


def instance_id(chain: Iterable[Group], local: int) -> str:
    """The id of one instance.

    Args:
        chain: the group of the instance and those that contain it, from the inside out.
        local: its number within the group.
    """
    names: list[str] = []
    for level in chain:
        local, index = divmod(local, level.count)
        names.append(f"{level.name}[{index + 1}]" if level.indexed else level.name)
    return "/".join(reversed(names))


def _every(topology: Topology, name: str) -> dict[str, Ints]:
    """Months of all instances; where all agree, one number seen `total` times."""
    combine = np.maximum if name == ENERGISED else np.minimum
    months: dict[str, Ints] = {}
    for path, group in topology.groups.items():
        own = _own_months(topology, group, name)
        if group.parent is not None:
            above = months[group.parent]
            own = combine(own, above if len(above) == 1 else np.repeat(above, group.count))
        months[path] = own
    return {path: np.broadcast_to(found, (topology.groups[path].total,)) for path, found in months.items()}


def _started(months: Ints) -> Ints:
    """Months of coming into service, the calendar's start where nothing is stated."""
    unstated = _UNSTATED[ENERGISED]
    if months.strides == (0,) and len(months):
        return np.broadcast_to(np.where(months[:1] == unstated, 0, months[:1]), months.shape)
    return np.where(months == unstated, 0, months)


def _own_months(topology: Topology, group: Group, name: str, locals_: Ints | None = None) -> Ints:
    """What a group itself states, of some instances or of all: (1,) where these do not differ."""
    stated = np.array((group.energised if name == ENERGISED else group.retired) or (_UNSTATED[name],), dtype=np.int64)
    overrides = [found for found in topology.overrides if (found.group, found.attribute) == (group.path, name)]
    in_rows = group.rows is not None and name in group.rows.columns
    if len(stated) == 1 and not overrides and not in_rows:
        return stated
    months = np.resize(stated, group.total) if locals_ is None else stated[locals_ % len(stated)]
    if group.rows is not None and in_rows:
        cells = group.rows[name]
        known, given = ~cells.is_null().to_numpy(), cells.fill_null(0).cast(int).to_numpy()
        at = slice(None) if locals_ is None else locals_
        months = np.where(known[at], given[at], months)
    for override in overrides:
        months[_touched(override, locals_)] = int(override.value.value)
    return months


def _touched(override: Override, locals_: Ints | None) -> Ints:
    """Positions, among some instances or all, of those that an overlay sets."""
    chosen = np.array(override.locals, dtype=np.int64)
    if locals_ is None:
        return chosen
    at = np.minimum(np.searchsorted(chosen, locals_), max(len(chosen) - 1, 0))
    return np.flatnonzero(chosen[at] == locals_) if len(chosen) else chosen


def _number(value: float | str, group: str, name: str) -> float:
    if isinstance(value, str):
        raise UsageError(f"attribute '{name}' of '{group}' is not a number")
    return float(value)
