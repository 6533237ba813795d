"""`twin solve`: the rent, price, fee or anything else for which a measure comes to what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import Output, Source, command, file_argument, output_options, topology_options, working

if TYPE_CHECKING:
    from collections.abc import Callable


_BETWEEN = (
    "twin solve river-bend.yaml --vary deals.notes.upfront_fee --target 'lender-irr(notes)=6.5 %' --between '0 %' '3 %'"
)


def _usual(function: Callable[..., None]) -> Callable[..., None]:
    return file_argument(topology_options(output_options(table=False)(function)))


@command(
    (
        "twin solve river-bend.yaml --vary deals.lease.rent --target 'irr(hut8)=15 %'",
        "The rent that the landlord asks.",
    ),
    ("twin solve river-bend.yaml --vary deals.notes.principal --target 'dscr(notes)=1.5'", "The debt a lender gives."),
    (
        "twin solve river-bend.yaml --vary deals.lease.escalator --target 'npv(hut8)=$300M'",
        "The escalator that is worth so much.",
    ),
    (
        "twin solve river-bend.yaml --vary deals.google-backstop.fee --target 'guarantor-net(google)=$0'",
        "The fee at which the guarantor comes out even.",
    ),
    (
        _BETWEEN,
        "Where to look, as the file states none.",
    ),
    name="solve",
)
@_usual
@click.option("--vary", required=True, metavar="PATH", help="What to vary, as in --set.")
@click.option("--target", required=True, metavar="MEASURE(NAME)=VALUE", help="What to aim at, as 'irr(hut8)=12 %'.")
@click.option("--between", nargs=2, metavar="LOW HIGH", help="Look between these values; else about that of the file.")
def solve(source: Source, out: Output, vary: str, target: str, between: tuple[str, str] | None) -> None:
    """Find the value for which a measure comes to what is wanted.

    Measures: irr, xirr, npv, net, paid, received, moic, yield-on-cost, unit-cost and nameplate-cost of a party;
    dscr, mean-dscr, llcr, plcr, debt, debt-yield, average-life and lender-irr of a loan; guarantor-net and
    expected-loss of a guarantee or of all guarantees of a party, as present values.
    """
    from twin.cli.output import emit
    from twin.cli.trouble import say
    from twin.scenario.measure import target as read_target
    from twin.scenario.rerun import base
    from twin.scenario.solve import solve as find

    aim = read_target(target)
    with working(f"solving {source.file}"):
        start = base(
            source.file, scenario=source.scenario, overlays=source.overlays, trust=source.trust, seed=source.seed
        )
        found = find(start, vary, aim, between or None)
    emit(found, out, "solution")
    row = found.row(0, named=True)
    say(f"{aim} is {aim.show(row['reached'])} with --set '{vary}={row['value']}'")
