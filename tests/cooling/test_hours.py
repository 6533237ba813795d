"""The cooling models as `twin` calls them: weather, growth of the plant, water, what is refused."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

import twin
import twin_energy
from twin.api import Calendar, CoolingInputs, Entry, RefusedError
from twin.testing import run_model
from twin_energy.cooling.params import AirCooled, AirEconomiser, Liquid, WarmWater, WaterCooled, WaterEconomiser
from twin_energy.weather import weather
from twin_energy.weather.psychrometrics import wet_bulb

MODELS = {model.name: model for model in twin_energy.twin_cooling()}
NAMES = {
    "air-cooled-chiller": AirCooled,
    "water-cooled-chiller": WaterCooled,
    "water-economiser": WaterEconomiser,
    "air-economiser": AirEconomiser,
    "warm-water": WarmWater,
}


def inputs(entries, it_kw, *, step_h=1.0, site="s", entry=None, **columns):
    """Hours of one site from 1 January 2027 on: mild weather unless another is given."""
    count = len(it_kw)
    step = f"{round(step_h * 60)}m"
    time = pl.datetime_range(datetime(2027, 1, 1), datetime(2028, 1, 1), step, eager=True)[:count]  # noqa: DTZ001
    given = {"liquid_fraction": 0.0, "dry_bulb_c": 20.0, "dew_point_c": 10.0, "pressure_pa": 100_000.0} | columns
    frame = pl.DataFrame({"time": time, "it_kw": it_kw}).with_columns(
        pl.col("time").dt.truncate("1mo").cast(pl.Date).alias("month"),
        pl.lit(site).alias("site"),
        pl.lit(entry or next(iter(entries))).alias("entry"),
        *(
            pl.Series(n, v, pl.Float64) if isinstance(v, list) else pl.lit(v, pl.Float64).alias(n)
            for n, v in given.items()
        ),
    )
    if "wet_bulb_c" not in columns:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("wet_bulb_c"))
    made = tuple(Entry(name, params) for name, params in entries.items())
    return CoolingInputs(made, Calendar(date(2027, 1, 1), 12), pl.DataFrame(), frame, pl.DataFrame(), step_h)


def drawn(model, given):
    frame = run_model(MODELS[model], given)["overhead_hours"]
    return frame.pivot("stage", index=["time", "site"], values="power_kw"), frame


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_has_every_step(name):
    wide, frame = drawn(name, inputs({"air": NAMES[name]()}, [500.0] * 48, liquid_fraction=0.5))
    assert wide.height == 48
    assert not wide.null_count().sum_horizontal().item()
    assert frame["power_kw"].min() >= 0
    assert frame["water_l"].min() >= 0
    assert not {"it", "power_chain"} & set(frame["stage"])


def test_the_plant_grows_with_the_largest_load_so_far():
    # January 100 kW, February 1000 kW, then 100 kW again: fans are built for 1000 kW from February on
    hours = [100.0] * 744 + [1000.0] * 672 + [100.0] * 744
    wide, _ = drawn("air-cooled-chiller", inputs({"air": AirCooled(lighting=0.0)}, hours))
    fans = wide["cooling_fans"].to_list()
    assert fans[744] == pytest.approx(fans[0] * 10)
    assert fans[-1] == pytest.approx(fans[744] * 0.4**3)
    lights, _ = drawn("air-cooled-chiller", inputs({"air": AirCooled(lighting="1 %")}, hours))
    assert lights["lighting"].to_list()[::744] == pytest.approx([1.0, 10.0, 10.0])


def test_water_is_that_of_the_step():
    _, hour = drawn("water-cooled-chiller", inputs({"a": WaterCooled()}, [500.0] * 8))
    _, quarter = drawn("water-cooled-chiller", inputs({"a": WaterCooled()}, [500.0] * 8, step_h=0.25))
    assert quarter["water_l"].sum() == pytest.approx(hour["water_l"].sum() / 4)
    assert hour["water_l"].sum() > 0


def test_a_wet_bulb_that_is_not_given_is_worked_out():
    wet = float(wet_bulb(20.0, 10.0, 100_000.0))
    missing, _ = drawn("water-economiser", inputs({"a": WaterEconomiser()}, [500.0] * 3))
    given, _ = drawn("water-economiser", inputs({"a": WaterEconomiser()}, [500.0] * 3, wet_bulb_c=wet))
    assert missing.equals(given)


def test_racks_that_say_nothing_of_liquid_give_their_heat_to_air():
    silent, _ = drawn("warm-water", inputs({"a": WarmWater()}, [500.0] * 3, liquid_fraction=None))
    air, _ = drawn("warm-water", inputs({"a": WarmWater()}, [500.0] * 3, liquid_fraction=0.0))
    assert silent.equals(air)


def test_two_entries_of_one_model_keep_their_own_parameters():
    entries = {"one": AirCooled(cop=3.0), "two": AirCooled(cop=4.0, free_cooling=True)}
    first = inputs(entries, [500.0] * 4, dry_bulb_c=5.0, dew_point_c=0.0)
    second = inputs(entries, [500.0] * 4, site="t", entry="two", dry_bulb_c=5.0, dew_point_c=0.0)
    both = CoolingInputs(
        first.entries, first.calendar, first.load, pl.concat([first.hours, second.hours]), first.weather, 1.0
    )
    wide, _ = drawn("air-cooled-chiller", both)
    assert wide.height == 8
    one, two = (wide.filter(site=site).row(0, named=True) for site in ("s", "t"))
    assert one["heat_rejection"] == 0.0 < two["heat_rejection"]
    assert one["cooling_compressor"] > two["cooling_compressor"]


def test_a_site_that_is_not_built_yet_draws_nothing():
    wide, _ = drawn("warm-water", inputs({"a": WarmWater()}, [0.0] * 744 + [500.0] * 24, liquid_fraction=0.8))
    assert wide.head(744).select(pl.exclude("time", "site")).sum().sum_horizontal().item() == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_no_weather_is_refused_with_the_site_and_the_way_out(name):
    given = inputs({"plant": NAMES[name]()}, [500.0] * 3, dry_bulb_c=None)
    with pytest.raises(
        RefusedError, match="'plant' works with the weather, and site 's' has no dry bulb; add an entry"
    ):
        drawn(name, given)


def test_a_gap_in_the_weather_is_refused_with_its_hour():
    given = inputs({"plant": AirCooled()}, [500.0] * 3, dew_point_c=[10.0, None, 10.0])
    with pytest.raises(RefusedError, match="no dew point at 2027-01-01 01:00"):
        drawn("air-cooled-chiller", given)


def test_heat_that_dry_coolers_cannot_take_is_refused_with_its_hour():
    params = WarmWater(liquid=Liquid(supply_water="30 °C", trim=False))
    hot = {"dry_bulb_c": [20.0, 20.0, 43.0, 43.0], "dew_point_c": [10.0, 10.0, 28.0, 28.0]}
    with pytest.raises(
        RefusedError, match=r"'plant' cannot take .* at site 's' at 2027-01-01 02:00 \(43.0 °C dry"
    ) as error:
        drawn("warm-water", inputs({"plant": params}, [500.0] * 4, liquid_fraction=1.0, **hot))
    assert "in 1 other hours" in str(error.value)
    assert "raise liquid.supply_water" in error.value.remedy


def year(name, region, *, liquid=0.0, **params):
    """Annual PUE without the power chain, and WUE in L/kWh, at a constant load."""
    frame = weather(region)
    columns = {c: frame[c].to_list() for c in ("dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa")}
    given = inputs({"plant": NAMES[name](**params)}, [10_000.0] * 8760, liquid_fraction=liquid, **columns)
    made = run_model(MODELS[name], given)["overhead_hours"]
    it = 10_000.0 * 8760
    return 1 + made["power_kw"].sum() / it, made["water_l"].sum() / it


CHAIN = 1 / (0.945 * 0.99) - 1
"""Losses in the published figures: middles of UPS of 90 to 99 % and distribution of 0 to 2 % (Lei & Masanet 2022)."""


@pytest.mark.parametrize("region", ["us-tx", "us-va"])
def test_a_year_of_an_air_economiser_is_as_published(region):
    # Lei & Masanet 2022, air-side economiser with adiabatic cooling: PUE of 1.12 in the coldest to 1.25 in the hottest
    # climate zone, WUE of 0.1 to 1.8 L/kWh; read off their charts by others, to 0.05
    pue, wue = year("air-economiser", region)
    assert 1.12 - 0.05 <= pue + CHAIN <= 1.25 + 0.05
    assert 0.1 - 0.05 <= wue <= 1.8 + 0.05


@pytest.mark.parametrize("region", ["us-tx", "us-va"])
def test_a_year_of_warm_water_is_as_quoted(region):
    # 1.02 to 1.2 is quoted for new liquid-cooled builds (research-viewer.pages.dev, secondary), with the power chain
    pue, wue = year("warm-water", region, liquid=0.85)
    assert 1.02 <= pue + CHAIN <= 1.2
    assert wue < 0.5


@pytest.mark.parametrize("region", ["us-tx", "us-va"])
def test_towers_use_about_the_water_that_is_quoted(region):
    # about 2.2 L/kWh of IT for towers (LBNL 2024, second hand): 40 %, as it hangs on cycles and on the heat of the rest
    _, wue = year("water-cooled-chiller", region)
    assert wue == pytest.approx(2.2, rel=0.4)


def test_plants_rank_as_they_should_in_a_year_of_dallas():
    pue = {name: year(name, "us-tx")[0] for name in NAMES if name != "warm-water"}
    assert pue["air-economiser"] < pue["water-economiser"] < pue["water-cooled-chiller"] < pue["air-cooled-chiller"]
    free, _ = year("air-cooled-chiller", "us-tx", free_cooling=True)
    assert free < pue["air-cooled-chiller"]
    liquid = {share: year("warm-water", "us-tx", liquid=share)[0] for share in (0.0, 0.5, 0.9)}
    assert liquid[0.9] < liquid[0.5] < liquid[0.0]


def test_virginia_takes_less_than_texas():
    for name in NAMES:
        assert year(name, "us-va")[0] < year(name, "us-tx")[0]


TOPOLOGY = """
twin: 1
name: small
calendar: {{start: 2027-01-01, months: 12}}
sites:
  hall:
    contains:
      feed: {{kind: utility, capacity: 5 MW}}
      rack[10]: {{kind: rack, load: 100 kW, liquid_fraction: 80 %, power: feed}}
