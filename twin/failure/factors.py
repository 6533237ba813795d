"""Common-cause factors that a topology states of a group, as shares of `twin.failure.common_cause`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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


def shares(factors: Factors, count: int) -> Floats:
    """Which share of an element's failures is the event of one particular set of so many.

    Args:
        factors: as stated; `twin.topology.failing` has nothing against them.
        count: elements in the group, at least two.

    Returns:
        (count,), Q_k / Q for k = 1 … count.
    """
    if not np.isnan(factors.alpha).all():
        more = np.nan_to_num(factors.alpha)
        alpha = [max(1.0 - float(more.sum()), 0.0), *more[: count - 1].tolist()]
        return np.array(common_cause.shares("alpha-factor", alpha, count))
    letters = [*np.where(np.isnan(factors.greek), 1.0, factors.greek).tolist(), *[1.0] * count]
    return np.array(common_cause.shares("MGL", letters[: count - 1], count))
