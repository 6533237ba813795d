"""The energy analysis over compiled structures: energy closes, models are called once, wrong answers are refused."""

from __future__ import annotations

from datetime import date
from types import ModuleType, SimpleNamespace

import numpy as np
import polars as pl
import pytest
from energy.build import MONTHS, SERVED, USE, entry, run_tables, site, stage, timetable, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import Builder

import twin_energy
from twin.api import CoolingModel, EnergyModel, Params, SiteRef, hookimpl
from twin.energy.hold import with_buyer
from twin.errors import InputError, PluginError
from twin.structure.snapshot import snapshot


class Anywhere(Params):
    sites: tuple[SiteRef, ...] = ()


def run(model, **kwargs):
    return SimpleNamespace(**run_tables(model, {"schedule": timetable(model, **kwargs)}))


def pue(value=1.25, *sites, name="air"):
    return entry("cooling", name, "constant-pue", twin_energy.ConstantPue(pue=value, sites=sites))


def tariff(*sites, name="grid", **kwargs):
    given = {"energy": "$0.05/kWh", "demand": "$10/kW-month", "payer": "operator", "sites": sites} | kwargs
    return entry("energy", name, "grid-tariff", twin_energy.GridTariff(**given))


def test_it_energy_is_power_times_use_times_service_times_hours():
    model = twin(site(Builder(), "a", at=(0, 0, 3, 9)), pue())
    it = stage(run(model).energy, "it")
    kw = np.array([200.0, 200.0, 200.0, 300.0, 300.0, 300.0])
    hours = np.array([31, 28, 31, 30, 31, 30]) * 24.0
    assert it["energy_kwh"].to_list() == pytest.approx((kw * USE * SERVED * hours).tolist())
    assert it["peak_kw"].to_list() == pytest.approx((kw * USE).tolist())


def test_cooling_and_bill_stand_behind_the_meter():
    result = run(twin(site(Builder(), "a"), pue(1.25), tariff()))
    it, overhead = stage(result.energy, "it"), stage(result.energy, "overhead")
    assert overhead["energy_kwh"].to_list() == pytest.approx((it["energy_kwh"] * 0.25).to_list())
    cost = result.energy_cost
    energy = cost.filter(pl.col("line") == "energy_charge")["amount_usd"]
    demand = cost.filter(pl.col("line") == "demand_charge")["amount_usd"]
    assert energy.to_list() == pytest.approx((it["energy_kwh"] * 1.25 * 0.05).to_list())
    assert demand.to_list() == pytest.approx((it["peak_kw"] * 1.25 * 10).to_list())
    assert set(cost["supply"]) == {"grid"}
    assert result.checks.height == 0


def test_rows_go_month_by_month_site_by_site_it_first():
    make = site(site(Builder(), "zeta"), "alpha")
    energy = run(twin(make, pue())).energy
    assert energy.select("site", "stage").head(4).rows() == [
        ("zeta", "it"),
        ("zeta", "overhead"),
        ("alpha", "it"),
        ("alpha", "overhead"),
    ]
    assert energy["month"].is_sorted()
    assert energy.height == MONTHS * 4


def besides(energy):
    """Overhead of all stages by month and site."""
    rest = energy.filter(pl.col("stage") != "it").group_by("month", "site", maintain_order=True)
    return rest.agg(pl.col("energy_kwh").sum(), pl.col("peak_kw").sum())


def test_without_a_cooling_entry_the_equipment_says():
    model = twin(site(Builder(), "a", efficiency=0.8, loss_kw=3.0))
    result = run(model)
    # the racks' heat needs a quarter of its amount as electricity; UPS losses and their own load go to ambient
    it, rest = stage(result.energy, "it"), besides(result.energy)
    hours = timetable(model)["hours_h"].to_numpy()

    def drawn(kw):
        return kw * 1.25 / 0.8 + 2 * 3.0 - kw

    mean = it["energy_kwh"].to_numpy() / hours
    assert rest["energy_kwh"].to_list() == pytest.approx((drawn(mean) * hours).tolist())
    assert rest["peak_kw"].to_list() == pytest.approx(drawn(it["peak_kw"].to_numpy()).tolist())
    cooling = stage(result.energy, "cooling")
    assert cooling["energy_kwh"].to_list() == pytest.approx((it["energy_kwh"] / 4).to_list())
    [check] = result.checks.rows(named=True)
    assert (check["check"], check["scope"], check["ok"]) == ("facility_model", "a", True)
    assert float(check["got"]) == pytest.approx(1 + drawn(mean[0]) / mean[0], abs=1e-4)


