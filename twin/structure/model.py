"""The compiled system that capacity, failure and cost read: elements, gates and classes as arrays.

An *element* is one instance of a group that feeds somebody or fails on its own account (a UPS, a
CDU, a grid feed).  A *gate* is what one or more consumers ask of a set of elements on one layer:
it is open (up) while enough of them are live.  A *class* is a set of loads (racks) of one group
that depend on the same gates, lie in the same roll-up scopes and are energised in the same month.

An element is live when it works itself and all its gates are up; a load is fed when all gates of
its class are up; it is in service when it is fed and works itself.  Nothing here has a cycle, so
elements are stored suppliers first: every gate of element `e` has only members with numbers < `e`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from twin.topology.model import Dependency, Topology

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

POWER, LIQUID, AIR, NETWORK = range(4)
"""Resource codes of gates: the power layer, the cooling layer by medium, the network layer."""

RESOURCES = ("power", "liquid_cooling", "air_cooling", "network")

TOLERANCE = 1e-9
"""Share by which what is there may fall short of what is asked and still be enough: sums are not exact in binary."""


@dataclass(frozen=True, slots=True)
class Csr:
    """Lists of numbers, one list a row: row `i` is `values[start[i]:start[i + 1]]`."""

    start: Ints
    values: Ints

    def row(self, index: int) -> Ints:
        """The numbers of one row."""
        return self.values[self.start[index] : self.start[index + 1]]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.start) - 1


@dataclass(frozen=True, slots=True)
class Elements:
    """Suppliers, suppliers first.  Every array has one entry an element.

    Attributes:
        group: index into `Structure.groups`.
        local: instance number within the group, from 0, in node order.
        node: number of the instance in the `nodes` table.
        capacity_kw: rating; infinity where none is given.
        derated_kw: rating times derate.
        efficiency: output over input on the power layer.
        power_kw: own constant electrical load.
        cop: heat moved per electricity used; infinity where it uses none.
        unavailability: long-run probability of being down for own reasons: mttr / (mtbf + mttr).
        failures_per_year: own failures a calendar year: 8760 / (mtbf + mttr).
        energised: month index in which it comes into service.
        gates: gates that it needs, all of them.
    """

    group: Ints
    local: Ints
    node: Ints
    capacity_kw: Floats
    derated_kw: Floats
    efficiency: Floats
    power_kw: Floats
    cop: Floats
    unavailability: Floats
    failures_per_year: Floats
    energised: Ints
    gates: Csr

    def __len__(self) -> int:
        """How many elements there are."""
        return len(self.group)


@dataclass(frozen=True, slots=True)
class Gates:
    """What consumers ask of elements.  Every array has one entry a gate.

    Attributes:
        resource: POWER, LIQUID, AIR or NETWORK.
        dependency: index into `Structure.dependencies`.
        members: the elements wired to it, in the order of `from`.
        rank: for each entry of `members.values`, position of its supplier group in `from` (for `share: primary`).
        need: how many members must be live as the file states it; -1 where it is derived from capacity.
        tolerance: how many member losses the file declares must be survived (from `need` or
            `redundancy`); -1 where it declares nothing.
        primary: whether `share: primary`.
    """

    resource: Ints
    dependency: Ints
    members: Csr
    rank: Ints
    need: Ints
    tolerance: Ints
    primary: Bools

    def __len__(self) -> int:
        """How many gates there are."""
        return len(self.resource)


@dataclass(frozen=True, slots=True)
class Classes:
    """Loads lumped.  Every array has one entry a class; every figure is for one load of it.

    Attributes:
        group: index into `Structure.groups`.
        node: number of the first load in the `nodes` table.
        count: loads in the class.
        is_rack: whether the kind is rack.
        power_kw, liquid_fraction, accelerators: of one load.
        unavailability, failures_per_year: own, as for elements.
        energised: month index in which it comes into service.
        scope: index of the innermost roll-up scope that holds it, into `Structure.scopes`.
        gates: gates that it needs, all of them.
    """

    group: Ints
    node: Ints
    count: Ints
    is_rack: Bools
    power_kw: Floats
    liquid_fraction: Floats
    accelerators: Ints
    unavailability: Floats
    failures_per_year: Floats
    energised: Ints
    scope: Ints
    gates: Csr

    def __len__(self) -> int:
        """How many classes there are."""
        return len(self.group)


@dataclass(frozen=True, slots=True)
class Scope:
    """A container that results are rolled up to.

    Attributes:
        node: its number in the `nodes` table.
        id: its id.
        kind: site, building, hall, …
        parent: index of the roll-up scope around it; -1 for a site.
        site: index of the site's scope.
    """

    node: int
    id: str
    kind: str
    parent: int
    site: int


@dataclass(frozen=True, slots=True)
class Structure:
    """The whole compiled system.

    Attributes:
        topology: what it was compiled from.
        groups: group paths, as the `group` arrays count them.
        scopes: roll-up scopes, every parent before its children.
        dependencies: (consumer group path, dependency), as `Gates.dependency` counts them.
    """

    topology: Topology
    groups: tuple[str, ...]
    scopes: tuple[Scope, ...]
    dependencies: tuple[tuple[str, Dependency], ...]
    elements: Elements
    gates: Gates
    classes: Classes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The structure in one month: who is in service, what flows, what each gate asks.

    Attributes:
        structure: the structure.
        month: month index.
        element_on, class_on: energised by this month.
        load_kw: output of each element with everything energised in service (heat moved, for cooling).
        input_kw: what each element draws from its own suppliers on the power layer.
        heat_kw: what each element gives to its own suppliers on the cooling layer.
        source_kw: output of the elements where power enters (`twin.structure.snapshot.sources`): what the sites draw.
        weight: for each entry of `gates.members.values`, what the member counts for while live (0 where not energised).
        threshold: live weight that each gate needs; a gate without energised consumers has 0.
        spare: how many members each gate can lose at this load, whichever they are; -1 where that is not decided.
        shortfall: gates whose members cannot carry the load even all together.
        cuts: for some gates, sets of elements of which one at least must be live as well: what overloads the
            gate's members when all of the set is lost (`twin.structure.reserve`).  No element of them stands
            higher than the gate in the order of supply.
    """

    structure: Structure
    month: int
    element_on: Bools
    class_on: Bools
    load_kw: Floats
    input_kw: Floats
    heat_kw: Floats
    source_kw: float
    weight: Floats
    threshold: Floats
    spare: Ints
    shortfall: Bools
    cuts: Mapping[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
