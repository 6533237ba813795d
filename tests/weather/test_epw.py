"""EPW files: what is read, and what is refused with its hour named."""

from __future__ import annotations

import polars as pl
import pytest

from twin_energy.weather import read_epw, regions, weather, weather_of
from twin_energy.weather.ship import ship

HEAD = (
    "LOCATION,Some.Field,ST,USA,SRC-TMYx,700000,40.0,-90.0,-6.0,100.0",
    "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0",
    "GROUND TEMPERATURES,0",
    "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    'COMMENTS 1,"NCEI ISD/ERA5 - #years=[15] Period of Record=2007-2021; Jan=2021; Feb=2020"',
    "COMMENTS 2,none",
    "DATA PERIODS,1,1,Data,Sunday,1/ 1,12/31",
)


@pytest.fixture(scope="module")
def rows():
    """The lines of a whole year: 20 °C at noon, colder at night."""
    return [
        f"2020,{m},{d},{h + 1},0,?9?9,{t:.2f},{dew:.2f},60,{p:.0f},0,0,300,{g:.0f},{b:.0f},{f:.0f},0,0,0,0,90,{v:.1f}"
        + ",0" * 13
        for m, d, h, t, dew, _, p, g, b, f, v in weather("us-va").rows()
    ]


def write(folder, rows, head=HEAD, name="some.epw"):
    path = folder / name
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return path


def swap(rows, at, field, value):
    fields = rows[at].split(",")
    fields[field] = value
    return [*rows[:at], ",".join(fields), *rows[at + 1 :]]


def at(month, day, ends):
    frame = weather("us-va").with_row_index()
    return frame.filter(month=month, day=day, hour=ends - 1)["index"][0]


def test_a_file_gives_what_stands_in_it(tmp_path, rows):
    frame = read_epw(write(tmp_path, rows))
    assert frame.columns[:7] == ["month", "day", "hour", "dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa"]
    assert frame.columns[7:] == ["ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "wind_m_per_s"]
    assert frame.height == 8760
    assert (frame["hour"].min(), frame["hour"].max()) == (0, 23)
    gap = (frame - weather("us-va")).select(pl.all().abs().max()).row(0)
    assert max(gap) < 1e-9


def test_sun_and_wind_may_be_missing(tmp_path, rows):
    noon = at(7, 4, 12)
    frame = read_epw(write(tmp_path, swap(swap(rows, noon, 14, "9999"), noon, 21, "999.")))
    assert frame[noon].select("dni_w_per_m2", "wind_m_per_s").row(0) == (None, None)
    assert frame.null_count().sum_horizontal().item() == 2
    assert frame["ghi_w_per_m2"].equals(weather("us-va")["ghi_w_per_m2"])


def test_29_february_is_left_out(tmp_path, rows):
    leap = [f"2020,2,29,{h},0,?9,50.0,0.0,60,99999" + ",0" * 25 for h in range(1, 25)]
    cut = at(3, 1, 1)
    frame = read_epw(write(tmp_path, rows[:cut] + leap + rows[cut:]))
    assert frame.height == 8760
    assert frame["dry_bulb_c"].max() < 50


def test_the_order_of_rows_does_not_matter(tmp_path, rows):
    assert read_epw(write(tmp_path, rows[::-1])).equals(read_epw(write(tmp_path, rows, name="other.epw")))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (6, "99.9", "1 hour without a dry bulb: 07-04 hour 15"),
        (7, "99.9", "1 hour without a dew point: 07-04 hour 15"),
        (7, "", "1 hour without a dew point: 07-04 hour 15"),
        (9, "999999", "1 hour without a pressure: 07-04 hour 15"),
        (6, "nan", "1 hour without a dry bulb: 07-04 hour 15"),
        (6, "-80", "1 hour with a dry bulb beyond -70 to 70: 07-04 hour 15"),
        (9, "1013", "1 hour with a pressure beyond 31000 to 120000: 07-04 hour 15"),
        (7, "60", "1 hour with a dew point above the dry bulb: 07-04 hour 15"),
    ],
)
def test_a_bad_value_is_refused_with_its_hour(tmp_path, rows, field, value, message):
    with pytest.raises(ValueError, match=message):
        read_epw(write(tmp_path, swap(rows, at(7, 4, 15), field, value)))


