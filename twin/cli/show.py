"""`twin show`: the tree of groups, or what one node is and where its numbers come from."""

from __future__ import annotations

import shutil
import sys

import click
from click.shell_completion import CompletionItem

from twin.cli.common import Source, command, file_argument, topology_options, working
from twin.cli.trouble import remark

_GROUPS_EXPLAINED = 4
_WIDE = 160


def _selectors(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The groups and kinds of the file that is named, for the shell; none where it cannot be read."""
    from twin.errors import TwinError
    from twin.evaluate import load

    try:
        groups = load(ctx.params["file"]).topology.groups
    except (TwinError, KeyError, TypeError, OSError):
        return []
    named = {path: group.kind for path, group in groups.items()}
    kinds = {f"kind={kind}": "one of every group" for kind in named.values()}
    return [CompletionItem(name, help=about) for name, about in (named | kinds).items() if name.startswith(begun)]


@command(
    ("twin show quickstart.yaml", "The groups: how many, rated what, fed by whom."),
    (
        "twin show quickstart.yaml 'rack-room/rack[3]'",
        "One node: its attributes with their source, who feeds it, what it feeds.",
    ),
    ("twin show river-bend.yaml kind=ups", "One of every group of a kind."),
)
@file_argument
@click.argument("selector", required=False, shell_complete=_selectors)
@topology_options
def show(source: Source, selector: str | None) -> None:
    """Show the groups of a topology, or explain one of its nodes.

    A selector is a path as site/hall[2..4]/rack, with * for any name and ** for any depth, or kind=rack.
    Of each group that it names, the first node is explained.
    """
    from twin.cli.screen import put
    from twin.report.explain import explain, tree
    from twin.report.fate import MOST_INSTANCES, fate
    from twin.topology.select import select

    with working(f"reading {source.file}"):
        twin = source.load()
    topology = twin.topology
    width = min(shutil.get_terminal_size().columns, _WIDE) if sys.stdout.isatty() else _WIDE
    if selector is None:
        put(tree(topology, width), tables=False)
        return
    found = select(topology, selector)
    for path, locals_ in list(found.items())[:_GROUPS_EXPLAINED]:
        put(explain(topology, path, int(locals_[0]), width), tables=False)
        if sum(group.total for group in topology.groups.values()) <= MOST_INSTANCES:
            put(fate(twin.structure, path, int(locals_[0]), width), tables=False)
        if len(locals_) > 1:
            remark(f"and {len(locals_) - 1:,} more of {path}; name one of them to have it explained")
    if len(found) > _GROUPS_EXPLAINED:
        remark(f"and of {len(found) - _GROUPS_EXPLAINED} more groups: {', '.join(list(found)[_GROUPS_EXPLAINED:])}")
