"""Scenarios and `--set`: paths of a topology and the values that replace what the file says there.

`site/hall[4..5].energised` is a selector of groups and an attribute; `deals.lease.rent`,
`calendar.months`, `discount`, `components.hall-ups.capacity` and `parties.google.rating` name an
entry of a section.  What covers whole groups replaces what they state; what covers some instances
of a group waits in `draft.pending`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, UsageError, nearest, one_of
from twin.topology import entries, forms, lifetimes, modelled, select, shape
from twin.topology.attributes import ATTRIBUTES, fits
from twin.topology.builder import MAX_DEPTH
from twin.topology.document import parse
from twin.topology.draft import Pending, text_of
from twin.topology.findings import Findings
from twin.topology.model import Where
from twin.topology.nodes import Listing, Mapped, Node, Scalar, as_overlay, describe
from twin.topology.parts import Parts
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twin.topology.draft import Draft, RawComponent, RawEntry, RawGroup
    from twin.topology.select import Ranges

_GROUP_PATH = re.compile(r"(?P<selector>.+?)\.(?P<key>(?:(?:power|cooling|network)\.)?[A-Za-z_][A-Za-z0-9_]*)\Z")
_OTHER_KEYS = ("energised", "retired", "ramp", "use")
_SUPPLY_KEYS = ("pick", "need", "share", "redundancy", "lanes")
_SECTIONS = ("calendar", "discount", "components", "parties", *entries.SECTIONS)
_OPPOSITE = {"mtbf": "failure_rate", "failure_rate": "mtbf"}


_NULL = ("null", "~")
"""What unsets a value, as in the `set:` of a scenario; a document that is nothing else counts as empty."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One `path: value`; `node` carries the place and the path that findings name."""

    path: str
    node: Node

    @property
    def place(self) -> str:
        """The path that findings name."""
        return self.node.path


@dataclass(frozen=True, slots=True)
class _Change:
    """What a step does: `apply` does it, `check` only notes what is wrong with the value."""

    apply: Callable[[], object]
    check: Callable[[], object]


def scenarios(draft: Draft) -> dict[str, list[_Step]]:
    """The scenarios of the file, each as its steps."""
    found: dict[str, list[_Step]] = {}
    node = draft.items.get("scenarios")
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = join("scenarios", name)
        taken = shape.take(item, shape.SCENARIO, place, draft.findings)
        changes = taken.get("set")
        found[name] = [
            _Step(path, as_overlay(value, join(join(place, "set"), path)))
            for path, value in (changes.items.items() if isinstance(changes, Mapped) else ())
        ]
    return found


def settings(draft: Draft, overlays: Sequence[str]) -> list[_Step]:
    """The `path=value` of `--set` as steps; their place is the option as written."""
    steps = []
    for text in overlays:
        path, equals, written = text.partition("=")
        while equals and path.rpartition(" ")[2].partition("[")[0] == "kind" and "=" in written:
            more, _, written = written.partition("=")  # the '=' of a 'kind=rack' in the selector
            path = f"{path}={more}"
        file = f"--set {text}"
        if not equals or not path.strip() or not written.strip():
            draft.findings.add(Where(file), "", "not a setting", expected="write it as 'path=value'")
            continue
        null = written.strip() in _NULL
        node = Scalar(Where(file), None, "null") if null else parse(written, file, draft.findings, lines=False)
        if node is None:
            draft.findings.add(Where(file), path.strip(), "nothing to set", expected="write a value after '='")
        else:
            steps.append(_Step(path.strip(), as_overlay(node, path.strip())))
    return steps


def apply(draft: Draft, scenario: str, overlays: Sequence[str]) -> tuple[str, ...]:
    """Apply a scenario and then the settings to the draft; check all other scenarios.

    Args:
        draft: changes; the kinds of its groups must be known.
        scenario: name of a scenario of the file; empty for none.
        overlays: `path=value` each.

    Returns:
        The names of the scenarios of the file.
    """
    known = scenarios(draft)
    for name, steps in known.items():
        for step in steps if name != scenario else ():
            change = _find(draft, step)
            if change is not None:
                change.check()
    if scenario and scenario not in known:
        node = draft.items.get("scenarios", draft.root)
        expected = one_of(scenario, known) if known else "the file has no scenarios"
        draft.findings.add(node, "scenarios", f"there is no scenario '{scenario}'", got=scenario, expected=expected)
    for step in [*known.get(scenario, ()), *settings(draft, overlays)]:
        change = _find(draft, step)
        if change is not None:
            change.apply()
    return tuple(known)


def _find(draft: Draft, step: _Step) -> _Change | None:
    """What a step would change; None, with a finding, where it cannot."""
    section = re.match(r"[A-Za-z]+(?=\.|\Z)", step.path)
    if section is not None and section[0] in _SECTIONS:
        return _find_in_section(draft, step, section[0])
    match = _GROUP_PATH.match(step.path)
    if match is None:
        expected = f"write 'site/group.attribute', or start with one of: {', '.join(_SECTIONS)}"
        near = nearest(step.path.partition(".")[0], _SECTIONS)
        draft.findings.add(
            step.node, step.place, "not a path that can be set", got=step.path, expected=f"{near} {expected}".strip()
        )
        return None
    return _find_groups(draft, step, match["selector"], match["key"])


