"""How far long work has come: whoever works counts, whoever shows it listens.

Nobody listens unless a command asks for it, and then counting costs a comparison for each piece of work.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Listener(Protocol):
    """Is told of every piece of work that is done."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """So many pieces of `what` are done, of so many."""


_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of what is counted while this lasts."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def counted(pieces: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The pieces as they are, each counted when the next one is asked for.

    Args:
        pieces: the work, or what the work has made.
        total: how many there are, or at most.
        what: their name in the plural, as `histories`.
    """
    listener = _LISTENER.get()
    if listener is None:
        yield from pieces
        return
    listener(what, 0, total)
    done = 0
    try:
        for done, piece in enumerate(pieces, 1):
            yield piece
            listener(what, done, total)
    finally:
        if done < total:  # whoever listens must not wait for the rest
            listener(what, total, total)


def reached(done: int, total: int, what: str) -> None:
    """Say how far work is that goes through no list, as a search; `total` may be what it takes as a rule."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(what, done, total)
