"""Where in the file stands what a model refuses: the entry, or the parameter that the refusal names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import RefusedError
    from twin.topology.model import ModelEntry, Topology, Where

_QUOTED = re.compile(r"'([^']+)'")
_PARAMETER = re.compile(r"`([A-Za-z]\w*)[^`]*`")
_WORD = re.compile(r"\b[a-z]\w*\b")


def place(topology: Topology, error: RefusedError) -> None:
    """Give a refusal its place, where it is one of a model that was given entries of the file and has none yet.

    A refusal is of the entry that its reason names in quotes, or of the only one that the model was given.  Its
    parameter is the first that the file states of those that it names.

    Args:
        topology: whose entries they are.
        error: what the model raised; changed in place.
    """
    model, names = error.asked
    if error.place or not names:
        return
    entries = [entry for entry in topology.entries if entry.model == model and entry.name in names]
    quoted = _QUOTED.findall(error.reason)
    named = [entry for name in quoted for entry in entries if entry.name == name] or entries
    if named and (len(entries) == 1 or named is not entries):
        error.place = _place(named[0], f"{error.reason}; {error.remedy}")


def _place(entry: ModelEntry, said: str) -> str:
    key = next(_parameters(entry, said), "")
    path = f"{entry.section}.{entry.name}" + (f".{key}" if key else "")
    return f"{_numbers(entry.places[key] if key else entry.where)}: {path}"


def _parameters(entry: ModelEntry, said: str) -> Iterator[str]:
    """The parameters that a refusal may mean, the surest first: in backquotes, with a file, by a word, with a value."""
    quoted = _QUOTED.findall(said)
    yield from (key for key in _PARAMETER.findall(said) if key in entry.places)
    for file in (name for name in quoted if name in entry.files):
        yield from (key for key, text in entry.given.items() if file in text)
    yield from (word for word in _WORD.findall(said) if word in entry.places)
    for value in quoted:
        yield from (key for key, text in entry.given.items() if text == value)


def _numbers(where: Where) -> str:
    return ":".join([where.file, *(str(number) for number in (where.line, where.column) if number)])
