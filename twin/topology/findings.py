"""Where the reader collects what is wrong, so that a user sees all of it at once."""

from __future__ import annotations

from typing import Protocol

from twin.errors import Finding, InputError
from twin.topology.model import Where

MAX_FINDINGS = 500
"""More than this nobody reads; the reader stops there instead of looking on for minutes."""


class Placed(Protocol):
    """Anything that stands somewhere in a file; `path` is set where it is not where it was found."""

    @property
    def where(self) -> Where:
        """Place in the file."""

    @property
    def path(self) -> str:
        """The path to name instead of the one being read; empty for most."""


class Findings:
    """A list of findings that grows while a file is read."""

    def __init__(self) -> None:
        """Start with nothing wrong."""
        self.items: list[Finding] = []

    def add(self, at: Where | Placed, path: str, message: str, *, got: str = "", expected: str = "") -> None:
        """Note one thing that is wrong.

        Args:
            at: the place, or the node that stands there; a node of an overlay brings its own path.
            path: path inside the document.
            message: what is wrong.
            got: what stood there.
            expected: what would be right.

        Raises:
            InputError: this is one more than anybody reads.
        """
        place = at if isinstance(at, Where) else at.where
        if not isinstance(at, Where) and at.path:
            path = at.path
        self.items.append(Finding(place.file, place.line, place.column, path, message, got, expected))
        if len(self.items) >= MAX_FINDINGS:
            self.items.append(
                Finding(place.file, 0, 0, "", f"more than {MAX_FINDINGS} findings: the rest is not shown")
            )
            raise InputError(self.items)

    def raise_if_any(self) -> None:
        """Raise everything noted so far, or do nothing.

        Raises:
            InputError: something was noted.
        """
        if self.items:
            raise InputError(self.items)
