"""The hourly load: profiles, losses that go with it, cooling by the hour, and bad hours refused by name."""

from __future__ import annotations

from datetime import date
from types import ModuleType, SimpleNamespace

import numpy as np
import polars as pl
import pytest
from energy.build import entry, run_tables, site, stage, timetable, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import Builder, power, value

from twin.api import CoolingModel, EnergyModel, Params, SiteRef, WeatherModel, hookimpl
from twin.energy.analysis import EnergyParams
from twin.errors import PluginError, RefusedError
from twin.topology.model import Supplier
from twin.workload.profile import load_shape
from twin_energy import GridTariff

MONTHS = 6


class Anywhere(Params):
    sites: tuple[SiteRef, ...] = ()


def shape(model, week, utilisation=0.5, idle=0.0, accelerators=1.0):
    """Table `load_shape` of one workload."""
    schedule = timetable(model, use=idle + (1 - idle) * utilisation)
    months = schedule.select("month", "site", "accelerators")
    params = SimpleNamespace(accelerators=accelerators, utilisation=utilisation, profile=week, sites=())
    floor = months.select("month", "site", idle_fraction=pl.lit(idle))
    return schedule, load_shape(months, [SimpleNamespace(name="w", params=params)], floor)


WEEKS = st.lists(st.floats(0.1, 1.0), min_size=168, max_size=168).map(tuple)


@settings(max_examples=20, deadline=None)
@given(week=WEEKS, idle=st.floats(0, 0.9), step_h=st.sampled_from([1.0, 0.25]))
def test_a_profile_keeps_the_energy_of_the_schedule(week, idle, step_h):
    model = twin(site(Builder(), "a"))
    schedule, shapes = shape(model, week, utilisation=0.09, idle=idle)
    found = run_tables(model, {"schedule": schedule, "load_shape": shapes}, EnergyParams(step=f"{step_h} h"))
    row = schedule.select(
        pl.col("it_kw") * pl.col("utilisation_fraction") * pl.col("served_fraction") * pl.col("hours_h")
    )
    hours = found["site_hours"].group_by("month", maintain_order=True).agg(pl.col("it_kw").sum() * step_h)
    assert hours["it_kw"].to_list() == pytest.approx(row.to_series().to_list(), rel=1e-9)
    assert stage(found["energy"], "it")["energy_kwh"].to_list() == pytest.approx(row.to_series().to_list(), rel=1e-12)


def test_a_profile_is_read_by_day_and_hour():
    model = twin(site(Builder(), "a"))
    week = tuple(2.0 if hour < 120 else 1.0 for hour in range(168))
    schedule, shapes = shape(model, week)
    found = run_tables(model, {"schedule": schedule, "load_shape": shapes})["site_hours"]
    day = found.group_by(pl.col("time").dt.date().alias("day"), maintain_order=True).agg(pl.col("it_kw").mean())
    weekday = day.filter(pl.col("day").dt.weekday() <= 5)["it_kw"]
    weekend = day.filter(pl.col("day").dt.weekday() > 5)["it_kw"]
    first = day.head(31)
    assert (first["it_kw"] > first["it_kw"].mean()).to_list() == (first["day"].dt.weekday() <= 5).to_list()
    assert weekday.min() == pytest.approx(2 * weekend.max(), rel=0.05)


def test_a_profile_that_asks_for_more_than_there_is_is_refused_with_the_hour():
    model = twin(site(Builder(), "a"))
    week = tuple(5.0 if hour == 14 else 1.0 for hour in range(168))
    schedule, shapes = shape(model, week)
    with pytest.raises(RefusedError, match=r"site 'a' asks for 2\d\d\.\d% of what is energised at 2027-01-04 14:00"):
        run_tables(model, {"schedule": schedule, "load_shape": shapes})


def test_a_negative_load_is_refused_with_the_month():
    model = twin(site(Builder(), "a"))
    schedule = timetable(model).with_columns(
        it_kw=pl.when(pl.col("month") == date(2027, 3, 1)).then(-1.0).otherwise(pl.col("it_kw"))
    )
    with pytest.raises(RefusedError, match="load of site 'a' is negative in 2027-03"):
        run_tables(model, {"schedule": schedule})


