"""The fixtures that the tests of a plugin get, and what they cost who does not ask for them."""

from __future__ import annotations

import subprocess
import sys

PLUGIN = """
import polars as pl

from twin.api import FinancingModel, MoneyPerTime, Params, PartyRef, hookimpl


class Retainer(Params):
    payer: PartyRef
    payee: PartyRef
    fee: MoneyPerTime


def retainer(inputs):
    months = pl.DataFrame({"month": inputs.calendar.dates()})
    terms = inputs.entries[0]
    return {
        "cashflow": months.select(
            "month",
            payer=pl.lit(terms.params.payer),
            payee=pl.lit(terms.params.payee),
            deal=pl.lit(terms.name),
            category=pl.lit("service_fee"),
            amount_usd=pl.lit(terms.params.fee),
        )
    }


MODEL = FinancingModel("retainer", "A fee every month.", Retainer, retainer)


@hookimpl
def twin_financing():
    return [MODEL]
"""
TESTS = """
import acme
import pytest

TERMS = {"payer": "tenant", "payee": "landlord", "fee": "$12/year"}
DEAL = "deals: [{model: retainer, payer: tenant, payee: landlord, fee: $12/year}]"


def test_inputs(twin_inputs):
    inputs = twin_inputs(acme.MODEL, {"care": TERMS}, months=6)
    assert [entry.name for entry in inputs.entries] == ["care"]
    assert inputs.schedule.height == 6


def test_run(twin_run):
    assert twin_run(acme.MODEL, {"care": TERMS}, months=6)["cashflow"]["amount_usd"].to_list() == [1.0] * 6


def test_tiny(twin_tiny):
    loaded = twin_tiny(DEAL, racks=3, months=12, plugins=[acme])
    assert loaded.cost().cashflow["amount_usd"].sum() == pytest.approx(12.0)
    assert loaded.nodes.height == 1 + 2 + 2 + 3


def test_wrong(twin_inputs):
    with pytest.raises(ValueError, match="a number without a unit"):
        twin_inputs(acme.MODEL, {"care": {**TERMS, "fee": 12}})
"""
LIGHT = """
import sys

import twin.pytest_plugin

heavy = {"polars", "pydantic", "networkx", "numpy", "scipy", "pint", "click", "twin.evaluate", "twin.api"}
print(sorted(heavy & sys.modules.keys()))
"""


def test_fixtures_in_the_tests_of_a_plugin(tmp_path):
    (tmp_path / "acme.py").write_text(PLUGIN)
    (tmp_path / "test_acme.py").write_text(TESTS)
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "twin.pytest_plugin", "-W", "error"]
    done = subprocess.run([*line, "test_acme.py"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_who_does_not_ask_for_them_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
