from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from types import SimpleNamespace

import click
import pytest

from twin import __version__
from twin.cli import main, trouble
from twin.cli.common import Taught, TaughtGroup
from twin.cli.main import COMMANDS, cli
from twin.errors import EXIT_BAD_INPUT, EXIT_BUG, Finding, InputError, RefusedError

HEAVY = ("polars", "networkx", "pydantic", "numpy", "rich", "pint", "scipy", "yaml")


def process(code: str, *args: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False, **options)


def test_help_imports_nothing_heavy():
    code = (
        "import sys, json; from twin.cli.main import run; status = run(sys.argv[1:]);"
        f"print(json.dumps([status, [m for m in {HEAVY!r} if m in sys.modules]]), file=sys.stderr)"
    )
    for args in (
        ["--help"],
        ["-h"],
        ["--version"],
        [],
        ["evalute"],
        ["tables"],
        ["tables", "debt"],
        ["evaluate", "--help"],
    ):
        done = process(code, *args)
        status, loaded = json.loads(done.stderr.splitlines()[-1])
        assert loaded == [], args
        assert status == (EXIT_BAD_INPUT if args in ([], ["evalute"]) else 0), args


def test_the_entry_point_runs_as_a_process():
    done = process("from twin.cli.main import main; main()", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"twin {__version__}\n", "")


def test_help_lists_every_command_with_the_help_the_command_has(call):
    done = call("--help")
    for name, (module, attribute, short) in COMMANDS.items():
        command = getattr(import_module(module), attribute)
        assert command.name == name
        assert command.help.splitlines()[0] == short
        assert name in done.out
        assert short in done.out


def every_command() -> dict[str, click.Command]:
    """Commands as they are typed, those of groups with them."""
    found = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS}
    groups = {name: each for name, each in found.items() if isinstance(each, TaughtGroup)}
    return found | {f"{name} {sub}": each for name, group in groups.items() for sub, each in group.taught.items()}


@pytest.mark.parametrize("name", every_command())
def test_every_command_has_help_with_examples(call, name):
    done = call(*name.split(), "--help")
    assert done.status == 0
    command = every_command()[name]
    assert isinstance(command, Taught | TaughtGroup)
    assert command.examples
    for line, does in command.examples:
        assert line in done.out
        assert does.split()[0] in done.out
        assert f"twin {name}" in line


def test_every_option_has_help():
    for name, command in every_command().items():
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, f"{name} {param.name}"


@pytest.mark.parametrize("name", ["validate", "show", "evaluate", "capacity", "failure", "energy", "cost", "query"])
def test_every_command_on_a_topology_takes_the_same_options(name):
    names = {option for param in cli.get_command(click.Context(cli), name).params for option in param.opts}
    assert {"--scenario", "--set", "--trust", "--seed"} <= names


def test_an_unknown_command_or_option_is_bad_usage_with_the_nearest_name(call):
    done = call("valdate")
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    assert "'validate'" in done.err
    done = call("tables", "--frmat")
    assert done.status == EXIT_BAD_INPUT
    assert "No such option" in done.err


def test_a_missing_file_is_bad_usage(call, tmp_path):
    done = call("evaluate", tmp_path / "none.yaml")
    assert done.status == EXIT_BAD_INPUT
    assert "none.yaml" in done.err


def _command_that(monkeypatch, error: BaseException) -> None:
    def fail(name: str) -> None:  # noqa: ARG001 - what the command is given
        raise error

    argument = click.Argument(["name"], required=False)
    command = click.Command("tables", callback=fail, params=[argument])
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)


def test_all_findings_are_said_each_on_its_line_and_counted(call, monkeypatch):
    findings = [
        Finding("a.yaml", 3, 5, "sites", "bad", "x\ny"),
        Finding("a.yaml", 1, 1, "", "worse", expected="write better"),
    ]
    _command_that(monkeypatch, InputError(findings))
    done = call("tables")
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    assert done.err.splitlines() == [
        "a.yaml:1:1: worse; write better",
        "a.yaml:3:5: sites: bad (got x y)",
        "2 errors found; nothing was run",
    ]