def losses_site(make, no_load, load_loss, capacity=500.0):
    """Racks behind one transformer with losses in both forms."""
    make.add("a", None, "site").add("a/grid", None, "utility")
    figures = {"capacity": capacity, "no_load_loss": no_load, "load_loss": load_loss}
    make.add(
        "a/tx", None, "transformer", depends=[power(Supplier("a/grid", "a"))],
        attributes={name: value(figure) for name, figure in figures.items()},
    )  # fmt: skip
    make.add(
        "a/rack",
        4,
        "rack",
        depends=[power(Supplier("a/tx", "a"))],
        attributes={"load": value(100.0), "accelerators": value(8)},
    )
    return make


@settings(max_examples=20, deadline=None)
@given(no_load=st.floats(0, 20), load_loss=st.floats(0, 40), use=st.floats(0.05, 1))
def test_transformer_losses_are_no_load_and_the_square_of_the_load(no_load, load_loss, use):
    """Pin = Pout + no-load loss + load loss (Pout / S)^2."""
    model = twin(losses_site(Builder(), no_load, load_loss))
    found = run_tables(model, {"schedule": timetable(model, use=use, served=1.0)})["site_hours"].row(0, named=True)
    out = 400.0 * use
    assert found["it_kw"] == pytest.approx(out)
    assert found["power_chain_kw"] == pytest.approx(no_load + load_loss * (out / 500.0) ** 2, rel=1e-9, abs=1e-9)


def test_losses_between_levels_of_a_busy_profile_are_close_to_the_curve():
    model = twin(losses_site(Builder(), 5.0, 30.0))
    rng = np.random.default_rng(1)
    schedule, shapes = shape(model, tuple(rng.uniform(0.2, 1.0, 168)), utilisation=0.5)
    found = run_tables(model, {"schedule": schedule, "load_shape": shapes})["site_hours"]
    out = found["it_kw"].to_numpy()
    exact = 5.0 + 30.0 * (out / 500.0) ** 2
    assert len(np.unique(out.round(6))) > 16
    assert found["power_chain_kw"].to_numpy() == pytest.approx(exact, rel=1e-3)


@settings(max_examples=15, deadline=None)
@given(use=st.floats(0.1, 1), served=st.floats(0.5, 1), efficiency=st.floats(0.7, 1))
def test_the_balance_closes_in_every_hour(use, served, efficiency):
    model = twin(site(Builder(), "a", efficiency=efficiency), entry("energy", "g", "grid-tariff", _flat(0.05)))
    found = run_tables(model, {"schedule": timetable(model, use=use, served=served)})
    hours = found["site_hours"]
    parts = hours["it_kw"] + hours["power_chain_kw"] + hours["overhead_kw"]
    assert (parts - hours["load_kw"]).abs().max() < 1e-9
    assert (hours["import_kw"] - hours["export_kw"] - hours["load_kw"]).abs().max() < 1e-9
    assert found["energy"]["energy_kwh"].sum() == pytest.approx(hours["load_kw"].sum())
    assert found["energy_cost"]["amount_usd"].sum() == pytest.approx(hours["load_kw"].sum() * 0.05)


def _flat(usd):
    return GridTariff(energy=f"${usd}/kWh", payer="operator")


# --- models by the hour


def plugin(**models):
    """A plugin with models of other people."""
    module = ModuleType("theirs")
    for hook, made in models.items():
        setattr(module, hook, hookimpl(lambda made=made: made))
    return module


def fans(inputs, kw=20.0, water=7.0):
    rows = inputs.hours.select("time", "site", stage=pl.lit("cooling_fans"), power_kw=pl.lit(kw), water_l=pl.lit(water))
    return {"overhead_hours": rows}


def cooled(function, **more):
    module = plugin(twin_cooling=[CoolingModel("theirs", "Theirs.", Anywhere, function)], **more)
    return twin(site(Builder(), "a"), entry("cooling", "c", "theirs", Anywhere()), plugins=[module])


