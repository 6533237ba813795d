"""What a topology says, for people: its tree of groups, and one node with where each number comes from."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from twin import units
from twin.report.layout import Col, block, count, fact, hanging, month, note
from twin.topology import instances
from twin.topology.attributes import ATTRIBUTES, dimension_of
from twin.topology.model import Value
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.catalogue import Figure
    from twin.topology.model import Dependency, Group, Topology

_LAST_NUMBER = re.compile(r"(.*)\[(\d+)\]")
_RANGES_SHOWN = 6


def tree(topology: Topology, width: int) -> list[Text]:
    """The groups as a tree: name and count, kind, how many in all, rating, part, who feeds them.

    Below it stand the parts on whose figures sources disagree.

    Args:
        topology: the topology.
        width: columns of the screen.
    """
    columns = [
        Col("group", right=False),
        Col("kind", right=False, keep=8),
        Col("in all"),
        Col("rating", keep=7),
        Col("uses", right=False, keep=5),
        Col("fed by", right=False, keep=6),
    ]
    lines = block(topology.name, columns, [_branch(topology, group) for group in topology.groups.values()], width)
    return lines + _conflicts(topology, width)


def _branch(topology: Topology, group: Group) -> list[str]:
    depth = group.path.count("/")
    own = group.attributes.get("capacity") or group.attributes.get("load")
    feeders = dict.fromkeys(supplier.group for each in group.dependencies for supplier in each.suppliers)
    return [
        "  " * depth + group.name + (f"[{group.count}]" if group.indexed else ""),
        group.kind,
        f"{group.total:,}",
        # what draws nothing itself is no rating: what holds it counts for it
        own.text if own and own.value else "",
        group.part or "",
        ", ".join(topology.groups[path].name for path in feeders),
    ]


def explain(topology: Topology, path: str, local: int, width: int) -> list[Text]:
    """One node: what it is, where each of its numbers comes from, who feeds it, what it feeds.

    Args:
        topology: the topology.
        path: path of its group.
        local: its number within the group, from 0 in node order.
        width: columns of the screen.
    """
    group = topology.groups[path]
    since, until = (int(found[0]) for found in instances.service_months(topology, path, np.array([local])))
    parts = [f"{group.kind}, one of {group.total:,}" if group.total > 1 else group.kind]
    parts += [f"uses {group.part}"] if group.part else []
    parts += [f"in service {month(topology.calendar.date(since))}"]
    parts += [f"retired {month(topology.calendar.date(until))}"] if until < instances.FOREVER else []
    parts += [f"at {group.where}"]
    said = fact(_id(topology, path, local), " · ".join(parts), width)
    for text in (group.doc, group.note, f"source: {group.source}" if group.source else ""):
        said += note(text, width) if text else []
    said += _attributes(topology, group, local, width)
    if group.holds:
        held: dict[str, float] = {}
        for one in group.holds:
            held[one.part] = held.get(one.part, 0) + one.count
        said += fact("HOLDS", ", ".join(f"{number:g} {part}" for part, number in held.items()), width)
    said += _wires("FED BY", _suppliers(topology, group, local), width)
    said += _wires("FEEDS", _consumers(topology, path, local), width)
    inside = [other for other in topology.groups.values() if other.parent == path]
    if inside:
        said += fact("CONTAINS", ", ".join(f"{count(other.count, other.name, other.name)}" for other in inside), width)
    return said


def _attributes(topology: Topology, group: Group, local: int, width: int) -> list[Text]:
    """Every attribute with its value for this instance and where that comes from; each source once, in full."""
    values = list(_values(topology, group, local))
    if not values:
        return []
    names = max(len(name) for name, _ in values)
    texts = max(cell_len(text) for _, value in values for text in (value.text, *(other.text for other in value.also)))
    numbers: dict[str, int] = {}
    said = [Text("ATTRIBUTES", style="bold")]
    for name, value in values:
        if value.source:
            numbers.setdefault(value.source, len(numbers) + 1)
        head = f"  {name:<{names}}  {value.text}{' ' * (texts - cell_len(value.text))}  "
        said += hanging(head, _from(value, numbers), width)
        for other in value.also:
            if other.source:
                numbers.setdefault(other.source, len(numbers) + 1)
            head = f"  {'':<{names}}  {other.text}{' ' * (texts - cell_len(other.text))}  "
            said += hanging(head, _also(other, numbers), width)
    for source, number in numbers.items():
        said += hanging(f"  [{number}] ", source, width)
    return said


def _values(topology: Topology, group: Group, local: int) -> Iterator[tuple[str, Value]]:
    """The values that hold for one instance: of the group, its row of a side table, overlays."""
    values = dict(group.attributes)
    for name in instances.varying(topology, group.path):
        if ATTRIBUTES[name].dimension == "text":
            continue
        number = float(instances.attribute(topology, group.path, name)[local])
        if not np.isnan(number) and (name not in values or number != values[name].value):
            values[name] = _own(topology, group, local, name, number)
    yield from values.items()


def _own(topology: Topology, group: Group, local: int, name: str, number: float) -> Value:
    """The value that an overlay or a row of a side table gives this instance."""
    for override in reversed(topology.overrides):
        if override.group == group.path and override.attribute == name and local in override.locals:
            return override.value
    text = units.show(number, dimension_of(ATTRIBUTES[name], group.kind))
    return Value(value=number, text=text, origin="side table", where=group.where, source=group.source)


def _from(value: Value, numbers: Mapping[str, int]) -> str:
    parts = [value.origin, str(value.where)]
    parts += [value.confidence] if value.confidence else []
    parts += [f"[{numbers[value.source]}]"] if value.source else ["no source stated"]
    return " ".join(parts) + (f"; {value.note}" if value.note else "")


def _also(other: Figure, numbers: Mapping[str, int]) -> str:
    """What a figure that is not used says of itself."""
    parts = ["also published"]
    parts += [other.confidence] if other.confidence else []
    parts += [f"[{numbers[other.source]}]"] if other.source else ["no source stated"]
    return " ".join(parts) + (f"; {other.note}" if other.note else "")


def _conflicts(topology: Topology, width: int) -> list[Text]:
    """For which parts sources disagree, and on what."""
    of: dict[str, dict[str, None]] = {}
    for group in topology.groups.values():
        for name, value in group.attributes.items():
            if value.also:
                of.setdefault(group.part or group.kind, {})[name] = None
        for held in group.holds:
            names = [name for name, value in held.attributes.items() if value.also]
            of.setdefault(held.part, {}).update(dict.fromkeys(names))
    listed = [f"{', '.join(names)} of {part}" for part, names in of.items() if names]
    if not listed:
        return []
    where = "'twin show FILE NODE' and 'twin parts PART' list what was published"
    return fact("SOURCES DISAGREE", f"on {'; '.join(listed)}. {where}", width)


# --- who feeds it, what it feeds --------------------------------------------------------------


def _suppliers(topology: Topology, group: Group, local: int) -> Iterator[tuple[str, str]]:
    for dependency in group.dependencies:
        wiring = wire(topology, group.path, dependency)
        rank, supplier = wiring.gate_members(wiring.gate_of([local]))
        names = [
            _id(topology, wiring.pools[which].group, number)
            for which, number in zip(rank[0].tolist(), supplier[0].tolist(), strict=True)
        ]
        yield dependency.layer, f"{ranges(names)}; {_asks(dependency, len(names))}"


def _asks(dependency: Dependency, wired: int) -> str:
    if dependency.need is not None:
        text = f"needs {dependency.need} of {wired}"
    else:
        text = "needs it" if wired == 1 else "needs as many as carry the load"
    text += ", the first that can carries all" if dependency.share == "primary" else ""
    return text + (f", {dependency.redundancy} asserted" if dependency.redundancy else "")


def _consumers(topology: Topology, path: str, local: int) -> Iterator[tuple[str, str]]:
    for consumer, group in topology.groups.items():
        for dependency in group.dependencies:
            ranks = [rank for rank, supplier in enumerate(dependency.suppliers) if supplier.group == path]
            if not ranks:
                continue
            wiring = wire(topology, consumer, dependency)
            rank, supplier = wiring.gate_members(np.arange(wiring.n_gates))
            hit = ((supplier == local) & np.isin(rank, ranks)).any(axis=1)
            fed = np.flatnonzero(hit[wiring.gate_of(np.arange(wiring.total))])
            if fed.size:
                names = instances.ids(topology, consumer, fed)
                yield dependency.layer, f"{count(len(names), group.kind, group.kind)}: {ranges(names)}"


def _wires(title: str, rows: Iterable[tuple[str, str]], width: int) -> list[Text]:
    said: list[Text] = []
    for layer, text in rows:
        said += fact(f"{title} ({layer})", text, width)
    return said


def _id(topology: Topology, path: str, local: int) -> str:
    return instances.ids(topology, path, [local])[0]


def ranges(names: list[str], limit: int = _RANGES_SHOWN) -> str:
    """Ids with runs drawn together: `a/ups[1..3], a/ups[7]`; beyond `limit` runs only how many more."""
    numbered = [(match[1], int(match[2])) if (match := _LAST_NUMBER.fullmatch(name)) else (name, 0) for name in names]
    runs = []
    for (stem, _), part in groupby(enumerate(numbered), key=lambda item: (item[1][0], item[1][1] - item[0])):
        numbers = [number for _, (_, number) in part]
        runs.append((stem, numbers))
    shown = [_run(stem, numbers) for stem, numbers in runs[:limit]]
    left = sum(len(numbers) for _, numbers in runs[limit:])
    return ", ".join(shown) + (f" and {left:,} more" if left else "")


def _run(stem: str, numbers: list[int]) -> str:
    if numbers[0] == 0:
        return stem
    return f"{stem}[{numbers[0]}]" if len(numbers) == 1 else f"{stem}[{numbers[0]}..{numbers[-1]}]"
