"""Catalogue files: figures with their source, what is refused and where it says the fault is."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.api import Catalogue, Part
from twin.catalogue import HEADER, Figure, read_catalogue
from twin.errors import PluginError

HEAD = ",".join(HEADER) + "\n"


def read(tmp_path, body, head=HEAD, **kwargs):
    path = tmp_path / "parts.csv"
    path.write_text(head + body, encoding="utf-8")
    return {part.name: part for part in read_catalogue(Catalogue("c", "Parts.", csv=path, **kwargs), "p (d 1)")}


def test_figures_alternatives_and_what_describes_the_part(tmp_path):
    body = (
        'acme.rack,rack,,"a rack, of racks",https://a.example,read,kept\n'
        "acme.rack,rack,load,132 kW,https://b.example,read,\n"
        "acme.ups,ups,capacity,1 MW,,nominal,a size\n"
        "acme.rack,rack,load,120 kW,https://c.example,recalled,also quoted\n"
    )
    parts = read(tmp_path, body)
    rack = parts["acme.rack"]
    assert (rack.kind, rack.doc, rack.source, rack.note) == ("rack", "a rack, of racks", "https://a.example", "kept")
    assert rack.figures == {"load": Figure("132 kW", "https://b.example", "read", "")}
    assert rack.alternatives == {"load": (Figure("120 kW", "https://c.example", "recalled", "also quoted"),)}
    assert rack.plugin == "p (d 1)"
    assert list(parts) == ["acme.rack", "acme.ups"]
    assert parts["acme.ups"].alternatives == {}


def test_parts_in_code_keep_the_part_s_source_on_every_figure():
    part = Part("acme.rack", "rack", "A rack.", {"load": "96 kW", "accelerators": 64}, "https://a", "vendor", "new")
    [got] = read_catalogue(Catalogue("c", "Parts.", (part,)), "p")
    assert got.figures["accelerators"] == Figure("64", "https://a", "vendor", "new")
    assert got.doc == "A rack."


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("Acme.Rack,rack,load,1 kW,,,\n", ":2: 'Acme.Rack' is not a part name"),
        ("rack,rack,load,1 kW,,,\n", "write it as 'maker.model'"),
        ("acme.rack,Big Rack,load,1 kW,,,\n", "'Big Rack' is not a kind"),
        ("acme.rack,,load,1 kW,,,\n", "'' is not a kind"),
        ("acme.rack,rack,load,,,,\n", ":2: part 'acme.rack' has no value for 'load'"),
        ("acme.rack,rack,Load kW,1,,,\n", "'Load kW' is not the name of an attribute"),
        (
            "acme.rack,rack,load,1 kW,,,\nacme.rack,ups,load,1 kW,,,\n",
            ":3: part 'acme.rack' is a rack above and a ups here",
        ),
        ("acme.rack,rack,load,1 kW,,\n", ":2: 6 fields; wanted 7"),
        ("acme.rack,rack,load,1 kW,,,,\n", ":2: 8 fields; wanted 7"),
        ('acme.rack,rack,load,"1 kW,,,\n', "cannot be read"),
    ],
)
def test_faults_name_file_and_line(tmp_path, body, what):
    with pytest.raises(PluginError) as caught:
        read(tmp_path, body)
    assert what in str(caught.value)
    assert "parts.csv" in str(caught.value)


@pytest.mark.parametrize("head", ["", "part,kind\n", HEAD.upper(), HEAD.replace("note", "notes")])
def test_another_header_is_refused(tmp_path, head):
    with pytest.raises(PluginError, match="wanted part,kind,attribute"):
        read(tmp_path, "", head=head)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "parts.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PluginError, match="cannot be read"):
        read_catalogue(Catalogue("c", "Parts.", csv=path), "p")


@pytest.mark.parametrize("value", [True, None, "", " ", ["1 kW"], float])
def test_a_figure_in_code_is_text_or_a_number(value):
    with pytest.raises(PluginError, match="attribute 'load' is neither"):
        read_catalogue(Catalogue("c", "Parts.", (Part("a.b", "rack", attributes={"load": value}),)), "p")


def test_one_name_in_code_and_in_the_file(tmp_path):
    with pytest.raises(PluginError, match=r"catalogue 'c' has two parts called 'a\.b'"):
        read(tmp_path, "a.b,rack,load,1 kW,,,\n", parts=(Part("a.b", "rack"),))


@pytest.mark.parametrize("defaults", [{"ups": "a.c"}, {"genset": "a.b"}])
def test_a_default_must_be_a_part_of_its_kind(tmp_path, defaults):
    with pytest.raises(PluginError, match="has no part of that name and kind"):
        read(tmp_path, "a.b,ups,efficiency,96 %,,,\n", defaults=defaults)


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,6}\.[a-z0-9]{1,6}", fullmatch=True), st.tuples(words, words), min_size=1)
)
def test_what_is_written_comes_back(tmp_path_factory, parts):
    text = io.StringIO()
    writer = csv.writer(text)
    for name, (value, note) in parts.items():
        writer.writerow([name, "rack", "load", value, "s", "read", note])
    got = read(tmp_path_factory.mktemp("c"), text.getvalue())
    assert {name: (part.figures["load"].text, part.figures["load"].note) for name, part in got.items()} == parts