def test_cooling_by_the_hour_and_the_power_chain_add_up():
    model = cooled(fans)
    found = run_tables(model, {"schedule": timetable(model)})
    hours = found["site_hours"]
    assert set(found["energy"]["stage"]) == {"it", "cooling_fans", "power_chain"}
    assert hours["overhead_kw"].unique().to_list() == [20.0]
    # the chiller of the file heats nothing here, but its own share of what the UPS loses is there
    assert (hours["power_chain_kw"] > 0).all()
    assert hours["water_l"].unique().to_list() == [7.0]
    assert (hours["pue_ratio"] - hours["load_kw"] / hours["it_kw"]).abs().max() < 1e-12


def change(column, what):
    return lambda inputs: {"overhead_hours": fans(inputs)["overhead_hours"].with_columns(what.alias(column))}


FOURTH = pl.col("time").rank("ordinal") == 4
BAD = {
    "negative": (
        change("power_kw", pl.when(FOURTH).then(-1.0).otherwise(1.0)),
        r"negative 'power_kw' .* at 2027-01-01 03:00",
    ),
    "negative water": (
        change("water_l", pl.when(FOURTH).then(-1.0).otherwise(1.0)),
        r"negative 'water_l'.*2027-01-01 03:00",
    ),
    "nan": (change("power_kw", pl.lit(float("nan"))), "NaN or infinite"),
    "short": (
        lambda i: {"overhead_hours": fans(i)["overhead_hours"].head(-1)},
        r"nothing for site 'a' at 2027-06-30 23:00",
    ),
    "gap": (
        lambda i: {"overhead_hours": fans(i)["overhead_hours"].filter(~FOURTH)},
        r"nothing for site 'a' at 2027-01-01 03:00 \(4,343 rows; 4,344 are wanted\)",
    ),
    "twice": (
        lambda i: {"overhead_hours": pl.concat([fans(i)["overhead_hours"]] * 2)},
        r"twice for site 'a' at 2027-01-01 00:00",
    ),
    "half past": (change("time", pl.col("time").dt.offset_by("30m")), r"2027-01-01 00:30, which is no step"),
    "own stage": (change("stage", pl.lit("power_chain")), "stage 'power_chain'; that is worked out for it"),
    "strange site": (change("site", pl.lit("z")), "for site 'z', which it was not given"),
    "both tables": (lambda i: {**fans(i), "energy": pl.DataFrame()}, "table 'overhead_hours' is not asked for"),
    "neither": (lambda _i: {}, "table 'energy' is missing"),
}


@pytest.mark.parametrize("case", BAD)
def test_hours_that_do_not_fit_are_refused_with_the_hour(case):
    function, what = BAD[case]
    model = cooled(function)
    with pytest.raises(PluginError, match=what) as caught:
        run_tables(model, {"schedule": timetable(model)})
    assert "model 'theirs' of plugin theirs (acme 1.0)" in str(caught.value)


def weather(inputs, hours=8760):
    frames = [pl.DataFrame({"entry": e.name, "hour": range(hours), "dry_bulb_c": float(5)}) for e in inputs.entries]
    return {"weather": pl.concat(frames).with_columns(dry_bulb_c=pl.col("hour") % 24 * 1.0)}


def test_weather_reaches_cooling_and_the_hours():
    seen = []

    def look(inputs):
        seen.append(inputs)
        return fans(inputs)

    module = plugin(
        twin_cooling=[CoolingModel("theirs", "Theirs.", Anywhere, look)],
        twin_weather=[WeatherModel("sky", "Sky.", Anywhere, weather)],
    )
    entries = [entry("cooling", "c", "theirs", Anywhere()), entry("weather", "w", "sky", Anywhere())]
    model = twin(site(Builder(), "a"), *entries, plugins=[module])
    found = run_tables(model, {"schedule": timetable(model)})
    [inputs] = seen
    assert inputs.hours["dry_bulb_c"].head(25).to_list() == [*map(float, range(24)), 0.0]
    assert inputs.load["ambient_c"].to_list() == pytest.approx([11.5] * MONTHS)
    assert inputs.weather.height == 8760
    assert found["site_hours"]["dry_bulb_c"].equals(inputs.hours["dry_bulb_c"])


