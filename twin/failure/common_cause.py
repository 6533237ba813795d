"""Common causes: which share of an element's failures takes down exactly so many of its group, and which others.

With n alike elements, of each of which the failure rate (or probability) is Q, and Q_k that of the event
that takes down one particular set of k of them and no more, every element is in C(n-1, k-1) such sets:

    Q = sum over k of C(n-1, k-1) Q_k

- Multiple Greek letters: of the failures of an element, a share beta takes down at least one more, of these
  a share gamma at least a third, of these a share delta at least a fourth; letters that are not given are one.
  Q_k = (1 - rho_(k+1)) rho_1 … rho_k / C(n-1, k-1) Q, with rho = 1, beta, gamma, delta, 1, …, and rho_(n+1) = 0.
  Beta alone is the beta factor: all or one.
- Alpha factors: of all failure events in the group, a share alpha_k takes down exactly k of it;
  Q_k = k alpha_k / (C(n-1, k-1) sum of j alpha_j) Q, as for tests that are not staggered.

(Mosleh, Fleming and others, *Procedures for Treating Common Cause Failures*, NUREG/CR-4780, 1988; Mosleh,
Rasmuson and Marshall, *Guidelines on Modeling Common-Cause Failures*, NUREG/CR-5485, 1998.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.structure.model import Floats


@dataclass(frozen=True, slots=True)
class Factors:
    """What a file states of the common causes of a group.

    Attributes:
        greek: (3,), beta, gamma, delta; NaN where not given.
        alpha: (3,), alpha factors of two, three and four; NaN where not given.
    """

    greek: Floats
    alpha: Floats

    @property
    def given(self) -> bool:
        """Whether there are any."""
        return not (np.isnan(self.greek).all() and np.isnan(self.alpha).all())


def shares(factors: Factors, count: int, what: str) -> Floats:
    """Which share of an element's failures is the event of one particular set of so many.

    Args:
        factors: as stated.
        count: elements in the group, at least one.
        what: name of the group, for messages.

    Returns:
        (count,), Q_k / Q for k = 1 … count.

    Raises:
        RefusedError: alpha factors of more elements than there are, or above one together.
    """
    ways = np.array([comb(count - 1, k - 1) for k in range(1, count + 1)], dtype=float)
    by_letters = np.isnan(factors.alpha).all()
    found: Floats = (_greek(factors.greek, count) if by_letters else _alpha(factors.alpha, count, what)) / ways
    return found


def _greek(letters: Floats, count: int) -> Floats:
    rho = np.ones(count + 1)
    stated = np.where(np.isnan(letters), 1.0, letters)[: count - 1]
    rho[1 : 1 + len(stated)] = stated
    rho[count] = 0.0
    reached: Floats = np.cumprod(rho[:count]) * (1.0 - rho[1:])
    return reached


def _alpha(stated: Floats, count: int, what: str) -> Floats:
    alpha = np.zeros(max(count, 4))
    alpha[1:4] = np.where(np.isnan(stated), 0.0, stated)
    if alpha[count:].any() or alpha.sum() > 1.0:
        raise RefusedError(
            "failure",
            f"alpha factors of '{what}' are of more than the {count} there are, or above 100 % together",
            "state the shares of events that take down two, three and four of one container; the rest takes down one",
        )
    alpha = alpha[:count]
    alpha[0] = 1.0 - alpha.sum()
    weighed: Floats = np.arange(1, count + 1) * alpha
    weighed /= weighed.sum()
    return weighed
