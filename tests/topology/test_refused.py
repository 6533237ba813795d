"""Where in the file stands what a model refuses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import twin
from twin.errors import RefusedError
from twin.topology.model import ModelEntry, Where
from twin.topology.refused import place

FILE = """\
twin: 1
name: t
calendar: {start: 2027-01-01}
discount: 8 %/year
sites:
  dc:
    contains:
      feed[2]: {kind: utility, capacity: 60 MW}
      hall: {kind: load, load: 50 MW, power: {from: feed, need: 1}, energised: 2028-01-01}
parties: {spv: {role: landlord}, lab: {role: tenant}, bank: {role: lender}}
deals:
  - {model: lease, name: lease, landlord: spv, tenant: lab, site: dc, capacity: 50 MW, rent: $130/kW-month,
     term: 5 years}
  - {model: purchase, name: campus, buyer: spv, seller: contractor, amount: $550M}
  - model: term-debt
    name: notes
    borrower: spv
    lender: bank
    funds: campus
    principal: $600M
    rate: 6 %/year
    maturity: 2031-01-01
    amortisation: level
"""


def entry(name, model="tariff", **given):
    places = {key: Where("x.yaml", number, 5) for number, key in enumerate(given, 20)}
    return ModelEntry(
        "energy", name, model, None, given, (), Where("x.yaml", 10, 3), places=places,
        files=tuple(text for text in given.values() if text.endswith(".csv")),
    )  # fmt: skip


def refused(reason, remedy, *entries, asked=None, model="tariff"):
    error = RefusedError(model, reason, remedy)
    error.asked = (model, tuple(one.name for one in entries) if asked is None else asked)
    place(SimpleNamespace(entries=entries), error)
    return str(error).partition(f": {model} refuses")[0] if error.place else ""


@pytest.mark.parametrize(
    ("reason", "remedy", "where"),
    [
        ("no", "give `limit`", "x.yaml:21:5: energy.grid.limit"),
        ("no", "write `limit: 3 MW`", "x.yaml:21:5: energy.grid.limit"),
        ("'p.csv' has no row", "give every hour", "x.yaml:20:5: energy.grid.price"),
        ("its limit is too low", "raise it", "x.yaml:21:5: energy.grid.limit"),
        ("'lab' would pay itself", "name another", "x.yaml:22:5: energy.grid.payer"),
        ("there are no hours", "give some", "x.yaml:10:3: energy.grid"),
        ("no", "give `fuel`", "x.yaml:10:3: energy.grid"),
    ],
)
def test_the_parameter_that_is_named_or_else_the_entry(reason, remedy, where):
    assert refused(reason, remedy, entry("grid", price="p.csv", limit="2 MW", payer="lab")) == where


def test_of_several_entries_the_one_that_is_named():
    two = entry("grid"), entry("sun")
    assert refused("'sun' is dark", "wait", *two) == "x.yaml:10:3: energy.sun"
    assert refused("it is dark", "wait", *two) == ""


def test_what_no_model_of_an_entry_refuses_has_no_place():
    assert refused("no", "no", entry("grid"), asked=()) == ""
    assert refused("no", "no", entry("grid", model="other")) == ""


def test_a_refused_deal_says_its_line_on_the_way_through(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(FILE)
    with pytest.raises(RefusedError) as caught:
        twin.load(path).cost()
    line = FILE.splitlines().index("    principal: $600M") + 1
    assert str(caught.value).startswith(f"{path}:{line}:16: deals.notes.principal: term-debt refuses: deal 'notes': ")
    assert caught.value.asked == ("term-debt", ("notes",))


def test_what_is_set_from_outside_says_so(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(FILE.replace("$600M", "$400M"))
    with pytest.raises(RefusedError) as caught:
        twin.load(path, overlays=["deals.notes.principal=$700M"]).cost()
    assert "deals.notes.principal" in caught.value.place
    assert "--set" in caught.value.place
