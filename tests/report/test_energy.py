"""The screen of `twin energy`: one screen, at every width, and nothing left out without a word."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import twin
from twin.report import bills, energy, energy_year, plant

HOUSE = Path(__file__).parents[2]
MOST = 45
"""Lines of one screen."""


@pytest.fixture(scope="module")
def river_bend():
    return twin.load(HOUSE / "topologies" / "river-bend.yaml").run("energy", "carbon", "resilience")


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_every_line_fits(river_bend, width):
    said = [line.plain for line in energy.lines(river_bend, width)]
    assert max(len(line) for line in said) <= width
    assert len(said) <= (MOST if width >= 80 else MOST + 10)
    text = "\n".join(said)
    for title in ("ENERGY by stage", "MONTHS", "BILL by line", "CARBON by method"):
        assert title in text


@pytest.mark.parametrize("name", ["river-bend", "gigawatt"])
def test_the_screens_of_the_page_are_one_screen(name):
    """The page holds what the command prints, to which tests of the docs hold it."""
    page = (HOUSE / "docs" / "explanation" / "energy.md").read_text()
    shown = re.search(rf"```sh\ntwin energy topologies/{name}\.yaml\n```\n\n```text\n(.*?)```", page, re.DOTALL)[1]
    said = shown.splitlines()
    assert len(said) <= MOST
    assert max(len(line) for line in said) <= 100
    for title in ("ENERGY by stage", "MONTHS", "BILL by line", "CARBON by method"):
        assert title in shown


def test_months_are_those_of_the_tables(river_bend):
    said = [line.plain for line in energy.months(river_bend, 100)]
    assert said[0].split() == ["MONTHS", "Dec", *energy_year._MONTHS[:11]]
    year = river_bend.energy.filter(pl.col("month") > pl.col("month").max().dt.offset_by("-12mo"))
    kwh = year.group_by("month").agg(pl.col("energy_kwh").sum()).sort("month")["energy_kwh"]
    row = next(line for line in said if line.startswith("  site GWh"))
    assert row.split()[2:] == [f"{value / 1e6:.0f}" for value in kwh]


def test_what_is_small_is_counted_and_the_option_named():
    frame = pl.DataFrame({"name": list("abcd"), "usd": [90.0, 9.5, 0.3, 0.2]})
    shown, rest = bills.told_apart(frame, pl.col("usd"), 100.0, 0.01)
    assert shown["name"].to_list() == ["a", "b"]
    assert rest["usd"].sum() == pytest.approx(0.5)
    # one small row alone is told: counting it would take as many lines
    alone = bills.told_apart(frame.head(3), pl.col("usd"), 100.0, 0.01)
    assert [part.height for part in alone] == [3, 0]
    assert [part.height for part in bills.told_apart(frame, pl.col("usd"), 100.0, 0.01, 1)] == [1, 3]


CREDITS = """\
twin: 1
name: credits
calendar: {start: 2027-01-01, months: 12}
sites:
  campus:
    contains:
      grid[2]: {kind: utility, capacity: 60 MW, failure_rate: 0 /year}
      rack[10]: {kind: rack, load: 100 kW, power: grid}
parties: {tenant: {role: tenant}}
cooling: [{model: constant-pue, pue: 1}]
energy:
  - model: tariff
    name: t
    payer: tenant
    energy: [{price: $0.05/kWh, export: $0.04/kWh}]
    export_limit: {2027-01-01: 10 MW}
"""
PPA = "  - {model: ppa-as-produced, name: ap, payer: tenant, capacity: 5 MW, price: $0.03/kWh, profile: flat}\n"
OFF = "  - {model: interruptible, name: il, payer: tenant, power: 900 kW, hours: 10 h, credit: $2/kW-month}\n"


@pytest.mark.parametrize(
    ("supply", "paid", "credited", "each"),
    [
        # 5 MW bought all year at 3 cents, 1 MW used, the rest sold at 4 cents
        (PPA, 43_800_000 * 0.03, 35_040_000 * 0.04, "-$0.01/kWh"),
        # 1 MW at 5 cents less the 10 hours that pay for themselves, and a credit of $2 for 900 kW in twelve months
        (OFF, 8_760_000 * 0.05, 900 * 2 * 12, "$0.04748/kWh"),
    ],
)
def test_a_credit_is_taken_off_and_shown_apart(tmp_path, supply, paid, credited, each):
    path = tmp_path / "credits.yaml"
    path.write_text(CREDITS + supply)
    results = twin.load(path).run("energy")
    cost = results["energy_cost"]
    assert set(cost["buyer"]) == {"tenant"}
    net = paid - credited
    assert bills.net_usd(cost) == pytest.approx(net, rel=2e-3)
    by_side = {side: cost.filter(pl.col(side) == "tenant")["amount_usd"].sum() for side in ("payer", "payee")}
    assert by_side == {"payer": pytest.approx(paid, rel=2e-3), "payee": pytest.approx(credited, rel=2e-3)}
    said = [line.plain for line in energy.lines(results, 100)]
    assert each in said[0]
    bill = [line.plain for line in energy.bill(results, 100)]
    assert [line.split()[0] for line in bill[-3:]] == ["paid", "credited", "net"]
    assert bill[-2].split()[-1].startswith("-$")
    months = next(line.plain for line in energy.months(results, 100) if line.plain.startswith("  bill"))
    assert all(("-" in figure) == (net < 0) for figure in months.split()[2:])
    [overview] = [line.plain for line in plant.energy(results, 100)]
    assert ("-$" in overview) == (net < 0)


@pytest.mark.parametrize(
    ("line", "what", "want"),
    [
        ("energy_charge", "energy", "energy charge"),
        ("energy_charge", "summer on-peak", "energy charge summer on-peak"),
        ("ppa_energy", "energy called", "ppa energy called"),
        ("ppa_delivery", "delivery", "ppa delivery"),
        ("fuel", "fuel, higher heating value", "fuel, higher heating value"),
        ("rider", None, "rider"),
    ],
)
def test_a_line_of_the_bill_says_no_word_twice(line, what, want):
    assert bills.label(line, what) == want


@pytest.mark.parametrize(("grid", "said"), [("", True), ("carbon: [{model: grid-region, region: ERCO}]\n", False)])
def test_what_an_unknown_grid_emits_is_not_nothing(tmp_path, grid, said):
    """1 MW, of which a carbon-free contract gives 0.4 MW, one that is not 0.1 MW and the grid the rest."""
    contracts = (
        "  - {model: ppa-as-produced, name: free, payer: tenant, capacity: 400 kW, price: $0.03/kWh, profile: flat}\n"
        "  - {model: ppa-baseload, name: block, payer: tenant, capacity: 100 kW, price: $0.03/kWh, carbon_free: no}\n"
    )
    path = tmp_path / "credits.yaml"
    path.write_text(CREDITS + contracts + grid)
    results = twin.load(path).run("energy", "carbon")
    market = next(line.plain for line in energy.carbon(results, 100) if line.plain.startswith("  market"))
    assert ("not known for 5.26 GWh" in market) == said
    assert market.split()[1:3] == (["not", "known"] if said else [market.split()[1], "t"])
    assert ("g/kWh" in market) == (not said)
