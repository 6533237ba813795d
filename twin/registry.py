"""Name -> model, part or reader: what all plugins provide together.  Frozen once built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from twin import tables
from twin.api import PROJECT, Analysis, Catalogue, HardwareModel, Model, Reader
from twin.catalogue import CataloguePart, Figure
from twin.errors import PluginError, RefusedError, TwinError
from twin.hookspecs import COMPONENTS, SECTIONS
from twin.loading import (
    ACTIVE,
    BLOCK_VARIABLE,
    BROKEN,
    Loaded,
    PluginInfo,
    blocked_names,
    load_installed,
    load_module,
    reason,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any

    import polars as pl

__all__ = ["CataloguePart", "Figure", "PluginInfo", "Provided", "Registry", "registry"]

T = TypeVar("T")
R = TypeVar("R")
_OPAQUE = ("hardware/", "readers/")
_WHAT = {"parts": "part", "defaults": "default part for kind", "readers": "reader for", "catalogues": "catalogue"}


@dataclass(frozen=True, slots=True)
class Provided:
    """A model and who ships it.

    Attributes:
        model: the descriptor; the section says which class it is.
        plugin: the plugin with its distribution and version, as messages name it.
        distribution: package that ships the plugin.
        version: version of that package.
    """

    model: Any
    plugin: str
    distribution: str
    version: str

    @property
    def who(self) -> str:
        """The model and who ships it, as messages name it."""
        sort = "analysis" if isinstance(self.model, Analysis) else "model"
        return f"{sort} '{self.model.name}' of plugin {self.plugin}"

    def guard(self, work: Callable[[], R], what: str = "", entries: Iterable[str] = ()) -> R:
        """Do something with the model; what its author's code raises becomes an error that names the plugin.

        Args:
            work: calls the model.
            what: what of it is called, for the message, as `horizon of `.
            entries: names of the entries that it is called with; what it refuses is one of them.

        Raises:
            PluginError: it failed; names the model, the plugin and the line.  A failure of twin's own
                distribution is a bug of ours and stays what it is.
            TwinError: what the model itself refuses.
        """
        try:
            return work()
        except RefusedError as error:
            if not error.asked[1]:  # an analysis passes on what a model of its entries refuses
                error.asked = (self.model.name, tuple(entries))
            raise
        except TwinError:
            raise
        except Exception as error:
            if self.distribution == PROJECT:
                raise
            raise PluginError(f"{what}{self.who} failed: {reason(error)}") from error

    def call(
        self,
        inputs: Any,
        required: Collection[str],
        optional: Collection[str] = (),
        *,
        either: Sequence[str] = (),
        door: str = "run",
    ) -> dict[str, pl.DataFrame]:
        """Run the model and hold what it returns against the tables.

        Args:
            inputs: what `run` takes, a dataclass; the model gets frames of its own, so that what it does to
                them touches nobody else's.
            required: tables that it has to return.
            optional: tables that it may return besides.
            either: tables of which it has to return exactly one.
            door: which of its callables: `run`, or `prices` or `resources` of an energy model.

        Returns:
            The frames by table, columns in the declared order.

        Raises:
            PluginError: a table is missing, unexpected or not as declared, or as for `guard`; the message
                names the model, the plugin, the distribution and the version.
            TwinError: what the model itself refuses.
        """
        what = "" if door == "run" else f"{door} of "
        names = [entry.name for entry in getattr(inputs, "entries", ())]
        returned = self.guard(lambda: getattr(self.model, door)(_with_own_frames(inputs)), what, names)
        if not isinstance(returned, Mapping):
            raise PluginError(f"{self.who} returned {type(returned).__name__}; frames by table name are wanted")
        chosen = [name for name in either if name in returned]
        missing = [name for name in (*required, *([] if chosen else either[:1])) if name not in returned]
        known = {*required, *optional, *either}
        extra = [str(name) for name in returned if name not in known] + chosen[1:]
        if missing or extra:
            problem = "; ".join(
                [f"table '{name}' is missing" for name in missing]
                + [f"table '{name}' is not asked for" for name in extra]
            )
            raise PluginError(f"{self.who} returned the wrong tables: {problem}")
        own: dict[str, tables.Table] = {table.name: table for table in getattr(self.model, "tables", ())}
        return {name: tables.check(own.get(name) or name, frame, self.who) for name, frame in returned.items()}


def _with_own_frames(inputs: Any) -> Any:
    """The inputs of a model with copies of the frames they hold: cheap, as the columns are shared."""
    if not is_dataclass(inputs) or isinstance(inputs, type):
        return inputs
    copied: dict[str, Any] = {}
    for each in fields(inputs):
        value = getattr(inputs, each.name)
        if _is_frame(value):
            copied[each.name] = value.clone()
        elif isinstance(value, Mapping) and any(map(_is_frame, value.values())):
            copied[each.name] = {name: frame.clone() for name, frame in value.items()}
    return replace(inputs, **copied)


def _is_frame(value: object) -> bool:
    return hasattr(value, "clone") and hasattr(value, "lazy")


@dataclass(frozen=True)
class Registry:
    """What all plugins provide together.

    Attributes:
        parts: catalogue parts by name, as `use:` names them.
        defaults: kind -> part that supplies the attributes a file leaves out.
        readers: suffix of a side table -> its reader.
        plugins: every plugin found, sorted by distribution and name, broken and blocked ones too.
        sections: section of a topology file -> models by name; see `models`.
    """

    parts: Mapping[str, CataloguePart]
    defaults: Mapping[str, CataloguePart]
    readers: Mapping[str, Reader]
    plugins: tuple[PluginInfo, ...]
    sections: Mapping[str, Mapping[str, Provided]]

    def models(self, section: str) -> Mapping[str, Provided]:
        """The models that entries of a section may name.

        Args:
            section: deals, energy, cooling, weather, carbon, workloads, analyses or components.
        """
        return self.sections[section]

    @property
    def broken(self) -> tuple[PluginInfo, ...]:
        """The plugins that did not load."""
        return tuple(info for info in self.plugins if info.state == BROKEN)

    def explain(self, name: str) -> str:
        """Why `name` may be missing: the plugins that would provide it, or might, and did not load.

        Returns:
            Sentences for the end of a message that says `name` is unknown; empty where every plugin loaded.
        """
        missing = [info for info in self.plugins if info.state != ACTIVE]
        sure = [info for info in missing if any(label.split("/", 1)[1] == name for label in info.provides)]
        # a catalogue does not list its parts here, nor a reader its suffixes, and an import that failed tells nothing
        might = [info for info in missing if not info.provides or info.provides[0].startswith(_OPAQUE)]
        return "; ".join(f"plugin {info} is {info.state}: {info.reason}" for info in sure or might or missing)


def registry(extra: Iterable[object] = ()) -> Registry:
    """Everything that the installed plugins and `extra` modules provide.

    Args:
        extra: plugin modules beyond those installed, as a test, a notebook or a `twinfile.py` gives;
            one that is installed as well counts once.

    Returns:
        The registry; the one without extra modules is built once a process.

    Raises:
        PluginError: two plugins provide the same name; the message names every one that does.  Or a
            module of `extra` is broken.
    """
    blocked = blocked_names()
    extra = tuple(extra)
    if not extra:
        return _default(blocked)
    installed = _installed(blocked)
    known = {id(loaded.plugin) for loaded in installed if loaded.plugin is not None}
    return build((*installed, *(load_module(module) for module in extra if id(module) not in known)))


def build(plugins: Iterable[Loaded]) -> Registry:
    """The registry of the given plugins.

    Raises:
        PluginError: two of them provide the same name.
    """
    plugins = tuple(plugins)
    parts: _Shelf[CataloguePart] = _Shelf("parts")
    defaults: _Shelf[CataloguePart] = _Shelf("defaults")
    readers: _Shelf[Reader] = _Shelf("readers")
    catalogues: _Shelf[Catalogue] = _Shelf("catalogues")
    sections: dict[str, _Shelf[Provided]] = {section: _Shelf(section) for section in (*SECTIONS.values(), COMPONENTS)}
    for loaded in plugins:
        info = loaded.info
        own = {part.name: part for part in loaded.parts}
        for part in loaded.parts:
            parts.put(part.name, part, info)
        for hook, offer in loaded.offers:
            if isinstance(offer, Catalogue):
                catalogues.put(offer.name, offer, info)
                for kind, name in offer.defaults.items():
                    defaults.put(kind, own[name], info)
            elif isinstance(offer, Reader):
                for suffix in offer.suffixes:
                    readers.put(suffix, offer, info)
            elif isinstance(offer, Model):
                provided = Provided(offer, str(info), info.distribution, info.version)
                section = COMPONENTS if isinstance(offer, HardwareModel) else SECTIONS[hook]
                sections[section].put(offer.name, provided, info)
    _refuse_clashes(parts, defaults, readers, catalogues, *sections.values())
    return Registry(
        parts=parts.frozen(),
        defaults=defaults.frozen(),
        readers=readers.frozen(),
        plugins=tuple(loaded.info for loaded in plugins),
        sections=MappingProxyType({name: shelf.frozen() for name, shelf in sections.items()}),
    )


class _Shelf(Generic[T]):
    """Things of one sort by name, and who put them there."""

    def __init__(self, sort: str) -> None:
        self.what = _WHAT.get(sort, "model")
        self.where = "" if sort in _WHAT else f" for '{sort}:'"
        self.things: dict[str, T] = {}
        self.by: dict[str, list[PluginInfo]] = defaultdict(list)

    def put(self, name: str, thing: T, info: PluginInfo) -> None:
        self.things.setdefault(name, thing)
        self.by[name].append(info)

    def frozen(self) -> Mapping[str, T]:
        return MappingProxyType(self.things)

    def clashes(self) -> list[str]:
        return [
            f"{self.what} '{name}'{self.where} is provided by {' and by '.join(str(info) for info in infos)}"
            for name, infos in self.by.items()
            if len(infos) > 1
        ]


def _refuse_clashes(*shelves: _Shelf[Any]) -> None:
    clashes = [clash for shelf in shelves for clash in shelf.clashes()]
    if clashes:
        remedy = f"uninstall one, or name the plugin that you do not want in {BLOCK_VARIABLE}"
        raise PluginError("\n".join([*clashes, remedy]))


@lru_cache(maxsize=4)
def _installed(blocked: frozenset[str]) -> tuple[Loaded, ...]:
    return load_installed(blocked)


@lru_cache(maxsize=4)
def _default(blocked: frozenset[str]) -> Registry:
    return build(_installed(blocked))
