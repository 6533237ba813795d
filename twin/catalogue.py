"""Parts of a catalogue with their figures: each figure keeps its source and how sure it is.

A catalogue comes as `Part` descriptors, as a CSV file in long form, or both.  The CSV is read with
the standard library: a thousand rows take milliseconds and no frame library is loaded for them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from twin.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twin.api import Catalogue, Part

HEADER = ("part", "kind", "attribute", "value", "source", "confidence", "note")
"""Columns of a catalogue CSV; see `twin.api.Catalogue`."""

_PART_NAME = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+")
_WORD = re.compile(r"[a-z][a-z0-9_-]*")
_NONE: Mapping[str, tuple[Figure, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Figure:
    """One attribute of a part as written, and where it comes from.

    Attributes:
        text: quantity string or word, as in a topology file.
        source: where it was read; empty where nobody said.
        confidence: read, recalled, unverified, nominal, …; empty where nobody said.
        note: caveat.
    """

    text: str
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class CataloguePart:
    """One part: what `use:` names.

    Attributes:
        name: `maker.model`.
        kind: what it is.
        doc: one line.
        figures: attribute -> the figure that is used.
        alternatives: attribute -> other figures that were published for it, in file order.
        plugin: the plugin that ships it with its distribution and version.
        source: where the part as a whole is described.
        note: caveats on the part as a whole.
    """

    name: str
    kind: str
    doc: str
    figures: Mapping[str, Figure]
    alternatives: Mapping[str, tuple[Figure, ...]] = field(default_factory=lambda: _NONE)
    plugin: str = ""
    source: str = ""
    note: str = ""


@dataclass(slots=True)
class _Draft:
    kind: str
    about: Figure = Figure("")
    figures: dict[str, list[Figure]] = field(default_factory=dict)


def read_catalogue(catalogue: Catalogue, plugin: str) -> tuple[CataloguePart, ...]:
    """The parts of a catalogue: those given in code first, then those of its CSV, in file order.

    Args:
        catalogue: the descriptor.
        plugin: text that names the plugin, kept in every part.

    Raises:
        PluginError: a part without a valid name, kind or figure; two parts of one name; a default
            that is not a part of its kind.  The message names the file and line.
    """
    parts = [_from_code(part, plugin) for part in catalogue.parts]
    if catalogue.csv is not None:
        parts += _from_csv(catalogue.csv, plugin)
    by_name: dict[str, CataloguePart] = {}
    for part in parts:
        if part.name in by_name:
            raise PluginError(f"catalogue '{catalogue.name}' has two parts called '{part.name}'")
        by_name[part.name] = part
    for kind, name in catalogue.defaults.items():
        if name not in by_name or by_name[name].kind != kind:
            raise PluginError(
                f"catalogue '{catalogue.name}' makes '{name}' the default for kind '{kind}', "
                f"but has no part of that name and kind"
            )
    return tuple(parts)


def _from_code(part: Part, plugin: str) -> CataloguePart:
    place = f"part '{part.name}'"
    _check(part.name, part.kind, place)
    figures = {}
    for name, value in part.attributes.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
            raise PluginError(f"{place}: attribute '{name}' is neither a quantity string nor a number: {value!r}")
        _check_attribute(name, place)
        figures[name] = Figure(str(value), part.source, part.confidence, part.note)
    return CataloguePart(
        part.name, part.kind, part.doc, MappingProxyType(figures), plugin=plugin, source=part.source, note=part.note
    )


def _from_csv(path: Path, plugin: str) -> list[CataloguePart]:
    drafts: dict[str, _Draft] = {}
    for place, (name, kind, attribute, value, source, confidence, note) in _rows(path):
        if name not in drafts:
            _check(name, kind, place)
            drafts[name] = _Draft(kind)
        draft = drafts[name]
        if draft.kind != kind:
            raise PluginError(f"{place}: part '{name}' is a {draft.kind} above and a {kind} here")
        figure = Figure(value, source, confidence, note)
        if not attribute:
            draft.about = figure
            continue
        if attribute not in draft.figures:
            _check_attribute(attribute, place)
        if not figure.text:
            raise PluginError(f"{place}: part '{name}' has no value for '{attribute}'; leave the row out")
        draft.figures.setdefault(attribute, []).append(figure)
    return [_part(name, draft, plugin) for name, draft in drafts.items()]


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each row, its fields in the order of `HEADER`, with the place to name in a message."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(next(reader, ()))
            if header != HEADER:
                raise PluginError(f"{path}:1: the columns are {','.join(header)}; wanted {','.join(HEADER)}")
            for fields in reader:
                place = f"{path}:{reader.line_num}"
                if len(fields) != len(HEADER):
                    raise PluginError(f"{place}: {len(fields)} fields; wanted {len(HEADER)}")
                yield place, [text.strip() for text in fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PluginError(f"catalogue {path} cannot be read: {error}") from error


def _part(name: str, draft: _Draft, plugin: str) -> CataloguePart:
    """The first figure of an attribute is the one used; later rows are what others published."""
    about = draft.about
    return CataloguePart(
        name,
        draft.kind,
        about.text,
        MappingProxyType({attribute: figures[0] for attribute, figures in draft.figures.items()}),
        MappingProxyType({name: tuple(figures[1:]) for name, figures in draft.figures.items() if figures[1:]}),
        plugin,
        about.source,
        about.note,
    )


def _check(name: str, kind: str, place: str) -> None:
    if not _PART_NAME.fullmatch(name):
        raise PluginError(f"{place}: '{name}' is not a part name; write it as 'maker.model' in lower case")
    if not _WORD.fullmatch(kind):
        raise PluginError(f"{place}: '{kind}' is not a kind; write one as 'rack' or 'ups'")


def _check_attribute(name: str, place: str) -> None:
    if not _WORD.fullmatch(name):
        raise PluginError(
            f"{place}: '{name}' is not the name of an attribute; write one as 'load' or 'liquid_fraction'"
        )
