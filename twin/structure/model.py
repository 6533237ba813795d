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
from typing import TYPE_CHECKING, Any

from twin.topology.instances import FOREVER as FOREVER

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

CURVE_POINTS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the rating at which an efficiency curve is stated."""

FAILING, OBSERVED, REST = range(3)
"""What a representative instance stands for; see `twin.structure.symmetry`."""


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
class Behaviour:
    """How elements fail, start, are repaired and maintained, beyond the means.  One entry an element in every array.

    Attributes:
        start_failure: probability of not starting on demand.
        maintenance_per_year: planned outages of one a year; 0 where there are none.
        maintenance_h: length of one.
        greek: (elements, 3), beta, gamma and delta of the multiple Greek letters; NaN where not given.
        alpha: (elements, 3), alpha factors of two, three and four; NaN where not given.
        failure_shape: Weibull shape of the time to failure; 1 for exponential.
        repair_cv: coefficient of variation of the time to repair; NaN for exponential.
        start_time_h: from loss of supply to carrying load.
        runtime_h: how long it carries its load without supply.
        spares: parts in store for its group; infinity where not given.
        spare_lead_time_h: until a part from the store is replaced.
        rate_error_factor: 95 % over 50 % point of the failure rate, of which the stated one is the mean; 1 certain.
    """

    start_failure: Floats
    maintenance_per_year: Floats
    maintenance_h: Floats
    greek: Floats
    alpha: Floats
    failure_shape: Floats
    repair_cv: Floats
    start_time_h: Floats
    runtime_h: Floats
    spares: Floats
    spare_lead_time_h: Floats
    rate_error_factor: Floats

    def columns(self) -> list[Floats]:
        """All of it as (elements,) arrays."""
        return [
            self.start_failure,
            self.maintenance_per_year,
            self.maintenance_h,
            *self.greek.T,
            *self.alpha.T,
            self.failure_shape,
            self.repair_cv,
            self.start_time_h,
            self.runtime_h,
            self.spares,
            self.spare_lead_time_h,
            self.rate_error_factor,
        ]


@dataclass(frozen=True, slots=True)
class Elements:
    """Suppliers, suppliers first.  Every array has one entry an element.

    Attributes:
        group: index into `Structure.groups`.
        local: instance number within the group, from 0, in node order.
        node: number of the instance in the `nodes` table.
        capacity_kw: rating; infinity where none is given.
        derated_kw: rating times derate.
        oversubscription: ratio by which provisioned load may exceed `derated_kw` (1 where it may not).
        efficiency: output over input on the power layer, the part of the losses that goes with the load.
        no_load_kw: loss at any load while in service, on the power layer.
        load_loss_kw: loss at rated output that grows with the square of the load; 0 where there is no rating.
        curve: (elements, 4), efficiency at `CURVE_POINTS`; a row of NaN where none is stated.
        power_kw: own constant electrical load.
        cop: heat moved per electricity used; infinity where it uses none.
        unavailability: long-run probability of being down for own reasons: mttr / (mtbf + mttr).
        failures_per_year: own failures a calendar year: 8760 / (mtbf + mttr).
        behaviour: how it fails, starts, is repaired and maintained, beyond these two.
        energised: month index in which it comes into service.
        retired: month index from which it is out of service for good; `FOREVER` for never.
        count: instances that it stands for; 1 in a structure of all instances.
        role: FAILING, OBSERVED or REST; FAILING in a structure of all instances.
        like: the element of role FAILING that it is alike; itself in a structure of all instances.
        gates: gates that it needs, all of them.
    """

    group: Ints
    local: Ints
    node: Ints
    capacity_kw: Floats
    derated_kw: Floats
    oversubscription: Floats
    efficiency: Floats
    no_load_kw: Floats
    load_loss_kw: Floats
    curve: Floats
    power_kw: Floats
    cop: Floats
    unavailability: Floats
    failures_per_year: Floats
    behaviour: Behaviour
    energised: Ints
    retired: Ints
    count: Ints
    role: Ints
    like: Ints
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
        count: gates that it stands for; 1 in a structure of all instances.
    """

    resource: Ints
    dependency: Ints
    members: Csr
    rank: Ints
    need: Ints
    tolerance: Ints
    primary: Bools
    count: Ints

    def __len__(self) -> int:
        """How many gates there are."""
        return len(self.resource)


