"""`twin evaluate`, `capacity`, `failure`, `simulate` and `energy`: run analyses and show what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from twin.cli.trouble import say_remarks

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE = ("nodes", "edges", "site_hours", "dispatch", "outage_starts")
"""Tables with a row an instance or an hour: only for who asks for them."""

_CAPACITY = ("site_capacity", "capacity", "interconnection", "stranded", "upgrades", "fit", "demand")
"""Tables of `twin capacity`, the main one first."""

_SIMULATION = ("simulation", "outage_durations", "uncertainty")
"""Tables of `twin simulate`, the main one first."""

_FAILURE = (
    "availability",
    "reliability",
    "capacity_outage",
    "contingency",
    "cut_sets",
    "importance",
    "grid_survival",
    "goodput",
    "goodput_loss",
)
"""Tables of `twin failure`, the main one first."""

_ENERGY = (
    "energy",
    "energy_cost",
    "carbon",
    "carbon_free",
    "cfe_tradeoff",
    "water",
    "outage_survival",
    "ride_through",
    "dispatch_summary",
    "supply_units",
)
"""Tables of `twin energy`."""

_HOURS = "site_hours"
"""What CSV and Parquet give of it."""


def _runs(function: Callable[..., None]) -> Callable[..., Any]:
    """The argument and options of a command here."""
    return file_argument(topology_options(output_options(table=True)(function)))


@command(
    ("twin evaluate quickstart.yaml", "One screen: capacity, availability, cash, debt, unit cost, checks."),
    ("twin evaluate river-bend.yaml -o results/river-bend", "Save every table as Parquet beside the screen."),
    ("twin evaluate quickstart.yaml --format json | jq .unit_cost", "All tables but nodes and edges, for a program."),
    ("twin evaluate quickstart.yaml --set 'discount=8 %/year'", "The same with one value changed."),
)
@file_argument
@topology_options
@output_options(table=True, main=False)
def evaluate(source: Source, out: Output) -> None:
    """Run everything and print one screen of results.

    Ends with status 1 where a check of the file does not hold.
    """
    from twin.cli.output import asked, emit_tables, save
    from twin.cli.screen import put, width
    from twin.report.summary import lines

    with working(f"evaluating {source.file}"):
        twin = source.load()
        asked(out, twin.gives())
        results = twin.evaluate(seed=source.seed)
    form = out.resolve()
    if form is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        names = [name for name in results.tables if name not in _LARGE]
        emit_tables(results, out, names, main=None)
    say_remarks(twin.topology)
    end_on_failed_checks(results)


@command(
    ("twin capacity quickstart.yaml", "One screen: phases, what stops them, where capacity is left, what to buy next."),
    ("twin capacity quickstart.yaml --table capacity --format csv", "Every supplier: rating, load, worst case."),
    ("twin capacity quickstart.yaml --table upgrades", "The next things to buy, and what each of them releases."),
)
@_runs
def capacity(source: Source, out: Output) -> None:
    """What it can carry, what stops it, and what to buy next.

    Usable capacity is the largest IT load that every failure the file declares survivable still carries.
    """
    from twin.cli.output import emit_tables, save
    from twin.cli.screen import put, width
    from twin.report.capacity import lines

    with working(f"running capacity of {source.file}"):
        results = source.run(out, "capacity", "upgrades")
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        emit_tables(results, out, _CAPACITY, _CAPACITY[0], ("checks",))
    end_on_failed_checks(results)


@command(
    ("twin failure quickstart.yaml", "One screen: supply, availability, what breaks it most, and goodput of the work."),
    (
        "twin failure quickstart.yaml --table contingency --format csv",
        "What every one and every two failures take down.",
    ),
)
@_runs
def failure(source: Source, out: Output) -> None:
    """What breaks it, how often and for how long.

    And what that does to the work, where the file has workloads.
    """
    from twin.cli.output import asked, emit_tables, save
    from twin.cli.screen import put, width
    from twin.report.failure import lines

    with working(f"running failure of {source.file}"):
        twin = source.load()
        names = ("failure", "workload") if twin.topology.section("workloads") else ("failure",)
        asked(out, twin.gives(*names))
        results = twin.run(*names, seed=source.seed)
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        emit_tables(results, out, _FAILURE, _FAILURE[0], ("checks",))
    end_on_failed_checks(results)


@command(
    ("twin simulate quickstart.yaml", "One screen: estimates beside the exact answer, and how long outages last."),
    (
        "twin simulate river-bend.yaml --samples 100000000 --half-width '0.001 %'",
        "Sample until losses are known so well.",
    ),
    ("twin simulate river-bend.yaml --histories 10000 --years 15", "150,000 years of grid, gensets and repairs."),
    ("twin simulate quickstart.yaml --biasing", "Rare losses of supply, made frequent and weighed."),
)
@_runs
@click.option("--samples", type=int, metavar="N", help="States to draw at the most.")
@click.option("--half-width", metavar="X", help="Stop once losses are known to so much, as '0.001 %'.")
@click.option("--relative", is_flag=True, help="That is a share of the loss itself, as '5 %'.")
@click.option("--histories", type=int, metavar="N", help="Histories to live through; 0 for none.")
@click.option("--years", type=int, metavar="N", help="Years of each.")
@click.option("--biasing", is_flag=True, help="Sample each site once more with its rare failures made frequent.")
@click.option("--draws", type=int, metavar="N", help="Draws of uncertain failure rates, 93 or more; each is solved.")
def simulate(source: Source, out: Output, **given: object) -> None:
    """Failure simulated, beside the exact answer.

    What an option leaves open is taken from `analyses: {simulation: …}` of the file.  The same --seed gives the
    same numbers.
    """
    from dataclasses import replace

    from twin.cli.output import asked, emit_tables, save
    from twin.cli.screen import put, width
    from twin.failure.montecarlo.analysis import stated, with_params
    from twin.report.simulation import lines

    with working(f"simulating {source.file}"):
        twin = source.load()
        wanted = {name: value for name, value in given.items() if value is not None and value is not False}
        if wanted:
            twin = replace(twin, topology=with_params(twin.topology, wanted))
        # what uncertain rates do to the work is asked only where rates are drawn and there is work
        goodput = (
            ("workload-uncertainty",) if stated(twin.topology).draws and twin.topology.section("workloads") else ()
        )
        asked(out, twin.gives("simulation", *goodput))
        results = twin.run("simulation", *goodput, seed=source.seed)
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        emit_tables(results, out, _SIMULATION, _SIMULATION[0], ("checks",))
    end_on_failed_checks(results)


@command(
    (
        "twin energy quickstart.yaml",
        "One screen: a year by stage and month, supplies, the bill by line, carbon, outages.",
    ),
    (
        "twin energy quickstart.yaml --format csv",
        "Every hour: IT, losses, cooling, import, weather.",
    ),
    ("twin energy quickstart.yaml --table energy_cost", "The bill month by month, line by line."),
    ("twin energy quickstart.yaml --set 'cooling.constant-pue.pue=1.3'", "The same with a worse PUE."),
)
@_runs
def energy(source: Source, out: Output) -> None:
    """What it draws by the hour, what that costs and emits.

    And how long it lives when the grid fails.
    """
    from twin.cli.output import emit_tables, save
    from twin.cli.screen import put, width
    from twin.report.energy import lines

    with working(f"running energy of {source.file}"):
        results = source.run(out, "energy", "carbon", "resilience")
    if out.resolve() is None and out.table is None:
        put(lines(results, width()))
        save(results, out)
    else:
        emit_tables(results, out, _ENERGY, _HOURS, ("checks",))
    end_on_failed_checks(results)
