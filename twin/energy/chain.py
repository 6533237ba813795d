"""What the equipment of a file draws besides its IT load, as it goes with that load.

The loads of a month are propagated through the compiled structure at several levels of use, with the curves that
`twin.structure.losses` has of every element (no-load and load losses of transformers, efficiency curves of UPS,
busway and PDU, eco mode where its curve is stated).  Between the levels the result is linear.

    power chain: sum over suppliers of power of draw - output      (where power enters, output is what is metered)
    network:     what switches draw that the file feeds with power
    cooling:     what coolers draw
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.flow import loads, plan
from twin.structure.live import live
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, POWER
from twin.structure.snapshot import connected, months_of_change, sources

if TYPE_CHECKING:
    from twin.energy.load import ItLoad
    from twin.structure.flow import Plan
    from twin.structure.model import Floats, Ints, Structure

STAGES = ("power_chain", "network", "cooling")
_EXACT = 16
"""So many different levels of use in a phase are taken each by itself; of more, `_GRID` levels over their range."""

_GRID = 33


@dataclass(frozen=True)
class Chain:
    """What the equipment draws, at the levels of use of an `ItLoad`.

    Attributes:
        kw: stage -> (sites, steps), at what is drawn.
        peak_kw: stage -> (sites, months), at the peak with everything in service.
    """

    kw: dict[str, Floats]
    peak_kw: dict[str, Floats]


def chain(structure: Structure, load: ItLoad) -> Chain:
    """Propagate the IT load through the structure, month of change by month of change.

    Args:
        structure: the compiled system; its sites are those of the load.
        load: the IT load.
    """
    steps, sites = load.steps, len(load.sites)
    kw = {stage: np.zeros((sites, len(steps))) for stage in STAGES}
    peak = {stage: np.zeros((sites, steps.calendar.months)) for stage in STAGES}
    prepared = plan(structure)
    shares = _Shares.of(structure, prepared, sites)
    changes = [month for month in months_of_change(structure) if month < steps.calendar.months]
    level, top = load.level, load.peak_level
    for first, end in zip(changes, [*changes[1:], steps.calendar.months], strict=True):
        here = slice(int(steps.starts[first]), int(steps.starts[end]))
        grid = _grid(level[:, here], top[:, first:end])
        at = shares.draw(structure, first, prepared, grid)
        for number, stage in enumerate(STAGES):
            if at[number].any():
                kw[stage][:, here] = _between(level[:, here], grid, at[number])
                peak[stage][:, first:end] = _between(top[:, first:end], grid, at[number])
    return Chain(kw, peak)


def _between(wanted: Floats, grid: Floats, at: Floats) -> Floats:
    """(sites, …): what is drawn at levels of use, from what is drawn at those of the grid, (levels, sites)."""
    return np.stack([np.interp(*each) for each in zip(wanted, grid.T, at.T, strict=True)])


def _grid(level: Floats, top: Floats) -> Floats:
    """(levels, sites), ascending: the levels of use to propagate."""
    wanted = [np.unique(np.concatenate([own, peak])) for own, peak in zip(level, top, strict=True)]
    count = max(len(own) for own in wanted)
    if count > _EXACT:
        return np.linspace([own[0] for own in wanted], [own[-1] for own in wanted], _GRID)
    return np.stack([np.pad(own, (0, count - len(own)), mode="edge") for own in wanted], axis=1)


@dataclass(frozen=True)
class _Shares:
    """Which elements count to which stage and site, and which class of loads to which site.

    Attributes:
        element_site, class_site: position of the site of each.
        chain, network, cooling: (elements,), whether it counts to the stage.
        sites: how many there are.
    """

    element_site: Ints
    class_site: Ints
    chain: Ints
    network: Ints
    cooling: Ints
    sites: int

    @classmethod
    def of(cls, structure: Structure, prepared: Plan, sites: int) -> _Shares:
        fed = np.zeros(len(structure.elements), dtype=bool)
        inputs = structure.elements.gates
        fed[row_of(inputs)[structure.gates.resource[inputs.values] == POWER]] = True
        power, network = prepared.role == POWER, prepared.role == NETWORK
        return cls(
            element_site=_element_site(structure),
            class_site=_scope_site(structure)[structure.classes.scope],
            chain=np.flatnonzero(power & fed & ~sources(structure)),
            network=np.flatnonzero(network & fed),
            cooling=np.flatnonzero(~power & ~network & fed),
            sites=sites,
        )

    def draw(self, structure: Structure, month: int, prepared: Plan, grid: Floats) -> Floats:
        """(stages, levels, sites), kW drawn in a month at each level of use."""
        at = connected(structure, month)
        alive, fed = live(at, np.zeros((1, len(structure.elements)), dtype=bool))
        part = grid[:, self.class_site] * fed
        none = np.empty((len(structure.classes), 0))
        on = np.repeat(alive, len(grid), axis=0)
        output = loads(at, on, none, part, prepared).total.T
        made = []
        for kind in (self.chain, self.network, self.cooling):
            drawn = prepared.losses.draw(kind, output[kind]) * on.T[kind]
            if kind is self.chain:
                drawn -= output[kind]
            drawn *= structure.elements.count[kind][:, None]
            made.append(self._by_site(kind, drawn))
        return np.stack(made)

    def _by_site(self, kind: Ints, drawn: Floats) -> Floats:
        """(levels, sites): sum of (elements, levels)."""
        made = np.zeros((self.sites, drawn.shape[1]))
        np.add.at(made, self.element_site[kind], drawn)
        return np.maximum(made.T, 0.0)


def liquid_fraction(structure: Structure, load: ItLoad) -> Floats:
    """(sites, months): share of the IT heat that goes to liquid; 0 where nothing is energised."""
    classes, months = structure.classes, load.steps.calendar.months
    site = _scope_site(structure)[classes.scope]
    kw = classes.count * classes.power_kw
    wet = kw * np.nan_to_num(classes.liquid_fraction)
    made = np.zeros((len(load.sites), months))
    changes = [m for m in months_of_change(structure) if m < months]
    for first, end in zip(changes, [*changes[1:], months], strict=True):
        on = (classes.energised <= first) & (first < classes.retired)
        all_kw, wet_kw = (np.bincount(site, weights=part * on, minlength=len(load.sites)) for part in (kw, wet))
        made[:, first:end] = np.divide(wet_kw, all_kw, out=np.zeros(len(load.sites)), where=all_kw > 0)[:, None]
    return made


def _scope_site(structure: Structure) -> Ints:
    """For each scope, the position of its site among the sites."""
    position = {index: n for n, index in enumerate(i for i, scope in enumerate(structure.scopes) if scope.parent < 0)}
    return np.array([position[scope.site] for scope in structure.scopes], dtype=np.int64)


def _element_site(structure: Structure) -> Ints:
    """Position among the sites of the site in which each element stands."""
    groups = structure.topology.groups
    first: dict[str, int] = {}
    total = 0
    for path, group in groups.items():
        if group.parent is None:
            first[path] = total
            total += group.total
    roots = [path.partition("/")[0] for path in structure.groups]
    offset = np.array([first[root] for root in roots], dtype=np.int64)
    each = zip(structure.groups, roots, strict=True)
    per_site = np.array([groups[path].total // groups[root].total for path, root in each], dtype=np.int64)
    elements = structure.elements
    return offset[elements.group] + elements.local // per_site[elements.group]