def test_a_refusal_says_why_and_what_to_do(call, monkeypatch):
    _command_that(monkeypatch, RefusedError("failure", "too many cut sets", "state need:"))
    done = call("tables")
    assert (done.status, done.err) == (EXIT_BAD_INPUT, "error: failure refuses: too many cut sets; state need:\n")


def test_what_a_file_says_cannot_steer_the_terminal(call, monkeypatch):
    _command_that(monkeypatch, InputError([Finding("a.yaml", 1, 1, "", "bad", "\x1b]0;owned\x07\x9b31m")]))
    assert not set(call("tables").err) & {"\x1b", "\x07", "\x9b"}


def test_a_bug_of_ours_has_its_own_status_and_a_traceback_in_a_file(call, monkeypatch, tmp_path):
    monkeypatch.setattr(trouble.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TWIN_DEBUG", raising=False)
    _command_that(monkeypatch, KeyError("lost"))
    done = call("tables", "debt")
    assert (done.status, done.out) == (EXIT_BUG, "")
    assert "internal error: KeyError: 'lost'" in done.err
    assert "report" in done.err
    assert "Traceback" not in done.err
    (trace,) = tmp_path.iterdir()
    assert str(trace) in done.err
    text = trace.read_text()
    assert "Traceback" in text
    assert "command twin tables debt" in text
    assert __version__ in text


def test_a_bug_shows_its_traceback_at_once_where_asked(call, monkeypatch, tmp_path):
    monkeypatch.setattr(trouble.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TWIN_DEBUG", "1")
    _command_that(monkeypatch, ZeroDivisionError("by zero"))
    done = call("tables")
    assert done.status == EXIT_BUG
    assert "Traceback" in done.err
    assert not list(tmp_path.iterdir())


def test_a_bug_is_reported_even_where_no_file_can_be_written(call, monkeypatch):
    def full(**_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trouble.tempfile, "mkstemp", full)
    monkeypatch.delenv("TWIN_DEBUG", raising=False)
    _command_that(monkeypatch, ValueError("x"))
    done = call("tables")
    monkeypatch.undo()
    assert done.status == EXIT_BUG
    assert "TWIN_DEBUG" in done.err


def test_a_panic_below_python_is_a_bug_too(call, monkeypatch, tmp_path):
    class PanicError(BaseException):
        pass

    monkeypatch.setattr(trouble.tempfile, "tempdir", str(tmp_path))
    _command_that(monkeypatch, PanicError("rust"))
    assert call("tables").status == EXIT_BUG


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_interruption_has_its_own_status_and_no_traceback(call, monkeypatch, error):
    _command_that(monkeypatch, error)
    done = call("tables")
    assert (done.status, done.err) == (main.EXIT_INTERRUPTED, "interrupted\n")


def test_ctrl_c_ends_a_process_with_130():
    code = (
        "import click, os, signal, time\n"
        "from twin.cli import main\n"
        "def slow():\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(30)\n"
        "main.LazyGroup.get_command = lambda *_: click.Command('tables', callback=slow)\n"
        "main.main()"
    )
    done = process(code, "tables", timeout=20)
    assert done.returncode == 128 + signal.SIGINT
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_had_enough_is_no_error():
    read, write = os.pipe()
    os.close(read)
    code = "from twin.cli.main import main; main()"
    for args in (["tables"], ["--help"], ["tables", "nodes"]):
        done = subprocess.run([sys.executable, "-c", code, *args], stdout=write, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (0, b""), args
    os.close(write)


def test_a_terminal_without_utf8_gets_no_traceback():
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = process("from twin.cli.main import main; main()", "query", "--help", env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_completion_offers_the_commands():
    env = os.environ | {"_TWIN_COMPLETE": "bash_complete", "COMP_WORDS": "twin ta", "COMP_CWORD": "1"}
    done = process("from twin.cli.main import main; main()", env=env)
    assert done.stdout.splitlines() == ["plain,tables"]


class Entry:
    """An entry point of the group of commands."""

    def __init__(self, name, thing, distribution="acme") -> None:
        self.name, self.thing, self.value = name, thing, "acme:command"
        self.dist = SimpleNamespace(name=distribution, version="1.2")

    def load(self):
        if isinstance(self.thing, Exception):
            raise self.thing
        return self.thing


@pytest.fixture
def plugged(monkeypatch):
    """Install commands of plugins: `plugged(entry, ...)`."""

    def install(*entries):
        monkeypatch.setattr(
            "importlib.metadata.entry_points", lambda group: entries if group == "twin.commands" else ()
        )

    return install


def test_commands_of_plugins_are_listed_without_their_code(call, plugged):
    plugged(Entry("audit", ImportError("imported")), Entry("cost", ImportError("shadows ours")))
    done = call("--help")
    assert "Commands of plugins:\n  audit  from acme 1.2" in done.out
    assert "shadows" not in done.out
    assert call("tables").status == 0


def test_a_command_of_a_plugin_runs(call, plugged):
    @click.command()
    def audit() -> None:
        """Audit it."""
        click.echo("audited")

    plugged(Entry("audit", audit))
    assert call("audit").out == "audited\n"
    assert "Audit it." in call("audit", "--help").out


@pytest.mark.parametrize("thing", [ImportError("gone"), "no command"])
def test_a_command_of_a_plugin_that_is_broken_is_an_error_that_names_it(call, plugged, thing):
    plugged(Entry("audit", thing))
    done = call("audit")
    assert done.status == EXIT_BAD_INPUT
    assert "the command 'audit' of acme 1.2" in done.err


def test_without_plugins_there_are_ours_alone(call, plugged, monkeypatch):
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", "")
    plugged(Entry("audit", ImportError("imported")))
    assert "audit" not in call("--no-plugins", "--help").out
    assert os.environ["TWIN_DISABLE_PLUGINS"] == "*"
    assert call("audit").status == EXIT_BAD_INPUT


def test_quiet_leaves_out_remarks_and_keeps_errors(call, tmp_path):
    assert call("-q", "init", tmp_path).err == ""
    assert "is there already" in call("-q", "init", tmp_path).err
    assert call("init", tmp_path / "loud").err.startswith("wrote ")


def completed(line: str, word: str) -> list[str]:
    words = line.split()
    env = os.environ | {
        "_TWIN_COMPLETE": "bash_complete",
        "COMP_WORDS": f"{line} {word}",
        "COMP_CWORD": str(len(words)),
    }
    done = process("from twin.cli.main import main; main()", env=env)
    return [item.partition(",")[2] for item in done.stdout.split()]


def test_tables_that_a_model_hands_over_are_shown_by_name(call):
    done = call("tables", "prices")
    assert done.status == 0
    assert "usd_per_kwh" in done.out
    assert "(may be left out)" in done.out
    assert "prices" not in [line.split()[0] for line in call("tables").out.splitlines()]


def test_the_shell_completes_commands_tables_and_selectors(tmp_path):
    assert completed("twin", "capac") == ["capacity"]
    assert completed("twin plugin", "") == ["check", "new"]
    assert completed("twin cost --table", "unit") == ["unit_cost"]
    path = tmp_path / "quickstart.yaml"
    path.write_text(files("twin.cli").joinpath("starter.yaml").read_text())
    assert "rack-room/rack" in completed(f"twin show {path}", "rack-room/r")
    assert completed(f"twin show {path}", "kind=ra") == ["kind=rack"]
    assert completed(f"twin show {tmp_path / 'gone.yaml'}", "") == []
