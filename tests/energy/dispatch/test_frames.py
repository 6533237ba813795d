"""Dispatch from frames: sites and years, what is left out, what is refused."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import polars as pl
import pytest

from twin.energy.dispatch import DispatchModel, Market, Resources, dispatch
from twin.errors import RefusedError


def times(start="2027-12-01", months=2, step="1h"):
    first = pl.lit(start).str.to_datetime(time_unit="us")
    every = pl.datetime_range(first, first.dt.offset_by(f"{months}mo"), step, closed="left", time_unit="us")
    return pl.select(every.alias("time"))


def load(frame=None, site="campus", kw=100.0):
    frame = times() if frame is None else frame
    return frame.select("time", pl.lit(site).alias("site"), pl.lit(kw).alias("load_kw"))


def prices(frame=None, site="campus"):
    frame = times() if frame is None else frame
    usd = 0.03 + 0.04 * (pl.col("time").dt.hour() >= 12)
    return frame.select("time", pl.lit(site).alias("site"), pl.lit("grid").alias("entry"), usd.alias("usd_per_kwh"))


def rows(**more):
    return pl.DataFrame([{"site": "campus", "entry": "gas", "unit": "gas", "kind": "generator"} | more])


GAS = {"capacity_kw": 60.0, "usd_per_kwh": 0.05}
BATTERY = {"entry": "b", "unit": "b", "kind": "storage", "capacity_kw": 20.0, "charge_kw": 20.0, "energy_kwh": 40.0}


def test_every_year_of_every_site_is_dispatched():
    frame = pl.concat([load(), load(site="other", kw=50.0)]).sample(fraction=1.0, shuffle=True, seed=1)
    resources = Resources(rows=pl.concat([rows(**GAS), rows(**GAS).with_columns(site=pl.lit("other"))]))
    market = Market(prices=pl.concat([prices(), prices(site="other")]))
    found = dispatch(frame, 1.0, resources, market)
    assert found.summary.select("site", "year").rows() == [
        ("campus", 2027), ("campus", 2028), ("other", 2027), ("other", 2028)
    ]  # fmt: skip
    # half the hours cost 3 and half 7 cents from the grid, 5 from gas up to 60 kW
    assert found.summary["cost_usd"].to_list() == pytest.approx(
        [31 * 12 * (100 * 0.03 + 60 * 0.05 + 40 * 0.07)] * 2 + [31 * 12 * (50 * 0.03 + 50 * 0.05)] * 2
    )
    assert found.sites.height == found.units.height == 4 * 744
    assert found.sites["marginal_usd_per_kwh"].min() == pytest.approx(0.03)
    balance = found.sites.join(found.units, on=["time", "site"])
    short = balance.select(pl.col("import_kw") + pl.col("power_kw") - pl.col("load_kw")).to_series()
    assert short.abs().max() < 1e-3


def test_quarter_hours():
    frame = times(months=1, step="15m")
    market = Market(prices=prices(frame))
    found = dispatch(load(frame), 0.25, Resources(rows=rows(**GAS)), market)
    assert found.summary["cost_usd"].to_list() == pytest.approx([31 * 12 * (100 * 0.03 + 60 * 0.05 + 40 * 0.07)])


def test_a_store_that_is_not_cyclic_goes_on_with_what_the_year_before_left():
    resources = Resources(rows=rows(**BATTERY | {"cyclic": False, "start_fraction": 1.0}))
    found = dispatch(load(), 1.0, resources, Market(prices=prices()))
    state = found.units["state_kwh"].to_numpy()
    new_year = found.units["time"].dt.year().to_list().index(2028)
    taken = found.units["charge_kw"][new_year] - found.units["power_kw"][new_year]
    assert state[new_year] == pytest.approx(state[new_year - 1] + taken, abs=1e-6)
    assert found.summary["end_less_start_kwh"].to_list() == pytest.approx([-40.0, 0.0], abs=1e-6)


def test_series_take_the_place_of_constants():
    hours = times().select(
        "time",
        site=pl.lit("campus"),
        entry=pl.lit("gas"),
        unit=pl.lit("gas"),
        available_kw=pl.when(pl.col("time").dt.month() == 12).then(10.0),
        usd_per_kwh=0.01,
    )
    found = dispatch(load(), 1.0, Resources(rows=rows(**GAS), hours=hours), Market(prices=prices()))
    power = found.units.group_by(pl.col("time").dt.month()).agg(pl.col("power_kw").mean())
    assert dict(power.rows()) == pytest.approx({12: 10.0, 1: 60.0})


def test_demand_charges_limits_and_the_floor_arrive():
    month = times().with_columns(period=pl.col("time").dt.strftime("%Y-%m"))
    keys = {"site": pl.lit("campus"), "entry": pl.lit("grid"), "charge": pl.lit("d")}
    charged = month.select(**keys, period="period", time="time")
    priced = charged.select("site", "entry", "charge", "period").unique(maintain_order=True)
    priced = priced.with_columns(usd_per_kw=20.0, floor_kw=pl.Series([95.0, None]))
    limits = times().select("time", site=pl.lit("campus"), import_kw=pl.lit(90.0), export_kw=pl.lit(None, pl.Float64))
    market = Market(prices=prices(), demand_prices=priced, demand_hours=charged, limits=limits)
    found = dispatch(load(), 1.0, Resources(rows=rows(capacity_kw=60.0, usd_per_kwh=0.071)), market)
    december, january = found.summary["cost_usd"]
    # to 95 kW demand is billed anyway; the limit leaves 10 kW to gas
    assert december == pytest.approx(1900 + 744 * 10 * 0.071 + 372 * 90 * 0.10)
    # every kW of gas costs $15.6 more than the grid's energy and saves $20 of the peak
    assert january == pytest.approx(800 + 744 * 60 * 0.071 + 372 * 40 * 0.10)


@pytest.mark.parametrize("rule", ["price", "peak"])
def test_a_rule_shows_its_gap(rule):
    resources = Resources(rows=pl.concat([rows(**BATTERY), rows(**GAS)], how="diagonal"))
    found = dispatch(load(), 1.0, resources, Market(prices=prices()), method=rule)
    best = dispatch(load(), 1.0, resources, Market(prices=prices()))
    gap = found.summary["gap_fraction"].to_numpy()
    assert (gap >= -1e-9).all()
    assert found.summary["optimum_usd"].to_list() == pytest.approx(best.summary["cost_usd"].to_list())
    assert found.summary["cost_usd"].to_numpy() == pytest.approx(best.summary["cost_usd"].to_numpy() * (1 + gap))
    if rule == "peak":
        # a flat load leaves nothing to shave, but prices would have
        assert gap.min() > 0.001


def test_a_rule_that_leaves_load_unserved_is_refused():
    # the peak must be carried by the store, which a rule by price has not filled
    load_kw = np.full(1488, 100.0)
    load_kw[5] = 130.0
    frame = times().select("time", site=pl.lit("campus"), load_kw=pl.Series(load_kw))
    limits = times().select("time", site=pl.lit("campus"), import_kw=pl.lit(110.0), export_kw=pl.lit(0.0))
    market = Market(prices=prices(), limits=limits)
    resources = Resources(rows=rows(**BATTERY))
    assert dispatch(frame, 1.0, resources, market).summary["unserved_kwh"].sum() == pytest.approx(0, abs=1e-3)
    with pytest.raises(
        RefusedError, match=r"'price' leaves load unserved in 1 steps, first campus at 2027-12-01T05:00"
    ):
        dispatch(frame, 1.0, resources, market, method="price")


def test_whole_machines():
    plant = {"minimum_fraction": 0.5, "online_fuel_kw": 20.0, "fuel_usd_per_kwh": 0.02, "machines": 2, "start_usd": 1.0}
    resources = Resources(rows=rows(**GAS | {"usd_per_kwh": 0.03} | plant))
    market = Market(prices=prices())
    relaxed = dispatch(load(kw=50.0), 1.0, resources, market)
    whole = dispatch(load(kw=50.0), 1.0, resources, market, commitment="whole")
    assert relaxed.summary["part_online_steps"].min() > 0
    assert whole.summary["part_online_steps"].max() == 0
    assert set(whole.units["online_fraction"].round(9).unique()) <= {0.0, 0.5, 1.0}
    assert (whole.summary["gap_fraction"] >= -1e-9).all()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (load().filter(pl.col("time").dt.day() != 7), r"has 25 h between the step before 2027-12-08 00:00:00"),
        (pl.concat([load(), load().head(1)]), "has 0 h between"),
    ],
)
def test_gaps_in_the_load_are_refused(frame, words):
    with pytest.raises(RefusedError, match=words):
        dispatch(frame, 1.0, Resources(rows=rows(**GAS)), Market(prices=prices()))


def test_a_price_that_is_missing_is_refused_with_its_hour():
    market = Market(prices=prices().filter(pl.col("time").dt.hour() != 5))
    with pytest.raises(RefusedError, match=r"'usd_per_kwh' of campus has no value at 2027-12-01 05:00:00"):
        dispatch(load(), 1.0, Resources(rows=rows(**GAS)), market)


def test_a_price_given_twice_is_refused():
    market = Market(prices=pl.concat([prices(), prices().head(1)]))
    with pytest.raises(RefusedError, match="is given more than once at 2027-12-01 00:00:00"):
        dispatch(load(), 1.0, Resources(rows=rows(**GAS)), market)


def test_an_unknown_kind_is_refused():
    with pytest.raises(RefusedError, match="a resource is of kind 'magic'"):
        Resources(rows=rows(kind="magic"))


def test_what_a_unit_lacks_is_named():
    with pytest.raises(RefusedError, match=r"'gas' at campus \(storage\) has no energy_kwh"):
        dispatch(load(), 1.0, Resources(rows=rows(kind="storage", capacity_kw=1.0)), Market(prices=prices()))


def test_without_a_resource_there_is_nothing_to_dispatch():
    with pytest.raises(RefusedError, match="no site has a resource"):
        dispatch(load(), 1.0, Resources(rows=rows(**GAS).clear()), Market(prices=prices()))


def test_a_year_goes_on_from_the_last_one_as_long_and_the_cost_is_that_of_a_fresh_start(monkeypatch):
    """Six years of days, two of them leap: two programs are loaded, and the same year again takes no iteration."""
    module = import_module("twin.energy.dispatch.dispatch")
    loaded, solved = [], []

    class Counted(DispatchModel):
        def __init__(self, system):
            loaded.append(system.steps)
            super().__init__(system)

        def solve(self):
            solved.append(super().solve())
            return solved[-1]

    monkeypatch.setattr(module, "DispatchModel", Counted)
    frame = times("2027-01-01", 72, "1d")
    usd = 0.03 + 0.001 * (pl.col("time").dt.ordinal_day() % 9)
    market = Market(prices=prices(frame).with_columns(usd.alias("usd_per_kwh")))
    resources = Resources(rows=pl.concat([rows(**GAS), rows(**BATTERY | {"energy_kwh": 960.0})], how="diagonal"))
    found = dispatch(load(frame), 24.0, resources, market)
    assert sorted(loaded) == [365, 366]
    assert [one.warm for one in solved] == [False, False, True, True, True, True]
    # prices go by the day of the year, so that years as long are alike
    assert [one.iterations for one in solved[2:]] == [0] * 4
    fresh = [DispatchModel(one.system).solve().objective_usd for one in solved]
    assert found.summary["optimum_usd"].to_list() == pytest.approx(fresh, rel=1e-12)
