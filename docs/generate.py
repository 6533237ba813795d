"""Write the reference pages from the code: `python docs/generate.py`; a test holds them equal.

`python docs/generate.py cases` first runs the tests that hold twin to published figures, and writes what they record.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import types
import typing
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic_core import PydanticUndefined

from twin import tables, units
from twin.api import Params, Quantity, Reference
from twin.cli.main import COMMANDS, cli
from twin.cost.categories import ACCOUNTS, CATEGORIES
from twin.hookspecs import RETURNS, Specs
from twin.parameters import meaning
from twin.registry import registry
from twin.topology.attributes import ATTRIBUTES
from twin.topology.shape import language_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = Path(__file__).parent
TESTS = DOCS.parent / "tests"
CELLS = ("case", "published", "ours", "difference", "allowed")
SHOWN = ("case", "published", "twin", "difference", "allowed")
AREAS = (
    "Real campuses",
    "Capacity",
    "Network",
    "Failure",
    "Goodput",
    "Energy",
    "Tariffs",
    "Cooling and weather",
    "Financing",
)
"""Headings of the published cases, in their order on the page."""
LINK = re.compile(r"(https?://[^\s,;]+[^\s,;:.])")
MARK = "<!-- Written by docs/generate.py from the code; change the code and run it again. -->\n\n"
WIDTH = 100
"""Of the help pages, whatever the terminal."""

PLAIN = {str: "text", int: "count", bool: "yes or no", float: "number", date: "date"}
SECTIONS = ("deals", "energy", "cooling", "weather", "carbon", "workloads", "analyses", "components")


def pages() -> dict[str, str]:
    """Path below docs/ -> text of the page."""
    made = {
        "reference/tables.md": _tables(),
        "reference/language.md": _language(),
        "reference/units.md": _units(),
        "reference/models.md": _models(),
        "reference/categories.md": _categories(),
        "reference/hooks.md": _hooks(),
        "reference/catalogue.md": _catalogue(),
        "reference/cli.md": _cli(),
    }
    marked = {path: MARK + text.rstrip() + "\n" for path, text in made.items()}
    return marked | {"explanation/validation.md": _validation()}


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _grid(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = tuple(head)
    return "\n".join([_row(*head), _row(*("---" for _ in head)), *(_row(*row) for row in rows)]) + "\n"


def _tables() -> str:
    text = "# Tables\n\nEvery result is a polars frame.  Nulls stand only where the type ends in `?`.\n"
    text += "".join(_table(table) for table in tables.TABLES.values())
    text += (
        "\n## Tables that models hand over\n\nWhat a model returns beside its result tables, for an engine to go on "
        "with: [hooks](hooks.md) say which.  No result holds them; `twin tables NAME` prints one.\n"
    )
    return text + "".join(_table(table, "###") for table in tables.EXCHANGED.values())


def _table(table: tables.Table, level: str = "##") -> str:
    rows = (
        (f"`{c.name}`", c.dtype + ("?" if c.nullable else ""), c.doc + " (may be left out)" * c.optional)
        for c in table.columns
    )
    return f"\n{level} {table.name}\n\n{table.doc}\n\n" + _grid(("column", "type", "meaning"), rows)


def _language() -> str:
    text = (
        "# Topology language\n\nEvery key of every mapping.  Quantities are strings with a unit, "
        "see [units](units.md); the parameters of deals, energy, cooling and workloads are those of their "
        "[models](models.md).\n"
    )
    for section, rows in groupby(language_reference(), key=lambda row: row[0]):
        text += f"\n## {section}\n\n" + _grid(("key", "value", "meaning"), ((f"`{k}`", t, d) for _, k, t, d in rows))
    return text + _kind_defaults()


def _kind_defaults() -> str:
    """What the default part of each kind says where a file leaves it out."""
    text = (
        "\n## Default of a kind\n\nWhat a group takes from the first-party default part of its kind where neither the "
        "file nor its `use:` states it.  An efficiency is taken only where no losses are stated as power or by a "
        "curve; failure and repair only where none of the two is stated; `cop` only where the equipment is fed with "
        "power.\n\n"
    )
    rows = (
        (kind, f"`{name}`", figure.text, f"`{part.name}`", figure.confidence, figure.source)
        for kind, part in sorted(registry().defaults.items())
        for name, figure in part.figures.items()
        if ATTRIBUTES[name].default
    )
    return text + _grid(("kind", "attribute", "value", "part", "confidence", "source"), rows)


def _units() -> str:
    rows = (
        (d.name.replace("_", " "), f"`{d.example}`", d.label or "1", f"`_{d.suffix}`", "yes" if d.bare else "no")
        for d in units.DIMENSIONS.values()
    )
    return (
        "# Units\n\n"
        + inspect.cleandoc(units.__doc__ or "")
        + "\n\n"
        + _grid(("dimension", "example", "canonical unit", "suffix of names", "a bare number is accepted"), rows)
    )


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    mark = next((m for m in field.metadata if isinstance(m, Quantity)), None)
    if value is None or value is PydanticUndefined:
        return "not given"
    if mark is not None and isinstance(value, int | float):
        return f"`{units.show(value, mark.dimension)}`"
    return f"`{value}`" if value not in ((), {}) else "none"


def _type(field: Any) -> str:
    return _type_of(field.annotation, field.metadata)


def _type_of(annotation: Any, marks: Iterable[Any] = ()) -> str:
    """What a person writes: `money`, `name of a party`, `gross or nnn`, `list of terms`."""
    for mark in marks:
        if isinstance(mark, Quantity):
            return mark.dimension.replace("_", " ")
        if isinstance(mark, Reference):
            return f"name of a {mark.kind}"
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    made = {
        typing.Annotated: lambda: _type_of(args[0], annotation.__metadata__),
        typing.Literal: lambda: " or ".join(f"`{arg}`" for arg in args),
        typing.Union: lambda: " or ".join(_type_of(arg) for arg in args if arg is not type(None)),
        tuple: lambda: f"list: {_type_of(args[0])}",
        dict: lambda: f"mapping to {_type_of(args[1])}",
    }
    made[Mapping] = made[dict]
    made[types.UnionType] = made[typing.Union]
    if origin in made:
        return made[origin]()
    if isinstance(annotation, type) and issubclass(annotation, Params):
        return ", ".join(f"`{field.alias or name}`: {_type(field)}" for name, field in annotation.model_fields.items())
    return PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _parameters(model: type[Any], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and meaning of every parameter; those of a group of parameters follow it."""
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *typing.get_args(field.annotation))
        group = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Params)), None)
        means = meaning(model, name)
        if group is None or typing.get_origin(field.annotation) not in (None, typing.Union, types.UnionType):
            yield f"`{prefix}{name}`", _type(field), _default(field), means
            continue
        stated = field.get_default(call_default_factory=True)
        default = "required" if field.is_required() else "not given" if stated is None else "as below"
        yield f"`{prefix}{name}`", "group", default, means
        yield from _parameters(group, f"{prefix}{name}.")


