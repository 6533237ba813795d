"""Common-cause factors that a topology states of a group, as shares of `twin.failure.common_cause`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure import common_cause

if TYPE_CHECKING:
    from twin.structure.model import Floats


@dataclass(frozen=True, slots=True)
class Factors:
    """What a file states of the common causes of a group.

    Attributes:
        greek: (3,), beta, gamma, delta; NaN where not given, which then is one, as are the letters after delta.
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
    if not np.isnan(factors.alpha).all():
        return np.array(_alpha(factors.alpha, count, what))
    if count == 1:
        return np.ones(1)
    letters = [*np.where(np.isnan(factors.greek), 1.0, factors.greek).tolist(), *[1.0] * count]
    return np.array(common_cause.shares("MGL", letters[: count - 1], count))


def _alpha(stated: Floats, count: int, what: str) -> list[float]:
    more = np.where(np.isnan(stated), 0.0, stated)
    if more[count - 1 :].any() or more.sum() > 1.0:
        raise RefusedError(
            "failure",
            f"alpha factors of '{what}' are of more than the {count} there are, or above 100 % together",
            "state the shares of events that take down two, three and four of one container; the rest takes down one",
        )
    if count == 1:
        return [1.0]
    alpha = [1.0 - float(more.sum()), *more[: count - 1].tolist()]
    return common_cause.shares("alpha-factor", alpha, count)
