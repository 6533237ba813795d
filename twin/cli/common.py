"""What commands share: options of a topology and of output, examples in the help, progress, failed checks."""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from twin.cli.trouble import say
from twin.errors import EXIT_CHECK_FAILED, UsageError, nearest
from twin.progress import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from twin.evaluate import Twin
    from twin.results.results import Results

FORMATS = ("table", "json", "csv", "parquet")
_SAID_IN_SECONDS = 100
PATIENCE_S = 1.0
"""Work that lasts longer shows that it is going on, on a terminal."""

ROWS_SHOWN = 40

Function = TypeVar("Function", bound="Callable[..., Any]")


class _WithExamples:
    """Help that ends in examples: pairs of a command line and what it does."""

    examples: tuple[tuple[str, str], ...] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The examples, each command on its own line as it is typed."""
        with formatter.section("Examples"):
            for line, does in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                with formatter.indentation():
                    formatter.write_text(does)


class Taught(_WithExamples, click.Command):
    """A command whose help ends in examples."""


class TaughtGroup(_WithExamples, click.Group):
    """A group of commands whose help ends in examples."""

    @property
    def taught(self) -> dict[str, Taught]:
        """Its commands by name."""
        return {name: each for name, each in self.commands.items() if isinstance(each, Taught)}


def command(*examples: tuple[str, str], name: str | None = None) -> Callable[[Callable[..., None]], Taught]:
    """Make a function a command with examples, called as it is or `name`; its docstring is the help."""

    def make(function: Callable[..., None]) -> Taught:
        made = click.command(name, cls=Taught)(function)
        made.examples = examples
        return made

    return make


@dataclass(frozen=True, slots=True)
class Source:
    """Which topology a command reads and how: the file and the options that change it."""

    file: Path
    scenario: str
    overlays: tuple[str, ...]
    trust: bool
    seed: int

    def load(self) -> Twin:
        """Read, check and resolve the file."""
        from twin.evaluate import load

        return load(self.file, scenario=self.scenario, overlays=self.overlays, trust=self.trust)

    def run(self, out: Output, *analyses: str) -> Results:
        """Read the file and run some analyses, unless they do not give the table that is asked for."""
        from twin.cli.output import asked

        twin = self.load()
        asked(out, twin.gives(*analyses))
        return twin.run(*analyses, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Output:
    """How a command gives its data.

    Attributes:
        format: as asked for; None where nothing was.
        path: file or folder to write; None for stdout.
        table: the one table asked for; None where none was.
        rows: rows of a table to show; 0 for all.
        several: whether the command gives several tables, so that a folder may take them all.
    """

    format: str | None
    path: Path | None
    table: str | None
    rows: int
    several: bool = True

    @property
    def ending(self) -> str:
        """What the path ends in, as `.csv`; empty where that is no ending: `runs/v1.2` has none."""
        suffix = self.path.suffix.lower() if self.path else ""
        return suffix if suffix[1:2].isalpha() else ""

    @property
    def folder(self) -> bool:
        """Whether all tables go into a folder: a path that is of no file, and no table asked for."""
        if self.path is None or self.table is not None or not self.several:
            return False
        form = self.resolve()
        return form != "table" and (not self.ending or (form is None and self.path.is_dir()))

    def resolve(self) -> str | None:
        """The format: as asked for, or as the file's ending says; None where neither does.

        Raises:
            UsageError: the ending of the file says another format than `--format`.
        """
        ending = self.ending.removeprefix(".")
        if ending in FORMATS and self.format not in (None, ending):
            raise UsageError(f"'{self.path}' ends in .{ending} and --format says {self.format}; leave one out")
        return self.format or (ending if ending in FORMATS else None)


def _options(function: Function, *decorators: Callable[[Any], Any]) -> Function:
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def topology_options(function: Callable[..., None]) -> Callable[..., None]:
    """Options of every command that takes a topology; the function gets them as `source`."""

    @functools.wraps(function)
    def called(
        scenario: str,
        overlays: tuple[str, ...],
        trust: bool,
        seed: int,
        file: Path,
        **rest: Any,
    ) -> None:
        function(source=Source(file, scenario, overlays, trust, seed), **rest)

    return _options(
        called,
        click.option("--scenario", default="", metavar="NAME", help="Apply this scenario of the file."),
        click.option(
            "--set",
            "overlays",
            multiple=True,
            metavar="PATH=VALUE",
            help="Set one value, after the scenario; may be repeated.",
        ),
        click.option("--trust", is_flag=True, help="Run the twinfile.py beside the topology as a plugin."),
        click.option(
            "--seed",
            default=0,
            show_default=True,
            type=click.IntRange(min=0),
            metavar="N",
            help="Seed of what is drawn at random.",
        ),
    )


class Given(click.Path):
    """A file, or also a folder, that is there; where it is not, what may be meant."""

    def __init__(self, *, folder: bool = False) -> None:
        """`folder` says whether a folder will do."""
        super().__init__(exists=True, dir_okay=folder, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or an error that says what would be right."""
        path = Path(value)
        if not path.exists():
            beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
            hint = nearest(path.name, beside) or "'twin init' writes a topology to start from"
            self.fail(f"there is no '{path}'; {hint}", param, ctx)
        if path.is_dir() and not self.dir_okay:
            saved = (path / "provenance.json").is_file()
            what = "holds results, which 'twin query' and 'twin diff' read" if saved else "is a folder"
            self.fail(f"'{path}' {what}; name a file", param, ctx)
        return super().convert(value, param, ctx)


