"""`twin plugins`: every plugin found, what it provides, and why one is not active."""

from __future__ import annotations

from twin.cli.common import Output, command, output_options


@command(
    ("twin plugins", "Plugin, distribution, version, state and what it provides."),
    ("twin plugins --format json", "The same for a program."),
    ("TWIN_DISABLE_PLUGINS=twin-energy twin plugins", "Without one of them; its code is not imported."),
)
@output_options(table=False)
def plugins(out: Output) -> None:
    """List the plugins, what they provide and what is wrong with them."""
    import polars as pl

    from twin.cli.output import emit
    from twin.loading import blocked_names, load_installed
    from twin.registry import registry

    infos = [loaded.info for loaded in load_installed(blocked_names())]
    columns = {
        "plugin": [info.name for info in infos],
        "distribution": [info.distribution for info in infos],
        "version": [info.version for info in infos],
        "state": [info.state for info in infos],
        "reason": [info.reason or "; ".join(info.outdated) for info in infos],
        "provides": [", ".join(info.provides) for info in infos],
    }
    emit(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), out)
    registry()  # two plugins that provide the same name are an error that says which
