"""Every result table, declared once: columns, types, units and what they mean.

The engines build frames to these declarations, `Results` and `twin tables` read them, the reference
pages are generated from them, and what a plugin returns is held against them.  A float carries its
unit in its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import UsageError, nearest
from twin.tables import (
    books,
    capacity,
    carbon,
    common,
    energy,
    failure,
    financing,
    money,
    montecarlo,
    network,
    plant,
    resilience,
    scenarios,
)
from twin.tables.schema import Column, Table, hold

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EXCHANGED", "TABLES", "Column", "Table", "check", "table"]

TABLES: dict[str, Table] = {
    declared.name: declared
    for module in (
        plant,
        capacity,
        network,
        failure,
        montecarlo,
        energy,
        carbon,
        resilience,
        money,
        scenarios,
        financing,
        books,
        common,
    )
    for declared in module.TABLES
}

EXCHANGED: dict[str, Table] = {declared.name: declared for declared in energy.EXCHANGED}
"""Tables that models and engines hand each other; no result holds them."""


def table(name: str) -> Table:
    """The table called `name`.

    Raises:
        UsageError: no such table, with the nearest name.
    """
    if name not in TABLES:
        hint = " ".join(filter(None, (nearest(name, TABLES), "see 'twin tables'")))
        raise UsageError(f"there is no table '{name}'; {hint}")
    return TABLES[name]


def check(name: str | Table, frame: object, who: str) -> pl.DataFrame:
    """Hold a frame that `who` (a model and its distribution) returned against its table.

    Args:
        name: the name of a table declared here, or the declaration of a plugin's own table.
        frame: what was returned.
        who: the model and its distribution, for the message.

    Returns:
        The frame with its columns in the declared order.

    Raises:
        PluginError: see `twin.tables.schema.hold`.
    """
    return hold(name if isinstance(name, Table) else table(name), frame, who)
