"""How many suppliers a gate needs, derived from what they carry, and how many it could lose.

Three ways, in this order:

- Stated: `need: 2` means two live members, whatever they carry.
- Pooled: all consumers of these members take from all of them.  Then they carry the load as long as
  the derated capacities of the live ones sum to it, and that sum is the threshold.
- Dealt: the members are shared with consumers of other sets (`pick: 2` of 4, a catcher).  Then the
  ways to lose members of the gate are tried one by one, everything else being up: one is survived
  when no live member of the gate is overloaded.  See `twin.structure.dealt`.

`spare` and `shortfall` are by capacity also where `need` is stated: they say what the equipment can
do, and `redundancy:` is held against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.structure import dealt
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, TOLERANCE

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints, Structure


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes on in one month, as far as thresholds need it.

    Attributes:
        element_on: (elements,), energised and supplied.
        used: (gates,), has an energised consumer.
        load: (gates,), what the consumers ask of it, in kW, or Gbit/s on the network.
        carried: (elements,), what each element carries with everything in service.
    """

    element_on: Bools
    used: Bools
    load: Floats
    carried: Floats


@dataclass(slots=True)
class Thresholds:
    """The rule of every gate; the columns of `Snapshot` of the same names."""

    weight: Floats
    threshold: Floats
    spare: Ints
    shortfall: Bools


@dataclass(frozen=True, slots=True)
class _Pool:
    """The members of the gates as the derivation sees them: energised ones, with their capacities."""

    gate: Ints
    on: Bools
    derated: Floats
    wired: Ints
    load: Floats


def derive(structure: Structure, asked: Asked) -> Thresholds:
    """Weights and thresholds of all gates in one month.

    Raises:
        RefusedError: members of different capacity that are shared with other consumers in such a way
            that no weighting says which of them suffice; it names the dependency and asks for `need`.
    """
    gates = structure.gates
    pool, pooled = _pools(structure, asked)
    rule = Thresholds(
        weight=pool.on.astype(float),
        threshold=np.maximum(pool.wired, 1).astype(float),
        spare=np.full(len(gates), -1, dtype=np.int64),
        shortfall=asked.used & (pool.wired == 0),
    )
    known = asked.used & (pool.wired > 0) & ~_unrated_network(structure, asked, pool)
    _pooled(structure, rule, pool, known & pooled)
    undecided = dealt.derive(structure, asked, rule, np.flatnonzero(known & ~pooled))
    stated = gates.need >= 0
    _refuse(structure, [gate for gate in undecided if not stated[gate]])
    rule.weight = np.where(stated[pool.gate], pool.on.astype(float), rule.weight)
    rule.threshold = np.where(stated, np.clip(gates.need, 1, np.maximum(pool.wired, 1)), rule.threshold)
    rule.threshold[~asked.used] = 0.0
    return rule


def _pools(structure: Structure, asked: Asked) -> tuple[_Pool, Bools]:
    """The gates by member set, and whether each gate's members serve that one set only."""
    gates = structure.gates
    members = gates.members
    gate = row_of(members)
    on = asked.element_on[members.values]
    wired = np.bincount(gate[on], minlength=len(gates)).astype(np.int64)
    known: dict[bytes, int] = {}
    live = np.where(on, members.values, -1)
    bounds = members.start.tolist()
    sets = [known.setdefault(np.sort(live[begin:end]).tobytes(), len(known)) for begin, end in pairwise(bounds)]
    set_of = np.array(sets, dtype=np.int64)
    loaded = on & (asked.load > 0)[gate]
    lowest = np.full(len(asked.element_on), np.iinfo(np.int64).max)
    highest = np.full(len(asked.element_on), -1, dtype=np.int64)
    np.minimum.at(lowest, members.values[loaded], set_of[gate[loaded]])
    np.maximum.at(highest, members.values[loaded], set_of[gate[loaded]])
    alone = (lowest[members.values] >= set_of[gate]) & (highest[members.values] <= set_of[gate])
    pooled = np.bincount(gate[on & ~alone], minlength=len(gates)) == 0
    total = np.bincount(set_of, weights=asked.load, minlength=len(known)).astype(float)
    derated = structure.elements.derated_kw[members.values]
    return _Pool(gate, on, derated, wired, total[set_of]), pooled


def _unrated_network(structure: Structure, asked: Asked, pool: _Pool) -> Bools:
    """Network gates without lanes or with suppliers without a rating: all wired ones are needed."""
    unrated = np.bincount(pool.gate[pool.on & np.isinf(pool.derated)], minlength=len(structure.gates)) > 0
    found: Bools = (structure.gates.resource == NETWORK) & (unrated | (asked.load <= 0))
    return found


def _pooled(structure: Structure, rule: Thresholds, pool: _Pool, chosen: Bools) -> None:
    """The closed form; equal members are counted, unequal ones weighed in kW."""
    size = len(structure.gates)
    entry = pool.on & chosen[pool.gate]
    low, high = np.full(size, np.inf), np.zeros(size)
    np.minimum.at(low, pool.gate[entry], pool.derated[entry])
    np.maximum.at(high, pool.gate[entry], pool.derated[entry])
    equal = chosen & (low == high)
    share = np.divide(pool.load, low, out=np.zeros(size), where=equal)
    needed = np.maximum(np.ceil(share - TOLERANCE * np.maximum(share, 1.0)), 1.0)
    rule.threshold = np.where(equal, np.minimum(needed, pool.wired), rule.threshold)
    rule.spare = np.where(equal, np.maximum(pool.wired - needed, 0).astype(np.int64), rule.spare)
    rule.shortfall |= equal & (needed > pool.wired)
    for gate in np.flatnonzero(chosen & ~equal).tolist():
        _weigh(structure, rule, pool, gate)


def _weigh(structure: Structure, rule: Thresholds, pool: _Pool, gate: int) -> None:
    """One pooled gate with unequal members."""
    row = slice(structure.gates.members.start[gate], structure.gates.members.start[gate + 1])
    on, load = pool.on[row], float(pool.load[gate])
    # A member without a rating suffices alone, which is what a weight of the whole load says.
    weight = np.where(on, np.minimum(pool.derated[row], load) if load > 0 else 1.0, 0.0)
    threshold = load if load > 0 else 1.0
    capacity = np.where(on, pool.derated[row], 0.0)
    carried = np.cumsum(np.sort(capacity[on]))
    enough = int(np.count_nonzero(carried >= threshold * (1.0 - TOLERANCE))) if load > 0 else int(pool.wired[gate])
    rule.weight[row] = weight
    rule.shortfall[gate] = enough == 0
    rule.spare[gate] = max(enough - 1, 0)
    rule.threshold[gate] = float(weight.sum()) if enough == 0 else threshold


def _refuse(structure: Structure, undecided: list[int]) -> None:
    if not undecided:
        return
    consumer, dependency = structure.dependencies[structure.gates.dependency[undecided[0]]]
    raise RefusedError(
        "structure",
        f"how many {dependency.layer} suppliers '{consumer}' needs cannot be derived, because they differ or are many "
        f"and serve others as well ({dependency.where})",
        f"state 'need:' for the {dependency.layer} dependency of '{consumer}'",
    )
