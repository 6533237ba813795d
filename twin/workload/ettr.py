"""Where the wall time of a checkpointed run goes: the exact renewal formula, and a published approximation.

Interruptions come at a constant rate all the time that the run has enough accelerators, while it
writes and restarts too.  Each throws it back to the last complete checkpoint, and it goes on after
detection and restart; an interruption in those begins them again.  With M the mean time to an
interruption, R detection and restart together, t the interval and w the time to write a checkpoint,
the expected wall time from one checkpoint to the next is

    M exp(R / M) (exp((t + w) / M) - 1)

(J. T. Daly, Future Generation Computer Systems 22 (2006) 303, the complete model).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_MOST_EXPONENT = 600.0
"""Beyond this a run practically never reaches its next checkpoint, and e to the power of it leaves the floats."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the wall time of a run that has enough accelerators; they sum to 1.

    Attributes:
        training: progress that is kept: the effective training time ratio (ETTR).
        writing: checkpoints that were completed and needed no repetition.
        restarting: detection and restart, those that were interrupted included.
        redone: progress since the last checkpoint, and unfinished checkpoints, that interruptions threw away.
    """

    training: float
    writing: float
    restarting: float
    redone: float


def wall_time(interval: float, write: float, restart: float, mttf: float) -> float:
    """Expected wall time from one checkpoint to the next, in the unit of the arguments.

    Args:
        interval: training between two checkpoints.
        write: time that one checkpoint takes.
        restart: detection and restart.
        mttf: mean time to an interruption; infinite where there is none.

    Returns:
        The wall time; infinite where the run practically never gets through.
    """
    if math.isinf(mttf):
        return interval + write
    if (interval + write + restart) / mttf > _MOST_EXPONENT:
        return math.inf
    return mttf * math.exp(restart / mttf) * math.expm1((interval + write) / mttf)


def shares(interval: float, write: float, restart: float, mttf: float) -> Shares:
    """Where the wall time goes; arguments as for `wall_time`.

    Interruptions come once in `mttf` of wall time, and each is followed by `mttf (1 - exp(-restart / mttf))`
    of detection and restart before these are done or interrupted again: a share of 1 - exp(-restart / mttf).
    """
    if math.isinf(interval):
        return Shares(1.0, 0.0, 0.0, 0.0)
    total = wall_time(interval, write, restart, mttf)
    training, writing = interval / total, write / total
    restarting = -math.expm1(-restart / mttf)
    return Shares(training, writing, restarting, max(0.0, math.exp(-restart / mttf) - training - writing))


def approximate(interval: float, write: float, restart: float, mttf: float) -> float:
    """The approximation of ETTR by Kokolis et al., (1 - (restart + interval / 2) / mttf) / (1 + write / interval).

    `mttf` is 1 / (nodes x failure rate of a node).  Good while restart and interval are far below `mttf`;
    0 where the formula falls below.  Kokolis et al., HPCA 2025, arXiv:2410.21680, as quoted by others.
    """
    if math.isinf(interval):
        return 1.0
    if interval <= 0.0:
        return 0.0
    return max(0.0, 1.0 - (restart + interval / 2.0) / mttf) / (1.0 + write / interval)