def test_the_losses_follow_what_is_energised():
    model = twin(site(Builder(), "a", loss_kw=10.0, racks=2, at=(0, 2)))
    result = run(model)
    got = besides(result.energy)["peak_kw"].to_list()
    one, two = (kw * 1.25 / 0.96 + 20 - kw for kw in (100.0 * USE, 200.0 * USE))
    assert got == pytest.approx([one, one, two, two, two, two])
    assert " to " in result.checks["got"][0]


def test_sites_keep_their_own_losses_and_sum_to_what_the_structure_draws():
    make = site(site(Builder(), "a", efficiency=0.9), "b", efficiency=0.5, racks=2, count=3)
    model = twin(make)
    first = run(model, served=1.0, use=1.0).energy.filter(pl.col("month") == date(2027, 1, 1))
    rest = besides(first)
    assert rest["site"].to_list() == ["a", "b[1]", "b[2]", "b[3]"]
    it = np.array([400.0, 200.0, 200.0, 200.0])
    assert (rest["peak_kw"] / it).to_list() == pytest.approx([1.25 / 0.9 - 1] + [1.25 / 0.5 - 1] * 3)
    assert first["peak_kw"].sum() == pytest.approx(snapshot(model.structure, 0).source_kw)


def test_a_site_in_the_cooling_section_and_one_without():
    make = site(site(Builder(), "a"), "b")
    result = run(twin(make, pue(1.5, "a")))
    overhead = besides(result.energy).filter(pl.col("month") == date(2027, 1, 1))
    it = stage(result.energy, "it").filter(pl.col("month") == date(2027, 1, 1))
    assert (overhead["peak_kw"] / it["peak_kw"]).to_list() == pytest.approx([0.5, 1.25 / 0.96 - 1])
    assert result.checks["scope"].to_list() == ["b"]


def test_a_name_without_a_number_means_every_instance():
    result = run(twin(site(Builder(), "b", count=2), pue(1.5, "b"), tariff("b[2]")))
    assert result.checks.height == 0
    assert set(result.energy_cost["site"]) == {"b[2]"}


def test_a_site_without_a_tariff_has_no_bill():
    result = run(twin(site(site(Builder(), "a"), "b"), pue(), tariff("a")))
    assert set(result.energy_cost["site"]) == {"a"}
    assert run(twin(site(Builder(), "a"), pue())).energy_cost.height == 0


def test_months_before_anything_is_energised_draw_nothing():
    result = run(twin(site(Builder(), "a", at=(4,)), tariff(fixed="$1000/month")))
    assert result.energy.filter(pl.col("month") < date(2027, 5, 1))["energy_kwh"].sum() == 0.0
    first = result.energy_cost.filter(pl.col("amount_usd") > 0)["month"].min()
    assert first == date(2027, 5, 1)


def test_a_calendar_in_which_nothing_is_energised():
    result = run(twin(site(Builder(), "a", at=(99,)), tariff()))
    assert result.energy["energy_kwh"].sum() == 0.0
    assert result.energy.height == 2 * MONTHS
    assert result.checks.height == 0


@pytest.mark.parametrize(
    ("first", "second", "sites"),
    [
        (pue(1.2, name="one"), pue(1.3, "a", name="two"), ["a"]),
        (tariff(name="one"), tariff(name="two"), ["a", "b"]),
        (tariff("a", name="one"), tariff("b", "a", name="two"), ["a"]),
    ],
)
def test_two_entries_for_one_site_are_refused_by_name(first, second, sites):
    with pytest.raises(InputError) as caught:
        run(twin(site(site(Builder(), "a"), "b"), first, second))
    assert len(caught.value.findings) == len(sites)
    for name, finding in zip(sites, caught.value.findings, strict=True):
        assert str(finding).startswith(f"x.yaml:7:3: {first.section}.two: site '{name}' is served by")
        assert "'one' and 'two'" in finding.message


@settings(max_examples=25, deadline=None)
@given(served=st.floats(0, 1), use=st.floats(0, 1), ratio=st.none() | st.floats(1, 3))
def test_the_energy_balance_closes(served, use, ratio):
    model = twin(site(Builder(), "a"), tariff(), *([] if ratio is None else [pue(ratio)]))
    result = run(model, served=served, use=use)
    month = result.energy.group_by("month").agg(pl.col("energy_kwh").sum(), pl.col("peak_kw").sum()).sort("month")
    charged = result.energy_cost.filter(pl.col("line") == "energy_charge")["amount_usd"].sum()
    assert charged == pytest.approx(month["energy_kwh"].sum() * 0.05)
    assert (result.energy["energy_kwh"] >= 0).all()
    hours = timetable(model)["hours_h"].to_numpy()
    assert (month["energy_kwh"].to_numpy() <= month["peak_kw"].to_numpy() * hours * (1 + 1e-12)).all()


# --- models of other people


