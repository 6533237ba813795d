"""How often to write a checkpoint: Young, Daly, and the interval that takes the least time.

All times are in one unit.  `write` is the time that training stands still for one checkpoint, `mttf`
the mean time to an interruption, and the interval is the training between two checkpoints, without
the time to write one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NEAR_BRANCH = 0.01
"""Below this the series about the branch point is more exact than the Lambert function next to it."""

_BRANCH = (1.0, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505)
"""1 + W0(z) in powers of p = sqrt(2 (1 + e z)).

Corless et al., On the Lambert W function, Advances in Computational Mathematics 5 (1996), 4.22.
"""


def young(write: float, mttf: float) -> float:
    """Young's first-order interval, sqrt(2 write mttf).

    J. W. Young, Communications of the ACM 17 (1974) 530.
    """
    return math.sqrt(2.0 * write * mttf)


def daly_first(write: float, mttf: float) -> float:
    """Daly's first-order interval, sqrt(2 write mttf) - write; `mttf` where writing takes half of that and more.

    J. T. Daly, Future Generation Computer Systems 22 (2006) 303.
    """
    return mttf if write >= mttf / 2.0 else math.sqrt(2.0 * write * mttf) - write


def daly(write: float, mttf: float) -> float:
    """Daly's higher-order interval; `mttf` where writing takes twice that and more.

    With x = write / (2 mttf): sqrt(2 write mttf) (1 + sqrt(x) / 3 + x / 9) - write.  Daly 2006, as above.
    Its first three terms in sqrt(write / mttf) are those of `optimum`.
    """
    if write >= 2.0 * mttf:
        return mttf
    if math.isinf(mttf):
        return mttf
    half = write / (2.0 * mttf)
    return math.sqrt(2.0 * write * mttf) * (1.0 + math.sqrt(half) / 3.0 + half / 9.0) - write


def optimum(write: float, mttf: float) -> float:
    """The interval with the least expected wall time under exponential interruptions.

    The wall time of an interval t is proportional to (exp((t + write) / mttf) - 1) / t (Daly 2006, the
    complete model; see `twin.workload.ettr`).  Its derivative is zero where, with y = t / mttf and
    d = write / mttf, (1 - y) exp(y + d) = 1, so that

        t = mttf (1 + W0(-exp(-1 - d))),

    W0 being the principal branch of the Lambert function.  Waiting and restarting do not enter.
    """
    if math.isinf(mttf):
        return mttf
    ratio = write / mttf
    near = math.sqrt(-2.0 * math.expm1(-ratio))
    if near < _NEAR_BRANCH:
        return mttf * math.fsum(factor * near**power for power, factor in enumerate(_BRANCH, 1))
    from scipy.special import lambertw  # noqa: PLC0415 - heavy, and only this policy needs it

    return mttf * (1.0 + float(lambertw(-math.exp(-1.0 - ratio)).real))


POLICIES: Mapping[str, Callable[[float, float], float]] = {
    "young": young,
    "daly-first": daly_first,
    "daly": daly,
    "optimum": optimum,
}
"""Name -> interval from the time to write a checkpoint and the mean time to an interruption."""
