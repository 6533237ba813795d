"""Find plugins, load them one by one, and report on each: what it provides or why it is broken.

A broken plugin is a row here and not an exception, because a run that does not use it must not fail
for it.  What a topology names and nobody provides is the registry's to explain.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

import pluggy

from twin import api
from twin.api import (
    API_VERSION,
    PROJECT,
    Analysis,
    Catalogue,
    EnergyModel,
    FinancingModel,
    HardwareModel,
    Model,
    Params,
    Reader,
    TwinDeprecationWarning,
)
from twin.catalogue import CataloguePart, read_catalogue
from twin.errors import PluginError, nearest, one_of
from twin.hookspecs import COMPONENTS, RETURNS, SECTIONS, Specs
from twin.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from importlib.metadata import Distribution, EntryPoint

    from twin.api import Descriptor

GROUP = "twin"
"""Entry-point group that plugins are found in."""

BLOCK_VARIABLE = "TWIN_DISABLE_PLUGINS"
"""Environment variable: names of plugins or distributions not to load, with commas between; `*` is all but twin's."""

ALL_OTHERS = "*"
"""What stands for every plugin that is not twin's own."""

ACTIVE, BROKEN, BLOCKED = "active", "broken", "blocked"

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_TABLE = re.compile(r"[a-z][a-z0-9_]*")
_SUFFIX = re.compile(r"(\.[a-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One row of `twin plugins`.

    Attributes:
        name: name of the entry point, or of the module given in code.
        distribution: package that ships it; for a module given in code, the file it is in.
        version: version of the distribution; empty for a module given in code.
        hooks: hooks it implements.
        provides: `section/name` of each thing it provides, as far as known.
        state: active, broken or blocked.
        reason: why it is broken or blocked; empty otherwise.
        outdated: what it uses of the door that is to go away, a sentence each.
    """

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    state: str = ACTIVE
    reason: str = ""
    outdated: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`name (distribution version)`, as messages and the `assumptions` table show it."""
        return f"{self.name} ({' '.join(part for part in (self.distribution, self.version) if part)})"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin with what it offers; a plugin that is not active offers nothing.

    Attributes:
        info: its row.
        offers: hook and descriptor, in the order returned.
        parts: parts of its catalogues.
        plugin: the module itself; None where it did not load.
    """

    info: PluginInfo
    offers: tuple[tuple[str, Descriptor], ...] = ()
    parts: tuple[CataloguePart, ...] = ()
    plugin: object = None


def blocked_names() -> frozenset[str]:
    """Names that the environment blocks."""
    return frozenset(name.strip() for name in os.environ.get(BLOCK_VARIABLE, "").split(",") if name.strip())


def load_installed(blocked: Collection[str] = ()) -> tuple[Loaded, ...]:
    """Load every plugin that an installed distribution names in the group `twin`.

    Args:
        blocked: names of plugins or distributions that are not loaded; their code is not imported.

    Returns:
        One `Loaded` a plugin, sorted by distribution and name, whatever happened to it.
    """
    seen: dict[int, PluginInfo] = {}
    entries = sorted(importlib.metadata.entry_points(group=GROUP), key=_entry_key)
    return tuple(_load_entry(entry, blocked, seen) for entry in entries)


def load_module(module: object, distribution: str = "", version: str = "") -> Loaded:
    """Load a plugin given in code: a module, or any object whose methods are hooks.

    Raises:
        PluginError: it is broken; who gives a module in code wants it.
    """
    name = getattr(module, "__name__", type(module).__name__)
    if not distribution:
        file = Path(getattr(module, "__file__", None) or "given in code")
        distribution = file.parent.name if file.name == "__init__.py" else file.name
    loaded = _load(PluginInfo(name, distribution, version), lambda: module, {})
    if loaded.info.state == BROKEN:
        raise PluginError(f"plugin {loaded.info} is broken: {loaded.info.reason}")
    return loaded


def load_twinfile(path: Path) -> tuple[ModuleType, ...]:
    """Run a topology folder's `twinfile.py` as a plugin module.  Only for folders that are trusted.

    Returns:
        The module alone; nothing where there is no such file.

    Raises:
        PluginError: the file does not run; names the file, the line and the error.
    """
    if not path.is_file():
        return ()
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"twinfile_{digest}", path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # pydantic looks annotations up in the module that a model names, so it has to be known while it runs
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise PluginError(f"{path} does not run: {reason(error)}") from error
    return (module,)


def _entry_key(entry: EntryPoint) -> tuple[str, str]:
    return (_shipped_by(entry.dist)[0] if entry.dist else "", entry.name)


@cache
def _shipped_by(distribution: Distribution) -> tuple[str, str]:
    """Name and version; to ask for either reads the whole metadata, README and all, each time."""
    metadata = distribution.metadata
    return metadata["Name"], metadata["Version"]


def _load_entry(entry: EntryPoint, blocked: Collection[str], seen: dict[int, PluginInfo]) -> Loaded:
    distribution, version = _shipped_by(entry.dist) if entry.dist else ("unknown", "")
    info = PluginInfo(entry.name, distribution, version)
    if entry.name in blocked or distribution in blocked or (ALL_OTHERS in blocked and distribution != PROJECT):
        return Loaded(replace(info, state=BLOCKED, reason=f"named in {BLOCK_VARIABLE}"))
    return _load(info, entry.load, seen)


def _load(info: PluginInfo, get: Callable[[], object], seen: dict[int, PluginInfo]) -> Loaded:
    """Import, ask the hooks and check what they return; every failure becomes the reason."""
    outdated: list[str] = []
    try:
        with _outdated(outdated):
            plugin = _new(get(), info, seen)
            callers = _callers(plugin)
            info = replace(info, hooks=tuple(sorted(caller.name for caller in callers)))
            offers = _ask(callers)
        info = replace(info, provides=tuple(sorted({_label(hook, offer) for hook, offer in offers})))
        _check_offers(offers)
        catalogues = [offer for _, offer in offers if isinstance(offer, Catalogue)]
        parts = tuple(part for catalogue in catalogues for part in read_catalogue(catalogue, str(info)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - anything may go wrong in other people's code
        return Loaded(replace(info, state=BROKEN, reason=reason(error)))
    return Loaded(replace(info, outdated=tuple(outdated)), tuple(offers), parts, plugin)


@contextmanager
def _outdated(found: list[str]) -> Iterator[None]:
    """Note what is used of the door that is to go away; every warning is then given as it would have been."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always", TwinDeprecationWarning)
        yield
    found += dict.fromkeys(str(each.message) for each in given if isinstance(each.message, TwinDeprecationWarning))
    for each in given:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno, source=each.source)


