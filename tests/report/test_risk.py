"""The screen of scenarios, on tables by hand."""

from __future__ import annotations

import fake_results

from twin.report import risk
from twin.results.results import Results


def party(name="bank", **more):
    row = {"party": name, "role": "lender", "npv_usd": 1e9, "mean_npv_usd": 9e8, "expected_loss_usd": 1e8}
    return row | {"scenarios": 10_000, "seed": 7} | more


def loan(deal="notes", **more):
    row = {"deal": deal, "borrower": "owner", "lender": "bank", "missed_fraction": 0.02, "exposure_usd": 2e9}
    return row | {"lgd_fraction": 0.25, "lgd_usd": 5e8, "expected_loss_usd": 1e7, "not_repaid_fraction": 0.01} | more


def event(name, subject, **more):
    return {"event": name, "subject": subject, "probability_fraction": 0.4} | more


def screen(**named):
    made = Results({name: fake_results.table(name, *rows) for name, rows in named.items()}, fake_results.provenance())
    lines = [line.plain for line in risk.lines(made, 100)]
    assert max(map(len, lines)) <= 100
    return lines


def words(line):
    return " ".join(line.split())


def test_a_loan_has_its_chance_exposure_and_loss():
    lines = [words(line) for line in screen(risk=[party()], loan_risk=[loan()], risk_events=[event("default", "lab")])]
    assert "notes bank 2 % $2B 25 % $500M $10M 1 %" in lines
    assert "DEFAULT lab 40 %" in lines
    never = loan(missed_fraction=0.0, exposure_usd=None, lgd_fraction=None, lgd_usd=None, expected_loss_usd=0.0)
    assert any(words(line).startswith("notes bank 0 % - - - $0") for line in screen(loan_risk=[never]))
    tranche = screen(loan_risk=[loan(tranche="A")])
    assert any(line.startswith("  notes/A") for line in tranche)


def test_a_guarantee_has_how_often_it_is_called_and_for_how_much():
    called = event("backstop_called", "promise", mean_usd=4e8, when_it_happens_usd=1e9, exact_fraction=0.41)
    broken = event("backstop_not_honoured", "promise", mean_usd=1e6) | {"probability_fraction": 0.002}
    lines = [words(line) for line in screen(risk_events=[called, broken])]
    assert "promise 40 % 41 % $1B $400M 0.2 %" in lines


def test_many_of_everything_are_one_screen():
    many = range(40)
    lines = screen(
        risk=[party(f"party-{n}", expected_loss_usd=float(n) * 1e6) for n in many],
        loan_risk=[loan(f"notes-{n}", expected_loss_usd=float(n) * 1e6) for n in many],
        risk_events=[event("default", f"tenant-{n}") for n in range(5)]
        + [event("backstop_called", f"promise-{n}", mean_usd=float(n), when_it_happens_usd=1.0) for n in many],
        checks=[{"check": "sum", "scope": "all", "ok": True}],
    )
    assert len(lines) <= 45
    assert any("party-39" in line for line in lines)
    assert any("notes-39" in line for line in lines)
    assert sum("that lose less" in line for line in lines) == 3
