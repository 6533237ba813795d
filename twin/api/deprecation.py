"""How the door changes: what is renamed goes on working for a minor version, and says so.

`NAMES` lists what is to go away.  A name of `twin.api` stands in it as it is written (`OldModel`), a
field of a descriptor or of what a model is given with its class (`FinancingInputs.old`).  Whoever uses
one gets what took its place, and a warning that names their module.  A hook that is to go away says so
in its spec: `@hookspec(warn_on_impl=of_hook(...))`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from twin.api.door import API_VERSION
from twin.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

T = TypeVar("T")

DOOR = "twin.api"


class TwinDeprecationWarning(DeprecationWarning):
    """A plugin uses something of the door that is to go away; the message says what takes its place."""


@dataclass(frozen=True, slots=True)
class Deprecated:
    """Something of the door that is to go away.

    Args:
        use: what takes its place: a name of `twin.api`, or a field of the same class; empty for nothing.
        since: the first version of `twin` that warns, as `0.2`.
        gone: the first version without it: a minor version later at the earliest.
        value: what the old name stands for where nothing takes its place.
    """

    use: str
    since: str
    gone: str
    value: object = None

    def says(self, name: str, user: str) -> str:
        """The warning, for the module that uses it."""
        instead = f"use {self.use}" if self.use else "nothing takes its place"
        return f"{user} uses {name}, which is deprecated since twin {self.since} and gone in {self.gone}; {instead}"


NAMES: dict[str, Deprecated] = {}
"""Everything of the door that is to go away, by its old name."""


def name(old: str) -> object:
    """What an old name of `twin.api` stands for, with a warning; for the module's `__getattr__`.

    Raises:
        AttributeError: there is and was no such name.
    """
    entry = NAMES.get(old)
    if entry is None:
        raise AttributeError(f"module '{DOOR}' has no attribute '{old}'", name=old, obj=sys.modules[DOOR])
    # `from twin.api import old` asks twice, first only whether it is there
    if not _is_import(sys._getframe(2)):  # noqa: SLF001 - the way to who asked, as in `warnings`
        _warn(f"{DOOR}.{old}", entry)
    return getattr(sys.modules[DOOR], entry.use) if entry.use else entry.value


def evolving(cls: type[T]) -> type[T]:
    """Make a class of the door take and answer old names of its fields."""
    stated: Any = cls
    made = stated.__init__
    fields = frozenset(inspect.signature(made).parameters)

    @functools.wraps(made)
    def init(self: Any, *args: Any, **given: Any) -> None:
        for old in [word for word in given if word not in fields]:
            entry = NAMES.get(f"{cls.__name__}.{old}")
            if entry is not None:
                _warn(f"{cls.__name__}.{old}", entry)
                value = given.pop(old)
                given |= {entry.use: value} if entry.use else {}
            else:
                _refuse_newer(cls.__name__, given.get("api"), old)
        made(self, *args, **given)

    def missing(self: Any, old: str) -> Any:
        entry = NAMES.get(f"{cls.__name__}.{old}")
        if entry is None:
            raise AttributeError(f"'{cls.__name__}' object has no attribute '{old}'", name=old, obj=self)
        _warn(f"{cls.__name__}.{old}", entry)
        return getattr(self, entry.use) if entry.use else entry.value

    stated.__init__, stated.__getattr__ = init, missing
    return cls


def _refuse_newer(kind: str, api: object, field: str) -> None:
    """Say that a descriptor is for a later door, which has fields that this one has not."""
    if isinstance(api, int) and api > API_VERSION:
        raise PluginError(
            f"{kind} with '{field}' wants version {api} of the door and this twin has {API_VERSION}: upgrade twin"
        )


def of_hook(hook: str, entry: Deprecated) -> TwinDeprecationWarning:
    """What the spec of a hook that is to go away warns with; pluggy adds the place of the implementation."""
    return TwinDeprecationWarning(entry.says(f"the hook {hook}", "a plugin"))


def wrong(names: Mapping[str, Deprecated], version: str) -> Iterator[str]:
    """What breaks the promise: gone too early, not gone in time, or a replacement that is not there."""
    door = sys.modules[DOOR]
    for old, entry in names.items():
        if _minor(entry.gone) <= _minor(entry.since):
            yield f"{old} is gone in {entry.gone}, without a minor version of warning since {entry.since}"
        if _minor(version) >= _minor(entry.gone):
            yield f"{old} was to be gone in {entry.gone} and this is {version}: remove it"
        kind = getattr(door, old.partition(".")[0], None) if "." in old else door
        if entry.use and not (hasattr(kind, entry.use) or entry.use in getattr(kind, "__dataclass_fields__", ())):
            yield f"{old} is to be replaced by {entry.use}, which is not there"


def _minor(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def _warn(what: str, entry: Deprecated) -> None:
    """Warn at the line that uses it: the first one outside this module and the import system."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
    while frame is not None and (frame.f_globals.get("__name__") in {__name__, DOOR} or _is_import(frame)):
        frame = frame.f_back
    if frame is None:
        return
    user = str(frame.f_globals.get("__name__", "a plugin"))
    warnings.warn_explicit(
        entry.says(what, user), TwinDeprecationWarning, frame.f_code.co_filename, frame.f_lineno, module=user
    )


def _is_import(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith("<frozen importlib")