def test_missing_and_doubled_hours_are_named(tmp_path, rows):
    gone = at(11, 30, 24)
    with pytest.raises(ValueError, match="1 hour not there: 11-30 hour 24") as error:
        read_epw(write(tmp_path, [*rows[:gone], rows[0], *rows[gone + 1 :]]))
    assert "2 hours more than once: 01-01 hour 1" in str(error.value) or "more than once: 01-01 hour 1" in str(
        error.value
    )
    with pytest.raises(ValueError, match=r"6 hours not there: 01-01 hour 1, .*, …"):
        read_epw(write(tmp_path, rows[6:]))
    with pytest.raises(ValueError, match="no hour of a year: 12-31 hour 25"):
        read_epw(write(tmp_path, swap(rows, at(12, 31, 24), 3, "25")))


def test_other_files_are_refused(tmp_path, rows):
    with pytest.raises(ValueError, match="not an EPW file"):
        read_epw(write(tmp_path, rows, head=("month,day", *HEAD[1:])))
    with pytest.raises(ValueError, match="has 4 rows an hour; give a file with one"):
        read_epw(write(tmp_path, rows, head=(*HEAD[:7], "DATA PERIODS,1,4,Data,Sunday,1/ 1,12/31")))
    with pytest.raises(ValueError, match="line 9 has 3 fields"):
        read_epw(write(tmp_path, ["2020,1,1", *rows[1:]]))
    with pytest.raises(ValueError, match="row 2 after the header has no number for the hour"):
        read_epw(write(tmp_path, swap(rows, 1, 3, "noon")))
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_epw(tmp_path / "none.epw")


def test_a_name_is_a_region_or_a_file_beside_the_topology(tmp_path, rows):
    write(tmp_path, rows)
    assert weather_of("some.epw", tmp_path).height == 8760
    assert weather_of("us-tx", tmp_path).equals(weather("us-tx"))
    with pytest.raises(ValueError, match=r"did you mean 'us-tx'\? there is weather for us-tx, us-va; an EPW file"):
        weather_of("us-tn", tmp_path)
    (tmp_path / "inner").mkdir()
    with pytest.raises(ValueError, match="outside the folder"):
        weather_of("../some.epw", tmp_path / "inner")
    with pytest.raises(ValueError, match=r"weather file 'none\.epw': cannot be read"):
        weather_of("none.epw", tmp_path)


@pytest.mark.parametrize("name", ["us-tx", "us-va"])
def test_the_regions_that_ship_are_whole_and_say_where_they_come_from(name):
    frame, region = weather(name), regions()[name]
    assert frame.height == 8760
    assert not frame.null_count().sum_horizontal().sum()
    assert (frame["dew_point_c"] <= frame["wet_bulb_c"] + 1e-6).all()
    assert (frame["wet_bulb_c"] <= frame["dry_bulb_c"] + 1e-6).all()
    assert "Climate.OneBuilding.org TMYx 2007-2021" in region.source
    assert "named as the source" in region.licence


def test_dallas_is_as_hot_as_its_design_conditions_say():
    # header of the source file: 0.4 % of the hours are above 38.6 °C, annual cooling design wet bulb 25.9 °C; a typical
    # year is not the whole record, so 1.5 K
    frame = weather("us-tx")
    assert frame["dry_bulb_c"].quantile(0.996, "linear") == pytest.approx(38.6, abs=1.5)
    assert frame["wet_bulb_c"].quantile(0.996, "linear") == pytest.approx(25.9, abs=1.5)


def test_a_region_can_be_made_from_a_file(tmp_path, rows):
    made = ship("us-xx", write(tmp_path, rows), tmp_path / "regions")
    assert pl.read_parquet(made).height == 8760
    ship("us-xx", tmp_path / "some.epw", tmp_path / "regions")
    table = pl.read_csv(tmp_path / "regions" / "regions.csv")
    assert table["name"].to_list() == ["us-xx"]
    assert table["months"].to_list() == ["Jan=2021; Feb=2020"]
    assert table["station"].to_list() == ["Some Field, ST (WMO 700000)"]
