"""What the loss of supply of some classes comes to, for every roll-up scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Bools, Csr, Floats, Ints, Snapshot


@dataclass(frozen=True, slots=True)
class Shares:
    """What a class counts for in its scopes, own failures of the loads taken as their mean.

    Where no load of the system draws power, loads count instead of kilowatts.

    Attributes:
        weight: (classes,), what it weighs: kW at full use, or loads; 0 where not energised.
        working: (classes,), of that what works itself in the long run.
        whole: (scopes,), weight of all that is energised in it.
        own: (scopes,), share of it that is lost to the loads' own failures while all of it is fed.
        there: (scopes,), whether anything in it is energised.
        parent: (scopes,), as in `Scope`.
    """

    weight: Floats
    working: Floats
    whole: Floats
    own: Floats
    there: Bools
    parent: Ints


def shares(snapshot: Snapshot) -> Shares:
    """The shares of one month."""
    structure = snapshot.structure
    classes, on = structure.classes, snapshot.class_on
    parent = np.array([scope.parent for scope in structure.scopes], dtype=np.int64)
    draws = bool((classes.power_kw * classes.count)[on].any())
    weight = np.where(on, classes.count * (classes.power_kw if draws else 1.0), 0.0)
    working = weight * (1.0 - classes.unavailability)
    whole = rolled_up(classes.scope, weight, parent)
    lost = rolled_up(classes.scope, weight - working, parent)
    own = np.divide(lost, whole, out=np.zeros(len(whole)), where=whole > 0.0)
    return Shares(weight, working, whole, own, rolled_up(classes.scope, on.astype(float), parent) > 0.0, parent)


def rolled_up(scope: Ints, amount: Floats, parent: Ints) -> Floats:
    """(scopes,): what lies in each scope and all below it."""
    sums: Floats = np.bincount(scope, weights=amount, minlength=len(parent)).astype(float)
    for index in range(len(parent) - 1, -1, -1):
        if parent[index] >= 0:
            sums[parent[index]] += sums[index]
    return sums


@dataclass(frozen=True, slots=True)
class Losses:
    """Scopes that are not wholly fed, state by state.

    Attributes:
        scope, state: of each.
        share: expected share of its load that is lost because of it.
    """

    scope: Ints
    state: Ints
    share: Floats


def losses(rule: Shares, classes_scope: Ints, unfed: tuple[Ints, Ints], states: int) -> Losses:
    """Roll classes that are not fed up to scopes.

    Args:
        rule: as `shares` gives it.
        classes_scope: `Classes.scope`.
        unfed: (pairs,) class and (pairs,) state.
        states: how many states there are.
    """
    scope, state, lost = classes_scope[unfed[0]], unfed[1], rule.working[unfed[0]]
    parts: list[Losses] = []
    while len(scope):
        found, back = np.unique(scope * states + state, return_inverse=True)
        lost = np.bincount(back, weights=lost, minlength=len(found)).astype(float)
        scope, state = np.divmod(found, states)
        parts.append(Losses(scope, state, lost))
        up = rule.parent[scope] >= 0
        scope, state, lost = rule.parent[scope[up]], state[up], lost[up]
    return _together(rule, parts, states)


def _together(rule: Shares, parts: list[Losses], states: int) -> Losses:
    """One row a scope and state: a scope may hold loads itself and scopes besides."""
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return Losses(none, none, np.empty(0))
    key = np.concatenate([part.scope * states + part.state for part in parts])
    found, back = np.unique(key, return_inverse=True)
    lost = np.bincount(back, weights=np.concatenate([part.share for part in parts]), minlength=len(found))
    scope, state = np.divmod(found, states)
    whole = rule.whole[scope]
    return Losses(scope, state, np.divide(lost, whole, out=np.zeros(len(lost)), where=whole > 0.0))


def spread(lists: Csr, rows: Ints) -> tuple[Ints, Ints]:
    """The values of some rows of a list of lists.

    Returns:
        (values,) position in `rows` that each belongs to, and (values,) the value.
    """
    size = np.diff(lists.start)[rows]
    which = np.repeat(np.arange(len(rows)), size)
    at = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(lists.start[rows], size)
    return which, lists.values[at]
