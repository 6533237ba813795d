"""The command `twin`: a group whose commands are imported when they are called, and how it ends."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import shell_complete

from twin import __version__
from twin.cli.trouble import report_bug, report_error, say
from twin.errors import EXIT_BAD_INPUT, EXIT_BUG, EXIT_CHECK_FAILED, EXIT_OK, PluginError, TwinError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import EntryPoint

EXIT_INTERRUPTED = 130
EXIT_STATUSES = {
    EXIT_OK: "fine; of 'diff' also where something differs",
    EXIT_CHECK_FAILED: "done, and a check does not hold: of the file, or of a plugin in 'plugin check'",
    EXIT_BAD_INPUT: "the file or the call is wrong, an engine refuses, or nothing can be written",
    EXIT_BUG: "a bug of twin or of a plugin",
    EXIT_INTERRUPTED: "interrupted",
}
"""How a command ends, for scripts."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A disk or quota that is full is the machine's fault and not a bug."""

COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("twin.cli.init", "init", "Write a starter topology to learn from and change."),
    "validate": ("twin.cli.validate", "validate", "Check a topology file and list everything wrong with it."),
    "show": ("twin.cli.show", "show", "Show the groups of a topology, or explain one of its nodes."),
    "evaluate": ("twin.cli.run", "evaluate", "Run everything and print one screen of results."),
    "capacity": ("twin.cli.run", "capacity", "What it can carry, what stops it, and what to buy next."),
    "failure": ("twin.cli.run", "failure", "What breaks it, how often and for how long."),
    "simulate": (
        "twin.cli.run",
        "simulate",
        "Failure simulated, beside the exact answer.",
    ),
    "energy": ("twin.cli.run", "energy", "What it draws by the hour, what that costs and emits."),
    "cost": ("twin.cli.cost", "cost", "Who pays whom, and what an accelerator-hour costs."),
    "risk": ("twin.cli.risk", "risk", "What defaults, prices and delay do to each party."),
    "compare": ("twin.cli.compare", "compare", "Own, lease or rent: the offers of a file side by side."),
    "solve": ("twin.cli.solve", "solve", "Find the value for which a measure comes to what is wanted."),
    "network": ("twin.cli.network", "network", "What the network carries, and what limits a flow."),
    "query": ("twin.cli.query", "query", "Ask a topology or saved results a question in SQL."),
    "report": ("twin.cli.report", "report", "Run everything and write one page of HTML."),
    "diff": ("twin.cli.diff", "diff", "Show what differs between two topologies or two results."),
    "import": ("twin.cli.importing", "import_model", "Read a model of another tool and solve it."),
    "tables": ("twin.cli.tables", "tables", "List the result tables, or the columns of one."),
    "schema": (
        "twin.cli.schema",
        "schema",
        "Write the JSON Schema of topology files, for editors.",
    ),
    "parts": ("twin.cli.parts", "parts", "List the parts of the catalogues, or the figures of one."),
    "plugins": ("twin.cli.plugins", "plugins", "List the plugins, what they provide and what is wrong with them."),
    "plugin": ("twin.cli.plugin", "plugin", "Write a new plugin, or check one."),
}
"""Name -> module, attribute, short help: all that `twin --help` needs."""


PLUGIN_COMMANDS = "twin.commands"
"""Entry-point group in which a plugin names click commands of its own."""

_BLOCK_VARIABLE, _ALL_OTHERS = "TWIN_DISABLE_PLUGINS", "*"
"""As `twin.loading` has them, which imports more than help should."""


def plugin_commands() -> dict[str, EntryPoint]:
    """The commands that plugins add, by name; one that has the name of ours is left out.

    None of their code is imported: that is for when one of them is called.
    """
    from importlib.metadata import entry_points

    blocked = {name.strip() for name in os.environ.get(_BLOCK_VARIABLE, "").split(",")}
    found = sorted(entry_points(group=PLUGIN_COMMANDS), key=lambda entry: entry.name)
    return {
        entry.name: entry
        for entry in found
        if entry.name not in COMMANDS
        and not blocked & {_ALL_OTHERS, entry.name, entry.dist.name if entry.dist else entry.name}
    }


