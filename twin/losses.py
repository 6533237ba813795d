"""What a default leaves unpaid, and what a guarantor pays of it: the one rule behind every figure on a guarantee.

The closed form of a guarantee (tables `guarantee` and `guarantee_value`), a default that is told to happen and the
scenarios of `twin risk` read the same matrices: rows are months of default, columns months of payment.

unpaid      in each month from the default on, what the phases that had commenced by then owe, less what the site brings
            when it is let again
shortfall   of a residual value: what the value at exercise is below the strike, up to the most that is guaranteed
claims      first loss: all of it until the amount guaranteed in the month of default is used up;
            pro rata: of every month the share that was guaranteed of all that was owed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FIRST, PRO_RATA = "first", "pro-rata"


def owing(since: Ints, due: Floats) -> Floats:
    """What is due of the phases that have commenced, by month of default and month of payment, in dollars.

    Args:
        since: month in which each phase commences; it may be before the first, month 0.
        due: what each phase owes by month, shape (phases, months).

    Returns:
        Shape (months, months); zero before the diagonal.
    """
    import numpy as np  # noqa: PLC0415 - the door loads no numpy

    months = due.shape[1]
    commenced = since[None, :] <= np.arange(months)[:, None]
    return np.asarray(np.triu(commenced.astype(np.float64) @ due))


def unpaid(owed: Floats, again: float, downtime: int) -> Floats:
    """What a default leaves unpaid after the site is let again.

    Args:
        owed: of `owing`.
        again: share of it that the next tenant pays,
        downtime: so many months after the default.
    """
    import numpy as np  # noqa: PLC0415 - the door loads no numpy

    return np.asarray(owed - again * np.triu(owed, downtime))


def claims(lost: Floats, guaranteed: Floats, exposure: Floats | None = None) -> Floats:
    """What a guarantor is asked for.

    Args:
        lost: of `unpaid`.
        guaranteed: amount by month of default.
        exposure: all that is owed then, of which every month's share is guaranteed; None where the guarantor pays all
            until the amount is used up.
    """
    import numpy as np  # noqa: PLC0415 - the door loads no numpy

    if exposure is not None:
        share = np.divide(guaranteed, exposure, out=np.zeros(len(exposure)), where=exposure > 0)
        return np.asarray(lost * share[:, None])
    so_far = np.minimum(np.cumsum(lost, axis=1), guaranteed[:, None])
    return np.diff(so_far, axis=1, prepend=0.0)


def shortfall(value: Floats | float, strike: float, most: float) -> Floats:
    """What a guarantor of a residual value makes up.

    Args:
        value: what it is worth at exercise.
        strike: value that is guaranteed.
        most: up to so much.
    """
    import numpy as np  # noqa: PLC0415 - the door loads no numpy

    return np.asarray(np.minimum(np.maximum(strike - np.asarray(value, dtype=np.float64), 0.0), most))


def in_turn(value: Floats, owed: Floats) -> Floats:
    """What each claim gets of the proceeds of a sale, the senior first; the last axis is scenarios or months.

    Args:
        value: proceeds.
        owed: by claim in their order, shape (claims, …).
    """
    import numpy as np  # noqa: PLC0415 - the door loads no numpy

    ahead = np.cumsum(owed, axis=0) - owed
    return np.minimum(owed, np.maximum(value - ahead, 0.0))
