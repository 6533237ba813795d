"""A topology as the engines read it: groups, dependencies, entries, each with its provenance.

Plain frozen values and no behaviour beyond look-ups.  `read` builds it from a document, `expand`
turns it into instance frames, `graph` into networkx, `structure` compiles it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.api import EXTERNAL_PARTIES
from twin.topology.stated import Assertion, Demand, Link, ModelEntry, Party, Where

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from twin.api import Calendar
    from twin.catalogue import Figure

__all__ = [
    "LAYERS",
    "Assertion",
    "Demand",
    "Dependency",
    "Fabric",
    "FabricTier",
    "Group",
    "Held",
    "Link",
    "ModelEntry",
    "Override",
    "Party",
    "Supplier",
    "Topology",
    "Value",
    "Where",
]

LAYERS = ("power", "cooling", "network")


@dataclass(frozen=True, slots=True)
class Value:
    """One attribute in canonical units, with where it came from.

    Attributes:
        value: float for quantities, int for counts, str for words.
        text: as a person reads it, with the unit.
        origin: file, component, model, catalogue, default or overlay.
        source, confidence, note: as the file or the catalogue states them; empty where nobody said.
        where: place in a file, or the plugin's name in `Where.file`.
        also: other figures that were published for it, as the catalogue has them.
    """

    value: float | int | str
    text: str
    origin: str
    where: Where
    source: str = ""
    confidence: str = ""
    note: str = ""
    also: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Supplier:
    """One supplier group of a dependency, resolved.

    Attributes:
        group: path of the supplier group.
        scope: path of the group whose one instance both sides share; `""` where it is the whole file
            (suppliers in another site are not reachable by name, so this is for a site itself).
        offsets: which of the suppliers within one scope instance are meant, as positions counted
            from 0 in node order; None for all.
        pick: how many of these each consumer is wired to; None for no limit of its own.
    """

    group: str
    scope: str
    offsets: tuple[int, ...] | None = None
    pick: int | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """Who feeds a group on one layer, and how many of them it needs.

    Attributes:
        layer: power, cooling or network.
        suppliers: in the order of `from`.
        pick: how many of the union of suppliers each consumer is wired to; None for all.
        need: how many of those must work; None: derived from capacity.
        share: equal (in proportion to capacity) or primary (in the order of `from`, as many groups as it
            takes; the rest stand by).
        redundancy: the assertion to check, as written (`N+1`, `2N`, …); None where none.
        lanes, lane_gbps: network only: parallel lanes of each consumer and their rate; 0 where not said.
        planes: how many combinations of `pick` suppliers are dealt, over and over; 0 for as many as there are.
            Fabrics use it: suppliers in as many sets of neighbours, each consumer wired to one of them.
        where: place of the dependency in the file.
    """

    layer: str
    suppliers: tuple[Supplier, ...]
    where: Where
    pick: int | None = None
    need: int | None = None
    share: str = "equal"
    redundancy: str | None = None
    lanes: int = 0
    lane_gbps: float = 0.0
    planes: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """Something that one instance of a group holds, as `holds` of a rack states it.

    Attributes:
        part: name of the component or catalogue part.
        kind: of the part.
        count: how many one instance holds; a share of one where several racks hold it together.
        attributes: of one of the part, by name, as in `Group.attributes`.
    """

    part: str
    kind: str
    count: float
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of identical instances inside each instance of its parent.

    Attributes:
        path: names from the site down, without instance numbers: `river-bend/hall/ups`.
        name: last part of the path.
        kind: what it is.
        parent: path of the containing group; None for a site.
        count: instances in each instance of the parent.
        total: instances in the whole topology.
        indexed: whether ids carry a number (`ups[3]`): the file wrote `ups[n]`.
        container: whether it contains other groups.
        part: component or catalogue part it uses; None where none.
        attributes: by name; the names and units are those of `twin.topology.attributes`.
        dependencies: at most one a layer, two on cooling (one liquid, one air).
        energised: month index (from the calendar's start, negative before it) of each instance of ONE
            parent instance, own statement only (a child is in service when all its ancestors are):
            length 1 (for all) or `count`; empty where the file says nothing.
        rows: columns of a side table that differ by instance, by attribute name, canonical units,
            `total` rows; None where there is none.  `energised` and `retired` (month indices) are among
            them where a table states them, or where a ramp or refresh differs from parent to parent.
        where: place in the file.
        doc, source, note: as the file states them.
        retired: month index from which each instance is no longer in service, in the form of `energised`;
            empty where the file says nothing.
        holds: what one instance holds, in file order; empty where the file says nothing.
    """

    path: str
    name: str
    kind: str
    parent: str | None
    count: int
    total: int
    indexed: bool
    container: bool
    part: str | None
    attributes: Mapping[str, Value]
    dependencies: tuple[Dependency, ...]
    energised: tuple[int, ...]
    where: Where
    rows: pl.DataFrame | None = None
    doc: str = ""
    source: str = ""
    note: str = ""
    retired: tuple[int, ...] = ()
    holds: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """An attribute that an overlay sets on some instances of a group only.

    Attributes:
        group: path of the group.
        locals: instance numbers within the group in node order, counted from 0, ascending.
        attribute: name, or `energised` or `retired` (value: month index).
        value: as in `Group.attributes`.
    """

    group: str
    locals: tuple[int, ...]
    attribute: str
    value: Value