def _new(plugin: object, info: PluginInfo, seen: dict[int, PluginInfo]) -> object:
    """The plugin, unless another entry point gave the same one before."""
    first = seen.setdefault(id(plugin), info)
    if first is not info:
        raise PluginError(f"is the same module as plugin {first}; remove one of the two entry points")
    return plugin


class _Manager(pluggy.PluginManager):
    """Looks at the functions of a module alone: most of what a module holds is what it imports."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if isinstance(plugin, ModuleType) and not isinstance(vars(plugin).get(name), FunctionType | MethodType):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def _callers(plugin: object) -> list[pluggy.HookCaller]:
    """The hooks that a plugin implements; pluggy checks their arguments."""
    # one manager a plugin: what one does wrong cannot touch another
    manager = _Manager(PROJECT)
    manager.add_hookspecs(Specs)
    manager.register(plugin, name="plugin")
    callers = []
    for caller in manager.get_hookcallers(plugin) or ():
        if caller.name in RETURNS:
            callers.append(caller)
        elif not all(impl.optionalhook for impl in caller.get_hookimpls()):
            raise PluginError(f"'{caller.name}' is not a hook of twin; {one_of(caller.name, RETURNS)}")
        if len(caller.get_hookimpls()) > 1:
            raise PluginError(f"implements the hook '{caller.name}' more than once")
    if not callers:
        raise PluginError("implements no hook of twin; mark functions with @hookimpl from twin.api")
    return callers


def _ask(callers: Iterable[pluggy.HookCaller]) -> list[tuple[str, Descriptor]]:
    offers: list[tuple[str, Descriptor]] = []
    for caller in callers:
        returns = caller()
        if not returns:
            raise PluginError(f"{caller.name} returned nothing; a list of descriptors is wanted")
        for returned in returns:
            if not isinstance(returned, Iterable) or isinstance(returned, str):
                raise PluginError(f"{caller.name} returned {type(returned).__name__}; a list of descriptors is wanted")
            offers += [(caller.name, offer) for offer in returned]
    return offers


def _label(hook: str, offer: object) -> str:
    section = COMPONENTS if isinstance(offer, HardwareModel) else SECTIONS.get(hook, hook.removeprefix("twin_"))
    return f"{section}/{getattr(offer, 'name', type(offer).__name__)}"


def _check_offers(offers: list[tuple[str, Descriptor]]) -> None:
    """Hold every descriptor against what its hook wants."""
    seen: set[tuple[str, str]] = set()
    for hook, offer in offers:
        wanted = RETURNS[hook]
        if not isinstance(offer, wanted):
            names = " or ".join(kind.__name__ for kind in wanted)
            raise PluginError(f"{hook} returned {type(offer).__name__}; {names} descriptors are wanted")
        who = f"{type(offer).__name__} '{offer.name}'"
        _check_names(offer, who)
        if (hook, offer.name) in seen:
            raise PluginError(f"{hook} returned two descriptors called '{offer.name}'")
        seen.add((hook, offer.name))
        if isinstance(offer, Model):
            _check_model(offer, who)
        if isinstance(offer, Reader):
            _check_reader(offer, who)


def _check_names(offer: Descriptor, who: str) -> None:
    if not isinstance(offer.name, str) or not _NAME.fullmatch(offer.name):
        raise PluginError(f"{who}: the name is not lower-case words with hyphens, as 'grid-tariff'")
    if not isinstance(offer.doc, str) or not offer.doc.strip() or "\n" in offer.doc.strip():
        raise PluginError(f"{who}: doc is one line that says what it is")
    if isinstance(offer.api, bool) or not isinstance(offer.api, int) or offer.api < 1:
        raise PluginError(f"{who}: api is {offer.api!r}; a whole number from 1 is wanted")
    if offer.api > API_VERSION:
        raise PluginError(f"{who} wants version {offer.api} of the door and this twin has {API_VERSION}: upgrade twin")


def _check_model(model: Model, who: str) -> None:
    if not isinstance(model.params, type) or not issubclass(model.params, Params):
        raise PluginError(f"{who}: params is not a subclass of twin.api.Params")
    if not callable(model.run):
        raise PluginError(f"{who}: run cannot be called")
    if isinstance(model, FinancingModel) and model.horizon is not None and not callable(model.horizon):
        raise PluginError(f"{who}: horizon cannot be called")
    if isinstance(model, EnergyModel):
        _check_doors(model, who)
    if isinstance(model, Analysis):
        _check_tables(model, who)


def _check_doors(model: EnergyModel, who: str) -> None:
    for door in ("prices", "resources"):
        if getattr(model, door) is not None and not callable(getattr(model, door)):
            raise PluginError(f"{who}: {door} cannot be called")
    if model.prices is not None and model.resources is not None:
        raise PluginError(f"{who}: prices are of a tariff and resources of a supply; make two models of it")


def _check_tables(model: Analysis, who: str) -> None:
    own = {table.name for table in model.tables}
    for table in own:
        if not _TABLE.fullmatch(table):
            raise PluginError(f"{who}: '{table}' is not the name of a table; write one as 'site_limits'")
    for table in own & TABLES.keys():
        raise PluginError(f"{who}: the table '{table}' is twin's own; give yours another name")
    for table in model.produces:
        if table not in TABLES and table not in own:
            right = nearest(table, TABLES) or "declare it in `tables`"
            raise PluginError(f"{who}: there is no table '{table}'; {right}")


def _check_reader(reader: Reader, who: str) -> None:
    if not callable(reader.read):
        raise PluginError(f"{who}: read cannot be called")
    if not reader.suffixes or not all(_SUFFIX.fullmatch(suffix) for suffix in reader.suffixes):
        raise PluginError(f"{who}: suffixes are file name endings as '.csv', in lower case with the dot")


def reason(error: BaseException) -> str:
    """The error in one line, with the place in the plugin that raised it."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, PluginError):
        return text
    text = " ".join(text.split())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{place}{_newer(error)}"


def _newer(error: BaseException) -> str:
    """What to do about a name that this door has not: it is misspelt, or of a later version."""
    if not isinstance(error, ImportError) or error.name != api.__name__:
        return ""
    asked = re.search(r"import name '(\w+)'", str(error))
    right = nearest(asked[1], api.__all__) if asked else ""
    return f"; {right or f'this is version {API_VERSION} of the door: a later twin may have it'}"
