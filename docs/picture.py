"""Draw the README's picture from a real run: `python docs/picture.py`; a test holds it equal."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

import twin
from twin.report.summary import lines

DOCS = Path(__file__).parent
PICTURE = DOCS / "images" / "river-bend.svg"
TOPOLOGY = DOCS.parent / "topologies" / "river-bend.yaml"
WIDTH = 100


def picture() -> str:
    """The summary of River Bend as SVG, with no font loaded from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in lines(twin.load(TOPOLOGY).evaluate(), WIDTH):
        console.print(line)
    drawn = console.export_svg(title="twin evaluate topologies/river-bend.yaml", unique_id="river-bend")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    return drawn.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace") + "\n"


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
