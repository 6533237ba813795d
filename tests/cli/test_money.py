"""`twin cost`, `solve`, `risk` and `compare` as a person types them, on the real file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin.cli.main import run

FILE = str(Path(__file__).parents[2] / "topologies" / "river-bend.yaml")
HELIOS = str(Path(__file__).parents[2] / "topologies" / "helios.yaml")


def type_(capsys, *words):
    status = run(list(words))
    said = capsys.readouterr()
    return status, said.out, said.err


TOPOLOGIES = Path(FILE).parent


def test_cost_answers_four_questions_on_one_screen(capsys):
    status, out, _ = type_(capsys, "cost", FILE)
    assert status == 0
    said = " ".join(out.split())
    for part in (
        "ACCELERATOR-HOUR for fluidstack",
        "LANDLORD hut8 puts in $574M of equity and pays $176M of interest before repayment starts",
        "covered: DSCR 1.32 in every year, constant as it is sculpted to the cash",
        "1.32 with google's rent, 0.94 on letting again alone",
        "repaid in 2042-11, no balloon",
        "expected fees $290M - expected loss $342M = net -$52.3M",
    ):
        assert part in said


@pytest.mark.parametrize("name", ["river-bend", "helios", "chip-lease", "five-sites"])
def test_the_money_of_every_deal_fits_one_screen(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "100")
    status, out, _ = type_(capsys, "cost", str(TOPOLOGIES / f"{name}.yaml"))
    assert status == 0
    assert len(out.splitlines()) <= 40
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("name", ["river-bend", "chip-lease", "five-sites"])
def test_the_risk_of_every_deal_fits_one_screen(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "100")
    status, out, _ = type_(capsys, "risk", str(TOPOLOGIES / f"{name}.yaml"), "--scenarios", "1000")
    assert status == 0
    assert len(out.splitlines()) <= 45
    assert max(map(len, out.splitlines())) <= 100
    for part in ("DEFAULT", "NPV by party", "LOANS", "P(missed)", "LGD", "GUARANTEES", "CHECKS"):
        assert part in out


def test_a_mini_perm_has_a_balloon_that_nothing_pays(capsys):
    _, out, _ = type_(capsys, "cost", str(TOPOLOGIES / "helios.yaml"))
    said = " ".join(out.split())
    assert "balloon $1.28B (92 %) due in 2028-08, UNFUNDED: the cash after it covers it 1.66 times" in said
    assert "repaid in" not in said


def test_shocks_are_given_one_by_one(capsys):
    given = ("--shock", "tariff=+20 %", "--shock", "default=2032-06")
    status, out, _ = type_(capsys, "cost", FILE, *given, "--format", "json")
    assert status == 0
    assert {row["shock"] for row in json.loads(out)["shock"]} == {"tariff=+20 %", "default=2032-06"}


def test_solve_says_how_to_set_what_it_found(capsys):
    status, out, err = type_(
        capsys, "solve", FILE, "--vary", "deals.google-backstop.fee", "--target", "received(google)=$1.47B"
    )
    assert status == 0
    assert "$400" in out
    assert "--set 'deals.google-backstop.fee=$400" in err


def test_risk_takes_what_the_file_leaves_open(capsys):
    given = ("--scenarios", "500", "--delay", "6 months=50 %", "--correlation", "20 %", "--seed", "3")
    status, out, _ = type_(capsys, "risk", FILE, *given, "--format", "json")
    assert status == 0
    found = json.loads(out)
    assert {row["scenarios"] for row in found["risk"]} == {500}
    assert any(row["event"] == "delay" for row in found["risk_events"])


def test_risk_without_a_guarantor_is_that_of_the_tenants(capsys):
    given = ("--scenarios", "500", "--tenant-default", "5 %/year", "--recovery", "60 %", "--format", "json")
    status, out, _ = type_(capsys, "risk", HELIOS, *given)
    assert status == 0
    found = json.loads(out)
    assert [row["subject"] for row in found["risk_events"] if row["event"] == "default"] == ["coreweave"]
    assert any(row["event"] == "payment_missed" and row["probability_fraction"] > 0 for row in found["risk_events"])


def test_compare_shows_the_offers(capsys):
    status, out, _ = type_(capsys, "compare", FILE, "--offers")
    assert status == 0
    for part in ("OFFERS", "chip-lease", "CASH by year", "FROM cloud-on-demand TO lease"):
        assert part in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("compare", FILE), "say what to compare"),
        (("cost", FILE, "--shock", "luck=bad"), "there is no shock 'luck'"),
        (("risk", FILE, "--delay", "soon"), "is not a delay"),
        (("risk", FILE, "--scenarios", "3"), "--scenarios"),
        (("risk", HELIOS), "risk refuses: nothing in the file may happen: nobody's default is known"),
        (("risk", HELIOS, "--guarantor-default", "1 %/year"), "`guarantor_default` is given, and in this file nobody"),
        (("solve", FILE, "--vary", "deals.lease.rent", "--target", "joy(hut8)=1"), "there is no measure 'joy'"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(capsys, words, says):
    status, _, err = type_(capsys, *words)
    assert status == 2
    assert says in err