def plugin(**models):
    """A plugin whose models return what the given functions make of their inputs."""
    module = ModuleType("theirs")
    calls = []
    if "cooling" in models:
        module.twin_cooling = hookimpl(lambda: [CoolingModel("theirs", "Theirs.", Anywhere, counted("cooling"))])
    if "energy" in models:
        module.twin_energy = hookimpl(lambda: [EnergyModel("theirs", "Theirs.", Anywhere, counted("energy"))])

    def counted(section):
        def call(inputs):
            calls.append((section, [e.name for e in inputs.entries], inputs.load))
            return models[section](inputs)

        return call

    return module, calls


def overhead(inputs):
    rows = inputs.load.select("month", "site", stage=pl.lit("overhead"), energy_kwh=pl.lit(1.0), peak_kw=pl.lit(1.0))
    return {"energy": rows}


def theirs(section, name, *sites):
    return entry(section, name, "theirs", Anywhere(sites=sites))


def test_a_model_is_called_once_for_all_its_entries():
    module, calls = plugin(cooling=overhead)
    make = site(site(Builder(), "a"), "b")
    run(twin(make, theirs("cooling", "one", "a"), theirs("cooling", "two", "b"), plugins=[module]))
    [(_, names, load)] = calls
    assert names == ["one", "two"]
    assert load.select("site", "entry").unique(maintain_order=True).rows() == [("a", "one"), ("b", "two")]
    assert load.columns == ["month", "site", "entry", "it_kwh", "it_peak_kw", "ambient_c"]
    assert load["ambient_c"].null_count() == load.height


ENTRY = pl.col("entry")
OPERATOR = pl.lit("operator")


def bill(inputs, amount=1.0, supply=ENTRY, payer=OPERATOR):
    rows = inputs.load.select(
        "month",
        "site",
        supply=supply,
        line=pl.lit("x"),
        payer=payer,
        payee=pl.lit("utility"),
        amount_usd=pl.lit(amount),
    )
    return {"energy_cost": rows}


WRONG = {
    "stage it": ("cooling", lambda i: {"energy": overhead(i)["energy"].with_columns(stage=pl.lit("it"))}, "stage 'it'"),
    "rows missing": ("cooling", lambda i: {"energy": overhead(i)["energy"].head(3)}, "3 rows of energy"),
    "rows twice": ("cooling", lambda i: {"energy": pl.concat([overhead(i)["energy"]] * 2)}, "12 rows of energy"),
    "another site": (
        "cooling",
        lambda i: {"energy": overhead(i)["energy"].with_columns(site=pl.lit("z"))},
        "rows of energy",
    ),
    "negative overhead": (
        "cooling",
        lambda i: {"energy": overhead(i)["energy"].with_columns(energy_kwh=pl.lit(-1.0))},
        "negative 'energy_kwh'",
    ),
    "overhead not a number": (
        "cooling",
        lambda i: {"energy": overhead(i)["energy"].with_columns(peak_kw=pl.lit(float("nan")))},
        "NaN or infinite",
    ),
    "no table": ("cooling", lambda _i: {}, "table 'energy' is missing"),
    "negative bill": ("energy", lambda i: bill(i, -1.0), "negative 'amount_usd'"),
    "another supply": ("energy", lambda i: bill(i, supply=pl.lit("solar")), "billed supply 'solar' for site 'a'"),
    "unknown party": ("energy", lambda i: bill(i, payer=pl.lit("tennant")), "payer 'tennant', who is no party"),
    "own pocket": ("energy", lambda i: bill(i, payer=pl.lit("utility")), "pay itself"),
    "raises": ("energy", lambda _i: 1 / 0, "failed: ZeroDivisionError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_model_returns_is_held_against_its_load(case):
    section, function, what = WRONG[case]
    module, _ = plugin(**{section: function})
    entries = [theirs(section, "one")] + ([pue()] if section == "energy" else [])
    with pytest.raises(PluginError, match=what) as caught:
        run(twin(site(Builder(), "a"), *entries, plugins=[module]))
    assert "model 'theirs' of plugin theirs (acme 1.0)" in str(caught.value)


def test_the_buyer_of_a_line_is_the_payer_of_its_entry():
    rows = [
        ("own", "tenant", "utility"),
        ("own", "utility", "tenant"),
        ("cfd", "seller", "tenant"),
        ("none", "utility", "operator"),
        ("none", "operator", "utility"),
        ("none", "operator", "tenant"),
    ]
    frame = pl.DataFrame(rows, schema=["supply", "payer", "payee"], orient="row")
    made = with_buyer(frame, {"own": "tenant", "cfd": "tenant"}, {"tenant", "seller", "operator"})
    assert made["buyer"].to_list() == ["tenant", "tenant", "tenant", "operator", "operator", "operator"]
