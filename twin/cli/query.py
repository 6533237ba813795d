"""`twin query`: SQL over the tables of a topology or of saved results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import (
    Given,
    Output,
    Source,
    command,
    end_on_failed_checks,
    output_options,
    topology_options,
    working,
)
from twin.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from twin.results.results import Results


@command(
    (
        "twin query river-bend.yaml \"select sum(amount_usd) from cashflow where category = 'base_rent'\"",
        "Runs the analyses that the tables named need, and no others.",
    ),
    (
        'twin query results/river-bend "select scope, usable_kw from site_capacity" --format csv',
        "Of results saved with 'twin evaluate -o FOLDER': reads only the columns it needs.",
    ),
    ('twin query quickstart.yaml "show tables"', "The tables there are; their columns: twin tables NAME."),
)
@click.argument("file", metavar="FILE_OR_RESULTS", type=Given(folder=True))
@click.argument("sql")
@topology_options
@output_options(table=False)
def query(source: Source, sql: str, out: Output) -> None:
    """Ask a topology or saved results a question in SQL.

    The SQL is that of polars: select, join, group by, with, date '2027-06-01', and so on. Of a topology the answer is
    given and the status is 1 where a check of what was run does not hold; saved results are read as they are.
    """
    from twin.cli.output import emit

    with working(f"querying {source.file}"):
        answer, ran = (_of_results(source, sql), None) if source.file.is_dir() else _of_topology(source, sql)
    emit(answer, out)
    if ran is not None:
        end_on_failed_checks(ran)


def _of_results(source: Source, sql: str) -> pl.DataFrame:
    """The answer from a results folder."""
    from twin.results import query as asked
    from twin.results import store

    if source.scenario or source.overlays:
        raise UsageError(f"'{source.file}' holds results; --scenario and --set need the topology file")
    return asked.sql(store.scan(source.file), sql)


def _of_topology(source: Source, sql: str) -> tuple[pl.DataFrame, Results]:
    """The answer from a topology file, and what was run: the analyses that write the tables named, and no others."""
    from twin.evaluate import INPUT_TABLES
    from twin.results import query as asked

    twin = source.load()
    analyses = twin.registry.models("analyses")
    tables = [*INPUT_TABLES, *sorted({table for each in analyses.values() for table in each.model.produces})]
    named = asked.named(sql, tables)
    writers = [name for name, each in analyses.items() if set(each.model.produces) & set(named)]
    results = twin.run(*writers, seed=source.seed)
    return asked.sql({name: results[name] for name in named}, sql, tables), results
