"""One row of `checks`, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from twin.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Check:
    """One row of `checks`."""

    check: str
    scope: str
    ok: bool
    got: str
    wanted: str
    message: str


def frame(rows: Sequence[Check]) -> pl.DataFrame:
    """The rows as table `checks`."""
    declared = tables.table("checks")
    return declared.frame({name: [getattr(row, name) for row in rows] for name in declared.names})


def when(topology: Topology, month: int) -> str:
    """A month as a person reads it: `2027-06`."""
    return f"{topology.calendar.date(month):%Y-%m}"
