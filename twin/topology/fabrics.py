"""Networks in a few lines: `fabrics:` becomes groups of switches that are wired like any others.

A macro on the draft, after overlays: it works on groups and their counts and never on instances, so
that equal halls get equal networks and a million racks cost what one does.  A Clos fabric is sized by
`twin.topology.clos`; a torus or a mesh has no switches, and only its shape is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, UsageError
from twin.topology import clos, select, shape
from twin.topology.draft import text_of
from twin.topology.holders import Share, added
from twin.topology.model import Fabric, Value
from twin.topology.nodes import Mapped, Scalar, describe
from twin.topology.plugged import Reading
from twin.topology.shape import join

if TYPE_CHECKING:
    from twin.topology.draft import Draft, RawGroup
    from twin.topology.model import Held
    from twin.topology.parts import Parts

_SHAPE = re.compile(r"[1-9][0-9]{0,5}(\s*x\s*[1-9][0-9]{0,5}){0,5}\Z")
_CLOS_ONLY = ("tiers", "lanes", "optic", "switch", "held_by", "power", "cooling")
_TORUS_ONLY = ("shape", "link")


@dataclass(slots=True)
class Woven:
    """What the fabrics of a file add to its groups.

    Attributes:
        fabrics: those without findings.
        shares: by path of a group of racks, what of the fabrics each rack holds.
        loads: by path of a group of switches, what one draws itself and the note that says of what.
    """

    fabrics: list[Fabric] = field(default_factory=list)
    shares: dict[str, list[Share]] = field(default_factory=dict)
    loads: dict[str, Value] = field(default_factory=dict)

    def finish(
        self, raw: RawGroup, attributes: dict[str, Value], holds: tuple[Held, ...]
    ) -> tuple[dict[str, Value], tuple[Held, ...]]:
        """The attributes of a group and what one of it holds, with what the fabrics add."""
        if raw.path in self.loads:
            return {**attributes, "load": self.loads[raw.path]}, holds
        shares = self.shares.get(raw.follows or raw.path, []) or self.shares.get(raw.path, [])
        return added(attributes, holds, shares) if shares else (attributes, holds)


def weave(draft: Draft, parts: Parts) -> Woven:
    """Read `fabrics:`, add its switches to the groups of the draft and wire its endpoints to them.

    Args:
        draft: overlays applied, kinds of all groups known; grows by groups, dependencies and findings.
        parts: resolves the names of switches and optics.

    Returns:
        The fabrics, and what they add to other groups.
    """
    woven = Woven()
    node = draft.items.get("fabrics")
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = join("fabrics", name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
            expected = "letters, digits, '-' and '_', a letter first"
            draft.findings.add(item, place, "not a name", got=name, expected=expected)
            continue
        keys = shape.take(item, shape.FABRIC, place, draft.findings)
        if {"kind", "endpoints"} <= set(keys):
            _one(woven, Reading(draft, parts, name, place, item, keys))
    return woven


def _one(woven: Woven, reading: Reading) -> None:
    before = len(reading.draft.findings.items)
    _stray(reading)
    _endpoints(reading)
    doc, source, note = (text_of(reading.keys.get(key)) for key in ("doc", "source", "note"))
    kind = text_of(reading.keys["kind"])
    paths = tuple(group.path for group in reading.endpoints)
    made = Fabric(reading.name, kind, paths, reading.node.where, doc=doc, source=source, note=note)
    if len(reading.draft.findings.items) > before:
        return
    if kind == "clos":
        sized = clos.build(reading)
        if sized is not None:
            made = replace(made, tiers=sized.tiers, optic=sized.optic)
            woven.loads |= sized.loads
            for path, share in sized.shares:
                woven.shares.setdefault(path, []).append(share)
    else:
        made = _grid(reading, made)
    if len(reading.draft.findings.items) == before:
        woven.fabrics.append(made)
        return
    for path, group in reading.draft.groups.items():
        if group.place.startswith(f"{reading.place}.tiers."):  # nobody asks who feeds what could not be built
            woven.loads[path] = Value(0.0, "0 kW", "derived", group.where)


def _stray(reading: Reading) -> None:
    """Keys of the other kind of fabric, and keys that are missing."""
    is_clos = text_of(reading.keys["kind"]) == "clos"
    for key in _TORUS_ONLY if is_clos else _CLOS_ONLY:
        if key in reading.keys:
            kind = text_of(reading.keys["kind"])
            reading.note(reading.keys[key], key, f"a {kind} has no '{key}'", expected="leave it out")
    needed = "tiers" if is_clos else "shape"
    if needed not in reading.keys:
        example = "tiers: {leaf: {in: row}, spine: {in: hall}}" if is_clos else "shape: 16 x 16"
        reading.note(reading.node, "", f"the key '{needed}' is missing", expected=f"add '{example}'")


def _endpoints(reading: Reading) -> None:
    """The groups that the fabric joins; later generations of a group take the places of the first."""
    draft, node = reading.draft, reading.keys["endpoints"]
    holders = set(_holders(reading))
    try:
        found = select.match(select.parse(text_of(node)), draft.groups)
    except UsageError as error:
        message, _, expected = str(error).partition("; ")
        reading.note(node, "endpoints", message, got=text_of(node), expected=expected)
        return
    for path, ranges in found.items():
        group = draft.groups[path]
        if group.container or path in holders or (group.follows and group.follows in found):
            continue
        if not select.whole(ranges, draft.chain(path)):
            expected = f"name all of '{path}', or make two groups of it"
            reading.note(node, "endpoints", "a fabric joins whole groups", got=text_of(node), expected=expected)
            return
        reading.endpoints.append(group)
    if not reading.endpoints:
        expected = "name the racks or servers, as 'site/hall/row/rack' or 'kind=rack'"
        reading.note(node, "endpoints", "only containers are named", got=text_of(node), expected=expected)


def _holders(reading: Reading) -> list[str]:
    """Groups that hold switches, of the fabric and of its tiers: they are not endpoints."""
    tiers = reading.keys.get("tiers")
    levels = [one for one in tiers.items.values() if isinstance(one, Mapped)] if isinstance(tiers, Mapped) else []
    found: list[str] = []
    for keys in (reading.keys, *(level.items for level in levels)):
        node = keys.get("held_by")
        try:
            found += select.match(select.parse(text_of(node)), reading.draft.groups) if node is not None else []
        except UsageError:
            continue  # noted where the switches are put into racks
    return found


def _grid(reading: Reading, made: Fabric) -> Fabric:
    """A torus or mesh: whole pods, and the rate of a link."""
    node = reading.keys["shape"]
    text = text_of(node)
    if not _SHAPE.match(text):
        reading.note(node, "shape", "not a shape", got=text, expected="write it as '16 x 16' or '4 x 4 x 8'")
        return made
    sides = tuple(int(side) for side in text.split("x"))
    if prod(sides) == 1:
        reading.note(node, "shape", "one chip is no fabric", got=text, expected="write it as '16 x 16'")
    for group in reading.endpoints:
        _pods(reading, group, prod(sides))
    return replace(made, shape=sides, link_gbps=_link(reading, sides))


def _pods(reading: Reading, group: RawGroup, pod: int) -> None:
    """Chips fill whole pods within every instance of the container around them."""
    chips = reading.accelerators(group)
    around = reading.draft.groups[group.parent] if group.parent else group
    each = chips * group.count
    if not chips:
        expected = f"state 'accelerators:' of '{group.path}'"
        reading.note(reading.keys["endpoints"], "endpoints", "nobody says how many chips one has", expected=expected)
    elif each % pod:
        message = f"{each:,} chips in one '{around.path}' do not fill pods of {pod:,}"
        expected = f"{group.name}[{max(1, each // pod) * pod // chips or 1}] would fill {max(1, each // pod)} of them"
        reading.note(reading.keys["shape"], "shape", message, got=f"{each / pod:.3g} pods", expected=expected)


def _link(reading: Reading, sides: tuple[int, ...]) -> float:
    """The rate of one link each way, stated or from the scale-up bandwidth of a chip."""
    stated = reading.keys.get("link")
    if isinstance(stated, Mapped | Scalar):
        try:
            rate = units.parse(stated.value if isinstance(stated, Scalar) else None, "bandwidth")
        except UnitError as error:
            reading.note(stated, "link", error.message, got=describe(stated), expected=error.expected)
            return 0.0
        if rate <= 0:
            reading.note(stated, "link", "not above zero", got=describe(stated), expected="write it as '400 Gbps'")
        return rate
    rates = {reading.figure(group, "scaleup_bandwidth") for group in reading.endpoints}
    if None in rates or len(rates) > 1:
        expected = "add 'link: 400 Gbps', the rate of one link each way"
        reading.note(reading.node, "", "nobody gives the rate of a link", expected=expected)
        return 0.0
    ways, two_sides = 2, 2
    return float(rates.pop() or 0.0) / (ways * two_sides * len(sides))
