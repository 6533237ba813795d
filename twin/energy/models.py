"""Calling models: each in use once, with its entries, the rows of the sites they serve, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.api import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from twin.registry import Provided
    from twin.topology.model import ModelEntry


def by_model(
    entries: Iterable[ModelEntry], known: Mapping[str, Provided]
) -> Iterator[tuple[Provided, tuple[Entry[Any], ...]]]:
    """Each model in use with its entries, in file order."""
    entries = tuple(entries)
    for model in dict.fromkeys(entry.model for entry in entries):
        yield known[model], tuple(Entry(entry.name, entry.params) for entry in entries if entry.model == model)


def served_by(served: pl.DataFrame, used: tuple[Entry[Any], ...], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the sites that some entries serve, with the name of the entry behind `site`.

    Args:
        served: `site, entry`.
        used: the entries.
        rows: with a column `site`.
    """
    own = served.filter(pl.col("entry").is_in([entry.name for entry in used]))
    return rows.join(own, on="site", maintain_order="left")


def files(twin: Any, entries: Iterable[ModelEntry]) -> dict[str, Path]:
    """Path of every file beside the topology that parameters of the entries name, by that name."""
    folder = twin.topology.path.resolve().parent
    return {name: folder / name for entry in entries for name in entry.files}
