"""What must hold of a topology: assertions as the reader takes them."""

from __future__ import annotations

import pytest
from topology.fakes import CAMPUS, findings, line_of, load


def assertion(body):
    return f"{CAMPUS}assertions:\n  - {{{body}}}\n"


GOOD = {
    "max-utilisation, of: kind=ups, most: 90 %": {"of": "kind=ups", "most": 0.9, "state": "worst"},
    "max-utilisation, of: campus/grid, most: 50 %, state: normal": {
        "of": "campus/grid",
        "most": 0.5,
        "state": "normal",
    },
    "residency, countries: [us, CA]": {"sites": ("campus", "annex"), "countries": ("US", "CA")},
    "residency, countries: [US], sites: [campus]": {"sites": ("campus",), "countries": ("US",)},
    "dedicated-tenancy, at: campus/hall, tenant: lab": {"at": "campus/hall", "tenant": "lab"},
    "dedicated-tenancy, at: campus, tenant: guest": {"at": "campus", "tenant": "guest"},
    "operator-share, most: 60 %": {"most": 0.6, "of": "power"},
    "redundancy, of: kind=rack, layer: power, least: N+1": {"of": "kind=rack", "layer": "power", "least": "N+1"},
}


@pytest.mark.parametrize("body", GOOD)
def test_assertions_come_out_checked(body, tmp_path):
    text = assertion(f"check: {body}, note: because")
    (one,) = load(tmp_path, text).assertions
    assert (one.check, dict(one.params)) == (body.partition(",")[0], GOOD[body])
    assert (one.where.line, one.note) == (line_of(text, "check:"), "because")


ASSERTIONS = {
    "no check": ("of: kind=ups", "", "the key 'check' is missing", "max-utilisation"),
    "unknown check": ("check: redundncy", "check", "there is no check 'redundncy'", "'redundancy'"),
    "unknown key": ("check: operator-share, most: 50 %, off: power", "off", "has no key 'off'", "'of'"),
    "missing key": ("check: max-utilisation, of: kind=ups", "", "the key 'most' is missing", "most"),
    "too much": ("check: operator-share, most: 120 %", "most", "not a share", "at most 100 %"),
    "no share": ("check: operator-share, most: lots", "most", "not a quantity", "96 %"),
    "nothing selected": ("check: max-utilisation, of: campus/upss, most: 90 %", "of", "selects nothing", "'ups'"),
    "nothing rated": ("check: max-utilisation, of: kind=rack, most: 90 %", "of", "has a capacity", "kind=ups"),
    "unknown site": ("check: residency, sites: [campsu], countries: [US]", "sites", "no site 'campsu'", "'campus'"),
    "no country": ("check: residency, countries: []", "countries", "an empty list", "at least one"),
    "unknown tenant": (
        "check: dedicated-tenancy, at: campus, tenant: gest",
        "tenant",
        "nothing has the tenant",
        "'guest'",
    ),
    "tenant of a rack": ("check: dedicated-tenancy, at: kind=rack, tenant: lab", "at", "contains nothing", "hall"),
    "unknown word": ("check: redundancy, of: kind=rack, layer: power, least: 3N", "least", "not one of N, N+1", "2N"),
    "nothing fed": ("check: redundancy, of: kind=rack, layer: cooling, least: N", "of", "has a cooling dependency", ""),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_every_wrong_assertion_is_named(name, tmp_path):
    body, path, message, expected = ASSERTIONS[name]
    text = assertion(body)
    found = findings(tmp_path, text)
    assert [one.path for one in found] == [f"assertions[1].{path}".rstrip(".")]
    assert found[0].line == line_of(text, "  - {")
    assert message in found[0].message
    assert expected in found[0].expected


def test_an_assertion_is_a_mapping(tmp_path):
    (found,) = findings(tmp_path, f"{CAMPUS}assertions: [residency]\n")
    assert (found.path, found.message) == ("assertions[1]", "not a mapping")
