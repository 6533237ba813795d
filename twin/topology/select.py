"""Selectors: `site/hall[2..4]/**/rack`, `kind=rack`, or both; the grammar of scenarios and the command line.

A path pattern has one part a level: a name, `*` for any name, `**` for any number of levels, each
with `[2]`, `[2..4]` or `[*]` for its instances (all where nothing is said).  A pattern names groups
at exactly the depth it spells; `**` at the end stands for everything below.  `kind=rack` keeps the
groups of one kind (`kind=ups,pdu` of several), and on its own looks everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from twin.errors import UsageError, nearest, one_of
from twin.topology.attributes import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from twin.topology.model import Topology

    Ints = NDArray[np.int64]

Ranges = tuple[tuple[int, int], ...]
"""From the site down, the first and last instance meant on each level, counted from 1."""

_SEGMENT = re.compile(r"(?P<name>\*\*|\*|[A-Za-z][A-Za-z0-9_-]*)(?:\[(?P<index>[^\]]*)\])?\Z")
_INDEX = re.compile(r"\*|([1-9][0-9]{0,9})(?:\.\.([1-9][0-9]{0,9}))?")
_GRAMMAR = "write it as 'site/hall[2..4]/rack', 'site/**/rack' or 'kind=rack'"
_MAX_DEEP = 4


class Shaped(Protocol):
    """What a group must have to be selected."""

    @property
    def name(self) -> str:
        """Last part of the path."""

    @property
    def parent(self) -> str | None:
        """Path of the group around it."""

    @property
    def count(self) -> int:
        """Instances in one instance of the parent."""

    @property
    def kind(self) -> str:
        """What it is."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One level of a path: a name, `*` or `**`, and which instances (None for all)."""

    name: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed selector: the levels of its path (empty for everywhere) and the kinds it keeps (empty for all)."""

    text: str
    segments: tuple[Segment, ...]
    kinds: tuple[str, ...] = ()


def parse_segment(text: str) -> Segment:
    """Parse one level as `hall[2..4]`.

    Raises:
        UsageError: not a level of a path.
    """
    match = _SEGMENT.match(text)
    if match is None:
        raise UsageError(f"'{text}' is not a name with an optional '[2]' or '[2..4]'; {_GRAMMAR}")
    name, index = match["name"], match["index"]
    if index is None or (index == "*" and name != "**"):
        return Segment(name)
    numbers = _INDEX.fullmatch(index)
    if numbers is None or name == "**":
        raise UsageError(f"'{text}' has no usable number in brackets; write '[2]', '[2..4]' or '[*]', from 1")
    first = int(numbers[1])
    last = int(numbers[2] or first)
    if last < first:
        raise UsageError(f"'{text}' counts backwards; write '[{last}..{first}]'")
    return Segment(name, first, last)


def parse(pattern: str) -> Selector:
    """Parse a selector.

    Raises:
        UsageError: not a selector; the message says what would be.
    """
    paths: list[str] = []
    kinds: list[str] = []
    for term in pattern.split():
        key, equals, rest = term.partition("=")
        if not equals:
            paths.append(term)
        elif key != "kind":
            raise UsageError(f"selectors filter by 'kind' only, not by '{key}'; {_GRAMMAR}")
        else:
            kinds += rest.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"'{kind}' is not a kind; {one_of(kind, KINDS, limit=60)}")
    if len(paths) > 1 or not (paths or kinds):
        raise UsageError(f"'{pattern}' is not a selector; {_GRAMMAR}")
    segments: list[Segment] = []
    for text in paths[0].split("/") if paths else ():
        segment = parse_segment(text)
        if segment.name != "**" or not segments or segments[-1].name != "**":
            segments.append(segment)
    if sum(segment.name == "**" for segment in segments) > _MAX_DEEP:
        raise UsageError(f"'{pattern}' has more than {_MAX_DEEP} '**'; name some of the levels")
    return Selector(pattern, tuple(segments), tuple(kinds))


def match(selector: Selector, groups: Mapping[str, Shaped]) -> dict[str, tuple[Ranges, ...]]:
    """Which groups a selector names, and which of their instances.

    Args:
        selector: from `parse`.
        groups: by path, every parent before its children.

    Returns:
        By path of the group, one or more ranges of instances on each level from the site down;
        where there are several, they may overlap.

    Raises:
        UsageError: nothing is selected; for a path without wildcards a number beyond the count is enough.
    """
    found: dict[str, tuple[Ranges, ...]] = {}
    beyond = ""
    exact = not any("*" in segment.name for segment in selector.segments)
    for path, group in groups.items():
        if selector.kinds and group.kind not in selector.kinds:
            continue
        chain = _chain(groups, path)
        if not selector.segments:
            found[path] = (tuple((1, level.count) for level in chain),)
            continue
        hits: list[Ranges] = []
        for levels in _spread(selector.segments, [level.name for level in chain]):
            ranges, problem = _ranges(levels, chain, exact=exact)
            beyond = beyond or problem
            if ranges is not None:
                hits.append(ranges)
        if hits:
            found[path] = tuple(dict.fromkeys(hits))
    if beyond and not found:
        raise UsageError(f"'{selector.text}': {beyond}")
    if not found:
        raise UsageError(f"'{selector.text}' selects nothing{_nearest(selector, groups)}")
    return found


def whole(ranges: Sequence[Ranges], chain: Sequence[Shaped]) -> bool:
    """Whether ranges cover every instance of a group; `chain` is the groups from the site down to it."""
    return any(all(span == (1, level.count) for span, level in zip(one, chain, strict=True)) for one in ranges)


def locals_of(ranges: Sequence[Ranges], counts: Sequence[int]) -> Ints:
    """Instance numbers of a group in node order.

    Args:
        ranges: from `match`.
        counts: counts of the groups from the site down to it.

    Returns:
        Ascending int64 numbers counted from 0, each once.
    """
    parts = []
    for one in ranges:
        numbers = np.zeros(1, dtype=np.int64)
        for (first, last), count in zip(one, counts, strict=True):
            inner = np.arange(first - 1, last, dtype=np.int64)
            numbers = (numbers[:, None] * count + inner).ravel()
        parts.append(numbers)
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))


def select(topology: Topology, pattern: str) -> dict[str, Ints]:
    """The instances that a selector names.

    Args:
        topology: the topology.
        pattern: as `river-bend/hall[2..4]/**/rack` or `kind=rack`.

    Returns:
        By path of the group, in file order: instance numbers within the group in node order,
        ascending int64 from 0; no group without instances.

    Raises:
        UsageError: not a selector, or nothing is selected.
    """
    groups = topology.groups
    found = match(parse(pattern), groups)
    return {path: locals_of(ranges, [level.count for level in _chain(groups, path)]) for path, ranges in found.items()}


def _chain(groups: Mapping[str, Shaped], path: str) -> list[Shaped]:
    chain: list[Shaped] = []
    here: str | None = path
    while here is not None:
        chain.append(groups[here])
        here = groups[here].parent
    return chain[::-1]


def _spread(segments: tuple[Segment, ...], names: list[str]) -> list[list[Segment]]:
    """Every way the segments can lie on the levels, one segment a level; `**` spread out as `*`."""
    if not segments:
        return [] if names else [[]]
    head, rest = segments[0], segments[1:]
    if head.name == "**":
        ways = []
        for skipped in range(0 if rest else 1, len(names) + 1):
            ways += [[Segment("*")] * skipped + way for way in _spread(rest, names[skipped:])]
        return ways
    if not names or head.name not in {"*", names[0]}:
        return []
    return [[head, *way] for way in _spread(rest, names[1:])]


def _ranges(levels: list[Segment], chain: list[Shaped], *, exact: bool) -> tuple[Ranges | None, str]:
    """The ranges of one way; None, with a message, where there are not as many.

    A path without wildcards means what it says; a pattern takes as many as each group has.
    """
    ranges: list[tuple[int, int]] = []
    for segment, group in zip(levels, chain, strict=True):
        if segment.first is None or segment.last is None:
            ranges.append((1, group.count))
            continue
        if segment.first > group.count or (exact and segment.last > group.count):
            return None, f"there are {group.count:,} of '{group.name}', no [{segment.last}]"
        ranges.append((segment.first, min(segment.last, group.count)))
    return tuple(ranges), ""


def _nearest(selector: Selector, groups: Mapping[str, Shaped]) -> str:
    plain = "/".join(segment.name for segment in selector.segments)
    names = {group.name for group in groups.values()}
    wrong = next((one.name for one in selector.segments if "*" not in one.name and one.name not in names), None)
    if wrong is not None:
        return f": there is no group '{wrong}'; {one_of(wrong, names)}"
    if selector.kinds:
        return f"; kinds in this file: {', '.join(sorted({group.kind for group in groups.values() if group.kind}))}"
    tail = selector.segments[-1].name
    ends = [path for path, group in groups.items() if group.name == tail]
    hint = nearest(plain, groups) or (f"did you mean '{ends[0]}'?" if ends else "")
    return f"; {hint}" if hint else ""
