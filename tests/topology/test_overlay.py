from __future__ import annotations

import pytest
from topology.fakes import GOOD, load

from twin.errors import InputError
from twin.topology.expand import assumptions

RACK, UPS = "bend/hall/row/rack", "bend/hall/ups"


def given(folder, *overlays, scenario="", text=GOOD):
    return load(folder, text, scenario, overlays)


def test_a_scenario_changes_groups_instances_and_parameters(tmp_path):
    before, after = given(tmp_path), given(tmp_path, scenario="late")
    assert before.overrides == ()
    (override,) = after.overrides
    assert (override.group, override.locals, override.attribute) == ("bend/hall", (3, 4), "energised")
    assert (override.value.value, override.value.text, override.value.origin) == (14, "2028-06-01", "overlay")
    assert override.value.where.line == 49
    assert (before.groups[RACK].dependencies[0].need, after.groups[RACK].dependencies[0].need) == (3, 2)
    assert (before.entries[0].params.rent, after.entries[0].params.rent) == (1e6, 3e6)
    assert after.entries[0].given["rent"] == "$3M"
    assert (after.scenario, after.overlays) == ("late", ())


def test_settings_come_after_the_scenario_and_win(tmp_path):
    after = given(tmp_path, "deals.lease.rent=$4M", "bend/**/rack.power.need=1", scenario="late")
    assert after.entries[0].params.rent == 4e6
    assert after.groups[RACK].dependencies[0].need == 1
    assert after.overlays == ("deals.lease.rent=$4M", "bend/**/rack.power.need=1")


@pytest.mark.parametrize(
    ("setting", "group", "attribute", "value"),
    [
        ("bend/hall/ups.capacity=3 MW", UPS, "capacity", 3000.0),
        ("bend/hall[*]/ups.capacity=3 MW", UPS, "capacity", 3000.0),
        ("bend/hall[1..5]/ups[1..23].capacity=3 MW", UPS, "capacity", 3000.0),
        ("kind=ups.capacity=3 MW", UPS, "capacity", 3000.0),
        ("bend/** kind=ups.capacity=3 MW", UPS, "capacity", 3000.0),
        ("bend/**/rack.accelerators=8", RACK, "accelerators", 8),
        ("bend/**/rack.maker=someone", RACK, "maker", "someone"),
        ("**.derate=0.9", UPS, "derate", 0.9),
        ("components.hall-ups.capacity=3 MW", UPS, "capacity", 3000.0),
        ("bend.region=eu", "bend", "region", "eu"),
        (" bend/hall/leaf.capacity = 1 Tbps", "bend/hall/leaf", "capacity", 1000.0),
    ],
)
def test_a_setting_of_whole_groups_replaces_their_attribute(tmp_path, setting, group, attribute, value):
    topology = given(tmp_path, setting)
    got = topology.groups[group].attributes[attribute]
    assert (got.value, got.origin) == (value, "overlay")
    assert str(got.where) == f"--set {setting}"
    assert topology.overrides == ()


@pytest.mark.parametrize(
    ("setting", "group", "locals_"),
    [
        ("bend/hall/ups[2].capacity=3 MW", UPS, [23 * i + 1 for i in range(5)]),
        ("bend/hall[2]/ups.capacity=3 MW", UPS, list(range(23, 46))),
        ("bend/hall[2]/ups[3..4].capacity=3 MW", UPS, [25, 26]),
        ("bend/hall[5]/row[20]/rack[16].load=3 MW", RACK, [1599]),
    ],
)
def test_a_setting_of_some_instances_is_an_override(tmp_path, setting, group, locals_):
    (override,) = given(tmp_path, setting).overrides
    assert (override.group, list(override.locals)) == (group, locals_)
    assert override.value.value == 3000.0


def test_what_comes_later_wins(tmp_path):
    topology = given(tmp_path, "bend/hall[1]/ups.capacity=1 MW", "bend/hall/ups.capacity=2 MW")
    assert topology.overrides == ()
    assert topology.groups[UPS].attributes["capacity"].value == 2000.0
    topology = given(
        tmp_path, "bend/hall/ups.capacity=2 MW", "bend/hall[1]/ups.capacity=1 MW", "bend/hall[1]/ups[1].capacity=3 MW"
    )
    assert [(len(one.locals), one.value.value) for one in topology.overrides] == [(23, 1000.0), (1, 3000.0)]


def test_dates_of_a_whole_group(tmp_path):
    assert given(tmp_path, "bend/hall.energised=2027-05-01").groups["bend/hall"].energised == (1,)
    dates = "[2027-04-01, 2027-05-01, 2027-06-01, 2027-07-01, 2027-08-01]"
    assert given(tmp_path, f"bend/hall.energised={dates}").groups["bend/hall"].energised == (0, 1, 2, 3, 4)


