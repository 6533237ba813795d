"""Purchase agreements against sums done by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from plugins.supplies.supplied import bill, call, flat_weather, given, hours
from pydantic import ValidationError

from twin.errors import RefusedError
from twin_energy.supplies.ppa import AsProduced, Cfd, Collar, Ppa

HOURS = 744


def test_what_is_called_is_paid_for_with_its_delivery():
    terms = Ppa(capacity="20 MW", price="$30/MWh", delivery="$5/MWh", payer="tenant", payee="market")
    inputs = given(terms, power_kw=np.full(HOURS, 12_000.0))
    kwh = HOURS * 12_000.0
    assert bill("ppa-fixed", inputs) == {
        ("ppa_energy", "energy called", "tenant", "market"): pytest.approx((kwh, kwh * 0.03)),
        ("ppa_delivery", "delivery", "tenant", "utility"): pytest.approx((kwh, kwh * 0.005)),
    }
    made = call("ppa-fixed", inputs, "resources")
    assert made["resources"]["kind"].to_list() == ["contract"]
    assert made["resource_hours"]["usd_per_kwh"].unique().to_list() == pytest.approx([0.035])
    assert made["resource_hours"]["available_kw"].unique().to_list() == [20_000.0]


def test_a_block_is_paid_for_whether_used_or_not():
    terms = Ppa(capacity="5 MW", price="$40/MWh", payer="tenant")
    lines = bill("ppa-baseload", given(terms, power_kw=np.zeros(HOURS)))
    assert lines == {("ppa_energy", "baseload block", "tenant", "market"): pytest.approx((3_720_000, 148_800))}
    made = call("ppa-baseload", given(terms), "resources")
    assert made["resources"]["must_take"].to_list() == [True]


def test_a_price_rises_on_each_anniversary_of_the_start():
    terms = Ppa(capacity="1 MW", price="$10/MWh", growth="10 %/year", start="2027-03-01", end="2028-04-01", payer="t")
    frame = call("ppa-baseload", given(terms, frame=hours(months=18)))["energy_cost"]
    assert frame["month"].min() == date(2027, 3, 1)
    assert frame["month"].max() == date(2028, 3, 1)
    rates = dict(frame.select("month", "rate_usd").rows())
    assert rates[date(2028, 2, 1)] == pytest.approx(0.010)
    assert rates[date(2028, 3, 1)] == pytest.approx(0.011)


@pytest.mark.parametrize(
    ("start", "month", "days_before", "days"),
    [("2027-03-15", date(2028, 3, 1), 14, 31), ("2024-02-29", date(2027, 2, 1), 28, 28)],
)
def test_the_anniversary_is_a_day_of_the_month(start, month, days_before, days):
    """Days of a month at the old price and at that of the new year, weighed by hand."""
    terms = Ppa(capacity="1 MW", price="$10/MWh", growth="10 %/year", start=start, payer="t")
    frame = call("ppa-baseload", given(terms, frame=hours(months=18)))["energy_cost"]
    rates = dict(frame.select("month", "rate_usd").rows())
    years = month.year - int(start[:4])
    old, new = 0.01 * 1.1 ** (years - 1), 0.01 * 1.1**years
    assert rates[month] == pytest.approx((days_before * old + (days - days_before) * new) / days)


def profile(tmp_path, values, **more):
    path = tmp_path / "output.csv"
    pl.DataFrame({"fraction": values} | more).write_csv(path)
    return {"output.csv": path}


def test_output_comes_from_a_file_and_all_of_it_is_paid_for(tmp_path):
    shares = np.zeros(8760)
    shares[[0, 5]] = (0.5, 1.0)
    terms = AsProduced(capacity="10 MW", price="$20/MWh", profile="file", file="output.csv", payer="tenant")
    inputs = given(terms, files=profile(tmp_path, shares))
    assert bill("ppa-as-produced", inputs) == {
        ("ppa_energy", "output as produced", "tenant", "market"): pytest.approx((15_000, 300.0))
    }
    made = call("ppa-as-produced", inputs, "resources")
    assert made["resource_hours"]["available_kw"].to_list()[:7] == [5000.0, 0, 0, 0, 0, 10_000.0, 0]
    assert made["resources"].select("must_take", "carbon_free", "renewable").rows() == [(True, True, True)]


def test_quarter_hours_take_the_output_of_their_hour(tmp_path):
    shares = np.zeros(8760)
    shares[1] = 1.0
    terms = AsProduced(capacity="4 MW", price="$20/MWh", profile="file", file="output.csv", payer="tenant")
    inputs = given(terms, frame=hours(step="15m"), files=profile(tmp_path, shares), step_h=0.25)
    assert bill("ppa-as-produced", inputs)["ppa_energy", "output as produced", "tenant", "market"] == (4000.0, 80.0)


def test_29_february_takes_the_28th(tmp_path):
    shares = np.zeros(8760)
    shares[(31 + 27) * 24] = 1.0
    terms = AsProduced(capacity="1 MW", price="$1/kWh", profile="file", file="output.csv", payer="tenant")
    inputs = given(terms, frame=hours("2028-01-01", months=3), files=profile(tmp_path, shares))
    available = call("ppa-as-produced", inputs, "resources")["resource_hours"].filter(pl.col("available_kw") > 0)
    assert available["time"].dt.strftime("%Y-%m-%d %H").to_list() == ["2028-02-28 00", "2028-02-29 00"]


def test_a_share_above_one_is_refused_with_its_hour(tmp_path):
    shares = np.zeros(8760)
    shares[9] = 1.2
    terms = AsProduced(capacity="1 MW", price="$1/kWh", profile="file", file="output.csv", payer="tenant")
    with pytest.raises(RefusedError, match=r"'fraction' of 'output.csv' is 1.2 at 2027-01-01 09:00:00"):
        call("ppa-as-produced", given(terms, files=profile(tmp_path, shares)), "resources")


def test_a_file_without_the_column_or_too_short_is_refused(tmp_path):
    terms = AsProduced(capacity="1 MW", price="$1/kWh", profile="file", file="output.csv", payer="tenant")
    path = tmp_path / "output.csv"
    pl.DataFrame({"other": [0.0]}).write_csv(path)
    with pytest.raises(RefusedError, match="has no column 'fraction'"):
        call("ppa-as-produced", given(terms, files={"output.csv": path}), "resources")
    with pytest.raises(RefusedError, match="has 10 rows"):
        call("ppa-as-produced", given(terms, files=profile(tmp_path, np.zeros(10))), "resources")


def prices(tmp_path, usd):
    path = tmp_path / "market.csv"
    pl.DataFrame({"usd_per_kwh": usd}).write_csv(path)
    return {"market.csv": path}


def test_a_collar_pays_the_market_between_floor_and_cap(tmp_path):
    usd = np.full(8760, 0.03)
    usd[:3] = (-0.01, 0.02, 0.5)
    terms = Collar(capacity="1 MW", profile="flat", floor="$15/MWh", cap="$60/MWh", market_file="market.csv", payer="t")
    lines = bill("ppa-collar", given(terms, files=prices(tmp_path, usd)))
    kwh, amount = lines["ppa_energy", "output as produced", "t", "market"]
    assert kwh == pytest.approx(744_000)
    assert amount == pytest.approx(1000 * (0.015 + 0.02 + 0.06 + 741 * 0.03))


def test_a_contract_for_differences_pays_strike_less_reference(tmp_path):
    usd = np.full(8760, 0.03)
    terms = Cfd(
        capacity="2 MW", profile="flat", strike="$40/MWh", basis="-$4/MWh", market_file="market.csv", payer="tenant"
    )
    inputs = given(terms, files=prices(tmp_path, usd))
    kwh = 2000 * HOURS
    # the plant sells at 30 - 4 = 26: the buyer makes up the 14 to the strike
    assert bill("ppa-cfd", inputs) == {
        ("cfd_settlement", "strike less reference", "tenant", "market"): pytest.approx((kwh, kwh * 0.014))
    }
    assert call("ppa-cfd", inputs, "resources")["resources"].height == 0


def test_a_market_above_the_strike_pays_the_buyer():
    terms = Cfd(capacity="2 MW", profile="flat", strike="$40/MWh", market="$55/MWh", payer="tenant")
    kwh = 2000 * HOURS
    frame = call("ppa-cfd", given(terms))["energy_cost"]
    assert frame.select("payer", "payee").row(0) == ("market", "tenant")
    assert frame["amount_usd"][0] == pytest.approx(kwh * 0.015)
    assert frame["rate_usd"][0] == pytest.approx(-0.015)


def test_wind_at_the_site_stands_behind_an_agreement():
    terms = AsProduced(capacity="10 MW", price="$20/MWh", profile="wind", payer="tenant")
    made = call("ppa-as-produced", given(terms, weather=flat_weather(wind_m_per_s=40.0)), "resources")
    assert made["resource_hours"]["available_kw"].max() == 0
    calm = call("ppa-as-produced", given(terms, weather=flat_weather(wind_m_per_s=12.0)), "resources")
    assert calm["resource_hours"]["available_kw"].unique().to_list() == pytest.approx([8500.0])


def test_weather_that_is_not_known_is_refused():
    terms = AsProduced(capacity="10 MW", price="$20/MWh", profile="solar", payer="tenant")
    with pytest.raises(RefusedError, match="needs 'dry_bulb_c' of the weather at 'campus'"):
        call("ppa-as-produced", given(terms), "resources")


@pytest.mark.parametrize(
    ("kind", "terms", "words"),
    [
        (AsProduced, {"price": "$1/MWh", "profile": "file"}, "go together"),
        (AsProduced, {"price": "$1/MWh", "profile": "flat", "file": "x.csv"}, "go together"),
        (Collar, {"profile": "flat", "floor": "$2/MWh", "cap": "$1/MWh", "market": "$1/MWh"}, "is above the cap"),
        (Collar, {"profile": "flat", "floor": "$1/MWh", "cap": "$2/MWh"}, "give the market's price"),
        (
            Collar,
            {"profile": "flat", "floor": "$1/MWh", "cap": "$2/MWh", "market": "$1/MWh", "price": "$3/MWh"},
            "in place of a price",
        ),
        (Cfd, {"profile": "flat", "strike": "$1/MWh", "market": "$1/MWh", "market_file": "x"}, "give the market's"),
        (Ppa, {"price": "$-1/MWh"}, "below"),
    ],
)
def test_terms_that_cannot_hold_are_refused(kind, terms, words):
    with pytest.raises(ValidationError, match=words):
        kind(capacity="1 MW", payer="tenant", **terms)
