"""Whether a topology has a structure that can be worked with in every month, and all that speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import RefusedError
from twin.structure.snapshot import connected, months_of_change, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.errors import Finding
    from twin.structure.model import Structure


def unsound(compiled: Callable[[], Structure]) -> tuple[Finding, ...]:
    """What every engine would refuse of a structure.

    Args:
        compiled: gives the structure; it may refuse to.

    Returns:
        A finding for each place, in file order; none where the engines can begin.
    """
    found: set[Finding] = set()
    seen: set[tuple[bytes, bytes]] = set()
    try:
        structure = compiled()
    except RefusedError as error:
        return _of(error)
    for month in months_of_change(structure):
        bare = connected(structure, month)
        there = (bare.element_on.tobytes(), bare.class_on.tobytes())
        if there in seen:
            continue
        seen.add(there)
        try:
            snapshot(structure, month)
        except RefusedError as error:
            found |= {*_of(error)}
    return tuple(sorted(found))


def _of(error: RefusedError) -> tuple[Finding, ...]:
    if not error.findings:  # not of a place in the file: whoever asks has to have it as it is
        raise error
    return error.findings
