"""What must hold of all dependencies together: no loops, and nobody without power or cooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.topology.attributes import AIR_KINDS, LIQUID_KINDS, POWER_KINDS, REJECTION_KINDS, SOURCE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.topology.draft import Draft, RawGroup
    from twin.topology.model import Dependency, Group, Value


def cycles(draft: Draft, groups: Mapping[str, Group]) -> None:
    """Note every loop of groups that feed each other, over all layers together."""
    edges = {path: {s.group for d in group.dependencies for s in d.suppliers} for path, group in groups.items()}
    for loop in _loops(edges):
        first = min(loop, key=lambda path: (groups[path].where, path))
        turn = loop.index(first)
        around = [*loop[turn:], *loop[:turn], first]
        dependency = next(d for d in groups[first].dependencies if any(s.group == around[1] for s in d.suppliers))
        raw = next(one for one in draft.groups[first].dependencies if one.layer == dependency.layer)
        said = f"'{first}' feeds itself" if len(loop) == 1 else "a loop: each is fed by the next"
        draft.findings.add(
            raw.node, raw.place, said, got=" ← ".join(around), expected="take one of these dependencies away"
        )


def _loops(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """One loop for each set of groups that feed each other, in the order consumer, supplier, …"""
    loops: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        stack: list[tuple[str, Iterable[str]]] = [(start, iter(sorted(edges[start])))] if start not in done else []
        trail = [start] if stack else []
        on_trail = set(trail)
        while stack:
            _, rest = stack[-1]
            after = next(iter(rest), None)
            if after is None:
                last = trail.pop()
                done.add(last)
                on_trail.discard(last)
                stack.pop()
            elif after in on_trail:
                loops.append(trail[trail.index(after) :])
            elif after not in done:
                trail.append(after)
                on_trail.add(after)
                stack.append((after, iter(sorted(edges[after]))))
    unique = {frozenset(loop): loop for loop in reversed(loops)}
    return list(unique.values())[::-1]


def rejects(draft: Draft) -> bool:
    """Whether the file has equipment that takes heat outside; without it, indoor units do so themselves."""
    return any(group.kind in REJECTION_KINDS for group in draft.groups.values())


def fed(draft: Draft, group: RawGroup, attributes: Mapping[str, Value], *, outside: bool) -> None:
    """Note what a group lacks: power for what draws power, cooling for what moves heat.

    Args:
        draft: the file.
        group: a group that contains nothing.
        attributes: its attributes, merged.
        outside: from `rejects`.
    """
    layers = {dependency.layer for dependency in group.dependencies} | set(getattr(group.node, "keys", ()))
    columns, findings, kind = group.columns, draft.findings, group.kind
    if kind and "power" not in layers and kind not in SOURCE_KINDS:
        load = attributes.get("load")
        draws = "load" in columns or (load is not None and float(load.value) > 0) or "cop" in attributes
        if draws or kind in POWER_KINDS:
            expected = "add 'power: {from: …}' with the groups that feed it"
            findings.add(group.where, group.place, f"{kind} '{group.path}' is fed by nobody", expected=expected)
    needs = kind in {*LIQUID_KINDS, *AIR_KINDS} and kind not in REJECTION_KINDS
    if needs and "cooling" not in layers and outside:
        expected = "add 'cooling: {from: …}' with the groups that take its heat outside"
        findings.add(group.where, group.place, f"nobody takes the heat of {kind} '{group.path}'", expected=expected)


def split(draft: Draft, group: RawGroup, resolved: tuple[Dependency, ...], attributes: Mapping[str, Value]) -> None:
    """Note heat that goes to liquid and air without saying how much goes where."""
    media = sum(dependency.layer == "cooling" for dependency in resolved)
    if group.kind and media > 1 and "liquid_fraction" not in {*attributes, *group.columns}:
        expected = "add 'liquid_fraction: 85 %', the share that goes to liquid"
        message = f"'{group.path}' is cooled by liquid and by air"
        draft.findings.add(group.where, group.place, message, expected=expected)
