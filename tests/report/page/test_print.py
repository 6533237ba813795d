"""The page on paper and in both lights: contrast from its colours; and, printed by a browser, what is on each sheet."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import fake_results
import pytest

import twin
from twin.report.page.page import page
from twin.results.results import Results

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
BROWSER = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
DARK = "--blink-settings=preferredColorScheme=0"
LEAST_CONTRAST = 4.5
"""Of text, by WCAG 2.2 at level AA."""

MARGIN_PT = 14 / 25.4 * 72


def style() -> str:
    return files("twin.report.page").joinpath("style.css").read_text(encoding="utf-8")


def contrast(ink: str, paper: str) -> float:
    """The ratio of WCAG between two colours."""

    def light(colour: str) -> float:
        whole = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
        parts = [int(whole[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((light(ink), light(paper)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_stands_out_on_light_on_dark_and_on_paper():
    schemes = [dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{([^}]*)\}", style())]
    assert len(schemes) == 3
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01), "a pair whose ratio is known"
    for scheme in schemes:
        for ink in ("ink", "soft", "good", "bad", "accent"):
            for paper in ("paper", "card"):
                assert contrast(scheme[ink], scheme[paper]) >= LEAST_CONTRAST, (ink, paper, scheme[ink])


def test_a_name_cannot_leave_the_rule_that_prints_it():
    name = 'x"; } body { display: none } </style><b>'
    made = fake_results.provenance(topology=name)
    text = page(Results({}, made))
    css = text.partition("<style>")[2].partition("</style>")[0]
    assert css.rstrip().endswith('"; } }')


class Words(HTMLParser):
    """Headings and the first words of what opens."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: dict[str, list[str]] = {"h2": [], "h3": [], "summary": []}

    def handle_starttag(self, tag, attrs) -> None:  # noqa: ARG002 - as the parser calls it
        self.inside.append(tag)

    def handle_endtag(self, tag) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data) -> None:
        if self.inside and self.inside[-1] in self.found:
            self.found[self.inside[-1]].append(data)


class Word(NamedTuple):
    """A word with its box on its sheet, in points."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


class Sheet(NamedTuple):
    """A printed page."""

    width: float
    height: float
    words: list[Word]


@cache
def html_of(name: str) -> str:
    made = twin.load(ROOT / "topologies" / f"{name}.yaml")
    return page(made.evaluate(), made.graph, made.topology.doc)


def printed(folder: Path, name: str) -> tuple[Path, list[Sheet]]:
    source, target = folder / "report.html", folder / "report.pdf"
    source.write_text(html_of(name), encoding="utf-8")
    line = [*BROWSER, DARK, f"--print-to-pdf={target}", source.as_uri()]
    subprocess.run(line, capture_output=True, check=True, timeout=120)
    boxes = subprocess.run(["pdftotext", "-bbox", target, "-"], capture_output=True, text=True, check=True).stdout
    return target, list(sheets(boxes))


def sheets(boxes: str) -> Iterator[Sheet]:
    for width, height, body in re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', boxes, re.DOTALL):
        words = re.findall(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>', body)
        yield Sheet(float(width), float(height), [Word(*map(float, word[:4]), word[4]) for word in words])


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("pdftotext")), reason="no browser, or no poppler")
@pytest.mark.parametrize(("name", "least", "most"), [("river-bend", 12, 30), ("gigawatt", 7, 18)])
def test_on_paper_nothing_is_cut_and_no_heading_is_alone(name, least, most, tmp_path):
    pdf, found = printed(tmp_path, name)
    assert least <= len(found) <= most
    text = Words()
    text.feed(html_of(name))
    whole = " ".join(word.text for sheet in found for word in sheet.words)
    titles = text.found["h2"] + text.found["h3"] + [each for each in text.found["summary"] if each != "Figures"]
    assert len(titles) > 12
    for title in titles:
        assert escape(title, quote=True) in whole, title
    assert "Figures" not in whole
    assert "not in print" in whole
    for number, sheet in enumerate(found, start=1):
        inside = [word for word in sheet.words if MARGIN_PT * 1.2 < word.top < sheet.height - MARGIN_PT * 1.2]
        assert min(word.left for word in inside) >= MARGIN_PT - 0.5, number
        assert max(word.right for word in inside) <= sheet.width - MARGIN_PT + 0.5, number
        lines = sorted({round(word.top) for word in inside})
        last = " ".join(word.text for word in inside if round(word.top) == lines[-1])
        assert last not in titles, f"page {number} ends in a heading"
        told = " ".join(word.text for word in sheet.words if word.top > sheet.height - MARGIN_PT * 1.2)
        assert told == f"{number} / {len(found)}", "no address and no date of the browser's own"
    about = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"Title: +{name}: report\n", about)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("pdftoppm")), reason="no browser, or no poppler")
def test_paper_is_white_though_the_screen_is_dark(tmp_path):
    pdf, found = printed(tmp_path, "gigawatt")
    subprocess.run(["pdftoppm", "-r", "30", "-gray", pdf, tmp_path / "p"], check=True, timeout=60)
    pictures = sorted(tmp_path.glob("p-*.pgm"))
    assert len(pictures) == len(found)
    for picture in pictures:
        pixels = picture.read_bytes().split(b"\n255\n", 1)[1]
        white = sum(each > 250 for each in pixels) / len(pixels)
        assert white > 0.55, picture.name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not here")
@pytest.mark.parametrize("width", [390, 1280])
def test_no_part_is_wider_than_the_window(width, tmp_path):
    """Only what can be scrolled may be wider; the script is put in for the test and writes the worst into the page."""
    probe = (
        "<script>addEventListener('load',()=>{const w=document.documentElement.clientWidth;"
        "const bad=[...document.querySelectorAll('main *, header *')].filter(e=>!e.closest('.wide, .skip')"
        "&&e.getBoundingClientRect().right>w+1).map(e=>e.tagName+'.'+e.getAttribute('class'));"
        "parent.document.title=`wide:${w}:${document.documentElement.scrollWidth}:${bad.slice(0,5)}`})</script>"
    )
    inner = escape(html_of("gigawatt").replace("</body>", f"{probe}</body>"), quote=True)
    path = tmp_path / "probed.html"  # in a frame, for a window is not made narrower than 500 pixels
    path.write_text(f'<title>-</title><iframe width={width} height=900 frameborder=0 srcdoc="{inner}"></iframe>')
    line = [*BROWSER, "--window-size=1400,1000", "--hide-scrollbars", "--dump-dom", path.as_uri()]
    dom = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120).stdout
    seen, scrolled, bad = re.search(r"<title>wide:(\d+):(\d+):([^<]*)</title>", dom).groups()
    assert int(seen) == width
    assert int(scrolled) == width
    assert bad == ""
