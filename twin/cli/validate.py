"""`twin validate`: is this file right, and if not, everything that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from twin.cli.common import Source, command, file_argument, topology_options, working
from twin.cli.trouble import say, say_remarks
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.errors import Finding
    from twin.evaluate import Twin


@command(
    ("twin validate quickstart.yaml", "'ok' and what is in it, or every finding with line and column."),
    ("twin validate river-bend.yaml --scenario late-energisation", "With a scenario applied."),
)
@file_argument
@topology_options
def validate(source: Source) -> None:
    """Check a topology file and list everything wrong with it.

    Findings go to stderr, one a line, as file:line:column: path: what is wrong (got X); what would be
    right. What every engine would refuse is among them, as suppliers of which it does not follow how many
    are needed. Ends with status 2 where there is one. A file that is right and perhaps not what was meant gets
    remarks, in the same form; they do not change the status.
    """
    with working(f"reading {source.file}"):
        twin = source.load()
        refused = _refused(twin)
    if refused:
        raise InputError(refused)
    topology = twin.topology
    parts = [
        _count(len(topology.groups), "group"),
        _count(sum(group.total for group in topology.groups.values()), "instance"),
        _count(len(topology.entries), "model entry", "model entries"),
        _count(topology.calendar.months, "month"),
    ]
    click.echo(f"ok: {', '.join(parts)}")
    say_remarks(topology)
    for info in twin.registry.broken:
        say(f"warning: plugin {info} is not used, for it is broken: {info.reason}")


def _refused(twin: Twin) -> tuple[Finding, ...]:
    """What every engine would refuse; representatives of what is alike say it for all."""
    from twin.structure.sound import unsound

    return unsound(lambda: twin.lifted)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
