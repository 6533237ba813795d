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
    from twin.topology.model import Group, Topology

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

ENERGISED = "energised"
"""Name under which side tables and overrides carry the month index of coming into service."""

_UNSTATED = -(1 << 40)
"""Month of a group that says nothing: earlier than any that is stated."""


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
    """The attributes that a side table or an overlay gives instance by instance, `energised` left out."""
    rows = topology.groups[group].rows
    names = [] if rows is None else list(rows.columns)
    names += [override.attribute for override in topology.overrides if override.group == group]
    return tuple(dict.fromkeys(name for name in names if name != ENERGISED))


def attribute(topology: Topology, group: str, name: str) -> Floats:
    """A numeric attribute of every instance of a group, side table and overlays applied.

    A row of the side table wins over the group's own value (an empty cell does not), and an overlay
    wins over both.

    Args:
        topology: the topology.
        group: path of the group.
        name: name of the attribute, of `twin.topology.attributes`.

    Returns:
        A new float64 array of length `total` in canonical units, NaN where there is no value.

    Raises:
        UsageError: the attribute is a word and not a number.
    """
    own = topology.groups[group]
    stated = own.attributes.get(name)
    values = np.full(own.total, np.nan if stated is None else _number(stated.value, group, name))
    if own.rows is not None and name in own.rows.columns:
        column = own.rows[name]
        if not column.dtype.is_numeric():
            raise UsageError(f"attribute '{name}' of '{group}' is not a number")
        cells = column.cast(float).to_numpy()
        values = np.where(np.isnan(cells), values, cells)
    for override in topology.overrides:
        if override.group == group and override.attribute == name:
            values[np.array(override.locals, dtype=np.int64)] = _number(override.value.value, group, name)
    return values


def energised(topology: Topology) -> dict[str, Ints]:
    """The month index from which every instance is in service, by group path.

    An instance is in service when it and everything that contains it is: the latest of the months
    that they state, side tables and overlays applied; the calendar's start where none states one.

    Returns:
        int64 arrays of length `total`, counted from the month of the calendar's start; negative
        before it.
    """
    months: dict[str, Ints] = {}
    for path, group in topology.groups.items():
        own = _own_months(topology, group)
        months[path] = own if group.parent is None else np.maximum(own, np.repeat(months[group.parent], group.count))
    return {path: np.where(stated == _UNSTATED, 0, stated) for path, stated in months.items()}


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


def _own_months(topology: Topology, group: Group) -> Ints:
    stated = np.array(group.energised or (_UNSTATED,), dtype=np.int64)
    months = np.full(group.total, stated[0]) if len(stated) == 1 else np.tile(stated, group.total // group.count)
    if group.rows is not None and ENERGISED in group.rows.columns:
        cells = group.rows[ENERGISED]
        months = np.where(cells.is_null().to_numpy(), months, cells.fill_null(0).cast(int).to_numpy())
    for override in topology.overrides:
        if override.group == group.path and override.attribute == ENERGISED:
            months[np.array(override.locals, dtype=np.int64)] = int(override.value.value)
    return months


def _number(value: float | str, group: str, name: str) -> float:
    if isinstance(value, str):
        raise UsageError(f"attribute '{name}' of '{group}' is not a number")
    return float(value)
