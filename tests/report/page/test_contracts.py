"""Terms, debt service by year, parties and where capacity goes, from tables small enough to work out by hand."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import fake_results
import pytest

import twin
from twin.report.page import build, contracts, loans
from twin.report.page.halls import halls
from twin.report.page.page import page
from twin.results.results import Results

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parents[3]


def results(**frames: pl.DataFrame) -> Results:
    return Results(frames, fake_results.provenance())


def assumed(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    keys = ("owner", "attribute", "value", "origin")
    return fake_results.table("assumptions", *(dict(zip(keys, row, strict=True)) for row in rows))


def table_of(text: str, title: str) -> list[list[str]]:
    """The cells of the table below a heading, without marks."""
    body = text.split(f"<h3>{title}</h3>", 1)[1].split("</table>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


@cache
def river_bend() -> tuple[Results, str]:
    made = twin.load(ROOT / "topologies" / "river-bend.yaml")
    results = made.evaluate()
    return results, page(results, made.graph)


def test_terms_are_those_of_the_file_and_what_a_lender_asks_for():
    made = assumed(
        ("deals.hall", "tenant", "lab", "file"),
        ("deals.hall", "rent", "$100/kW-month", "file"),
        ("deals.hall", "escalator", "0 %/year", "default"),
        ("deals.hall", "deposit", "0 months", "default"),
        ("deals.hall", "renewals", "[5 years, 5 years]", "file"),
        ("deals.hall", "sla", "none", "default"),
        ("deals.hall", "accounting.rate", "6 %/year", "file"),
        ("deals.hall", "accounting.economic_life", "40 years", "file"),
        ("deals.hall", "accounting.transfers_ownership", "false", "default"),
        ("deals.notes", "rate", "6 %/year", "file"),
        ("deals.notes", "sweep", "", "default"),
        ("discount", "rate", "8 %/year", "file"),
    )
    text = contracts.terms(results(assumptions=made, debt=fake_results.table("debt", {"deal": "notes"})))
    assert table_of(text, "Terms of leases") == [
        ["term", "hall"],
        ["tenant", "lab"],
        ["rent", "$100/kW-month"],
        ["escalator", "0 %/year *"],
        ["renewals", "5 years, 5 years"],
        ["accounting, rate", "6 %/year"],
        ["accounting, economic life", "40 years"],
    ]
    assert table_of(text, "Terms of loans") == [["term", "notes"], ["rate", "6 %/year"]]
    assert "Terms of guarantees" not in text
    assert "* by default" in text


def test_deals_that_nobody_pays_under_have_no_terms():
    made = assumed(("deals.hall", "tenant", "lab", "file"), ("deals.other", "tenant", "lab", "file"))
    paid = fake_results.table("cashflow", {"deal": "hall"})
    text = contracts.terms(results(assumptions=made, cashflow=paid))
    assert table_of(text, "Terms of leases")[0] == ["term", "hall"]


def test_debt_service_by_year_is_the_sum_of_its_months():
    def row(year: int, month: int, **usd: float) -> dict:
        return {"month": date(year, month, 1), "deal": "notes"} | {f"{name}_usd": each for name, each in usd.items()}

    debt = fake_results.table(
        "debt",
        row(2030, 11, draw=1000e6, interest=5e6, capitalised=5e6, closing=1005e6),
        row(2030, 12, cfads=20e6, interest=6e6, principal=5e6, closing=1000e6) | {"dscr_ratio": 1.5},
        row(2031, 1, cfads=30e6, interest=4e6, principal=900e6, balloon=800e6, closing=100e6) | {"dscr_ratio": 1.25},
        row(2031, 2, cfads=10e6, interest=1e6, principal=100e6, closing=0.0),
        row(2032, 1, cfads=10e6),
    )
    assert table_of(contracts.by_year(results(debt=debt)), "Debt service by year: notes") == [
        [
            "year",
            "drawn",
            "CFADS",
            "interest",
            "principal",
            "sweep, balloon",
            "debt service",
            "DSCR",
            "balance at its end",
        ],
        ["2030", "$1B", "$20M", "$6M", "$5M", "-", "$11M", "1.50", "$1B"],
        ["2031", "-", "$40M", "$5M", "$200M", "$800M", "$205M", "1.25", "$0"],
    ]


def test_the_years_of_a_loan_come_to_its_months():
    made, text = river_bend()
    rows = table_of(text, "Debt service by year: notes")
    debt = made["debt"]
    years = debt.filter(debt["closing_usd"] + debt["interest_usd"] > 0)["month"].dt.year().unique().sort()
    assert [row[0] for row in rows[1:]] == [str(year) for year in years]
    least = made["debt_metrics"]["least_dscr_ratio"][0]
    assert {row[6] for row in rows[1:]} == {"-", f"{least:.2f}"}
    assert f"{least:.2f} throughout</td>" in text
    assert f"{least:.3f} throughout; below 1 the borrower cannot pay." in text


def test_a_loan_whose_cover_varies_says_when_it_is_least():
    row = {"deal": "notes", "least_dscr_ratio": 1.2, "most_dscr_ratio": 1.4, "least_dscr": date(2031, 3, 1)}
    text = loans.loans(results(debt_metrics=fake_results.table("debt_metrics", row)))
    assert "<td class=n>1.20 in 2031-03</td>" in text


def test_present_values_name_their_rate_and_remarks_stand_below():
    made, text = river_bend()
    rows = table_of(text, "Parties")
    assert rows[0][5] == "NPV at 8 %"
    assert "PV: present values at 8 % a year." in text
    paid = made["party_metrics"].filter(made["party_metrics"]["party"].is_in([row[0] for row in rows[1:]]))
    bare = paid["irr_note"].drop_nulls().unique()
    assert bare.len() >= 2
    assert {row[6] for row in rows[1:] if not row[6].endswith("%")} == {"-"}
    for note in bare:
        assert text.count(note) == 1, "once, whoever it is said of"


def test_standby_and_a_second_feed_are_not_of_no_use():
    def row(group: str, kind: str, **figures: float) -> dict:
        return {"scope": "s", "group": f"s/{group}", "kind": kind, "resource": "power", **figures}

    stranded = fake_results.table(
        "stranded",
        row("grid", "utility", derated_kw=600.0, load_kw=200.0, growth_kw=50.0, spare_kw=250.0, stranded_kw=100.0),
        row("genset", "genset", derated_kw=300.0, standby_kw=250.0, stranded_kw=50.0),
        row("ups", "ups", derated_kw=400.0, load_kw=200.0, reserve_kw=80.0, spare_kw=20.0, stranded_kw=100.0),
        row("cdu", "cdu", derated_kw=500.0, load_kw=520.0, stranded_kw=300.0),
    )
    capacity = fake_results.table("site_capacity", {"scope": "s", "demand_kw": 1.0, "usable_kw": 2.0})
    text = halls(results(site_capacity=capacity, stranded=stranded))
    assert table_of(text, "Where the capacity goes")[1:] == [
        ["grid", "power", "600 kW", "200 kW", "50 kW", "250 kW", "-", "100 kW"],
        ["ups", "power", "400 kW", "200 kW", "-", "100 kW", "-", "100 kW"],
        ["genset", "power", "300 kW", "-", "-", "-", "250 kW", "50 kW"],
        ["cdu", "power", "500 kW", "520 kW", "-", "-", "-", "-"],
    ]


@pytest.mark.parametrize("words", ["hall[1]/<wbr>row[1]/<wbr>leaf[1]", "hall/<wbr>row/<wbr>cdu"])
def test_paths_break_after_a_slash(words):
    assert words in river_bend()[1]


def test_a_difference_of_nothing_is_a_dash():
    assert "+$0.000" not in river_bend()[1]


def build_of(**rows: tuple[str, float]) -> list[dict]:
    """Rows of `sources_uses` of one build from item -> (side, amount)."""
    whole = {side: sum(usd for its, usd in rows.values() if its == side) for side in ("source", "use")}
    return [
        {
            "party": "spv",
            "build": "a+b",
            "side": side,
            "item": item,
            "amount_usd": usd,
            "share_fraction": usd / whole[side],
        }
        | {"deal": None if item in {"own_cash", "cash_left"} else "a+b"}
        for item, (side, usd) in rows.items()
    ]


def test_sources_stand_beside_uses_and_both_end_in_their_sum():
    rows = build_of(
        debt_draw=("source", 80e6), own_cash=("source", 20.5e6), capex=("use", 90e6), interest=("use", 10e6),
        cash_left=("use", 0.5e6),
    )  # fmt: skip
    check = {"check": "sources_equal_uses", "scope": "spv: a+b", "ok": True, "message": "2030-01 to 2031-01; <so>"}
    bare = {
        "check": "sources_equal_uses",
        "scope": "x: y",
        "ok": True,
        "got": "not told",
        "message": "no month ends it",
    }
    text = build.sources_uses(
        results(
            sources_uses=fake_results.table("sources_uses", *rows), checks=fake_results.table("checks", check, bare)
        )
    )
    assert table_of(text, "Sources and uses of spv: a+b") == [
        ["sources", "$M", "of all", "uses", "$M", "of all"],
        ["debt: a+b", "80.00", "79.6%", "capex: a+b", "90.00", "89.6%"],
        ["own cash of spv", "20.50", "20.4%", "interest: a+b", "10.00", "10.0%"],
        ["", "", "", "cash left at the end", "0.50", "0.5%"],
        ["all sources", "100.50", "100.0%", "all uses", "100.50", "100.0%"],
    ]
    assert "2031-01; &lt;so&gt;" in text
    assert "Sources and uses of x: y are not told: no month ends it." in text


def test_river_bend_is_told_before_any_chart_of_money():
    text = river_bend()[1].split(">Who pays whom</h2>")[1]
    rows = table_of(text, "Sources and uses of hut8: notes")
    assert rows[-1] == ["all sources", "3,966.85", "100.0%", "all uses", "3,966.85", "100.0%"]
    assert text.index("Sources and uses") < text.index("<figure")