def test_a_weather_year_of_the_wrong_length_is_refused():
    module = plugin(twin_weather=[WeatherModel("sky", "Sky.", Anywhere, lambda i: weather(i, 8759))])
    model = twin(site(Builder(), "a"), entry("weather", "w", "sky", Anywhere()), plugins=[module])
    with pytest.raises(PluginError, match=r"returned 8,759 hours for 'w'; 8,760"):
        run_tables(model, {"schedule": timetable(model)})


# --- supplies


class Limited(Params):
    sites: tuple[SiteRef, ...] = ()
    limit: tuple[tuple[date, float], ...] = ()


def bill(inputs):
    rows = inputs.load.select(
        "month", "site", supply=pl.col("entry"), line=pl.lit("x"), payer=pl.lit("operator"), payee=pl.lit("utility"),
        amount_usd=pl.col("energy_kwh") * 0.1,
    )  # fmt: skip
    return {"energy_cost": rows}


def prices(inputs):
    return {"prices": inputs.hours.select("time", "site", "entry", usd_per_kwh=pl.lit(0.1))}


def units(inputs, **changes):
    rows = inputs.load.select("site", "entry").unique(maintain_order=True)
    given = {"unit": "one", "kind": "generator", "capacity_kw": 150.0, "usd_per_kwh": 0.02} | changes
    return {"resources": rows.with_columns(**{name: pl.lit(figure) for name, figure in given.items()})}


def made(inputs):
    energy = inputs.dispatch.group_by("month", "site", "entry", maintain_order=True).agg(pl.col("power_kw").sum())
    rows = energy.select(
        "month", "site", supply="entry", line=pl.lit("fuel"), payer=pl.lit("operator"), payee=pl.lit("vendor"),
        amount_usd=pl.col("power_kw") * 0.02,
    )  # fmt: skip
    return {"energy_cost": rows}


def supplied(limit=(), resources=units, tariff_prices=prices, *, tariff=True, more=(), **span):
    module = plugin(
        twin_energy=[
            EnergyModel("bought", "Bought.", Limited, bill, prices=tariff_prices),
            EnergyModel("plant", "A plant.", Anywhere, made, resources=resources),
        ]
    )
    entries = [entry("energy", "grid", "bought", Limited(limit=limit))] if tariff else []
    if resources is not None:
        entries.append(entry("energy", "gas", "plant", Anywhere()))
    return twin(site(Builder(), "a"), *entries, *more, plugins=[module], **span)


def test_a_supply_takes_from_the_import_and_both_are_billed():
    model = supplied()
    found = run_tables(model, {"schedule": timetable(model)})
    hours, given = found["site_hours"], found["dispatch"]
    assert given["power_kw"].to_list() == pytest.approx([150.0] * given.height)
    assert (hours["import_kw"] + 150.0 - hours["load_kw"]).abs().max() < 1e-6
    cost = {key[0]: part["amount_usd"].sum() for key, part in found["energy_cost"].group_by("supply")}
    assert cost["grid"] == pytest.approx(hours["import_kw"].sum() * 0.1)
    assert cost["gas"] == pytest.approx(given["power_kw"].sum() * 0.02)
    assert found["supply_units"].row(0, named=True)["machines"] == 1
    assert found["dispatch_summary"]["gap_fraction"].to_list() == pytest.approx([0.0], abs=1e-12)


def test_more_supply_never_raises_the_cost():
    costs = []
    for kw in (0.0, 50.0, 150.0, 400.0):
        model = supplied(resources=lambda i, kw=kw: units(i, capacity_kw=kw))
        costs.append(run_tables(model, {"schedule": timetable(model)})["dispatch_summary"]["optimum_usd"].sum())
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


