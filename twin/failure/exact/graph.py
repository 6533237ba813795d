"""The tree made small: constants gone, equal gates once, gates of one kind coalesced, every kind down to three.

Literals are numbers, negative for a complement.  AND is the complement of an OR of complements, so
that De Morgan's rules, nested NOTs and coalescing across them need no rule of their own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twin.failure.exact.idle import idle
from twin.failure.exact.ops import ATLEAST, OR, XOR, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from twin.failure.exact.frames import Gate, Tree

_ROUNDS = 20
"""Rounds of simplification: each can open more of it, the third seldom does."""


class Graph:
    """Gates over literals, each distinct gate once; what simplifies to a literal is no gate.

    Attributes:
        ops: gates by number, each after all its arguments.
        true: the literal that is always true.
    """

    def __init__(self, events: int) -> None:
        """Start without gates over events 1 … `events`."""
        self.true = events + 1
        self.ops: dict[int, Op] = {}
        self._next = events + 2
        self._known: dict[Op, int] = {}

    def any_of(self, literals: Iterable[int]) -> int:
        """The literal "one of them is true"."""
        args = set(literals)
        args.discard(-self.true)
        if self.true in args or any(-one in args for one in args):
            return self.true
        if len(args) < 2:  # noqa: PLR2004 - one is itself
            return args.pop() if args else -self.true
        return self._gate(Op(OR, 1, tuple(sorted(args, key=abs))))

    def all_of(self, literals: Iterable[int]) -> int:
        """The literal "all of them are true"."""
        return -self.any_of(-one for one in literals)

    def odd(self, literals: Iterable[int]) -> int:
        """The literal "an odd number of them is true"."""
        sign, count = 1, Counter[int]()
        for one in literals:
            sign = -sign if one < 0 else sign
            count[abs(one)] += 1
        args = [one for one, times in count.items() if times % 2]
        if self.true in args:
            args.remove(self.true)
            sign = -sign
        if not args:
            return -self.true * sign
        return sign * (args[0] if len(args) == 1 else self._gate(Op(XOR, 1, tuple(sorted(args)))))

    def at_least(self, k: int, literals: Sequence[int]) -> int:
        """The literal "at least `k` of them are true", each counted as often as it is listed."""
        k -= sum(one == self.true for one in literals)
        args = sorted((one for one in literals if abs(one) != self.true), key=abs)
        if k <= 0 or k > len(args):
            return self.true if k <= 0 else -self.true
        if k == 1:
            return self.any_of(args)
        if k == len(args):
            return self.all_of(args)
        times = Counter(abs(one) for one in args)
        twice = next((one for one, number in times.items() if number > 1), None)
        if twice is None:
            return self._gate(Op(ATLEAST, k, tuple(args)))
        # Listed several times it counts several times: both of its values are asked.  The value that does not
        # count needs no condition, as what is enough without it is enough with it.
        rest = [one for one in args if abs(one) != twice]
        cases = [
            self.all_of((*condition, self.at_least(k - args.count(one), rest)))
            for one in (twice, -twice)
            for condition in ((one,) if one in args else (),)
        ]
        return self.any_of(cases)

    def _gate(self, op: Op) -> int:
        if op not in self._known:
            self._known[op] = self._next
            self.ops[self._next] = op
            self._next += 1
        return self._known[op]


def graph(tree: Tree, wanted: Sequence[int]) -> tuple[Graph, list[int]]:
    """The graph under some gates of a tree, and the literal of each of these gates."""
    made = Graph(len(tree.probability) - 1)
    literal = {number: number for number in range(1, len(tree.probability))}
    for number in tree.house:
        literal[number] = made.true if tree.probability[number] > 0.0 else -made.true
    needed = _under(tree, wanted)
    for number, gate in tree.gates.items():
        if number in needed:
            inputs = [literal[one] if one > 0 else -literal[-one] for one in gate.inputs]
            literal[number] = _MAKE[gate.kind](made, gate, inputs)
    roots = [literal[number] for number in wanted]
    for _ in range(_ROUNDS):
        before = made.ops
        made, roots = _rebuilt(made, roots, {})
        made, roots = _rebuilt(made, roots, idle(made.ops, roots))
        if made.ops == before:
            break
    return made, roots


_MAKE: dict[str, Callable[[Graph, Gate, list[int]], int]] = {
    "and": lambda made, _, x: made.all_of(x),
    "or": lambda made, _, x: made.any_of(x),
    "nand": lambda made, _, x: -made.all_of(x),
    "nor": lambda made, _, x: -made.any_of(x),
    "not": lambda _made, _, x: -x[0],
    "null": lambda _made, _, x: x[0],
    "xor": lambda made, _, x: made.odd(x),
    "iff": lambda made, _, x: -made.odd(x),
    "imply": lambda made, _, x: made.any_of((-x[0], x[1])),
    "atleast": lambda made, gate, x: made.at_least(gate.k, x),
    "cardinality": lambda made, gate, x: made.all_of((made.at_least(gate.k, x), -made.at_least(gate.most + 1, x))),
}


def _under(tree: Tree, wanted: Iterable[int]) -> set[int]:
    """The gates on which some gates depend, themselves among them."""
    seen: set[int] = set()
    pending = list(wanted)
    while pending:
        here = pending.pop()
        if here not in seen and here in tree.gates:
            seen.add(here)
            pending += [abs(one) for one in tree.gates[here].inputs]
    return seen


def _rebuilt(old: Graph, roots: Sequence[int], idle: Mapping[tuple[int, int], bool]) -> tuple[Graph, list[int]]:
    """The same with every gate drawn into its only parent, where that is of its kind; unused gates are left out.

    Args:
        old: the graph.
        roots: the literals asked for.
        idle: (gate, argument without its sign) -> the value that may be put there instead.
    """
    uses = Counter(abs(one) for one in roots)
    for number in reversed(old.ops):
        if uses[number]:
            uses.update(abs(one) for one in old.ops[number].args)
    # A root is asked for by name, so that it must stay whoever else uses it.
    uses.update(abs(one) for one in roots)
    drawn = _drawn(old.ops, uses, idle)
    new = Graph(old.true - 1)
    literal: dict[int, int] = {old.true: new.true}
    for number, (kind, k, _) in old.ops.items():
        if not uses[number] or number in drawn:
            continue
        inputs: list[int] = []
        for gate, one in _arguments(old.ops, number, drawn):
            other, sign = abs(one), 1 if one > 0 else -1
            fixed = idle.get((gate, other))
            if fixed is not None:
                inputs.append(sign * (new.true if fixed else -new.true))
                continue
            mapped = literal.get(other, other) * sign
            # What became of this kind only now.
            late = new.ops.get(mapped) if kind != ATLEAST and uses[other] == 1 else None
            if late is not None and late.kind == kind:
                inputs += late.args
            else:
                inputs.append(mapped)
        if kind == ATLEAST:
            literal[number] = new.at_least(k, inputs)
        else:
            literal[number] = new.any_of(inputs) if kind == OR else new.odd(inputs)
    return new, [literal.get(abs(one), abs(one)) * (1 if one > 0 else -1) for one in roots]


def _drawn(ops: Mapping[int, Op], uses: Mapping[int, int], idle: Mapping[tuple[int, int], bool]) -> set[int]:
    """Gates that have one parent, of their kind, and become part of it."""
    return {
        one
        for number, (kind, _, args) in ops.items()
        if uses[number] and kind != ATLEAST
        for one in args
        if uses[abs(one)] == 1 and one in ops and ops[one].kind == kind and (number, one) not in idle
    }


def _arguments(ops: Mapping[int, Op], gate: int, drawn: Container[int]) -> Iterator[tuple[int, int]]:
    """The arguments of a gate and of all that is drawn into it, each with the gate that has it.

    A chain is walked once from its head: what is drawn in is never made by itself, as that would copy all that
    is below it once a level.
    """
    pending = [gate]
    while pending:
        here = pending.pop()
        for one in ops[here].args:
            if one in drawn:
                pending.append(one)
            else:
                yield here, one
