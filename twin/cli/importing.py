"""`twin import`: a model of another tool read into frames, and its fault trees solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import Given, Output, command, output_options, working
from twin.cli.trouble import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from twin.failure.exact import FaultTree

_DEFAULT_NODES = 2_000_000
_ALL = "*"
_MORE = {"cut_sets": "cut_sets", "cut_set_counts": "cut_sets", "importance": "importance"}
"""Tables that there are only where they are asked for -> by which option."""


@command(
    ("twin import open-psa model.xml basic-events.xml", "The probability of each top event."),
    (
        "twin import open-psa model.xml --cut-sets 2 --importance",
        "Cut sets of up to two events; how much each matters.",
    ),
    ("twin import open-psa model.xml --table gates --format csv", "The gates as a table, one row an input."),
    ("twin import open-psa model.xml -o trees", "All tables in a folder, for 'twin query trees …'."),
    name="import",
)
@click.argument("form", metavar="open-psa", type=click.Choice(("open-psa",)))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=Given())
@click.option(
    "--top", "tops", multiple=True, metavar="GATE", help="Solve this gate; may be repeated; '*' for all gates."
)
@click.option(
    "--cut-sets", "order", type=click.IntRange(min=1), metavar="N", help="Minimal cut sets of up to N events."
)
@click.option("--importance", "matters", is_flag=True, help="How much each event matters to each top.")
@click.option("--mission-time", default=8760.0, show_default=True, metavar="HOURS", help="System mission time.")
@click.option("--no-common-cause", is_flag=True, help="Let members of common-cause groups fail independently.")
@click.option("--fault-trees-only", is_flag=True, help="Leave out event trees and alignments.")
@click.option(
    "--nodes",
    default=_DEFAULT_NODES,
    show_default=True,
    type=click.IntRange(min=1000, max=50_000_000),
    metavar="N",
    help="Decision nodes one part of a tree may use before it gets bounds.",
)
@output_options(table=True)
def import_model(
    form: str,  # noqa: ARG001 - there is one form so far
    files: tuple[Path, ...],
    tops: tuple[str, ...],
    order: int | None,
    matters: bool,
    nodes: int,
    out: Output,
    **reading: float,
) -> None:
    """Read a model of another tool and solve it.

    Open-PSA files together are one model; the top events are the gates that no gate uses. What is not read is
    refused by name.
    """
    from twin.cli.output import asked, emit_tables
    from twin.failure.exact import FaultTree
    from twin.interop.open_psa import read_open_psa
    from twin.results.provenance import Provenance
    from twin.results.results import Results

    more = [name for name, wanted in _MORE.items() if {"cut_sets": order is not None, "importance": matters}[wanted]]
    asked(out, ("top_events", "gates", "events", *more))
    with working(f"solving {files[0]}"):
        model = read_open_psa(
            files,
            mission_time_h=reading["mission_time"],
            common_cause=not reading["no_common_cause"],
            fault_trees_only=bool(reading["fault_trees_only"]),
        )
        tree = FaultTree(model.gates, model.events, nodes)
        chosen = tree.gates if _ALL in tops else list(tops) or tree.tops
        tables = {"top_events": tree.top_event(chosen), "gates": model.gates, "events": model.events}
        if order is not None:
            tables |= _cut_sets(tree, chosen, order)
        if matters:
            tables["importance"] = _each(chosen, tree.importance)
    for tag, count in model.left_out.items():
        say(f"left out: {count} <{tag}>")
    _warn(tables)
    results = Results(tables, Provenance(topology=files[0].stem, files=_digests(files)))
    emit_tables(results, out, ("top_events", "cut_sets", "importance"), "top_events", ("gates", "events"))


def _each(gates: list[str], ask: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    """One answer under the other, with the gate each is about."""
    import polars as pl

    return pl.concat([ask(gate).select(pl.lit(gate).alias("gate"), pl.all()) for gate in gates])


def _cut_sets(tree: FaultTree, gates: list[str], order: int) -> dict[str, pl.DataFrame]:
    """The cut sets of some gates and how many there are."""
    import polars as pl

    found = {gate: tree.cut_sets(gate, order) for gate in gates}
    return {
        "cut_sets": _each(gates, lambda gate: found[gate].sets.with_columns(pl.col("events").list.join(", "))),
        "cut_set_counts": _each(gates, lambda gate: found[gate].counts),
    }


def _warn(tables: dict[str, pl.DataFrame]) -> None:
    """Say what is not exact and what is not listed."""
    for gate in tables["top_events"].filter(tables["top_events"]["probability"].is_null())["gate"].to_list():
        say(f"{gate}: only bounds are known within --nodes")
    counts = tables.get("cut_set_counts")
    if counts is not None:
        for gate, order, count in counts.filter(~counts["listed"]).select("gate", "order", "count").rows():
            say(f"{gate}: {count:,} cut sets of {order} events are not listed")


def _digests(files: tuple[Path, ...]) -> dict[str, str]:
    from hashlib import sha256

    return {str(file): sha256(file.read_bytes()).hexdigest() for file in files}
