"""`twin tables`: what result tables there are, and what their columns mean."""

from __future__ import annotations

import shutil
import textwrap

import click

from twin import tables as declared
from twin.cli.common import command, tables_begun

_TYPES = {
    "f64": "Float64",
    "i64": "Int64",
    "u32": "UInt32",
    "str": "String",
    "bool": "Boolean",
    "date": "Date",
    "time": "Datetime",
}
_WIDEST = 120


@command(
    ("twin tables", "Every table with what a row of it is."),
    ("twin tables cashflow", "Its columns with types and meaning; a '?' after the type: may be null."),
)
@click.argument("name", required=False, shell_complete=tables_begun)
def tables(name: str | None) -> None:
    """List the result tables, or the columns of one.

    Names end in their unit: capacity_kw, amount_usd, outages_per_year.
    Tables that a model and its engine hand each other, as prices, are shown by name.
    """
    if name is None:
        _print([(table.name, table.doc) for table in declared.TABLES.values()])
        return
    table = declared.EXCHANGED.get(name) or declared.table(name)
    click.echo(textwrap.fill(f"{table.name}: {table.doc}", _room()) + "\n")
    may = {column.name: " (may be left out)" * column.optional for column in table.columns}
    _print([(c.name, _TYPES[c.dtype] + "?" * c.nullable, c.doc + may[c.name]) for c in table.columns])


def _print(rows: list[tuple[str, ...]]) -> None:
    """Columns side by side, the last one wrapped to the terminal."""
    widths = [max(len(row[index]) for row in rows) + 2 for index in range(len(rows[0]) - 1)]
    indent = sum(widths)
    room = max(_room(), indent + 30)
    for row in rows:
        head = "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        click.echo(textwrap.fill(row[-1], room, initial_indent=head, subsequent_indent=" " * indent))


def _room() -> int:
    """Columns to write in: those of the terminal, and not so many that lines are hard to follow."""
    return min(shutil.get_terminal_size().columns, _WIDEST)
