"""The report: every section that has tables, nothing loaded from elsewhere, every text escaped, no console error."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import fake_results
import networkx as nx
import polars as pl
import pytest

import twin
from twin.report.page.diagram import diagram
from twin.report.page.page import page
from twin.results.results import Results

ROOT = Path(__file__).parents[3]
TITLES = (
    "Power, from the grid to the racks",
    "What it can carry",
    "What breaks it",
    "What it draws",
    "Carbon and water",
    "Who pays whom",
    "What an accelerator-hour costs",
    "Own, lease or rent",
    "Checks",
    "Assumptions",
)


@cache
def results() -> Results:
    return twin.load(ROOT / "topologies" / "river-bend.yaml").evaluate()


@cache
def river_bend() -> str:
    return page(results(), twin.load(ROOT / "topologies" / "river-bend.yaml").graph)


class Tags(HTMLParser):
    """Every tag with its attributes, and whether they close as they opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br", "input", "wbr"} and tag not in {"path", "rect", "line"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        if tag in {"path", "rect", "line"}:
            return
        assert self.open.pop() == tag


def tags(text: str) -> Tags:
    parser = Tags()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_every_section_is_there_with_a_link_to_it():
    text = river_bend()
    found = tags(text).found
    for title in TITLES:
        assert f">{title}</h2>" in text
    anchors = [attrs["href"] for tag, attrs in found if tag == "a"]
    ids = {attrs["id"] for _, attrs in found if "id" in attrs}
    assert {f"#{name}" for name in ids} >= set(anchors)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs():
    text = river_bend()
    names = {tag for tag, _ in tags(text).found}
    assert not names & {"script", "iframe", "img", "object", "embed"}
    linked = [
        attrs.get("href") or attrs.get("src") or ""
        for tag, attrs in tags(text).found
        if tag in {"link", "a", "image", "use"}
    ]
    assert all(link.startswith(("#", "data:")) for link in linked)
    assert not re.search(r"url\((?!#)|@import", text)


def test_every_picture_says_what_it_shows():
    pictures = [attrs for tag, attrs in tags(river_bend()).found if tag == "svg"]
    assert len(pictures) >= 8
    for attrs in pictures:
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 20


def test_the_headline_is_that_of_the_tables():
    text = river_bend()
    assert "<b>237 MW</b>" in text
    assert "<b>$1.891</b>" in text
    assert "checks hold" in text


def test_the_top_says_what_it_is_of_and_what_made_it():
    made = twin.load(ROOT / "topologies" / "river-bend.yaml")
    top = page(results(), made.graph, made.topology.doc).split("<nav")[0]
    assert made.topology.doc in top
    assert "2026-05 to 2042-11" in top
    assert f"with twin {results().provenance.versions['twin']}" in top


OVERFULL = """
twin: 1
name: overfull
calendar: {start: 2027-01-01, months: 12}
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 1 MW, mtbf: 4000 h, mttr: 3 h}
      ups[2]: {kind: ups, capacity: 200 kW, mtbf: 250000 h, mttr: 8 h, power: grid}
      rack[4]: {kind: rack, load: 130 kW, accelerators: 72, power: {from: ups, redundancy: N+1}}
"""


