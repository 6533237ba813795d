"""Sites with their tariffs: how rows of tariffs become rows of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spread:
    """Rows of tariffs, repeated for every account.

    Attributes:
        account: the account of each row.
        row: the row of the tariff that it repeats.
        first: the first row of each account.
    """

    account: Ints
    row: Ints
    first: Ints


def spread(tariff_of_row: Sequence[int], tariff_of_account: Ints) -> Spread:
    """Repeat rows for accounts.

    Args:
        tariff_of_row: the tariff of each row, in ascending order.
        tariff_of_account: the tariff of each account.
    """
    tariffs = np.asarray(tariff_of_row, np.int64)
    begin = np.searchsorted(tariffs, tariff_of_account, "left")
    count = np.searchsorted(tariffs, tariff_of_account, "right") - begin
    first = np.cumsum(count) - count
    account = np.repeat(np.arange(len(tariff_of_account)), count)
    row = np.arange(len(account)) - np.repeat(first - begin, count)
    return Spread(account, row, first)
