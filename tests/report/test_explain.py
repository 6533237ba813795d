from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.build import HERE, Builder, campus, power, value

from twin.catalogue import Figure
from twin.report.explain import explain, ranges, tree
from twin.topology import expand
from twin.topology.model import Override, Supplier, Value

CAMPUS = campus()


def text(topology, path, local, width=200) -> str:
    return "\n".join(line.plain for line in explain(topology, path, local, width))


def test_the_tree_shows_counts_kinds_ratings_and_suppliers():
    made = [line.plain for line in tree(CAMPUS, 100)]
    assert made[0].split() == ["built", "kind", "in", "all", "rating", "uses", "fed", "by"]
    assert made[1].split() == ["s[2]", "site", "2"]
    assert made[-1].split(maxsplit=5) == ["rack[5]", "rack", "60", "132", "kW", "a, b, cdu"]
    assert made[-1].startswith("        rack[5]")


def test_a_node_is_explained():
    made = text(CAMPUS, "s/hall/row/rack", 7)
    assert made.startswith("s[1]/hall[1]/row[2]/rack[3]  rack, one of 60 · in service 2027-04 · at x.yaml:7")
    assert re.search(r"load\s+132 kW\s+file x.yaml:7 no source stated", made)
    assert "FED BY (power)  s[1]/hall[1]/row[2]/a, s[1]/hall[1]/row[2]/b; needs as many as carry the load" in made
    assert "FED BY (cooling)  s[1]/hall[1]/cdu[1], s[1]/hall[1]/cdu[3]; needs 1 of 2" in made


def test_what_it_contains_and_feeds():
    assert "CONTAINS  2 grid, 3 hall" in text(CAMPUS, "s", 0)
    assert "FEEDS (power)  5 rack: s[1]/hall[1]/row[2]/rack[1..5]" in text(CAMPUS, "s/hall/row/a", 1)


@pytest.mark.parametrize(("path", "local"), [("s/hall/ups", 5), ("s/hall/cdu", 0), ("s/grid", 3), ("s/hall/row/b", 11)])
def test_suppliers_and_consumers_are_those_of_the_edges(path, local):
    nodes, edges = expand.nodes(CAMPUS), expand.edges(CAMPUS)
    names = dict(nodes.select("node", "id").iter_rows())
    own = nodes.filter(nodes["group"] == path)["node"][local]
    fed = sorted(
        names[consumer] for supplier, consumer in edges.select("supplier", "consumer").iter_rows() if supplier == own
    )
    lines = [
        line.split(": ", 1)[1] for line in text(CAMPUS, path, local, 10_000).splitlines() if line.startswith("FEEDS")
    ]
    said = sorted(name for line in lines for part in line.split(", ") for name in spread(part))
    assert said == fed


def spread(part: str) -> list[str]:
    match = re.fullmatch(r"(.*)\[(\d+)\.\.(\d+)\]", part)
    return [f"{match[1]}[{i}]" for i in range(int(match[2]), int(match[3]) + 1)] if match else [part]


def test_each_number_says_where_it_comes_from_in_full():
    source = "https://example.org/" + "long-path/" * 10
    part = Value(132.0, "132 kW", "catalogue", HERE, source, "unverified", "120 to 150 kW by source")
    topology = Builder().add("s", None, "site").add("s/rack", 2, "rack", attributes={"load": part}, part="a.b").done()
    made = text(topology, "s/rack", 1, 80)
    assert "uses a.b" in made
    for words in ("catalogue", "x.yaml:7", "unverified [1]; 120 to 150 kW by source", f"[1] {source}"):
        assert words in " ".join(made.split())


DISPUTED = Value(
    132.0,
    "132 kW",
    "catalogue",
    HERE,
    "https://a.example",
    "read",
    also=(Figure("150 kW", "https://b.example", "read", "with support"), Figure("120 kW", "", "unsourced")),
)


def disputed():
    return Builder().add("s", None, "site").add("s/rack", 2, "rack", attributes={"load": DISPUTED}, part="a.b").done()


def test_what_else_was_published_stands_below_the_figure_that_is_used():
    made = text(disputed(), "s/rack", 0).splitlines()
    [at] = [number for number, line in enumerate(made) if line.startswith("  load  132 kW  catalogue")]
    assert made[at].endswith("read [1]")
    assert made[at + 1].strip() == "150 kW  also published read [2]; with support"
    assert made[at + 2].strip() == "120 kW  also published unsourced no source stated"
    assert "  [2] https://b.example" in made


def test_the_tree_names_the_parts_on_which_sources_disagree():
    made = [line.plain for line in tree(disputed(), 160)]
    assert made[-1].startswith("SOURCES DISAGREE  on load of a.b. 'twin show FILE NODE' and ")
    assert not any("DISAGREE" in line.plain for line in tree(CAMPUS, 120))


def test_an_overlay_on_one_instance_is_shown_there_alone():
    build = Builder().add("s", None, "site").add("s/ups", 3, "ups", attributes={"capacity": value(500.0, "500 kW")})
    changed = Value(400.0, "400 kW", "overlay", HERE)
    topology = build.done([Override("s/ups", (1,), "capacity", changed)])
    assert "400 kW  overlay" in text(topology, "s/ups", 1)
    assert "500 kW  file" in text(topology, "s/ups", 0)


def test_need_share_and_redundancy_are_said():
    primary = power(Supplier("s/grid", "s"))
    depends = type(primary)(
        **{name: getattr(primary, name) for name in primary.__slots__} | {"share": "primary", "redundancy": "N+1"}
    )
    topology = (
        Builder().add("s", None, "site").add("s/grid", 2, "utility").add("s/ups", 1, "ups", depends=[depends]).done()
    )
    assert "s/grid[1..2]; needs as many as carry the load, the first that can carries all, N+1 asserted" in text(
        topology, "s/ups", 0
    )


def test_runs_of_ids_are_drawn_together():
    assert ranges(["a[1]", "a[2]", "a[3]", "a[5]", "b", "c[2]/d[1]"]) == "a[1..3], a[5], b, c[2]/d[1]"
    assert ranges([f"a[{i}]" for i in range(1, 40, 2)], limit=2) == "a[1], a[3] and 18 more"


@given(st.sets(st.integers(1, 30)))
def test_runs_spread_out_again_are_the_ids(numbers):
    names = [f"a[{number}]" for number in sorted(numbers)]
    made = ranges(names, limit=100)
    assert [name for part in made.split(", ") if part for name in spread(part)] == names
