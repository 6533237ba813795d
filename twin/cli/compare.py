"""`twin compare`: the offers of a file side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import (
    Output,
    Source,
    command,
    end_on_failed_checks,
    file_argument,
    output_options,
    topology_options,
    working,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLES = ("offers", "offer_cash", "offer_bridge")


def _usual(function: Callable[..., None]) -> Callable[..., None]:
    return file_argument(topology_options(output_options(table=True)(function)))


@command(
    (
        "twin compare river-bend.yaml --offers",
        "Lease, purchase, cloud and a mix: cost of an hour, funding, break-even.",
    ),
    ("twin compare river-bend.yaml --offers --table offer_cash --format csv", "Cash of each by year."),
    ("twin compare river-bend.yaml --offers --table offer_bridge", "Why they differ; the reasons sum to it."),
    name="compare",
)
@_usual
@click.option("--offers", is_flag=True, help="Compare the offers of `analyses: {offers: …}`.")
def compare(source: Source, out: Output, offers: bool) -> None:
    """Own, lease or rent: the offers of a file side by side.

    They are for the same work and months.  An offer is some of the deals of the file, deals that are marked with
    its name, or a mix of other offers.
    """
    from twin.cli.output import emit_tables, save
    from twin.cli.screen import put, width
    from twin.errors import RefusedError, UsageError
    from twin.report.offers import lines

    if not offers:
        raise UsageError("say what to compare: --offers for the offers of the file; 'twin diff' compares two files")
    with working(f"comparing offers of {source.file}"):
        results = source.run(out, "offers")
    if results["offers"].is_empty():
        raise RefusedError(
            "compare", "the file has no offers", "write them under `analyses: {offers: …}`; see the docs on comparing"
        )
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        emit_tables(results, out, _TABLES, _TABLES[0])
    end_on_failed_checks(results)
