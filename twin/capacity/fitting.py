"""Rows of `checks` about what does not go in: space, positions, weight, ports and cords."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.capacity.contents import left_out, unknown
from twin.capacity.fit import COLUMNS
from twin.capacity.verdict import Check
from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.capacity.contents import Unknown
    from twin.topology.model import Topology

_SHOWN: dict[str, Callable[[float], str]] = {
    "space": lambda value: units.show(value, "space"),
    "rack_positions": lambda value: f"{value:,.0f} racks",
    "mass": lambda value: units.show(value, "mass"),
    "ports": lambda value: f"{value:,.0f} ports",
    "power": lambda value: units.show(value, "power"),
}

_REMEDIES = {
    "space": "hold less in each or use a taller rack",
    "rack_positions": "put racks elsewhere, or add positions",
    "mass": "put less weight in it, or raise what it bears",
    "ports": "add switches, or use ones with more or faster ports",
    "power": "use larger or more cords, or hold less in each",
}

_NAMED = 4


def checks(topology: Topology, fits: pl.DataFrame) -> list[Check]:
    """A failed row for each group and resource that does not fit, else one that says so; and what is not known.

    Args:
        topology: read, resolved and checked.
        fits: table `fit`.
    """
    rows = [row for resource in COLUMNS for row in _overfull(fits, resource)]
    if not rows and fits.height:
        tight = fits.row(int(fits["utilisation_fraction"].arg_max() or 0), named=True)
        full = units.show(tight["utilisation_fraction"], "fraction")
        got = f"{tight['tightest'].replace('_', ' ')} of {tight['node']} {full} full"
        rows.append(Check("fit", topology.name, ok=True, got=got, wanted="at most 100 %", message="everything goes in"))
    return rows + [_unknown(one) for one in unknown(topology)] + _left_out(topology, fits)


def _overfull(fits: pl.DataFrame, resource: str) -> list[Check]:
    limit, used = COLUMNS[resource]
    over = fits.filter(pl.col(used) > pl.col(limit) * (1.0 + TOLERANCE))
    rows = []
    for found in over.partition_by("group", maintain_order=True):
        worst = found.row(int((found[used] - found[limit]).arg_max() or 0), named=True)
        many = f" and {worst['count'] - 1:,} more like it" if worst["count"] > 1 else ""
        show = _SHOWN[resource]
        text = (
            f"'{worst['node']}'{many} would take {show(worst[used])} and there are {show(worst[limit])}, "
            f"in {worst['month']:%Y-%m}: {_REMEDIES[resource]}"
        )
        got, wanted = show(worst[used]), f"at most {show(worst[limit])}"
        rows.append(
            Check(f"fit {resource.replace('_', ' ')}", worst["node"], ok=False, got=got, wanted=wanted, message=text)
        )
    return rows


def _unknown(one: Unknown) -> Check:
    """A limit that the file states itself and that cannot be judged fails; one of a part is passed over."""
    of = " and ".join(f"'{name}'" for name in one.of[:_NAMED])
    more = f" and {len(one.of) - _NAMED} more" if len(one.of) > _NAMED else ""
    figure = "space" if one.resource == "space" else "mass"
    text = f"'{one.attribute}' of '{one.group}' is not judged: nobody gives the {figure} of {of}{more}; state it"
    return Check(
        f"fit {one.resource}",
        one.group,
        ok=not one.stated,
        got="not known",
        wanted=f"the {figure} of all of it",
        message=text,
    )


def _left_out(topology: Topology, fits: pl.DataFrame) -> list[Check]:
    """A row for each container whose weight is counted without equipment of unknown weight."""
    rows = []
    for path, group in topology.groups.items():
        weighed = group.container and "mass_limit" in group.attributes
        if not weighed or fits.filter(group=path).drop_nulls("mass_kg").is_empty():
            continue
        missing = left_out(topology, path)
        if missing:
            who = ", ".join(f"'{name}'" for name in missing[:_NAMED]) + (" and others" if missing[_NAMED:] else "")
            text = f"the weight in '{path}' is counted without {who}, of which nobody gives the mass"
            rows.append(Check("fit mass", path, ok=True, got="a part of it", wanted="all of it", message=text))
    return rows