@cache
def overfull() -> tuple[Results, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "overfull.yaml"
        path.write_text(OVERFULL)
        made = twin.load(path)
        results = made.evaluate()
        return results, page(results, made.graph)


def test_checks_that_fail_come_before_any_figure():
    results, text = overfull()
    failed = results["checks"].filter(~pl.col("ok"))
    assert 0 < failed.height < results["checks"].height
    said = f"{failed.height} of {results['checks'].height} checks fail"
    assert text.index(said) < text.index('class="cards"')
    first = failed.row(0, named=True)
    assert f"</b>, {first['scope']}: {first['got']}, wanted {first['wanted']}" in text
    assert 'class="failed"' not in river_bend()
    listed = text.split("<ul class=checks>")[1].split("</ul>")[0]
    assert listed.count("<li>") == failed.height
    assert html.escape(first["message"]) in listed


def test_what_is_over_is_red_and_full():
    _, text = overfull()
    assert "<li class=over><b>520 kW</b><span>IT power at full build; more than can be carried: 200 kW at s" in text
    [tile] = re.findall(r'<li class="over">.*?</li>', text)
    assert "width:100.00%" in tile
    assert "260% of 200 kW" in tile
    assert '<li class="over">' not in river_bend()
    assert ".over .bar i { background: var(--bad); }" in text


def test_ink_is_that_of_the_page_so_that_dark_mode_is_read():
    charts = re.findall(r'<div class="chart[^"]*">(.*?</svg>)', river_bend(), re.DOTALL)
    assert len(charts) >= 8
    for chart in charts:
        words = re.findall(r"<text [^>]*>", chart)
        assert words
        assert not [word for word in words if 'fill="currentColor"' not in word]


def test_every_table_can_be_scrolled_by_keyboard_and_has_a_name():
    regions = [attrs for tag, attrs in tags(river_bend()).found if tag == "div" and attrs.get("class") == "wide"]
    assert len(regions) > 15
    assert all(attrs["tabindex"] == "0" and attrs["role"] == "region" and attrs["aria-label"] for attrs in regions)


def test_the_bridge_between_offers_is_the_difference_of_their_prices():
    prices = dict(results()["offers"].select("offer", "usd_per_delivered_accelerator_h").rows())
    row = re.search(r"<tr><td>in all</td>(.*?)</tr>", river_bend())[1]
    told = [float(each.replace("$", "")) for each in re.findall(r">([+-]\$[\d.]+)<", row)]
    others = [name for name in prices if name != "cloud-on-demand"]
    assert told == pytest.approx([prices[name] - prices["cloud-on-demand"] for name in others], abs=5e-4)


def test_a_loss_of_cents_is_not_called_nothing():
    lost = results()["contingency"].filter(pl.col("racks_lost") > 0).head(5)["expected_usd_lost_per_year"].to_list()
    assert river_bend().count(">&lt;$1<") == sum(0 < usd < 1 for usd in lost) > 0


def test_a_lender_reads_cover_life_and_yield():
    [loan] = results()["debt_metrics"].iter_rows(named=True)
    text = river_bend()
    assert f"<td class=n>{loan['average_life_months'] / 12:.1f} years</td>" in text
    assert f"<td class=n>{loan['llcr_ratio']:.2f}</td>" in text
    assert f"<td class=n>{loan['lender_irr_per_year']:.1%}</td>" in text
    assert "What the guarantees are worth" in text


def test_text_from_the_file_is_escaped(tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text(
        "twin: 1\nname: <script>alert(1)</script>\ncalendar: {start: 2027-01-01, months: 24}\n"
        "sites:\n  s:\n    contains:\n      grid: {kind: utility, capacity: 1 MW, note: '<img src=x>'}\n"
        "      rack[2]: {kind: rack, load: 10 kW, accelerators: 8, power: grid, source: '\"><b>x'}\n"
    )
    made = twin.load(path)
    text = page(made.evaluate(), made.graph)
    assert "<script" not in text
    assert "<img" not in text
    assert '"><b>x' not in text
    tags(text)


def test_a_run_of_one_engine_has_a_page_too():
    frames = fake_results.small_tables()
    results = Results({name: frames[name] for name in ("site_capacity", "checks")}, fake_results.provenance())
    text = page(results)
    assert "What it can carry" in text
    assert "Who pays whom" not in text
    tags(text)


@pytest.mark.parametrize("groups", [1, 40, 1000])
def test_the_diagram_is_read_at_any_size(groups):
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    about = {"parent": "s", "count": 1, "total": 1, "capacity": 1000.0}
    graph.add_node("s/grid", name="grid", kind="utility", **about)
    for number in range(groups):
        for before, name, kind in (("grid", f"ups-{number}", "ups"), (f"ups-{number}", f"rack-{number}", "rack")):
            graph.add_node(f"s/{name}", name=name, kind=kind, **about)
            graph.add_edge(f"s/{before}", f"s/{name}", "power", layer="power")
    drawn = diagram(graph)
    boxes = drawn.count("<rect")
    assert boxes == 3, "many alike share a box"
    assert (f"{groups:,} x ups" if groups > 1 else "1 x ups-0") in drawn
    size = [float(each) for each in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn).groups()]
    assert size[0] < 900
    assert size[1] < 1000


def test_without_power_there_is_no_diagram():
    assert diagram(nx.MultiDiGraph()) == ""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not here")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_it_without_a_word_of_complaint(width, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(river_bend())
    shot = tmp_path / "shot.png"
    line = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    line += [f"--window-size={width},2000", f"--screenshot={shot}", path.as_uri()]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert shot.stat().st_size > 20_000
    assert "CONSOLE" not in done.stderr
