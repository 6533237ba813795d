"""Styled lines as this terminal can show them: colour, or none; UTF-8, or ASCII; and what it had no room for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click
from rich.console import Console

from twin.cli.trouble import remark
from twin.report.layout import Headings, ascii_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text


WIDEST = 140
"""Columns of a screen beyond which lines are too long to read."""


def width() -> int:
    """Columns of the terminal, within what reads well; 100 where there is none."""
    return max(60, min(shutil.get_terminal_size((100, 24)).columns, WIDEST))


def put(lines: Sequence[Text], *, tables: bool = True) -> None:
    """Write the lines to stdout, and to stderr in one more which columns are not in them and how to see these.

    Args:
        lines: what a report made.
        tables: whether the command gives its tables, so that `--table` has what no screen has room for.
    """
    click.echo(screen(lines), nl=False)
    narrow = [line for line in lines if isinstance(line, Headings) and line.left_out]
    if narrow:
        said = "; ".join(f"{line.title}: {', '.join(line.left_out)}" for line in narrow)
        room = min(max(line.room for line in narrow), WIDEST)
        remark(f"too narrow for {said}. COLUMNS={room} shows more{tables * ', --table NAME all of a table'}")


def screen(lines: Sequence[Text]) -> str:
    """The lines as one string with the escapes that stdout understands: none where it is no terminal.

    It is for `click.echo` to write: rich would end the process where the reader has gone.
    """
    console = Console(highlight=False)
    plain = "utf" not in console.encoding.lower()
    with console.capture() as held:
        for line in lines:
            if plain:
                line.plain = ascii_only(line.plain)
            console.print(line, soft_wrap=True)
    return held.get()
