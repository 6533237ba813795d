"""Who is wired to whom: the only place that knows how consumers are dealt to suppliers.

All numbers here are *locals*: instance numbers within one group, from 0, in node order (all
instances of a group are contiguous, parent instance first).  So the instances of a group inside
one instance of a containing group, its *scope*, are contiguous too, and wiring is arithmetic:

- A dependency names supplier groups in the order of `from`, each found in a scope that holds the
  consumer as well.  The suppliers inside one scope instance, in that order, are the *members*.
- Every consumer is wired to one *combination* of members: all of them, or `pick` of them.
- The consumers of one scope instance take the combinations in turn, so consumers and suppliers
  are dealt like cards: pick 1 of 4 gives 1, 2, 3, 4, 1, …; after a round of all combinations each
  was used equally often, and how even it is on the way is said in `twin.topology.dealing`.
- Consumers in one scope instance with the same combination share a *gate*.

Where suppliers lie in scopes of different size (a busway of the row, a UPS of the hall), gates are
counted in the innermost scope, each supplier range is that of its own scope, and the turn is
counted through the widest scope, so that the wide pool is dealt evenly as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, lcm, prod
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.topology.dealing import deal as deal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from twin.topology.model import Dependency, Supplier, Topology

    Ints = NDArray[np.int64]

MAX_ENTRIES = 25_000_000
"""Most numbers that the distinct combinations of one dependency may take; beyond it `wire` refuses."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The suppliers that one name of `from` stands for.

    Attributes:
        group: path of the supplier group.
        per: instances of the group in one instance of the scope in which its name was found.
        scopes: how many innermost scope instances lie in one instance of that scope; 1 unless the
            dependency mixes scopes.
        first: number of its first member among the members of the dependency.
        size: how many members it has.
    """

    group: str
    per: int
    scopes: int
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """One dependency of one consumer group, wired.

    A gate has the number `scope * n_combos + combo`.  Unless scopes are mixed, every gate has at
    least one consumer; with mixed scopes some may have none, see `consumers`.

    Attributes:
        consumer: path of the consumer group.
        total: consumers in the whole topology; their locals are `0 … total - 1`.
        scopes: instances of the innermost scope, in node order.
        per_scope: consumers in each; `total == scopes * per_scope`.
        per_turn: consumers in one instance of the widest scope, through which the turn is counted;
            equal to `per_scope` unless scopes are mixed.
        pools: one for each name of `from`, in that order.  Its index is the supplier's rank.
        rank: int64 `(members,)`: index into `pools` of each member.
        position: int64 `(members,)`: position of each member inside its pool's scope instance.
        combos: int64 `(n_combos, k)`: the combinations in use in the order in which they are dealt;
            each row holds `k` different members, ascending, hence in the order of `from`.
    """

    consumer: str
    total: int
    scopes: int
    per_scope: int
    per_turn: int
    pools: tuple[Pool, ...]
    rank: Ints
    position: Ints
    combos: Ints

    @property
    def n_combos(self) -> int:
        """Combinations in use."""
        return int(self.combos.shape[0])

    @property
    def k(self) -> int:
        """Suppliers that each consumer is wired to."""
        return int(self.combos.shape[1])

    @property
    def n_gates(self) -> int:
        """Gates in the whole topology: `scopes * n_combos`."""
        return self.scopes * self.n_combos

    def gate_of(self, consumers: ArrayLike) -> Ints:
        """The gate of each consumer.

        Args:
            consumers: locals of the consumer group, any shape.

        Returns:
            int64 array of the same shape.
        """
        locals_ = np.asarray(consumers, dtype=np.int64)
        if self.n_combos == 1:
            return locals_ // self.per_scope
        return locals_ // self.per_scope * self.n_combos + locals_ % self.per_turn % self.n_combos

    def gate_members(self, gates: ArrayLike) -> tuple[Ints, Ints]:
        """The suppliers of each gate, in the order of `from`.

        Args:
            gates: gate numbers, shape `(n,)`.

        Returns:
            Two int64 arrays of shape `(n, k)`: index into `pools` (the rank), and local of the
            supplier within the group `pools[rank].group`.
        """
        scope, combo = np.divmod(np.asarray(gates, dtype=np.int64), self.n_combos)
        members = self.combos[combo]
        if len(self.pools) == 1:
            pool = self.pools[0]
            return np.zeros_like(members), (scope // pool.scopes * pool.per)[:, None] + self.position[members]
        rank = self.rank[members]
        scopes = np.array([pool.scopes for pool in self.pools], dtype=np.int64)
        per = np.array([pool.per for pool in self.pools], dtype=np.int64)
        return rank, scope[:, None] // scopes[rank] * per[rank] + self.position[members]

    def suppliers(self, first: Sequence[int]) -> NDArray[np.uint32]:
        """The node numbers of the suppliers of every consumer, in one sweep.

        Args:
            first: node number of the first instance of each pool's group, in the order of `pools`.

        Returns:
            uint32 `(total, k)`: row `j` belongs to consumer `j`, in the order of `from`.
        """
        starts = np.array(first, dtype=np.int64)
        if self.per_turn != self.per_scope:
            rank, local = self.gate_members(self.gate_of(np.arange(self.total)))
            return (starts[rank] + local).astype(np.uint32)
        per = np.array([pool.per for pool in self.pools], dtype=np.uint32)
        rank = self.rank[self.combos]
        base = (starts[rank] + self.position[self.combos]).astype(np.uint32)
        turn = np.resize(np.arange(self.n_combos), self.per_scope)
        step = np.arange(self.scopes, dtype=np.uint32)[:, None, None] * per[rank[turn]]
        return (base[turn] + step).reshape(self.total, self.k)

    def consumers(self) -> Ints:
        """How many consumers each gate has: int64 `(n_gates,)`, which sums to `total`."""
        if self.per_turn == self.per_scope:
            whole, rest = divmod(self.per_scope, self.n_combos)
            return np.tile(whole + (np.arange(self.n_combos) < rest).astype(np.int64), self.scopes)
        return np.bincount(self.gate_of(np.arange(self.total)), minlength=self.n_gates).astype(np.int64)


def wire(topology: Topology, consumer: str, dependency: Dependency) -> Wiring:
    """Wire one dependency of the group `consumer`.

    `pick` of the dependency counts over the union of its suppliers; where suppliers have a `pick`
    of their own, the combinations are the product of theirs and the dependency's own is not read.

    Args:
        topology: the topology.
        consumer: path of the consumer group.
        dependency: one of its dependencies.

    Returns:
        The wiring; see `Wiring` for what its numbers count.

    Raises:
        RefusedError: a `from` that names a supplier twice, a `pick` beyond what is there, or
            more distinct combinations than can be held; each names the dependency.
    """
    where = _place(consumer, dependency)
    total = topology.groups[consumer].total
    per_consumer = [topology.per(consumer, supplier.scope) for supplier in dependency.suppliers]
    per_scope, per_turn = min(per_consumer), max(per_consumer)
    chosen = [_positions(topology, supplier) for supplier in dependency.suppliers]
    sizes = [len(positions) for positions in chosen]
    _refuse_repeats(dependency.suppliers, chosen, where)
    firsts = np.cumsum([0, *sizes]).tolist()
    pools = tuple(
        Pool(supplier.group, topology.per(supplier.group, supplier.scope), within // per_scope, first, size)
        for supplier, within, first, size in zip(dependency.suppliers, per_consumer, firsts[:-1], sizes, strict=True)
    )
    return Wiring(
        consumer=consumer,
        total=total,
        scopes=total // per_scope,
        per_scope=per_scope,
        per_turn=per_turn,
        pools=pools,
        rank=np.repeat(np.arange(len(pools), dtype=np.int64), sizes),
        position=np.concatenate(chosen),
        combos=_combos(dependency, sizes, per_turn, where),
    )


def width(topology: Topology, dependency: Dependency) -> int:
    """Suppliers that each consumer is wired to (`Wiring.k`), without wiring anything."""
    sizes = [
        topology.per(supplier.group, supplier.scope) if supplier.offsets is None else len(supplier.offsets)
        for supplier in dependency.suppliers
    ]
    if any(supplier.pick is not None for supplier in dependency.suppliers):
        picks = [supplier.pick for supplier in dependency.suppliers]
        return sum(size if pick is None else pick for pick, size in zip(picks, sizes, strict=True))
    return sum(sizes) if dependency.pick is None else dependency.pick


def _combos(dependency: Dependency, sizes: list[int], per_turn: int, where: str) -> Ints:
    if all(supplier.pick is None for supplier in dependency.suppliers):
        sizes = [sum(sizes)]
        picks = [dependency.pick]
    else:
        picks = [supplier.pick for supplier in dependency.suppliers]
    wanted = [size if pick is None else pick for pick, size in zip(picks, sizes, strict=True)]
    for pick, size in zip(wanted, sizes, strict=True):
        if not 1 <= pick <= size:
            raise RefusedError("topology", f"{where} picks {pick} of {size}", f"pick between 1 and {size}")
    counts = [comb(size, pick) for size, pick in zip(sizes, wanted, strict=True)]
    used = min(prod(counts), per_turn, dependency.planes or per_turn)
    if used * sum(wanted) > MAX_ENTRIES:
        raise RefusedError(
            "topology",
            f"{where} deals {used:,} combinations of {sum(wanted)} suppliers, and {MAX_ENTRIES:,} numbers is the limit",
            "pick fewer, or group the suppliers so that each consumer has fewer in scope",
        )
    turn = np.arange(used, dtype=np.int64)
    columns: list[Ints] = []
    first, length = 0, 1
    for size, pick, count in zip(sizes, wanted, counts, strict=True):
        # All groups advance together; after every common round this group falls one further behind,
        # so that the product is run through once before anything repeats.
        together = lcm(length, count)
        here = turn % (length * count) if length * count < used else turn
        shift = here // together if together < used else 0
        columns.append(first + deal(size, pick, used)[(here + shift) % min(count, np.iinfo(np.int64).max)])
        first += size
        length *= count
    return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)


def _positions(topology: Topology, supplier: Supplier) -> Ints:
    if supplier.offsets is None:
        return np.arange(topology.per(supplier.group, supplier.scope), dtype=np.int64)
    return np.array(supplier.offsets, dtype=np.int64)


def _refuse_repeats(suppliers: tuple[Supplier, ...], chosen: list[Ints], where: str) -> None:
    by_group: dict[str, list[int]] = {}
    for index, supplier in enumerate(suppliers):
        by_group.setdefault(supplier.group, []).append(index)
    for group, indices in by_group.items():
        scopes = {suppliers[index].scope for index in indices}
        positions = np.concatenate([chosen[index] for index in indices])
        if len(scopes) > 1 or len(np.unique(positions)) < len(positions):
            raise RefusedError("topology", f"{where} names instances of '{group}' twice", "name each supplier once")


def _place(consumer: str, dependency: Dependency) -> str:
    return f"the {dependency.layer} dependency of '{consumer}' ({dependency.where})"