def _models() -> str:
    text = "# Models\n\nWhat entries of a topology file can name with `model:`, and the parameters of each.\n"
    known = registry()
    for section in SECTIONS:
        text += f"\n## {section}\n"
        for name, provided in sorted(known.models(section).items()):
            model = provided.model
            text += f"\n### {name}\n\n{model.doc}  Provided by `{provided.distribution or provided.plugin}`.\n\n"
            if model.params.model_fields:
                text += _grid(("parameter", "type", "default", "meaning"), _parameters(model.params))
    return text


def _categories() -> str:
    text = (
        "# Categories of the ledger\n\nWhat a payment of each category is in the books of the one who pays it and the "
        "one who is paid. A financing model may write these and those that it declares itself; any other is an error "
        "of its plugin. Lines of an energy bill that are not listed are an operating cost.\n\n"
    )
    rows = ((f"`{c.name}`", c.doc, f"`{c.paid}`", f"`{c.received}`") for c in CATEGORIES.values())
    text += _grid(("category", "meaning", "account of the payer", "account of the payee"), rows)
    text += "\n## Accounts\n\nCash, and what was earned and not paid out, follow from these.\n\n"
    lines = ((f"`{a.name}`", a.statement, a.activity, a.doc) for a in ACCOUNTS.values())
    return text + _grid(("account", "statement", "cash flow from", "what is in it"), lines)


def _hooks() -> str:
    text = "# Hooks\n\n"
    import twin.hookspecs as module  # noqa: PLC0415 - its docstring is the text

    text += inspect.cleandoc(module.__doc__ or "") + "\n"
    for name, descriptors in RETURNS.items():
        kinds = " or ".join(f"`{descriptor.__name__}`" for descriptor in descriptors)
        text += f"\n## {name}\n\nReturns any number of {kinds}.\n\n"
        text += inspect.cleandoc(getattr(Specs, name).__doc__ or "") + "\n"
    return text