# --- groups -----------------------------------------------------------------------------------


def _find_groups(draft: Draft, step: _Step, pattern: str, key: str) -> _Change | None:
    layer, _, inner = key.rpartition(".")
    keys = _SUPPLY_KEYS if layer else (*ATTRIBUTES, *_OTHER_KEYS)
    if inner not in keys or (inner == "lanes" and layer != "network"):
        if inner in shape.LAYERS and not layer:
            expected = f"one of: {', '.join(f'{inner}.{name}' for name in _SUPPLY_KEYS[:4])}"
        else:
            expected = one_of(inner, keys, rest="'twin schema' has them")
        draft.findings.add(step.node, step.place, f"'{key}' cannot be set", got=step.path, expected=expected)
        return None
    try:
        found = select.match(select.parse(pattern), draft.groups)
    except UsageError as error:
        message, _, expected = str(error).partition("; ")
        if pattern in draft.components:
            expected = f"write 'components.{pattern}.{key}'"
        draft.findings.add(step.node, step.place, message, got=step.path, expected=expected)
        return None
    if layer:
        return _find_supply(draft, step, layer, inner, found)
    found = _that_fit(draft, inner, found)
    return _Change(lambda: _change(draft, step, inner, found), lambda: _check(draft, step, inner, found))


def _check(draft: Draft, step: _Step, key: str, found: Mapping[str, tuple[Ranges, ...]]) -> None:
    if key in _OTHER_KEYS:
        good = forms.check_form(step.node, shape.GROUP.keys[key].form, step.place, draft.findings)
        if good and key == "ramp":
            lifetimes.term(draft, step.node, step.place)
        return
    parts = Parts(replace(draft, components={}))
    for kind in dict.fromkeys(draft.groups[path].kind for path in found):
        parts.value(key, step.node, kind, step.place)


def _that_fit(draft: Draft, key: str, found: dict[str, tuple[Ranges, ...]]) -> dict[str, tuple[Ranges, ...]]:
    """A pattern that names several groups means those of them that can have the attribute."""

    def can(group: RawGroup) -> bool:
        return fits(ATTRIBUTES[key], group.kind) if key in ATTRIBUTES else key != "use" or not group.container

    kept = {path: ranges for path, ranges in found.items() if can(draft.groups[path])}
    return kept if kept and len(found) > 1 else found


def _change(draft: Draft, step: _Step, key: str, found: dict[str, tuple[Ranges, ...]]) -> None:
    for path, ranges in found.items():
        group = draft.groups[path]
        if select.whole(ranges, draft.chain(path)):
            _whole(draft, group, key, step.node)
        elif key in {"use", "ramp"} or (key in ATTRIBUTES and ATTRIBUTES[key].dimension == "text"):
            expected = f"set it on all instances of '{path}'"
            draft.findings.add(
                step.node, step.place, f"'{key}' cannot differ by instance", got=step.path, expected=expected
            )
        elif isinstance(step.node, Scalar):
            draft.pending += [Pending(path, one, key, step.node) for one in ranges]
        else:
            draft.findings.add(
                step.node, step.place, "not a single value", got=describe(step.node), expected="write one value"
            )


def _whole(draft: Draft, group: RawGroup, key: str, node: Node) -> None:
    draft.pending = [one for one in draft.pending if (one.group, one.attribute) != (group.path, key)]
    if key == "use" and group.container:
        message = f"'{group.path}' contains others and uses nothing"
        draft.findings.add(node, node.path, message, expected="name a group in it")
    elif key not in _OTHER_KEYS:
        group.attributes.pop(_OPPOSITE.get(key, ""), None)
        group.attributes[key] = node
    elif forms.check_form(node, shape.GROUP.keys[key].form, node.path, draft.findings):
        group.items[key] = node


def _find_supply(
    draft: Draft, step: _Step, layer: str, key: str, found: dict[str, tuple[Ranges, ...]]
) -> _Change | None:
    targets = []
    for path, ranges in found.items():
        group = draft.groups[path]
        written = [one for one in group.dependencies if one.layer == layer]
        if not select.whole(ranges, draft.chain(path)):
            message, expected = f"'{layer}.{key}' cannot differ by instance", f"set it on all instances of '{path}'"
        elif len(written) > 1 or any(
            one.named and isinstance(one.node, Listing) and layer == "cooling" for one in written
        ):
            message, expected = f"'{path}' has a list of {layer} dependencies", "change them in the file"
        else:
            targets += written
            continue
        draft.findings.add(step.node, step.place, message, got=step.path, expected=expected)
        return None
    if not targets:
        message = f"nothing that '{step.path}' names has a {layer} dependency"
        draft.findings.add(step.node, step.place, message, got=step.path, expected=f"add '{layer}:' in the file")
        return None
    form = shape.LAYERS[layer].keys[key].form

    def check() -> bool:
        return forms.check_form(step.node, form, step.place, draft.findings)

    def change() -> None:
        for target in targets if check() else ():
            target.keys[key] = step.node
            target.named = False

    return _Change(change, check)


