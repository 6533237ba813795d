"""Remarks on a topology that is right in form and perhaps not what was meant: nothing is refused for them.

Each rule is a function over the checked topology.  A remark has the form of a finding: file, line, path, what was
noticed, and what would be usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin import units
from twin.errors import Finding
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, LIQUID_KINDS, POWER_KINDS, SOURCE_KINDS
from twin.topology.shape import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.topology.model import Topology, Where

_COMPRESSORS = ("chiller", "crac")
"""Kinds that move heat with a compressor: none of them does without power."""


def remarks(topology: Topology) -> tuple[Finding, ...]:
    """What every rule notices, in file order.

    Args:
        topology: read and checked.
    """
    return tuple(sorted({one for rule in _RULES for one in rule(topology)}))


def _remark(where: Where, path: str, message: str, expected: str) -> Finding:
    return Finding(where.file, where.line, where.column, path, message, expected=expected)


def feeds_nobody(topology: Topology) -> Iterator[Finding]:
    """Suppliers of power and cooling that no group names, where somebody names one in their site.

    Spare generators that a file only counts are bought and maintained, and carry nothing.
    """
    named = {
        supplier.group for group in topology.groups.values() for d in group.dependencies for supplier in d.suppliers
    }
    wired = {path.partition("/")[0] for path in named}
    for path, group in topology.groups.items():
        supplies = group.kind in {*SOURCE_KINDS, *POWER_KINDS, *COOLING_KINDS}
        if supplies and not group.container and path not in named and path.partition("/")[0] in wired:
            layer = "cooling" if group.kind in COOLING_KINDS else "power"
            expected = f"name it under '{layer}:' of what it should feed, or leave it out"
            yield _remark(group.where, path, f"{group.kind} that feeds nobody", expected)


def chip_alone(topology: Topology) -> Iterator[Finding]:
    """Accelerators that stand in a hall by themselves: counted, but in no rack."""
    for path, group in topology.groups.items():
        if group.kind == "accelerator" and not group.container:
            what = f"'{group.part}' is" if group.part else "this is"
            load = topology.attribute(path, "load")
            drawn = f" of {units.show(load, 'power')} each" if load else ""
            yield _remark(
                group.where,
                path,
                f"{what} one accelerator, and {group.total:,} stand{'s' if group.total == 1 else ''} here{drawn} "
                "without a rack or server around",
                "use a rack or system, as 'twin parts' lists them, or say in 'holds:' of a rack how many it holds",
            )


def air_heat_to_liquid(topology: Topology) -> Iterator[Finding]:
    """Racks that give a part of their heat to air and have a liquid cooler alone."""
    for path, group in topology.groups.items():
        share = topology.attribute(path, "liquid_fraction")
        kinds = {
            topology.groups[supplier.group].kind
            for dependency in group.dependencies
            if dependency.layer == "cooling"
            for supplier in dependency.suppliers
        }
        said = group.attributes.get("liquid_fraction")
        if share is None or said is None or said.origin == "default" or not kinds or not kinds <= set(LIQUID_KINDS):
            continue
        if share < 1:
            air = units.show(1.0 - share, "fraction")
            yield _remark(
                group.where,
                path,
                f"{air} of its heat goes to air and it is cooled by {' and '.join(sorted(kinds))} alone, "
                "where that is counted too",
                f"write 'cooling:' as a list with an air cooler as well ({', '.join(AIR_KINDS)})",
            )


def compressor_without_cop(topology: Topology) -> Iterator[Finding]:
    """Chillers that no `cop` and no model of cooling says the power of: they cool for nothing."""
    if topology.section("cooling"):
        return
    for path, group in topology.groups.items():
        columns = () if group.rows is None else group.rows.columns
        if group.kind in _COMPRESSORS and not {"cop", "load"} & {*group.attributes, *columns}:
            yield _remark(
                group.where,
                path,
                f"{group.kind} without 'cop' draws no electricity",
                "add 'cop: 4', heat moved over power drawn, or a model under 'cooling:'",
            )


def unusual_role(topology: Topology) -> Iterator[Finding]:
    """Roles of parties that are none of the usual words; what they are called changes no result."""
    for name, party in topology.parties.items():
        if party.role.casefold() not in ROLES:
            yield _remark(
                party.where,
                f"parties.{name}.role",
                f"'{party.role}' is none of the usual roles",
                f"usual are {', '.join(ROLES)}",
            )


_RULES: tuple[Callable[[Topology], Iterator[Finding]], ...] = (
    feeds_nobody,
    chip_alone,
    air_heat_to_liquid,
    compressor_without_cop,
    unusual_role,
)
