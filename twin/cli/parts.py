"""`twin parts`: the parts that a topology can name after `use:` or in `holds:`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from twin.cli.common import Output, command, output_options

if TYPE_CHECKING:
    import polars as pl

    from twin.catalogue import CataloguePart, Figure

_SHOWN = ("load", "capacity", "accelerators", "bf16", "price")
"""Figures by which people tell parts apart."""


@command(
    ("twin parts", "Every part of the catalogues: kind, load, rating, accelerators, BF16 and price."),
    ("twin parts 'nvidia.*'", "Those whose name or kind fits the pattern."),
    ("twin parts rack --format csv", "All racks, for a program."),
    ("twin parts nvidia.gb200-nvl72", "One part: every figure with its source, and what else was published."),
)
@click.argument("pattern", required=False, default="*")
@output_options(table=False)
def parts(pattern: str, out: Output) -> None:
    """List the parts of the catalogues, or the figures of one.

    A pattern is a name or a kind, with * for any letters; the name of one part alone lists all its figures.
    """
    from twin.cli.output import emit
    from twin.errors import UsageError, one_of
    from twin.registry import registry

    known = registry().parts
    if pattern in known:
        emit(_frame(("attribute", "value", "confidence", "source", "note"), _figures(known[pattern])), out)
        return
    found = [part for part in known.values() if fnmatchcase(part.name, pattern) or fnmatchcase(part.kind, pattern)]
    if not found:
        names = [*known, *(part.kind for part in known.values())]
        listed = one_of(pattern, dict.fromkeys(names), rest="'twin parts' lists them")
        raise UsageError(f"no part and no kind of part fits '{pattern}'; {listed}")
    emit(_frame(("part", "kind", *_SHOWN, "disputed", "about"), [_row(part) for part in found]), out)


def _frame(columns: tuple[str, ...], rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _row(part: CataloguePart) -> tuple[str | None, ...]:
    shown = (part.figures.get(name) for name in _SHOWN)
    texts = (None if figure is None else figure.text for figure in shown)
    return part.name, part.kind, *texts, ", ".join(part.alternatives) or None, part.doc


def _figures(part: CataloguePart) -> list[tuple[str | None, ...]]:
    """The figure that is used, and below it what else was published."""
    return [
        _figure(name, figure, also=bool(place))
        for name, used in part.figures.items()
        for place, figure in enumerate((used, *part.alternatives.get(name, ())))
    ]


def _figure(name: str, figure: Figure, *, also: bool) -> tuple[str | None, ...]:
    note = "; ".join(text for text in ("also published" if also else "", figure.note) if text)
    return name, figure.text, figure.confidence or None, figure.source or None, note or None
