"""Run the examples of README and docs: `python docs/examples.py` writes their output back; a test compares it.

A page is run from top to bottom in an empty folder that holds `topologies/`.

- `yaml` that begins with `twin: 1` is a whole topology: it is written to `<its name>.yaml` and has to load.
  Other `yaml` is a part of one and only has to be YAML.
- `sh` is run line by line, `twin` inside this process.  `python` is run in one namespace a page; with
  `@hookimpl` in it, it is a plugin module and has to load as one.
- `diff` is applied to a file.
- `text` right after `sh` or `python` is the output.

A comment before a block changes that: `<!-- test: file NAME -->` writes it to a file, `<!-- test: broken -->`
lets a topology be wrong, `<!-- test: edit NAME -->` says which file a diff is for, `<!-- test: exit 1 -->` is the
status of the last command, `<!-- test: head 9 -->` keeps nine lines of the output, `<!-- test: install FOLDER -->`
makes the package in a folder known as `pip install` would, `<!-- test: same -->` holds the frame `answer` of a python
block to what the last `twin query` before it gave, `<!-- test: skip REASON -->` leaves the block alone.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import types
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from polars.testing import assert_frame_equal

from twin import Results, registry
from twin.cli.main import run as run_twin
from twin.evaluate import load
from twin.loading import load_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUSE = Path(__file__).parents[1]
PAGES = tuple(
    HOUSE / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/index.md",
        "docs/tutorial.md",
        "docs/how-to/planner.md",
        "docs/how-to/engineer.md",
        "docs/how-to/lender.md",
        "docs/how-to/guarantor.md",
        "docs/how-to/topology.md",
        "docs/how-to/plugin.md",
        "docs/how-to/query.md",
        "docs/explanation/structure.md",
        "docs/explanation/capacity.md",
        "docs/explanation/hardware.md",
        "docs/explanation/network.md",
        "docs/explanation/failure.md",
        "docs/explanation/fault-trees.md",
        "docs/explanation/goodput.md",
        "docs/explanation/simulation.md",
        "docs/explanation/cost.md",
        "docs/explanation/measures.md",
        "docs/explanation/risk.md",
        "docs/explanation/compare.md",
        "docs/explanation/debt.md",
        "docs/explanation/leases.md",
        "docs/explanation/accounting.md",
        "docs/explanation/energy.md",
        "docs/explanation/dispatch.md",
        "docs/explanation/cooling.md",
        "docs/explanation/tariffs.md",
        "docs/explanation/validation.md",
    )
)
WIDTH = "100"
MORE = "…"
OUTPUT = "text"

_FENCE = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]*-->\n)*)^(?P<fence>`{3,})(?P<language>[\w-]*)\n(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_BETWEEN = re.compile(rf"`+\n\n`+{OUTPUT}\n")
_MARK = re.compile(r"<!-- (?P<who>test|ci): ?(?P<verb>\S+) ?(?P<rest>.*?) ?-->")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, text, marks and place in the page."""

    language: str
    body: str
    marks: dict[str, str]
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a block gave, and what the page says it gives (None where it says nothing)."""

    block: Block
    got: str
    shown: Block | None


class ExampleError(AssertionError):
    """An example that does not do what the page says."""


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(text):
        marks = {("ci" if m["who"] == "ci" else m["verb"]): m["rest"] for m in _MARK.finditer(match["marks"])}
        place = match.start("body")
        found.append(
            Block(match["language"], match["body"], marks, text.count("\n", 0, place), place, match.end("body"))
        )
    return found


@dataclass(slots=True)
class Page:
    """A page being run in a folder."""

    path: Path
    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    asked: tuple[str, str] = ("", "")
    """Results and SQL of the last `twin query`."""

    def run(self) -> Iterator[Result]:
        """Run every block; give those that have, or could have, an output."""
        text = self.path.read_text(encoding="utf-8")
        found = blocks(text)
        for number, block in enumerate(found):
            after = found[number + 1] if number + 1 < len(found) else None
            if {"skip", "ci"} & set(block.marks) or block.language == OUTPUT:
                continue
            got = self._one(block)
            if got is None:
                continue
            near = after is not None and _BETWEEN.fullmatch(text, block.end, after.start)
            yield Result(block, self._head(got, block), after if near else None)

    def _one(self, block: Block) -> str | None:
        if "edit" in block.marks:
            return self._edit(block)
        if "file" in block.marks and block.language != "yaml":
            self._write(block.marks["file"], block.body)
            return None
        does: dict[str, Callable[[Block], str | None]] = {"yaml": self._yaml, "sh": self._sh, "python": self._python}
        return does[block.language](block) if block.language in does else None

    def _head(self, text: str, block: Block) -> str:
        clean = "".join(line.rstrip() + "\n" for line in text.splitlines()).rstrip("\n") + "\n"
        if "head" not in block.marks:
            return clean
        lines = clean.splitlines(keepends=True)
        keep = int(block.marks["head"])
        return "".join(lines[:keep]) + (f"{MORE}\n" if len(lines) > keep else "")

    def _wrong(self, block: Block, what: str) -> ExampleError:
        place = self.path.relative_to(HOUSE) if self.path.is_relative_to(HOUSE) else self.path
        return ExampleError(f"{place}:{block.line}: {what}")

    def _write(self, name: str, text: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def _yaml(self, block: Block) -> None:
        whole = re.search(r"^twin: 1$", block.body, re.MULTILINE)
        if "broken" in block.marks:
            self._write(block.marks["file"], block.body)
            return
        parsed = yaml.safe_load(block.body)
        if whole is None:
            if "file" in block.marks:
                self._write(block.marks["file"], block.body)
            return
        place = self._write(block.marks.get("file") or f"{parsed['name']}.yaml", block.body)
        load(place)

    def _edit(self, block: Block) -> None:
        place = self.folder / block.marks["edit"]
        text = place.read_text(encoding="utf-8")
        for old, new in _changes(block.body):
            if text.count(old) != 1:
                raise self._wrong(block, f"{old!r} stands {text.count(old)} times in {place.name}")
            text = text.replace(old, new)
        place.write_text(text, encoding="utf-8")

    def _sh(self, block: Block) -> str:
        if "install" in block.marks:
            install(self.folder / block.marks["install"], self.folder)
            return ""
        with captured() as said:
            status = 0
            for command in commands(block.body):
                if status:
                    raise self._wrong(block, f"a command before `{command}` ended with status {status}: {said()}")
                status = self._command(command)
            got = said()
        wanted = int(block.marks.get("exit", "0"))
        if status != wanted:
            raise self._wrong(block, f"ended with status {status}, not {wanted}:\n{got}")
        return got

    def _command(self, command: str) -> int:
        words = shlex.split(command, comments=True)
        settings = {}
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            settings[name] = value
        if not words:
            return 0
        if words[0] == "cd":
            os.chdir(words[1])
            return 0
        if words[:2] == ["twin", "query"]:
            self.asked = words[2], words[3]
        if words[0] == "twin" and "|" not in words:
            with environment(settings):
                return run_twin(words[1:])
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603, S607
        print(done.stdout + done.stderr, end="")
        return done.returncode

    def _python(self, block: Block) -> str:
        code = compile(block.body, f"{self.path.name}:{block.line}", "exec")
        if "@hookimpl" in block.body:
            module = types.ModuleType("example")
            sys.modules["example"] = module
            try:
                exec(code, module.__dict__)  # noqa: S102 - the examples are ours
                load_module(module)
            finally:
                del sys.modules["example"]
            return ""
        with captured() as said:
            exec(code, self.names)  # noqa: S102 - as above
            if "same" in block.marks:
                self._same(block)
            for name, test in list(self.names.items()):
                if name.startswith("test_") and callable(test):
                    test(*(self.folder for _ in range(test.__code__.co_argcount)))
            return said()

    def _same(self, block: Block) -> None:
        folder, sql = self.asked
        try:
            assert_frame_equal(self.names["answer"], Results.load(folder).sql(sql), check_dtypes=False)
        except AssertionError as error:
            raise self._wrong(block, f"`answer` is not what the SQL before it gives: {error}") from None


def _changes(body: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"((?:^-.*\n)+)((?:^\+.*\n)*)", body, re.MULTILINE):
        yield tuple("".join(line[1:] + "\n" for line in side.splitlines()) for side in match.groups())  # type: ignore[misc]


def commands(body: str) -> Iterator[str]:
    """The commands of a `sh` block: one a line, longer where a quote is open or a backslash ends the line."""
    waiting = ""
    for line in body.splitlines():
        waiting += line + "\n"
        if line.endswith("\\"):
            waiting = waiting.removesuffix("\\\n")
            continue
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:
            continue
        if words:
            yield waiting.strip()
        waiting = ""
    if waiting.strip():
        raise ExampleError(f"an open quote in {waiting!r}")


@contextlib.contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """What is written to stdout and stderr, in the order in which a terminal would show it."""
    raw = BytesIO()
    text = TextIOWrapper(raw, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield lambda: raw.getvalue().decode()


@contextlib.contextmanager
def environment(settings: dict[str, str]) -> Iterator[None]:
    """Environment variables for a while."""
    old = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in old.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def install(package: Path, folder: Path) -> None:
    """Make a package known as `pip install` does: its code importable and its entry points found."""
    about = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / "site" / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in about["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    places = [str(folder / "site"), str(package / "src" if (package / "src").is_dir() else package)]
    sys.path[:0] = places
    os.environ["PYTHONPATH"] = os.pathsep.join(places)  # `opened` takes it back
    forget()


def forget() -> None:
    """Let the plugins be looked for again."""
    importlib.invalidate_caches()
    for cached in (registry._installed, registry._default):  # noqa: SLF001 - nobody else has plugins come and go
        cached.cache_clear()


@contextlib.contextmanager
def opened(path: Path, folder: Path) -> Iterator[Page]:
    """A page ready to be run in `folder`; afterwards everything is as it was."""
    shutil.copytree(HOUSE / "topologies", folder / "topologies")
    before, modules, here = list(sys.path), set(sys.modules), Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    path_of_programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        with environment({"COLUMNS": WIDTH, "POLARS_TABLE_WIDTH": WIDTH, "PYTHONPATH": "", "PATH": path_of_programs}):
            yield Page(path, folder)
    finally:
        os.chdir(here)
        changed = sys.path != before
        sys.path[:] = before
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]
        if changed:
            forget()


def write(path: Path) -> bool:
    """Run a page and write the outputs into it; whether anything changed."""
    with tempfile.TemporaryDirectory() as folder, opened(path, Path(folder).resolve()) as page:
        results = list(page.run())
    text = old = path.read_text(encoding="utf-8")
    for result in reversed(results):
        if result.shown is not None:
            text = text[: result.shown.start] + result.got + text[result.shown.end :]
    path.write_text(text, encoding="utf-8")
    return text != old


def main(names: list[str]) -> None:
    """Write the outputs of the pages named, or of all."""
    for path in PAGES:
        if not names or path.name in names:
            print(path.relative_to(HOUSE), "changed" if write(path) else "as it was")


if __name__ == "__main__":
    main(sys.argv[1:])