def _catalogue() -> str:
    text = (
        "# Catalogue\n\nThe parts of the first-party hardware plugin.  Every figure carries its source and how sure it "
        "is: `read` was read in the source, `recalled` was not, `unverified` gates nothing, `nominal` is a size and "
        "not a product.\n"
    )
    parts = sorted(registry().parts.values(), key=lambda part: (part.kind, part.name))
    for kind, group in groupby(parts, key=lambda part: part.kind):
        text += f"\n## {kind}\n"
        for part in group:
            text += f"\n### {part.name}\n\n{part.doc}\n\n"
            rows = (
                (f"`{a}`", f.text, f.confidence, f.source, f.note)
                for a, first in part.figures.items()
                for f in (first, *part.alternatives.get(a, ()))
            )
            text += _grid(("attribute", "value", "confidence", "source", "note"), rows)
    return text


def _cli() -> str:
    text = "# Command line\n\n"
    context = click.Context(
        cli, info_name="twin", terminal_width=WIDTH, **cli.context_settings | {"max_content_width": WIDTH}
    )
    text += "```text\n" + cli.get_help(context) + "\n```\n"
    return text + "".join(_help(cli.get_command(context, name), name, context, 2) for name in COMMANDS)


def _help(command: click.Command | None, name: str, parent: click.Context, level: int) -> str:
    """The help page of a command, and of those below it."""
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    text = f"\n{'#' * level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    below = command.commands if isinstance(command, click.Group) else {}
    return text + "".join(_help(each, sub, context, level + 1) for sub, each in below.items())


def _validation() -> str:
    """The page as it stands, with its tables of published cases made anew."""
    page = (DOCS / "explanation" / "validation.md").read_text(encoding="utf-8")
    begin, end = "<!-- cases: written by docs/generate.py -->\n", "<!-- cases: end -->"
    before, after = page[: page.index(begin)], page[page.index(end) :]
    return before + begin + "\n" + _cases() + "\n" + after


def _cases() -> str:
    """What tests/published.json holds, by area and source."""
    sources: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    for test, records in json.loads((TESTS / "published.json").read_text(encoding="utf-8")).items():
        for record in records:
            row = *(record[cell] for cell in CELLS), test.partition("[")[0]
            rows = sources.setdefault((record["area"], record["source"], record["text"]), [])
            if row not in rows:
                rows.append(row)
    figures = sum(map(len, sources.values()))
    text = f"{figures} figures of {len(sources)} sources.\n"
    area = ""
    for (now, name, about), rows in sorted(sources.items(), key=lambda item: AREAS.index(item[0][0])):
        text += "" if now == area else f"\n### {now}\n"
        area = now
        linked = LINK.sub(r"<\1>", about)
        text += f"\n#### {name}\n\n{linked}\n\n" + _case_table(rows)
    return text


def _case_table(rows: list[tuple[str, ...]]) -> str:
    tests = list(dict.fromkeys(row[-1] for row in rows))
    if len(tests) == 1:
        return _grid(SHOWN, (row[:-1] for row in rows)) + f"\nTest: `{tests[0]}`\n"
    numbered = ((*row[:-1], tests.index(row[-1]) + 1) for row in rows)
    listed = "".join(f"{number}. `{test}`\n" for number, test in enumerate(tests, 1))
    return _grid((*SHOWN, "test"), numbered) + f"\n{listed}"


def record_cases() -> None:
    """Run the tests that use the fixture `published`, and no others; what was recorded before is forgotten."""
    records = TESTS / "published.json"
    before = records.read_text(encoding="utf-8")
    files = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if "(published" in path.read_text(encoding="utf-8")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-m", "published", "--write-published", *files]
    records.write_text("{}", encoding="utf-8")
    if subprocess.run(command, check=False, cwd=TESTS.parent).returncode:  # noqa: S603 - our own tests
        records.write_text(before, encoding="utf-8")
        sys.exit("nothing was written: a test failed")


def main() -> None:
    """Write every page."""
    if sys.argv[1:] == ["cases"]:
        record_cases()
    for path, text in pages().items():
        place = DOCS / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
