"""`twin cost`: who pays whom, what a delivered accelerator-hour costs, and who bears a shock."""

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

_TABLES = ("party_metrics", "unit_cost", "levelised", "debt_metrics", "sources_uses")
_MORE = (
    *("debt", "debt_sizing", "waterfall", "depreciation", "deal_figures"),
    *("cashflow", "occupancy", "guarantee", "guarantee_value", "energy_cost", "checks"),
)

_SHOCK = ("shock", "shock_effects")


def _usual(function: Callable[..., None]) -> Callable[..., None]:
    return file_argument(topology_options(output_options(table=True)(function)))


@command(
    ("twin cost river-bend.yaml", "One screen: what each party pays and earns, cover of the debt, the guarantee."),
    ("twin cost river-bend.yaml --table cashflow -o ledger.csv", "The whole ledger: payer, payee, deal, category."),
    ("twin cost river-bend.yaml --shock 'delay=6 months'", "Who bears it that the halls are energised late."),
    (
        "twin cost river-bend.yaml --shock availability='97 %' --shock pue=1.4 --shock tariff='+20 %'",
        "Physics into money, each shock by itself.",
    ),
    ("twin cost river-bend.yaml --shock default=2032-06", "Who pays when the tenant does not."),
)
@_usual
@click.option(
    "--shock",
    "shocks",
    multiple=True,
    metavar="WHAT=SIZE",
    help="Let something happen: delay, availability, pue, tariff, gpu-price or default; may be repeated.",
)
def cost(source: Source, out: Output, shocks: tuple[str, ...]) -> None:
    """Who pays whom, and what an accelerator-hour costs.

    What the parties pay and are paid sums to zero, for every dollar has two ends.  With --shock: who bears it.
    """
    if shocks:
        _shock(source, out, shocks)
        return
    from twin.cli.output import emit_tables, mention, save
    from twin.cli.screen import put, width
    from twin.report.cost import lines

    with working(f"running cost of {source.file}"):
        results = source.run(out, "cost")
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
        mention(results, [name for name in (*_TABLES, *_MORE) if name in results])
    else:
        emit_tables(results, out, _TABLES, _TABLES[0], _MORE)
    end_on_failed_checks(results)


def _shock(source: Source, out: Output, wanted: tuple[str, ...]) -> None:
    from twin.cli.output import asked, emit_tables
    from twin.results.results import Results
    from twin.scenario.rerun import base
    from twin.scenario.shock import shocks
    from twin.scenario.shocks import shock

    asked(out, _SHOCK)
    read = [shock(text) for text in wanted]
    with working(f"shocking {source.file}"):
        start = base(
            source.file, scenario=source.scenario, overlays=source.overlays, trust=source.trust, seed=source.seed
        )
        found = shocks(start, read)
    results = Results(found, start.results.provenance, {})
    emit_tables(results, out, _SHOCK, _SHOCK[0])
