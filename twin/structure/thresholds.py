"""How many suppliers a gate needs, derived from what they carry, and how many it could lose.

Three ways, in this order:

- Stated: `need: 2` means two live members, whatever they carry; where fewer are in service, it is down.
- Pooled: all consumers of these members take from all of them.  Then they carry the load as long as
  the derated capacities of the live ones sum to it, and that sum is the threshold.
- Dealt: the members are shared with consumers of other sets (`pick: 2` of 4, a catcher).  Then the
  ways to lose members of the gate are tried one by one, everything else being up: one is survived
  when no live member of the gate is overloaded.  See `twin.structure.dealt`.

A loss is survived only if what feeds the live members carries the shift as well: see
`twin.structure.upstream`.  Where suppliers are dealt, losses that are not the gate's own may still take
its members by overload: see `twin.structure.reserve`.

In a structure of representatives a gate with members that do not fail is not decided.

`spare` and `shortfall` are by capacity also where `need` is stated: they say what the equipment can
do, and `redundancy:` is held against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from twin.structure import dealt, reserve
from twin.structure.lump import row_of
from twin.structure.model import FAILING, NETWORK, TOLERANCE
from twin.structure.refusals import refuse_needs

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.reserve import Cuts
    from twin.structure.upstream import Upstream


_UNLIKE = "they differ or are many, and serve others as well"


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes on in one month, as far as thresholds need it.

    Attributes:
        element_on: (elements,), energised and supplied.
        used: (gates,), has an energised consumer.
        load: (gates,), what the consumers ask of it, in kW, or Gbit/s on the network.
        carried: (elements,), what each element carries with everything in service.
        limit: (elements,), the most it may carry: its derated capacity, and more where it may be oversubscribed
            and the loads can be held back (`twin.structure.snapshot`).
    """

    element_on: Bools
    used: Bools
    load: Floats
    carried: Floats
    limit: Floats


@dataclass(slots=True)
class Thresholds:
    """The rule of every gate; the columns of `Snapshot` of the same names."""

    weight: Floats
    threshold: Floats
    spare: Ints
    shortfall: Bools
    cuts: Cuts


@dataclass(frozen=True, slots=True)
class _Pool:
    """The members of the gates as the derivation sees them: energised ones, with the most they may carry."""

    gate: Ints
    on: Bools
    limit: Floats
    wired: Ints
    load: Floats


def derive(structure: Structure, asked: Asked, upstream: Upstream) -> Thresholds:
    """Weights and thresholds of all gates in one month.

    Raises:
        RefusedError: members of different capacity or supply that are shared with other consumers in such
            a way that no weighting says which of them suffice, or a pool too large to try what overloads
            what; it names the dependency and asks for `need`.
    """
    gates = structure.gates
    pool, pooled = _pools(structure, asked)
    rule = Thresholds(
        weight=pool.on.astype(float),
        threshold=np.maximum(pool.wired, 1).astype(float),
        spare=np.full(len(gates), -1, dtype=np.int64),
        shortfall=asked.used & (pool.wired == 0),
        cuts={},
    )
    known = asked.used & (pool.wired > 0) & ~_unrated_network(structure, asked, pool) & failing(structure)
    equal = _pooled(structure, rule, pool, known & pooled)
    tight = _tight(structure, asked, rule, pool, upstream, known, pooled, equal)
    undecided = [
        gate for gate in np.flatnonzero(tight & equal).tolist() if not _fed(structure, rule, pool, upstream, gate)
    ]
    tried = np.flatnonzero(known & (~pooled | (tight & ~equal)))
    undecided += dealt.derive(structure, asked, rule, tried, upstream, tight)
    stated = gates.need >= 0
    refuse_needs(structure, [(gate, _UNLIKE) for gate in undecided if not stated[gate]])
    rule.weight = np.where(stated[pool.gate], pool.on.astype(float), rule.weight)
    rule.threshold = np.where(stated, np.maximum(gates.need, 1), rule.threshold)
    rule.shortfall |= stated & asked.used & (pool.wired < gates.need)
    rule.threshold[~asked.used] = 0.0
    rule.cuts = reserve.derive(structure, asked, rule, known & ~pooled & ~stated)
    return rule


def failing(structure: Structure) -> Bools:
    """(gates,): whose members can all fail, one by one.

    The rule of the others, in a structure of representatives, is that of the gate that represents them.
    """
    members = structure.gates.members
    other = structure.elements.role[members.values] != FAILING
    able: Bools = np.bincount(row_of(members)[other], minlength=len(structure.gates)) == 0
    return able