def file_argument(function: Function) -> Function:
    """The argument FILE: a topology file that is there."""
    return click.argument("file", metavar="FILE", type=Given())(function)


def tables_begun(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The tables whose name begins so, for the shell."""
    from twin.tables import TABLES

    return [CompletionItem(name, help=table.doc) for name, table in TABLES.items() if name.startswith(begun)]


def output_options(
    *, table: bool, folder: bool | None = None, main: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of every command that gives data; the function gets them as `out`.

    What cannot be written is refused before the function is called.

    Args:
        table: whether one of several tables can be asked for.
        folder: whether a folder can take them all; as `table` where not given.
        main: whether one of them is what CSV and Parquet give where none is asked for.
    """
    several = table if folder is None else folder

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def called(format_: str | None, path: Path | None, rows: int, table: str | None = None, **rest: Any) -> None:
            out = Output(format_, path, table, rows, several)
            if format_ is not None or path is not None:
                from twin.cli.output import ready

                ready(out, main=main)
            function(out=out, **rest)

        which = click.option(
            "--table", metavar="NAME", help="Give this table alone; see 'twin tables'.", shell_complete=tables_begun
        )
        place = "FILE/FOLDER" if several else "FILE"
        return _options(
            called,
            click.option("--format", "format_", type=click.Choice(FORMATS), help="How to write data; default: table."),
            click.option(
                "-o",
                "--output",
                "path",
                type=click.Path(path_type=Path),
                metavar=place,
                help="Write there instead of stdout, whole or not at all; the ending says the format."
                + several * " A name without an ending is a folder for all tables, of the format of --format.",
            ),
            *([which] if table else []),
            click.option(
                "--rows",
                default=ROWS_SHOWN,
                show_default=True,
                type=click.IntRange(min=0),
                metavar="N",
                help="Rows of a table to show; 0 for all.",
            ),
        )

    return decorate


@dataclass(frozen=True, slots=True)
class _Count:
    """Counted work: how much of it is done, since when it goes on and when the last piece was done."""

    done: int
    total: int
    since: float
    at: float

    def known(self, now: float) -> bool:
        """Whether there is anything to tell the time by."""
        return self.done > 0 and now - self.since >= PATIENCE_S

    def left(self, now: float) -> float:
        """Seconds that the rest takes, if it goes on as so far."""
        return max((self.at - self.since) / self.done * (self.total - self.done) - (now - self.at), 0.0)


class _Shown:
    """What a status line says of counted work: how much is done and how long the rest will take.

    Work may be counted within counted work, as the years of each shock: all of it is said, and the time is that of the
    outermost that has got anywhere.
    """

    def __init__(self, status: Status, what: str) -> None:
        self._status, self._what = status, what
        self._open: dict[str, _Count] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        now = monotonic()
        begun = self._open.pop(what, None) if not done else self._open.get(what)
        self._open[what] = _Count(done, total, begun.since if done and begun else now, now)
        said = f"{self._what}: {', '.join(f'{one.done} of {one.total} {unit}' for unit, one in self._open.items())}"
        seconds = next((one.left(now) for one in self._open.values() if one.known(now)), None)
        if seconds is not None:
            said += f", about {time_left(seconds)} left"
        self._status.update(_as_it_stands(said))
        if done >= total:
            for inner in list(self._open)[list(self._open).index(what) :]:
                del self._open[inner]


def _as_it_stands(text: str) -> str:
    """Text in which brackets are no markup: the name of a file may have some."""
    from rich.markup import escape

    return escape(text)


def time_left(seconds: float) -> str:
    """A time as people say it: `40 s`, `3 min`, `1 h 20 min`."""
    if seconds < _SAID_IN_SECONDS:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something is going on, once it has lasted a second, and how far it is."""
    context = click.get_current_context(silent=True)
    quiet = context is not None and (context.find_root().obj or {}).get("quiet")
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(_as_it_stands(what))
    timer = Timer(PATIENCE_S, status.start)
    timer.daemon = True
    timer.start()
    try:
        with listening(_Shown(status, what)):
            yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def end_on_failed_checks(results: Results) -> None:
    """List failed checks on stderr and end with status 1; return where every check holds."""
    if "checks" not in results:
        return
    failed = [row for row in results["checks"].iter_rows(named=True) if not row["ok"]]
    for row in failed:
        text = f"check failed: {row['check']}: {row['scope']}: got {row['got']}, wanted {row['wanted']}"
        say(f"{text}; {row['message']}" if row["message"] else text)
    if failed:
        raise click.exceptions.Exit(EXIT_CHECK_FAILED)
