"""The errors of `twin`: one family, each with the exit status the command line gives it.

A finding is one thing that is wrong in one place of one file.  Reading a topology collects all of
them and raises once, so that a user mends a file in one round and not in twenty.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_BUG = 101

_MAX_GOT = 60
_SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong in one place.

    Attributes:
        file: the file as the user named it.
        line: line in that file, counted from 1; 0 where the whole file is meant.
        column: column in that line, counted from 1; 0 where the whole line is meant.
        path: the path inside the document, as `sites.river-bend.contains.ups[4].capacity`.
        message: what is wrong.
        got: what stood there, shortened; empty where nothing did.
        expected: what would be right, with the nearest name where one is near.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    got: str = ""
    expected: str = ""

    @property
    def place(self) -> str:
        """`file:line:column`, as far as it is known."""
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])

    def __str__(self) -> str:
        """`file:line:column: path: what is wrong (got X); what would be right`."""
        text = ": ".join(part for part in (self.place, self.path, self.message) if part)
        if self.got:
            text += f" (got {shorten(self.got)})"
        if self.expected:
            text += f"; {self.expected}"
        return text


class TwinError(Exception):
    """Anything `twin` refuses to do, with a message for the user and not for a debugger."""

    exit_status = EXIT_BAD_INPUT


class InputError(TwinError):
    """A topology file or a side table is wrong; carries every finding at once."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Keep the findings in file order, without repeats."""
        self.findings = tuple(sorted(set(findings)))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class UnitError(TwinError, ValueError):
    """A quantity string that cannot be read as the dimension it stands for."""

    def __init__(self, message: str, expected: str = "") -> None:
        """`message` says what is wrong, `expected` what would be right."""
        self.message = message
        self.expected = expected
        super().__init__(f"{message}; {expected}" if expected else message)


class UsageError(TwinError):
    """A call that cannot be meant: an unknown table, scenario, selector or option."""


class RefusedError(TwinError):
    """An engine will not answer, because the answer would be wrong or would never come.

    Attributes:
        engine: which engine or model refuses, as `failure`.
        reason: why.
        remedy: what the user can do about it.
        asked: the model that refused and the names of the entries it was given; empty where an engine itself refuses.
        place: `file:line:column: path` of the entry, or of its parameter; empty where it is not known.
        findings: each thing that is refused, with its place, where the engine knows them.
    """

    def __init__(self, engine: str, reason: str, remedy: str, findings: Iterable[Finding] = ()) -> None:
        """Name the engine, the reason and the remedy, and the places in the file where they are known."""
        self.findings = tuple(findings)
        self.engine = engine
        self.reason = reason
        self.remedy = remedy
        self.asked: tuple[str, tuple[str, ...]] = ("", ())
        self.place = ""
        super().__init__(f"{engine} refuses: {reason}; {remedy}")

    def __str__(self) -> str:
        """The place where it is known, and the refusal."""
        said = super().__str__()
        return f"{self.place}: {said}" if self.place else said


class PluginError(TwinError):
    """A plugin is missing, broken, clashes with another or returned something wrong."""


def shorten(text: str, limit: int = _MAX_GOT) -> str:
    """`text` on one line and at most `limit` characters long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the known name nearest to `name`; empty where none is near."""
    names = list(known)
    folded = {other.casefold(): other for other in names}
    if name.casefold() in folded:
        return f"did you mean '{folded[name.casefold()]}'?"
    longer = [other for other in names if other.casefold().startswith(name.casefold())]
    if len(longer) == 1 and len(name) >= _SHORTEST_PREFIX:
        return f"did you mean '{longer[0]}'?"
    if len(name) < _SHORTEST_PREFIX and not name.isalpha():
        return ""  # 'N+3' is as near to 'N+1' as to 'N+2', and means neither
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def one_of(name: str, known: Iterable[str], limit: int | None = 24, rest: str = "") -> str:
    """The nearest known name and the list to choose from, as an `expected` text.

    Args:
        name: what was written.
        known: what may be.
        limit: how many are listed at most; None for all.
        rest: what lists them all, said where not all are.
    """
    names = sorted(known)
    listed = ", ".join(names[:limit])
    if limit is not None and len(names) > limit:
        listed += f", … ({len(names)} in all{'; ' * bool(rest)}{rest})"
    hint = nearest(name, names)
    return f"{hint} one of: {listed}".strip() if names else hint
