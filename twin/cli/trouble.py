"""How errors look: findings one a line, refusals, failed checks, and our own bugs with how to report them."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twin import __version__
from twin.errors import EXIT_BUG, InputError, RefusedError, TwinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.topology.model import Topology

DEBUG_VARIABLE = "TWIN_DEBUG"
"""Environment variable: set to 1 to see the traceback of an internal error at once."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """`text` without control characters: what a file says must not steer the terminal that shows it."""
    return _CONTROL.sub("?", text)


def say(text: str) -> None:
    """Words for the person: one line on stderr."""
    click.echo(clean(text), err=True)


def remark(text: str) -> None:
    """Words that may be left out: one line on stderr, none with `twin --quiet`."""
    context = click.get_current_context(silent=True)
    if context is None or not (context.find_root().obj or {}).get("quiet"):
        say(text)


def say_remarks(topology: Topology) -> None:
    """What may not be meant in a file that is right, under a heading on stderr; nothing where there is nothing."""
    from twin.topology.remarks import remarks

    found = remarks(topology)
    if found:
        remark(
            f"REMARKS: {len(found)} {'thing' if len(found) == 1 else 'things'} to look at; nothing is refused for them"
        )
    for one in found:
        remark(f"  {one}")


def report_error(error: TwinError) -> None:
    """A refusal on stderr: findings one a line with their number, anything else as it stands."""
    if isinstance(error, RefusedError) and len(error.findings) > 1:
        for finding in error.findings:
            say(str(finding))
        say(f"{len(error.findings)} refusals of the {error.engine}; nothing was run")
        return
    if not isinstance(error, InputError):
        placed = isinstance(error, RefusedError) and error.place  # as a finding: the place comes first
        say(str(error) if placed else f"error: {error}")
        return
    for finding in error.findings:
        say(str(finding))
    count = len(error.findings)
    say(f"{count} error{'s' if count != 1 else ''} found; nothing was run")


def report_bug(error: BaseException, args: Sequence[str]) -> int:
    """An internal error on stderr, its traceback in a file (or on stderr, where TWIN_DEBUG is set).

    Returns:
        The exit status.
    """
    say(f"internal error: {type(error).__name__}: {error}")
    say("This is a bug in twin or in a plugin, not in your file.")
    trace = "".join(traceback.format_exception(error))
    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        click.echo(trace, err=True)
    else:
        say(f"The traceback is in {_write(trace, args)} (or set {DEBUG_VARIABLE}=1 to see it here).")
    say(f"Please report it{_where()} with the traceback, the command and the topology file.")
    return EXIT_BUG


def _write(trace: str, args: Sequence[str]) -> str:
    head = f"twin {__version__}\npython {sys.version}\nplatform {sys.platform}\ncommand twin {' '.join(args)}\n\n"
    try:
        number, name = tempfile.mkstemp(prefix="twin-bug-", suffix=".txt", text=True)
        os.close(number)
        Path(name).write_text(head + trace, encoding="utf-8")
    except OSError as error:
        return f"no file, for none can be written ({error.strerror})"
    return name


def _where() -> str:
    """Where bugs go, as the installed package says; empty where it does not."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        links = metadata("twin").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    for link in links:
        label, _, address = link.partition(", ")
        if label.casefold() in ("issues", "bug tracker", "repository"):
            return f" at {address}"
    return ""