def test_another_part_for_a_whole_group(tmp_path):
    group = given(tmp_path, "bend/**/rack.use=maker.rack", "bend/**/rack.liquid_fraction=50 %").groups[RACK]
    assert (group.part, group.attributes["load"].value, group.attributes["load"].origin) == (
        "maker.rack",
        100.0,
        "catalogue",
    )


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("pick=5", "pick", 5),
        ("need=1", "need", 1),
        ("share=primary", "share", "primary"),
        ("redundancy=2N", "redundancy", "2N"),
    ],
)
def test_a_dependency_of_a_whole_group(tmp_path, setting, key, value):
    assert getattr(given(tmp_path, f"bend/**/rack.power.{setting}").groups[RACK].dependencies[0], key) == value


def test_a_short_dependency_grows(tmp_path):
    dependency = given(tmp_path, "bend/hall/crah.power.need=2").groups["bend/hall/crah"].dependencies[0]
    assert (dependency.need, dependency.suppliers[0].group) == (2, UPS)


def test_sections(tmp_path):
    topology = given(
        tmp_path,
        "calendar.start=2027-01-01",
        "calendar.months=24",
        "discount=9 %/year",
        "parties.goog.rating=BBB",
        "workloads.pretrain.accelerators=5",
        "deals.second.size=3 MW",
        "deals.lease.steps=[{to: hut, amount: $3}]",
        "analyses.capacity.number=4",
    )
    assert (topology.calendar.start.isoformat(), topology.calendar.months) == ("2027-01-01", 24)
    assert topology.discount_per_year == pytest.approx(0.09)
    assert {value.origin for value in topology.settings.values()} == {"overlay"}
    assert topology.parties["goog"].rating == "BBB"
    assert topology.section("workloads")[0].params.accelerators == 5
    assert topology.entries[1].params.size == 3000.0
    assert topology.entries[0].params.steps[0].amount == 3.0
    assert topology.section("analyses")[0].params.number == 4


@pytest.mark.parametrize("nothing", ["null", "~", " null "])
def test_null_unsets_a_value_as_in_a_scenario(tmp_path, nothing):
    stated = "deals.second.size=3 MW"
    assert given(tmp_path, stated).entries[1].params.size == 3000.0
    assert given(tmp_path, stated, f"deals.second.size={nothing}").entries[1].params.size is None


def test_a_calendar_where_the_file_has_none(tmp_path):
    text = GOOD.replace("calendar: {start: 2027-04-01, months: 180}\n", "")
    assert given(tmp_path, "calendar.months=24", text=text).calendar.months == 24


def test_a_failure_rate_replaces_an_mtbf(tmp_path):
    for setting in ("bend/hall/ups.failure_rate=1 %/year", "components.hall-ups.failure_rate=1 %/year"):
        attributes = given(tmp_path, setting).groups[UPS].attributes
        assert "mtbf" not in attributes
        assert attributes["failure_rate"].value == pytest.approx(0.01)


def test_a_whole_group_of_a_pattern_and_a_part_of_another(tmp_path):
    topology = given(tmp_path, "*/*[1].capacity=5 MW")
    assert {one.group for one in topology.overrides} == {"bend/grid", "bend/genset", "bend/chiller"}
    assert topology.groups["lake/feed"].attributes["capacity"].value == 5000.0


def test_findings_of_a_scenario_point_at_its_line(tmp_path):
    text = GOOD.replace("2028-06-01", "soon").replace("$3M", "3 MW")
    for scenario in ("", "late"):
        with pytest.raises(InputError) as caught:
            given(tmp_path, scenario=scenario, text=text)
        assert [(one.line, one.path) for one in caught.value.findings] == [
            (49, "scenarios.late.set.bend/hall[4..5].energised"),
            (51, "scenarios.late.set.deals.lease.rent"),
        ]


def test_the_file_may_be_completed_by_a_setting(tmp_path):
    text = GOOD.replace(
        "{model: lease, landlord: hut, rent: $1M, site: bend}", "{model: lease, landlord: hut, site: bend}"
    )
    with pytest.raises(InputError, match="needs 'rent'"):
        given(tmp_path, text=text)
    assert given(tmp_path, "deals.lease.rent=$1M", text=text).entries[0].params.rent == 1e6


def test_parameters_that_an_overlay_gave_say_so(tmp_path):
    origins = [
        {name: origin for owner, name, origin in frame.iter_rows() if owner == "deals.lease"}
        for frame in (
            assumptions(topology).select("owner", "attribute", "origin")
            for topology in (
                given(tmp_path, "deals.lease.steps=[{to: hut, amount: $3}]"),
                given(tmp_path, scenario="late"),
                given(tmp_path),
            )
        )
    ]
    assert [each.get("rent") for each in origins] == ["file", "overlay", "file"]
    assert origins[0]["steps[1].amount"] == "overlay"
