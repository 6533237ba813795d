"""Styled lines as this terminal can show them: colour, or none; UTF-8, or ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from twin.report.layout import ascii_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text


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
