"""`twin risk`: what defaults, prices and delay do to each party, by Monte Carlo."""

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


_TABLES = ("risk", "risk_events", "loan_risk")
_REST = ("party_metrics", "debt_metrics", "guarantee", "checks")


def _usual(function: Callable[..., None]) -> Callable[..., None]:
    return file_argument(topology_options(output_options(table=True)(function)))


@command(
    ("twin risk river-bend.yaml", "Expected loss, value at risk and what is likely, of the file's own assumptions."),
    ("twin risk river-bend.yaml --scenarios 100000 --seed 7", "More of them, and others."),
    (
        "twin risk river-bend.yaml --tenant-default '8 %/year' --guarantor-default '0.1 %/year' --correlation '30 %'",
        "Other assumptions on default.",
    ),
    ("twin risk river-bend.yaml --delay '6 months=30 %' --delay '12 months=10 %'", "Late energisation, two ways."),
    name="risk",
)
@_usual
@click.option("--scenarios", type=int, metavar="N", help="Scenarios to draw.")
@click.option("--tenant-default", metavar="RATE", help="Probability a year that the tenant defaults, as '5 %/year'.")
@click.option("--guarantor-default", metavar="RATE", help="The same of the guarantor.")
@click.option("--recovery", metavar="SHARE", help="Share of the rent that letting again brings.")
@click.option("--correlation", metavar="SHARE", help="Correlation of any two defaults.")
@click.option("--lock-up", metavar="RATIO", help="DSCR below which a loan keeps the cash.")
@click.option("--delay", multiple=True, metavar="TERM=SHARE", help="How late energisation may be; may be repeated.")
def risk(source: Source, out: Output, delay: tuple[str, ...], **given: object) -> None:
    """What defaults, prices and delay do to each party.

    Scenarios are drawn and every month of each is paid: by the tenant, the guarantor, or nobody.  What an option
    leaves open is taken from `analyses: {risk: …}` of the file, and from its guarantees.  The same --seed gives the
    same numbers.
    """
    from dataclasses import replace

    from twin.cli.output import asked, emit_tables, mention, save
    from twin.cli.screen import put, width
    from twin.cost.scenarios.analysis import NAME, RiskParams
    from twin.errors import RefusedError, UsageError
    from twin.report.risk import lines
    from twin.topology.given import with_params

    wanted = {name: value for name, value in given.items() if value is not None}
    for one in delay:
        term, equals, share = one.partition("=")
        if not equals:
            raise UsageError(f"'{one}' is not a delay; write it as '6 months=30 %'")
        wanted.setdefault("delay", {})[term.strip()] = share.strip()  # type: ignore[index]
    with working(f"drawing scenarios of {source.file}"):
        twin = source.load()
        twin = replace(twin, topology=with_params(twin.topology, NAME, RiskParams, wanted))
        asked(out, twin.gives("risk"))
        results = twin.run("risk", seed=source.seed)
    if results["risk_events"].is_empty():
        raise RefusedError(
            NAME,
            "nothing in the file may happen: nobody's default is known, and no price or delay is drawn",
            "give --tenant-default or --delay, or say in `analyses: {risk: …}` what may happen",
        )
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
        mention(results, (*_TABLES, *_REST))
    else:
        emit_tables(results, out, _TABLES, "risk", _REST)
    end_on_failed_checks(results)
