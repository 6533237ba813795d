"""`twin plugin new`: an installable package with a model, an example that uses it, tests, a licence.

The templates are the files of a package called `my-plugin`, each with `.txt` behind its name; a new name takes the
place of that one in all of its spellings.
"""

from __future__ import annotations

import keyword
import re
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

KINDS: Mapping[str, str] = {
    "hardware": "it adds racks of a maker, as parts for `use:`.",
    "energy": "it adds a tariff for `energy:`.",
    "cooling": "it adds a facility model for `cooling:`.",
    "weather": "it adds the weather of sites for `weather:`.",
    "carbon": "it adds what a kWh of the grid emits, for `carbon:`.",
    "financing": "it adds a deal for `deals:`.",
    "workload": "it adds a workload for `workloads:`.",
    "analysis": "it adds a step to every evaluation, with a table of its own.",
    "reader": "it reads tab-separated side tables for `rows:`.",
}
"""Kind of plugin -> what the README of a new one says it adds."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUFFIX = ".txt"


def new(name: str, kind: str, folder: Path) -> tuple[Path, ...]:
    """Write a package, whole or not at all.

    Args:
        name: of the distribution, the plugin and what it provides: lower-case words with hyphens.
        kind: one of `KINDS`.
        folder: where the package's own folder goes.

    Returns:
        The files written, sorted.

    Raises:
        UsageError: a name that cannot be one, an unknown kind, or a folder that is there already.
    """
    _refuse_name(name)
    if kind not in KINDS:
        raise UsageError(f"there is no kind of plugin '{kind}'; {one_of(kind, KINDS)}")
    place = folder / name
    if place.exists():
        raise UsageError(f"'{place}' is there already; give the plugin another name, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as unfinished:
        package = Path(unfinished) / name
        for path, text in _files(name, kind):
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text(text, encoding="utf-8")
        shutil.move(package, place)
    return tuple(sorted(path for path in place.rglob("*") if path.is_file()))


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' cannot be the name of a plugin: lower-case words with hyphens, as 'acme-leases'")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or module == "twin":
        raise UsageError(f"'{name}' would be the module '{module}', which Python or twin has already; choose another")


def _files(name: str, kind: str) -> Iterator[tuple[Path, str]]:
    """Path in the package and content of every file of it."""
    templates = files("twin.scaffold").joinpath("templates")
    module = name.replace("-", "_")
    spelling = {
        "my-plugin": name,
        "my_plugin": module,
        "MyPlugin": "".join(word.capitalize() for word in name.split("-")),
        "WHAT": KINDS[kind],
    }
    source, tests = Path("src") / module, Path("tests")
    for template in _sorted(templates.joinpath("common")):
        where = Path(template.name.removesuffix(_SUFFIX).replace("gitignore", ".gitignore"))
        yield where, _spelled(template, spelling)
    for template in _sorted(templates.joinpath(kind)):
        plain = template.name.removesuffix(_SUFFIX)
        where = tests / f"test_{module}.py" if plain == "test.py" else source / plain
        yield where, _spelled(template, spelling)


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted((each for each in folder.iterdir() if each.name.endswith(_SUFFIX)), key=lambda each: each.name)


def _spelled(template: Traversable, spelling: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for old, new_ in spelling.items():
        text = text.replace(old, new_)
    return text