# --- sections ---------------------------------------------------------------------------------


def _find_in_section(draft: Draft, step: _Step, section: str) -> _Change | None:
    rest = step.path[len(section) + 1 :]
    if section == "discount" and not rest:
        discount = shape.FILE.keys["discount"]
        return _keyed(draft, step, discount, draft.items)
    if section == "calendar":
        return _find_key(draft, step, rest, shape.CALENDAR, draft.calendar)
    if section in entries.SECTIONS:
        return _find_parameter(draft, step, section, rest)
    known = draft.components if section == "components" else draft.parties
    name, _, key = rest.rpartition(".")
    if name not in known:
        _no_such(draft, step, section, name or rest, list(known))
        return None
    if section == "parties":
        return _find_key(draft, step, key, shape.PARTY, draft.parties[name])
    return _find_component(draft, step, draft.components[name], key)


def _find_component(draft: Draft, step: _Step, component: RawComponent, key: str) -> _Change | None:
    if component.entry is not None and modelled.takes(draft, component.entry, key):
        return _replacing(draft, step, component.entry, {**component.entry.params, key: step.node})
    if key not in ATTRIBUTES:
        expected = one_of(key, ATTRIBUTES, rest="'twin schema' has them")
        draft.findings.add(step.node, step.place, f"'{key}' cannot be set", got=step.path, expected=expected)
        return None
    kind = text_of(component.items.get("kind"))

    def change() -> None:
        component.attributes.pop(_OPPOSITE.get(key, ""), None)
        component.attributes[key] = step.node

    return _Change(change, lambda: Parts(replace(draft, components={})).value(key, step.node, kind, step.place))


def _find_key(draft: Draft, step: _Step, key: str, kind: shape.Shape, into: dict[str, Node]) -> _Change | None:
    if key not in kind.keys:
        message = f"a {kind.name} has no key '{key}'"
        draft.findings.add(step.node, step.place, message, got=step.path, expected=one_of(key, kind.keys))
        return None
    return _keyed(draft, step, kind.keys[key], into)


def _keyed(draft: Draft, step: _Step, key: shape.Key, into: dict[str, Node]) -> _Change:
    def check() -> bool:
        word, _, dimension = key.form.partition(" ")
        if not forms.check_form(step.node, key.form, step.place, draft.findings):
            return False
        if word == "quantity" and isinstance(step.node, Scalar):
            try:
                units.parse(step.node.value, dimension)
            except UnitError as error:
                place, got = step.place, describe(step.node)
                draft.findings.add(step.node, place, error.message, got=got, expected=error.expected)
                return False
        return True

    return _Change(lambda: check() and into.update({key.name: step.node}), check)


def _find_parameter(draft: Draft, step: _Step, section: str, rest: str) -> _Change | None:
    names = [name for where, name in draft.entries if where == section]
    name = max((name for name in names if rest.startswith(f"{name}.")), key=len, default="")
    if not name:
        _no_such(draft, step, section, rest.partition(".")[0], names)
        return None
    keys = rest[len(name) + 1 :].split(".", MAX_DEPTH)
    raw = draft.entries[section, name]
    if keys[0] in shape.ENTRY.keys:
        message = f"'{keys[0]}' of an entry cannot be set"
        draft.findings.add(step.node, step.place, message, got=step.path, expected="set its parameters")
        return None
    params = _replaced(raw.params, keys, step.node)
    if params is None:
        message = f"'{'.'.join(keys[:-1])}' of '{name}' is not a mapping"
        draft.findings.add(step.node, step.place, message, got=step.path, expected=f"set '{section}.{name}.{keys[0]}'")
        return None
    return _replacing(draft, step, raw, params)


def _replacing(draft: Draft, step: _Step, raw: RawEntry, params: dict[str, Node]) -> _Change:
    """The change of an entry's parameters to others, of which the step gave one."""

    def check() -> None:
        trial = Findings()
        entries.check(replace(draft, findings=trial), replace(raw, params=params))
        draft.findings.items += [one for one in trial.items if one.path == step.place]

    return _Change(lambda: setattr(raw, "params", params), check)


def _replaced(items: dict[str, Node], keys: list[str], node: Node) -> dict[str, Node] | None:
    """The same mapping with one value replaced, deep inside; None where the way leads through no mapping."""
    if len(keys) == 1:
        return {**items, keys[0]: node}
    inner = items.get(keys[0])
    if inner is not None and not isinstance(inner, Mapped):
        return None
    below = _replaced({} if inner is None else inner.items, keys[1:], node)
    if below is None:
        return None
    places = {} if inner is None else inner.keys
    where = node.where if inner is None else inner.where
    return {**items, keys[0]: Mapped(where, below, {**places, keys[1]: node.where})}


def _no_such(draft: Draft, step: _Step, section: str, name: str, known: list[str]) -> None:
    expected = one_of(name, known) if known else f"the file has none under '{section}:'"
    message = f"there is no '{name}' in '{section}'"
    draft.findings.add(step.node, step.place, message, got=step.path, expected=expected)