def _blocked_in_vain() -> list[str]:
    """Names that are to be left out and are of no plugin and no distribution: slips, mostly."""
    blocked = {name.strip() for name in os.environ.get(_BLOCK_VARIABLE, "").split(",")} - {"", _ALL_OTHERS}
    if not blocked:
        return []
    from importlib.metadata import entry_points

    found = [entry for group in ("twin", PLUGIN_COMMANDS) for entry in entry_points(group=group)]
    return sorted(blocked - {entry.name for entry in found} - {entry.dist.name for entry in found if entry.dist})


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and shows help without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order in which people meet them, those of plugins last."""
        return [*COMMANDS, *plugin_commands()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command; None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return _of_plugin(cmd_name)
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name for an unknown command."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The list of commands, from the static help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, _, short) in COMMANDS.items()])
        others = plugin_commands()
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(name, f"from {_whose(entry)}") for name, entry in others.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """What to type first."""
        with formatter.section("First steps"):
            formatter.write_dl([("twin init", "write quickstart.yaml"), ("twin evaluate quickstart.yaml", "run it")])
        formatter.write_paragraph()
        formatter.write_text("'twin COMMAND --help' shows the options of a command with examples.")
        with formatter.section("Exit status"):
            formatter.write_dl([(str(status), means) for status, means in EXIT_STATUSES.items()])
        with formatter.section("Completion of commands, options and tables, in ~/.bashrc or ~/.zshrc"):
            for shell in ("bash", "zsh"):
                formatter.write(f'{"":{formatter.current_indent}}eval "$(_TWIN_COMPLETE={shell}_source twin)"\n')


def _whose(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _of_plugin(name: str) -> click.Command | None:
    """A command that a plugin adds; None where none has this name.

    Raises:
        PluginError: its code does not import, or is no click command.
    """
    entry = plugin_commands().get(name)
    if entry is None:
        return None
    try:
        command = entry.load()
    except Exception as error:
        raise PluginError(f"the command '{name}' of {_whose(entry)} does not load: {error}") from error
    if not isinstance(command, click.Command):
        raise PluginError(
            f"the command '{name}' of {_whose(entry)} is {type(command).__name__}; a click command is wanted"
        )
    return command


def _no_plugins(_ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    # by the environment, so that workers leave them out too
    if value:
        os.environ[_BLOCK_VARIABLE] = _ALL_OTHERS


def _version(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"twin {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_no_plugins,
    help="Leave out every plugin but twin's own.",
)
@click.option("-q", "--quiet", is_flag=True, help="Leave out remarks and progress; errors and failed checks stay.")
@click.pass_context
def cli(ctx: click.Context, *, quiet: bool) -> None:
    """An infrastructure digital twin for AI data centres.

    One topology file describes sites, power, cooling, racks, network, energy and deals; twin says what it
    can carry, what breaks it, what it draws, who pays whom and what a delivered accelerator-hour costs.
    """
    ctx.obj = {"quiet": quiet}


def run(args: Sequence[str]) -> int:
    """Run one command line and give its exit status; whatever goes wrong is said on stderr."""
    try:
        status = _invoke(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` perhaps, has had enough
        _discard_stdout()
        status = EXIT_OK
    except click.exceptions.Exit as leave:
        status = leave.exit_code
    except click.ClickException as error:
        error.show()
        status = EXIT_BAD_INPUT
    except TwinError as error:
        report_error(error)
        status = error.exit_status
    except OSError as error:
        if error.errno not in _FULL:
            status = report_bug(error, args)
        else:
            _discard_stdout()
            say(f"error: cannot write: {error.strerror}")
            status = EXIT_BAD_INPUT
    except (KeyboardInterrupt, EOFError, click.Abort):
        say("interrupted")
        status = EXIT_INTERRUPTED
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in polars is no Exception, and a bug all the same
        status = report_bug(error, args)
    return status


def main() -> None:
    """The entry point of the command `twin`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a letter gets '?', not a traceback
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def _invoke(args: Sequence[str]) -> int:
    completing = os.environ.get("_TWIN_COMPLETE")
    if completing:
        return shell_complete(cli, {}, "twin", "_TWIN_COMPLETE", completing)
    for name in _blocked_in_vain():
        say(f"warning: {_BLOCK_VARIABLE} names '{name}', and no plugin is called so; see 'twin plugins'")
    with cli.make_context("twin", list(args)) as context:
        cli.invoke(context)
    return EXIT_OK


def _discard_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