@dataclass(frozen=True, slots=True)
class FabricTier:
    """The switches of one tier of a fabric in one container group; every figure is for one switch.

    Attributes:
        name: of the tier.
        group: path of the switches.
        ports, ports_down, ports_up: there are, used towards the endpoints, used away from them.
        down_gbps, up_gbps: bandwidth of the links each way; no `up_gbps` on the top tier.
        load_kw: what it draws with the optics in it, wherever that is counted.
        optics: optical modules in it; 0 where the fabric names none.
    """

    name: str
    group: str
    ports: int
    ports_down: int
    ports_up: int
    down_gbps: float
    up_gbps: float
    load_kw: float
    optics: int


@dataclass(frozen=True, slots=True)
class Fabric:
    """A network that the file states in a few lines, sized.

    Attributes:
        name: of the entry.
        kind: clos, torus or mesh.
        endpoints: paths of the groups that it joins.
        tiers: from the endpoints outward; none for a torus or a mesh.
        optic: the optical module; None where none is named.
        shape: chips along each dimension of a pod, for a torus or a mesh.
        link_gbps: rate of one link of a torus or a mesh, each way.
        where: place in the file.
        doc, source, note: as the file states them.
    """

    name: str
    kind: str
    endpoints: tuple[str, ...]
    where: Where
    tiers: tuple[FabricTier, ...] = ()
    optic: Held | None = None
    shape: tuple[int, ...] = ()
    link_gbps: float = 0.0
    doc: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole topology file, read, resolved and checked.

    Attributes:
        name: of the topology.
        calendar: months of the run; `months` is 0 until the deals have said how many they need.
        groups: by path, every parent before its children.
        overrides: what overlays set on some instances only, in the order applied.
        entries: all model entries, in file order.
        discount_per_year: discount rate for present values, annual effective.
        scenario: name of the scenario applied; empty for none.
        overlays: `path=value` applied after it, as written.
        files: every file read, with its SHA-256.
        settings: values of the file that are not of a group or entry (discount rate, …), for `assumptions`.
        demands: what is wanted by month, in file order.
        assertions: what must hold, in file order.
        fabrics: networks stated in a few lines, in file order.
    """

    name: str
    path: Path
    calendar: Calendar
    groups: Mapping[str, Group]
    overrides: tuple[Override, ...]
    links: tuple[Link, ...]
    parties: Mapping[str, Party]
    entries: tuple[ModelEntry, ...]
    discount_per_year: float
    sources: tuple[str, ...] = ()
    scenario: str = ""
    scenarios: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)
    doc: str = ""
    demands: tuple[Demand, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    fabrics: tuple[Fabric, ...] = ()

    @property
    def known_parties(self) -> frozenset[str]:
        """Names of all who may pay or be paid: those the file declares and the external ones."""
        return frozenset((*self.parties, *EXTERNAL_PARTIES))

    def section(self, name: str) -> tuple[ModelEntry, ...]:
        """The entries of one section, in file order; deals on offer are not among them."""
        return tuple(entry for entry in self.entries if entry.section == name and not entry.offer)

    @property
    def on_offer(self) -> tuple[ModelEntry, ...]:
        """The deals that belong to an offer, in file order."""
        return tuple(entry for entry in self.entries if entry.offer)

    def ancestors(self, path: str) -> list[Group]:
        """The groups that contain `path`, from the site down, `path` itself last."""
        chain: list[Group] = []
        here: str | None = path
        while here is not None:
            group = self.groups[here]
            chain.append(group)
            here = group.parent
        return chain[::-1]

    def per(self, path: str, scope: str) -> int:
        """Instances of the group `path` in one instance of the containing group `scope`."""
        product = 1
        for group in reversed(self.ancestors(path)):
            if group.path == scope:
                return product
            product *= group.count
        return product

    def attribute(self, path: str, name: str) -> Any:
        """The value of a group's attribute in canonical units, None where it has none."""
        value = self.groups[path].attributes.get(name)
        return None if value is None else value.value