cooling:
  - {{model: {model}}}
weather:
  - {weather}
"""


@pytest.mark.parametrize("model", NAMES)
def test_a_file_gives_hourly_pue_and_water(tmp_path, model):
    file = tmp_path / "small.yaml"
    file.write_text(TOPOLOGY.format(model=model, weather="{model: region, region: us-va}"), encoding="utf-8")
    hours = twin.load(file).evaluate()["site_hours"]
    assert hours.height == 8760
    assert hours["pue_ratio"].min() >= 1.0
    assert hours["pue_ratio"].n_unique() > 20
    expected, wue = year(model, "us-va", liquid=0.8)
    assert hours["load_kw"].sum() / hours["it_kw"].sum() == pytest.approx(expected, rel=1e-6)
    assert hours["water_l"].sum() / hours["it_kw"].sum() == pytest.approx(wue, rel=1e-6, abs=1e-9)


def test_a_file_beside_the_topology_gives_the_weather(tmp_path):
    frame = weather("us-va")
    lines = ["LOCATION,Here,ST,USA,X,1,40.0,-90.0,-6.0,100.0", *[f"H{n}" for n in range(6)], "DATA PERIODS,1,1"]
    lines += [
        f"2020,{m},{d},{h + 1},0,?9,{dry + 5:.2f},{dew:.2f},60,{p:.0f}" + ",0" * 25
        for m, d, h, dry, dew, _, p, *_ in frame.rows()
    ]
    (tmp_path / "here.epw").write_text("\n".join(lines), encoding="utf-8")
    file = tmp_path / "small.yaml"
    text = TOPOLOGY.format(model="air-cooled-chiller", weather="{model: epw, file: here.epw}")
    file.write_text(text, encoding="utf-8")
    hours = twin.load(file).evaluate()["site_hours"]
    np.testing.assert_allclose(hours["dry_bulb_c"].to_numpy(), frame["dry_bulb_c"].to_numpy() + 5, atol=1e-9)
    (tmp_path / "here.epw").write_text("\n".join(lines[:-3]), encoding="utf-8")
    with pytest.raises(RefusedError, match=r"'here.epw' of 'epw': 3 hours not there: 12-31 hour 22"):
        twin.load(file).evaluate()


def test_an_unknown_region_and_a_missing_file_are_findings(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(TOPOLOGY.format(model="warm-water", weather="{model: region, region: us-vt}"), encoding="utf-8")
    with pytest.raises(twin.InputError, match=r"no weather ships for the region 'us-vt'; did you mean 'us-va'\?"):
        twin.load(file)
    file.write_text(TOPOLOGY.format(model="warm-water", weather="{model: epw, file: none.epw}"), encoding="utf-8")
    with pytest.raises(twin.InputError, match=r"none\.epw"):
        twin.load(file).evaluate()


def test_defaults_and_their_sources_are_listed(tmp_path):
    file = tmp_path / "small.yaml"
    text = TOPOLOGY.format(model="warm-water, liquid: {supply_water: 40 °C}", weather="{model: region, region: us-va}")
    file.write_text(text, encoding="utf-8")
    listed = twin.load(file).evaluate()["assumptions"].filter(owner="cooling.warm-water", origin="default")
    notes = dict(listed.select("attribute", "note").rows())
    assert "Lei & Masanet 2022" in notes["fan_pressure"]
    assert "recalled" in notes["cop"]
    assert "assumed" in notes["liquid.approach"]
    assert "liquid.supply_water" not in notes
    assert dict(listed.select("attribute", "value").rows())["liquid.approach"] == "6 K"