def _tight(
    structure: Structure,
    asked: Asked,
    rule: Thresholds,
    pool: _Pool,
    upstream: Upstream,
    known: Bools,
    pooled: Bools,
    equal: Bools,
) -> Bools:
    """Gates that could lose something by their members' own capacity, and may not by what feeds those."""
    size = len(structure.gates)
    kept = np.maximum(pool.wired - rule.spare, 1)
    entry = pool.on & np.isfinite(pool.limit)
    rated = np.bincount(pool.gate[entry], weights=pool.limit[entry], minlength=size)
    unequal = known & pooled & ~equal & (pool.load > 0) & (np.bincount(pool.gate[entry], minlength=size) == pool.wired)
    carried = np.bincount(
        pool.gate, weights=np.where(pool.on, asked.carried[structure.gates.members.values], 0.0), minlength=size
    )
    grows = np.full(size, np.inf)
    grows[equal] = (pool.wired / kept)[equal]
    grows[unequal] = rated[unequal] / pool.load[unequal]
    lost = np.where(equal, pool.load * rule.spare / np.maximum(pool.wired, 1), carried)
    # Where members stand by, a loss shifts more than what was lost, and onto members that carry nothing now.
    standby = np.zeros(len(asked.element_on), dtype=bool)
    standby[structure.gates.members.values[structure.gates.primary[pool.gate]]] = True
    unknown = np.bincount(pool.gate, weights=standby[structure.gates.members.values], minlength=size) > 0
    grows[unknown] = lost[unknown] = np.inf
    return upstream.tight(known & (pool.wired > 1) & ~rule.shortfall & ~(equal & (rule.spare == 0)), grows, lost)


def _fed(structure: Structure, rule: Thresholds, pool: _Pool, upstream: Upstream, gate: int) -> bool:
    """Lower what equal members may lose to what their supply allows; False where there are too many ways to try."""
    row = np.arange(structure.gates.members.start[gate], structure.gates.members.start[gate + 1])
    elements = structure.gates.members.values[row[pool.on[row]]]
    _, kind = np.unique(upstream.kinds(elements)[elements], return_inverse=True)
    for losses in range(1, int(rule.spare[gate]) + 1):
        live = dealt.lose(kind, losses)
        if live is None:
            rule.spare[gate] = -1
            return False
        if not upstream.survived(elements, live).all():
            rule.spare[gate] = losses - 1
            rule.threshold[gate] = len(elements) - losses + 1
            break
    return True


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
    return _Pool(gate, on, asked.limit[members.values], wired, total[set_of]), pooled


def _unrated_network(structure: Structure, asked: Asked, pool: _Pool) -> Bools:
    """Network gates without lanes or with suppliers without a rating: all wired ones are needed."""
    unrated = np.bincount(pool.gate[pool.on & np.isinf(pool.limit)], minlength=len(structure.gates)) > 0
    found: Bools = (structure.gates.resource == NETWORK) & (unrated | (asked.load <= 0))
    return found


def _pooled(structure: Structure, rule: Thresholds, pool: _Pool, chosen: Bools) -> Bools:
    """The closed form; equal members are counted, unequal ones weighed in kW.  Says whose members are equal."""
    size = len(structure.gates)
    entry = pool.on & chosen[pool.gate]
    low, high = np.full(size, np.inf), np.zeros(size)
    np.minimum.at(low, pool.gate[entry], pool.limit[entry])
    np.maximum.at(high, pool.gate[entry], pool.limit[entry])
    equal: Bools = chosen & (low == high)
    share = np.divide(pool.load, low, out=np.zeros(size), where=equal)
    needed = np.maximum(np.ceil(share - TOLERANCE * np.maximum(share, 1.0)), 1.0)
    rule.threshold = np.where(equal, np.minimum(needed, pool.wired), rule.threshold)
    rule.spare = np.where(equal, np.maximum(pool.wired - needed, 0).astype(np.int64), rule.spare)
    rule.shortfall |= equal & (needed > pool.wired)
    for gate in np.flatnonzero(chosen & ~equal).tolist():
        _weigh(structure, rule, pool, gate)
    return equal


def _weigh(structure: Structure, rule: Thresholds, pool: _Pool, gate: int) -> None:
    """One pooled gate with unequal members."""
    row = slice(structure.gates.members.start[gate], structure.gates.members.start[gate + 1])
    on, load = pool.on[row], float(pool.load[gate])
    # A member without a rating suffices alone, which is what a weight of the whole load says.
    weight = np.where(on, np.minimum(pool.limit[row], load) if load > 0 else 1.0, 0.0)
    threshold = load if load > 0 else 1.0
    capacity = np.where(on, pool.limit[row], 0.0)
    carried = np.cumsum(np.sort(capacity[on]))
    enough = int(np.count_nonzero(carried >= threshold * (1.0 - TOLERANCE))) if load > 0 else int(pool.wired[gate])
    rule.weight[row] = weight
    rule.shortfall[gate] = enough == 0
    rule.spare[gate] = max(enough - 1, 0)
    rule.threshold[gate] = float(weight.sum()) if enough == 0 else threshold
