"""Results on disk: a folder with one Parquet file a table and `provenance.json`.

Nothing is ever half-written: everything is made under a temporary name beside its place and renamed
when it is whole.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl

from twin import tables
from twin.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST = "provenance.json"
FORMAT = "twin-results"
VERSION = 1

_AGAIN = "; evaluate the topology again"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def save(folder: Path, frames: Mapping[str, pl.DataFrame], provenance: Mapping[str, Any]) -> Path:
    """Write a results folder, whole or not at all.

    Args:
        folder: where; made with its parents.  An older results folder there is replaced.
        frames: the tables by name.
        provenance: what `Provenance.to_dict` gives.

    Returns:
        The folder, resolved.

    Raises:
        UsageError: something that is not a results folder stands there, or it cannot be written.
    """
    place = free(folder)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _beside(place) as part:
            part.mkdir()
            for name, frame in frames.items():
                frame.write_parquet(part / f"{name}.parquet")
            rows = {name: frame.height for name, frame in frames.items()}
            manifest = {"format": FORMAT, "version": VERSION, "provenance": provenance, "rows": rows}
            (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            _swap(part, place)
    except OSError as error:
        raise UsageError(f"cannot write '{folder}': {error.strerror or error}") from error
    return place


def free(folder: Path) -> Path:
    """A folder, resolved, in which results may be saved: nothing stands there, or results that give way.

    Raises:
        UsageError: something else stands there.
    """
    place = folder.resolve()
    if (place.exists() and not place.is_dir()) or (place.is_dir() and any(place.iterdir()) and not is_results(place)):
        raise UsageError(f"'{folder}' is there and is not a results folder; choose another name or remove it")
    return place


def empty(folder: Path) -> Path:
    """A folder, resolved, in which files may be written: nothing stands there, or nothing is in it.

    Raises:
        UsageError: something is.
    """
    place = folder.resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"'{folder}' is there and is not an empty folder; choose another name or remove it")
    return place


def export(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files that is no results folder, whole or not at all.

    Args:
        folder: where; made with its parents.
        files: content by name.

    Raises:
        UsageError: there is something in it already, or it cannot be written.
    """
    place = empty(folder)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _beside(place) as part:
            part.mkdir()
            for name, content in files.items():
                (part / name).write_bytes(content)
            _swap(part, place)
    except OSError as error:
        raise UsageError(f"cannot write '{folder}': {error.strerror or error}") from error


def is_results(folder: Path) -> bool:
    """Whether a folder is a results folder of any version."""
    try:
        return _read(folder).get("format") == FORMAT
    except (OSError, ValueError):
        return False


def manifest(folder: Path) -> dict[str, Any]:
    """The provenance and the row counts of a results folder: keys `provenance` and `rows`.

    Raises:
        UsageError: not a results folder, or one of another version.
    """
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            f"'{folder}' is not a results folder: it has no {MANIFEST}; 'twin evaluate FILE -o FOLDER' makes one"
        )
    try:
        found = _read(folder)
    except (OSError, ValueError) as error:
        raise UsageError(f"'{folder}' is not a results folder: {MANIFEST} cannot be read ({error})") from error
    if found.get("format") != FORMAT or found.get("version") != VERSION:
        wrote = f"{found.get('format')} version {found.get('version')}"
        raise UsageError(f"'{folder}' is not a results folder of this version: {wrote}{_AGAIN}")
    rows = found.get("rows")
    if not isinstance(rows, dict) or not all(_NAME.match(name) for name in rows):
        raise UsageError(f"'{folder}' is not a results folder: {MANIFEST} does not list its tables")
    return found


def scan(folder: Path) -> dict[str, pl.LazyFrame]:
    """The tables of a results folder as lazy frames: only what a query needs is read.

    Raises:
        UsageError: not a results folder, or a table is missing, damaged or of another version.
    """
    frames = {}
    for name in manifest(folder)["rows"]:
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise UsageError(f"'{folder}' is damaged: {path.name} is missing{_AGAIN}")
        try:
            frames[name] = pl.scan_parquet(path)
            found = frames[name].collect_schema()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise UsageError(f"'{folder}' is damaged: {path.name} cannot be read{_AGAIN}") from error
        if name in tables.TABLES and dict(found) != tables.TABLES[name].schema():
            raise UsageError(f"table '{name}' in '{folder}' is of another version of twin{_AGAIN}")
    return frames


def collect(frame: pl.LazyFrame, name: str) -> pl.DataFrame:
    """Read one table that `scan` gave.

    Raises:
        UsageError: its file is damaged or gone.
    """
    try:
        return frame.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"table '{name}' of these results cannot be read{_AGAIN}") from error


def ordinary(path: Path) -> Path:
    """A file, resolved, that may be written: nothing stands there, or an ordinary file that gives way.

    Raises:
        UsageError: a folder stands there, or a device or pipe that must not be replaced.
    """
    place = path.resolve()
    if place.is_dir():
        raise UsageError(f"'{path}' is a folder; name a file in it")
    if place.exists() and not place.is_file():
        raise UsageError(f"'{path}' is a device or a pipe and not a file; leave -o out and redirect with >")
    return place


def writable(path: Path) -> None:
    """Refuse a place at which nothing can be written, before there is anything to write.

    Raises:
        UsageError: the folder in which it would be made, or the nearest above it, takes no file.
    """
    folder = path.resolve().parent
    try:
        while not folder.exists():
            folder = folder.parent
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"cannot write '{path}': {error.strerror or error} ('{folder}')") from error


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: gives a temporary path that becomes `path` on leaving without error.

    Raises:
        UsageError: the file cannot be written.
    """
    place = ordinary(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _beside(place) as part:
            yield part
            part.replace(place)
    except OSError as error:
        raise UsageError(f"cannot write '{path}': {error.strerror or error}") from error


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A fresh name in the same folder, and so on the same disk; nothing of that name is left behind."""
    part = place.with_name(f".{place.name}.{uuid4().hex[:12]}.part")
    try:
        yield part
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _swap(part: Path, place: Path) -> None:
    """Put `part` in the place of `place`; an interruption between the two steps puts the old one back."""
    if not place.exists():
        part.rename(place)
        return
    with _beside(place) as old:
        place.rename(old)
        try:
            part.rename(place)
        except BaseException:
            old.rename(place)
            raise


def _read(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - callers take every unreadable file alike
    return found