@pytest.mark.parametrize("with_supply", [True, False])
def test_a_connection_that_is_too_small_is_refused_with_the_hour(with_supply):
    limit = ((date(2027, 1, 1), 300.0), (date(2027, 4, 1), 60.0))
    if with_supply:
        model, what = supplied(limit), r"a cannot serve its load in 2184 of 4344 steps.*2027-04-01T00:00"
    else:
        module = plugin(twin_energy=[EnergyModel("bought", "Bought.", Limited, bill, prices=prices)])
        model = twin(site(Builder(), "a"), entry("energy", "grid", "bought", Limited(limit=limit)), plugins=[module])
        what = r"site 'a' draws 2\d\d kW at 2027-04-01 00:00 and its connection carries 60 kW; 2,184 steps"
    with pytest.raises(RefusedError, match=what):
        run_tables(model, {"schedule": timetable(model, use=0.5, served=1.0)})


@pytest.mark.parametrize(
    ("tariff_prices", "what"),
    [
        (None, "model 'bought' of plugin theirs .acme 1.0.: it has no `prices`"),
        (lambda i: {"prices": prices(i)["prices"].clear()}, "its `prices` returned no rows for them"),
    ],
)
def test_the_grid_of_a_tariff_that_hands_over_no_prices_is_not_free(tariff_prices, what):
    model = supplied(tariff_prices=tariff_prices)
    with pytest.raises(RefusedError, match=f"site 'a' has a supply to dispatch, and its tariff 'grid'.*{what}"):
        run_tables(model, {"schedule": timetable(model)})
    # where there is nothing to dispatch the bill needs no prices
    model = supplied(tariff_prices=tariff_prices, resources=lambda i: {"resources": units(i)["resources"].clear()})
    found = run_tables(model, {"schedule": timetable(model)})
    assert found["energy_cost"]["amount_usd"].sum() > 0
    assert found["checks"].filter(pl.col("check") == "dispatch_prices").is_empty()


def test_a_dispatched_site_without_a_tariff_fails_a_check():
    model = supplied(tariff=False)
    [row] = run_tables(model, {"schedule": timetable(model)})["checks"].filter(check="dispatch_prices").rows(named=True)
    assert (row["scope"], row["ok"]) == ("a", False)
    assert "as free" in row["message"]


WRONG = {
    "another entry": (
        lambda i: {"resources": units(i)["resources"].with_columns(entry=pl.lit("sun"))},
        "'sun' for site 'a'",
    ),
    "unknown kind": (lambda i: units(i, kind="plant"), "of kind 'plant'"),
    "no resources": (lambda _i: {}, "table 'resources' is missing"),
    "negative hours": (
        lambda i: (
            units(i)
            | {"resource_hours": i.hours.select("time", "site", "entry", unit=pl.lit("one"), available_kw=pl.lit(-5.0))}
        ),
        r"a at 2027-01-01T00:00 is -5",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_supply_says_of_itself_is_held(case):
    resources, what = WRONG[case]
    model = supplied(resources=resources)
    with pytest.raises((PluginError, RefusedError), match=what):
        run_tables(model, {"schedule": timetable(model)})


def test_prices_with_a_gap_are_refused_with_the_hour():
    model = supplied(tariff_prices=lambda i: {"prices": prices(i)["prices"].filter(~FOURTH)})
    with pytest.raises(PluginError, match=r"prices of model 'bought'.*nothing for site 'a' at 2027-01-01 03:00"):
        run_tables(model, {"schedule": timetable(model)})


def test_a_quarter_of_an_hour_gives_the_same_energy():
    model = supplied()
    coarse = run_tables(model, {"schedule": timetable(model)})
    fine = run_tables(model, {"schedule": timetable(model)}, EnergyParams(step="15 min"))
    assert fine["site_hours"].height == 4 * coarse["site_hours"].height
    assert fine["energy"]["energy_kwh"].sum() == pytest.approx(coarse["energy"]["energy_kwh"].sum())
    assert fine["energy_cost"].filter(pl.col("supply") == "grid")["amount_usd"].sum() == pytest.approx(
        coarse["energy_cost"].filter(pl.col("supply") == "grid")["amount_usd"].sum(), rel=1e-6
    )


def test_a_step_that_no_hour_is_made_of_is_refused():
    with pytest.raises(ValueError, match="not a step that an hour is made of"):
        EnergyParams(step="40 min")
