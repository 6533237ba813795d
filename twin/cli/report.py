"""`twin report`: one page of HTML that works offline."""

from __future__ import annotations

from pathlib import Path

import click

from twin.cli.common import Source, command, end_on_failed_checks, file_argument, topology_options, working
from twin.cli.trouble import remark
from twin.errors import UsageError

_ENDINGS = (".html", ".htm")
_NEEDS = "pip install '.[report]' in the folder that twin was installed from"


@command(
    ("twin report river-bend.yaml -o river-bend.html", "One page: figures, diagrams, charts, every assumption."),
    ("twin report river-bend.yaml -o late.html --scenario late-energisation", "The same of a scenario."),
)
@file_argument
@click.option(
    "-o", "--output", "path", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Page to write, whole or not at all.",
)  # fmt: skip
@topology_options
def report(source: Source, path: Path) -> None:
    """Run everything and write one page of HTML.

    It loads nothing from anywhere, so it can be mailed, printed and kept; it follows the reader's light or dark mode.
    Ends with status 1 where a check of the file does not hold; the page is written and says so first.
    """
    try:
        from twin.report.page.page import page
    except ModuleNotFoundError as error:
        raise UsageError(f"a report needs {error.name}, which is not installed: {_NEEDS}") from error
    from twin.results.store import atomic, ordinary, writable

    if path.suffix.lower() not in _ENDINGS and path.suffix[1:2].isalpha():
        raise UsageError(f"'{path}': a report is a page of HTML; end it in .html")
    ordinary(path)
    writable(path)
    with working(f"evaluating {source.file}"):
        twin = source.load()
        results = twin.evaluate(seed=source.seed)
        text = page(results, twin.graph, twin.topology.doc)
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    remark(f"wrote {path} ({len(text) / 1e6:.1f} MB)")
    end_on_failed_checks(results)
