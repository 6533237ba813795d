from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from twin import tables
from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NEEDS, RiskParams, prepare
from twin.cost.scenarios.draws import NEVER, Draws
from twin.cost.scenarios.engine import live
from twin.errors import RefusedError, UsageError
from twin.evaluate import load
from twin.scenario.rerun import base
from twin.scenario.shock import shocks
from twin.scenario.shocks import shock

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
ALL = ("delay=6 months", "availability=97 %", "pue=1.4", "tariff=+20 %", "gpu-price=-30 %", "default=2032-06")


@pytest.fixture(scope="module")
def river():
    return base(FILE)


@pytest.fixture(scope="module")
def shocked(river):
    found = shocks(river, [shock(text) for text in ALL])
    return {name: tables.check(name, frame, "test") for name, frame in found.items()}


def party(shocked, what):
    return {row["party"]: row for row in shocked["shock"].filter(shock=what).iter_rows(named=True)}


def effects(shocked, what):
    rows = shocked["shock_effects"].filter(shock=what).iter_rows(named=True)
    return {(row["subject"], row["measure"]): row for row in rows}


@pytest.mark.parametrize("what", ALL)
def test_what_one_gains_another_bears(shocked, what):
    rows = shocked["shock"].filter(shock=what)
    assert rows["npv_change_usd"].sum() == pytest.approx(0.0, abs=1.0)
    assert rows["net_change_usd"].sum() == pytest.approx(0.0, abs=1.0)
    assert rows["npv_change_usd"].abs().max() > 1e6
    after = (rows["npv_before_usd"] + rows["npv_change_usd"]).to_numpy()
    assert after == pytest.approx(rows["npv_after_usd"].to_numpy(), abs=1.0)


def test_delay_moves_rent_and_not_the_debt(shocked, river):
    rows, found = party(shocked, "delay=6 months"), effects(shocked, "delay=6 months")
    assert rows["hut8"]["category"] == "base_rent"
    assert rows["hut8"]["npv_change_usd"] < 0
    assert rows["contractor"]["npv_change_usd"] == 0
    assert found["notes", "least_dscr"]["after"] < found["notes", "least_dscr"]["before"]
    assert found["notes", "least_dscr"]["holds"] is False
    assert found["notes", "missed"]["after"] > 0
    # the landlord's rent falls by what half a year costs at the file's rate, no more and no less
    rent = river.results["cashflow"].filter(category="base_rent")
    worth = sum(
        amount * 1.08 ** (-river.twin.calendar.index(month) / 12)
        for month, amount in rent["month", "amount_usd"].rows()
    )
    assert rows["hut8"]["category_change_usd"] == pytest.approx(worth * (1.08**-0.5 - 1), rel=1e-9)


def test_delay_by_physics_is_delay_by_scenario(shocked):
    made = load(FILE)
    results = made.cost()
    given = {name: results[name] for name in NEEDS}
    deal, drivers, terms = prepare(AnalysisInputs(given, made, 0, RiskParams(delay={"6 months": 1.0})))
    drawn = Draws(np.full((2, 1), NEVER), np.array([6]), None, None)
    got = live(deal, drivers, terms, drawn)
    rows = party(shocked, "delay=6 months")
    for name in ("hut8", "noteholders", "google", "operator"):
        assert got.change[deal.parties.index(name), 0] == pytest.approx(rows[name]["npv_change_usd"], rel=1e-6, abs=1.0)
    # energy is of the hours of other months, and accelerators are not late unless the file says that they wander
    assert got.change[deal.parties.index("utility"), 0] == pytest.approx(rows["utility"]["npv_change_usd"], rel=0.01)


def test_physics_reaches_the_hour_and_the_bill(shocked):
    hours = {what: effects(shocked, what)["fluidstack", "unit_cost"] for what in ALL[:5]}
    assert hours["availability=97 %"]["after"] > hours["availability=97 %"]["before"]
    assert hours["gpu-price=-30 %"]["after"] < hours["gpu-price=-30 %"]["before"]
    utility = party(shocked, "tariff=+20 %")["utility"]
    assert utility["npv_change_usd"] == pytest.approx(0.2 * utility["npv_before_usd"])
    more = party(shocked, "pue=1.4")["utility"]
    assert more["npv_after_usd"] == pytest.approx(more["npv_before_usd"] * 1.4 / 1.2)
    chips = party(shocked, "gpu-price=-30 %")["vendor"]
    assert chips["npv_change_usd"] == pytest.approx(-0.3 * chips["npv_before_usd"])


def test_a_default_is_what_the_guarantee_says(shocked, river):
    found = effects(shocked, "default=2032-06")
    when = date(2032, 6, 1)
    guaranteed = river.results["guarantee"].filter(month=when)["guaranteed_usd"][0]
    # 80 % of the rent is let again after twelve months without a tenant
    rent = river.results["cashflow"].filter(category="base_rent").sort("month")["amount_usd"].to_numpy()
    start = river.twin.calendar.index(when) - river.twin.calendar.index(date(2027, 6, 1))
    lost = 1 - 0.8 * rent[start + 12 :].sum() / rent[start:].sum()
    assert found["google-backstop", "claimed"]["after"] == pytest.approx(lost * guaranteed)
    rows = party(shocked, "default=2032-06")
    assert rows["noteholders"]["npv_change_usd"] == pytest.approx(0.0, abs=1.0)
    assert rows["google"]["net_change_usd"] < -lost * guaranteed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("delya=6 months", "there is no shock 'delya'; did you mean 'delay'"),
        ("delay", "does not say how much; write it as 'delay=6 months'"),
        ("delay=-2 months", "out of range"),
        ("availability=120 %", "out of range"),
        ("pue=0.9", "a ratio of 1 or more"),
        ("tariff=cheap", "write it as 'tariff=\\+20 %'"),
        ("default=soon", "names no month"),
    ],
)
def test_bad_shocks_say_what_would_be_right(text, says):
    with pytest.raises(UsageError, match=says):
        shock(text)


def test_a_default_outside_the_calendar_is_refused(river):
    with pytest.raises(RefusedError, match="not in the calendar"):
        shocks(river, [shock("default=2090-01")])
