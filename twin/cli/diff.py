"""`twin diff`: what two files state differently, or what two runs give differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import Given, Output, command, output_options, working
from twin.cli.trouble import remark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from twin.results.results import Results

_EVERY_INSTANCE = ("nodes", "edges")


@command(
    ("twin diff before.yaml after.yaml", "What the files state differently: groups, attributes, deals."),
    ("twin diff before.yaml after.yaml --evaluate --table site_capacity", "What that does to a table of the results."),
    ("twin diff results/base results/late", "Two folders saved with 'twin evaluate -o FOLDER'."),
)
@click.argument("before", metavar="A", type=Given(folder=True))
@click.argument("after", metavar="B", type=Given(folder=True))
@click.option("--evaluate", is_flag=True, help="Of two files: compare what they give, and not what they state.")
@output_options(table=True, folder=False)
def diff(before: Path, after: Path, evaluate: bool, out: Output) -> None:
    """Show what differs between two topologies or two results.

    Two files are compared by what they state, two folders by what they hold; a file beside a folder is evaluated.
    """
    from dataclasses import replace

    from twin.cli.output import emit
    from twin.results.differences import of_stated

    with working(f"comparing {before} and {after}"):
        if before.is_dir() or after.is_dir() or evaluate or out.table is not None:
            found = _of_runs(before, after, out.table)
        else:
            found = of_stated(_stated(before), _stated(after))
    emit(found, replace(out, table=None))
    remark(f"{found.height:,} difference{'s' if found.height > 1 else ''}" if found.height else "no difference")


def _stated(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    from twin.evaluate import load

    made = load(path)
    return made.groups, made.assumptions


def _of_runs(before: Path, after: Path, table: str | None) -> pl.DataFrame:
    from twin.results.differences import of_results

    one, other = _results(before), _results(after)
    if table is not None:
        one[table], other[table]  # a table that is not there is said so before anything is compared
    names = [table] if table else [name for name in dict.fromkeys((*one, *other)) if name not in _EVERY_INSTANCE]
    return of_results(_frames(one, names), _frames(other, names), names)


def _results(path: Path) -> Results:
    from twin.evaluate import load
    from twin.results.results import Results

    return Results.load(path) if path.is_dir() else load(path).evaluate()


def _frames(results: Results, names: list[str]) -> Mapping[str, pl.DataFrame]:
    return {name: results[name] for name in names if name in results}
