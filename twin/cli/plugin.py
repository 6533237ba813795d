"""`twin plugin new` and `twin plugin check`: a plugin as a package, and whether one holds what it promises."""

from __future__ import annotations

from pathlib import Path

import click

from twin.cli.common import Given, Output, TaughtGroup, command, output_options, working
from twin.cli.trouble import remark
from twin.errors import EXIT_CHECK_FAILED
from twin.scaffold.new import KINDS


@click.group(cls=TaughtGroup)
def plugin() -> None:
    """Write a new plugin, or check one.

    A plugin adds parts, tariffs, cooling, weather, carbon, deals, workloads, analyses
    or readers; 'twin plugins' lists them.
    """


@command(
    ("twin plugin new acme-leases --kind financing", "Writes acme-leases/ with a model, an example, tests, a licence."),
    ("twin plugin new acme --kind hardware --in ~/work", "Writes ~/work/acme/."),
)
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(list(KINDS)), help="What it adds.")
@click.option(
    "--in", "folder", default=".", type=click.Path(file_okay=False, path_type=Path), help="Folder to write it in."
)
def new(name: str, kind: str, folder: Path) -> None:
    """Write a complete package of a plugin: it installs and passes its tests as it stands.

    NAME is that of the package, the plugin and the model: lower-case words with hyphens. Nothing is overwritten.
    """
    from twin.scaffold.new import new as write

    for path in write(name, kind, folder):
        remark(f"wrote {path}")
    remark(f"next: pip install --editable '{folder / name}[test]' && twin plugin check {name}")


@command(
    ("twin plugin check acme-leases", "Docs, units, repeatability, pickling, speed; on the example it ships."),
    ("twin plugin check acme --example campus.yaml", "On a topology of your own that uses it."),
)
@click.argument("name")
@click.option(
    "--example",
    type=Given(),
    help="A topology that uses it; by default example.yaml beside the plugin's module.",
)
@output_options(table=False)
def check(name: str, example: Path | None, out: Output) -> None:
    """Hold a plugin against the conformance kit; a check that fails is exit status 1."""
    from twin.cli.output import emit
    from twin.conformance.kit import conform, find
    from twin.loading import blocked_names, load_installed
    from twin.registry import registry

    with working(f"checking {name}"):
        loaded = find(load_installed(blocked_names()), name)
        found = conform(loaded, registry(), example)
    emit(found, out)
    failed = found.height - int(found["ok"].sum())
    if failed:
        remark(f"{failed} of {found.height} checks fail")
        click.get_current_context().exit(EXIT_CHECK_FAILED)


plugin.add_command(new, "new")
plugin.add_command(check, "check")
plugin.examples = (new.examples[0], check.examples[0])
