"""`twin network`: fabrics, their ports and oversubscription, and the most that flows between two places."""

from __future__ import annotations

from dataclasses import replace
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
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.evaluate import Twin


@command(
    ("twin network campus.yaml", "Fabrics with their bisection, and ports and oversubscription by tier."),
    ("twin network campus.yaml --from 'campus/hall[1]' --to 'campus/hall[2]'", "What limits a flow of two halls."),
    ("twin network campus.yaml --table network_flows --format csv", "Flow, minimum cut and latency of each pair."),
)
@file_argument
@topology_options
@click.option("--from", "senders", multiple=True, metavar="SELECTOR", help="Who sends; repeat it for more pairs.")
@click.option("--to", "receivers", multiple=True, metavar="SELECTOR", help="Who receives; one for each --from.")
@output_options(table=True)
def network(source: Source, out: Output, senders: tuple[str, ...], receivers: tuple[str, ...]) -> None:
    """What the network carries, and what limits a flow.

    Flows are at full build and in either direction; sites that a link joins are always among them.
    """
    from twin.cli.output import asked, emit_tables

    if len(senders) != len(receivers):
        raise UsageError(f"{len(senders)} --from and {len(receivers)} --to; give one --to for each --from")
    with working(f"running network of {source.file}"):
        twin = source.load()
        asked(out, twin.gives("network"))
        results = _asking(twin, senders, receivers).run("network", seed=source.seed)
    # what is asked for is what CSV and Parquet give
    main = "network_flows" if senders else "fabrics"
    emit_tables(results, out, ("fabrics", "fabric_tiers", "network_flows"), main, ("checks",))
    end_on_failed_checks(results)


def _asking(twin: Twin, senders: tuple[str, ...], receivers: tuple[str, ...]) -> Twin:
    """The same topology with these pairs beside those that the file asks for."""
    if not senders:
        return twin
    from twin.network.analysis import FlowPair, NetworkParams
    from twin.topology.model import ModelEntry, Where

    topology = twin.topology
    stated = [one for one in topology.section("analyses") if one.name == "network"]
    pairs = [FlowPair.model_validate({"from": one, "to": other}) for one, other in zip(senders, receivers, strict=True)]
    before = stated[0].params.flows if stated and isinstance(stated[0].params, NetworkParams) else ()
    params = NetworkParams(flows=(*before, *pairs))
    entry = (
        replace(stated[0], params=params)
        if stated
        else ModelEntry("analyses", "network", "network", params, {}, (), Where("--from"))
    )
    entries = (*(one for one in topology.entries if one not in stated), entry)
    return replace(twin, topology=replace(topology, entries=entries))