@dataclass(frozen=True, slots=True)
class Classes:
    """Loads lumped.  Every array has one entry a class; every figure is for one load of it.

    Attributes:
        group: index into `Structure.groups`.
        node: number of the first load in the `nodes` table.
        count: loads in the class; all that it stands for.
        is_rack: whether the kind is rack.
        power_kw: what one draws at full use: its nameplate times what of it is provisioned.
        nameplate_kw: what one would draw at the thermal design power of all in it.
        capped_kw: the least to which power management can hold the draw of one; `power_kw` where it cannot.
        liquid_fraction, accelerators: of one load.
        unavailability, failures_per_year: own, as for elements.
        energised: month index in which it comes into service.
        retired: month index from which it is out of service for good; `FOREVER` for never.
        scope: index of the innermost roll-up scope that holds it, into `Structure.scopes`.
        gates: gates that it needs, all of them.
    """

    group: Ints
    node: Ints
    count: Ints
    is_rack: Bools
    power_kw: Floats
    nameplate_kw: Floats
    capped_kw: Floats
    liquid_fraction: Floats
    accelerators: Ints
    unavailability: Floats
    failures_per_year: Floats
    energised: Ints
    retired: Ints
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
        count: scopes that it stands for; 1 in a structure of all instances.
        role: FAILING, OBSERVED or REST.
        like: index of the scope of role FAILING that it is alike.
        group: path of its group.
        local: its number within the group.
    """

    node: int
    id: str
    kind: str
    parent: int
    site: int
    count: int = 1
    role: int = FAILING
    like: int = -1
    group: str = ""
    local: int = 0


@dataclass(frozen=True, slots=True)
class Ride:
    """A grid whose outages its site lives through for a time.

    Attributes:
        element: the grid.
        with_it: generating sets that are spent when the site no longer lives: they count to that time.
        after_h: hours after the outage begins, ascending.
        chance: probability that the site lives just so long; 1 together.
    """

    element: int
    with_it: Ints
    after_h: Floats
    chance: Floats


@dataclass(frozen=True, slots=True)
class Structure:
    """The whole compiled system.

    Attributes:
        topology: what it was compiled from.
        groups: group paths, as the `group` arrays count them.
        scopes: roll-up scopes, every parent before its children.
        dependencies: (consumer group path, dependency), as `Gates.dependency` counts them.
        lifted: whether alike containers are represented by a few; see `twin.structure.symmetry`.
        rides: grids whose outages are lived through for a time; none until the failure engine is told.
        derived: what `plan` and `snapshot` have worked out from it; a structure made by `replace` starts anew.
    """

    topology: Topology
    groups: tuple[str, ...]
    scopes: tuple[Scope, ...]
    dependencies: tuple[tuple[str, Dependency], ...]
    elements: Elements
    gates: Gates
    classes: Classes
    lifted: bool = False
    rides: tuple[Ride, ...] = ()
    derived: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The structure in one month: who is in service, what flows, what each gate asks.

    Attributes:
        structure: the structure.
        month: month index.
        element_on, class_on: in service: energised by this month and not retired.
        load_kw: output of each element with everything energised in service (heat moved, for cooling).
        input_kw: what each element draws from its own suppliers on the power layer.
        heat_kw: what each element gives to its own suppliers on the cooling layer.
        limit_kw: the most that each may carry: its derated capacity, and more where it may be oversubscribed.
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
    limit_kw: Floats
    source_kw: float
    weight: Floats
    threshold: Floats
    spare: Ints
    shortfall: Bools
    cuts: Mapping[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
