"""The schedule and the utilisation against sums over single racks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import HERE, Builder, power, value

from twin import tables
from twin.api import Calendar, Fraction, Params, Ratio, SiteRef
from twin.errors import InputError, RefusedError
from twin.structure.compile import compile_structure
from twin.structure.installed import energised, hours
from twin.topology.model import ModelEntry, Supplier
from twin.workload.schedule import schedule, served
from twin.workload.training import Training
from twin.workload.utilisation import utilisation

START = date(2027, 11, 1)


def campus(at, months=6, sites=None, racks=None, until=()):
    """A site of racks with 72 accelerators and 132 kW, energised and retired as given; a store of 20 kW beside them."""
    make = Builder().add("s", sites, "site").add("s/grid", None, "utility")
    feed = [power(Supplier("s/grid", "s"))]
    each = {"load": value(132.0), "accelerators": value(72)}
    make.add("s/rack", racks or len(at), "rack", depends=feed, attributes=each, energised=at)
    make.groups["s/rack"] = replace(make.groups["s/rack"], retired=until)
    make.add("s/store", 2, "storage", depends=feed, attributes={"load": value(20.0)})
    topology = replace(make.done(), calendar=Calendar(START, months))
    return SimpleNamespace(structure=compile_structure(topology), calendar=topology.calendar)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-3, 9), min_size=1, max_size=8), st.integers(1, 8))
def test_energised_is_a_step_function_of_single_racks(at, months):
    model = campus(tuple(at), months)
    frame = energised(model.structure, model.calendar)
    on = [sum(when <= month for when in at) for month in range(months)]
    assert frame["racks"].to_list() == on
    assert frame["accelerators"].to_list() == [72 * n for n in on]
    assert frame["it_kw"].to_list() == pytest.approx([132.0 * n + 40.0 for n in on])
    assert frame["month"].to_list() == model.calendar.dates()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 9), st.integers(-3, 12)), min_size=1, max_size=8), st.integers(1, 8))
def test_what_retires_is_in_service_no_more(spans, months):
    model = campus(tuple(at for at, _ in spans), months, until=tuple(end for _, end in spans))
    frame = energised(model.structure, model.calendar)
    on = [sum(at <= month < end for at, end in spans) for month in range(months)]
    assert frame["racks"].to_list() == on
    assert frame["it_kw"].to_list() == pytest.approx([132.0 * n + 40.0 for n in on])


def test_sites_in_file_order_month_by_month():
    model = campus((0, 1), 2, sites=2)
    frame = energised(model.structure, model.calendar)
    assert frame.select("month", "site", "racks").rows() == [
        (date(2027, 11, 1), "s[1]", 1),
        (date(2027, 11, 1), "s[2]", 1),
        (date(2027, 12, 1), "s[1]", 2),
        (date(2027, 12, 1), "s[2]", 2),
    ]


def test_hours_follow_the_calendar_leap_days_too():
    assert hours(Calendar(date(2027, 12, 15), 4)).tolist() == [744.0, 744.0, 696.0, 744.0]
    assert hours(Calendar(date(2025, 1, 1), 12)).sum() == 8760.0


def availability(*rows, scope="s", event="in_service"):
    """Rows of `availability`: month and share of the site's load in service."""
    return pl.DataFrame(
        [(when, scope, "site", event, share) for when, share in rows],
        schema={
            "month": pl.Date,
            "scope": pl.String,
            "kind": pl.String,
            "event": pl.String,
            "served_fraction": pl.Float64,
        },
        orient="row",
    )


def test_share_in_service_is_filled_forward_from_months_of_change():
    model = campus((0,), 5)
    months = energised(model.structure, model.calendar)
    table = pl.concat(
        [
            availability((date(2028, 2, 1), 0.7), (date(2027, 11, 1), 0.9)),
            availability((date(2027, 11, 1), 0.9), event="fed"),
            availability((date(2027, 12, 1), 0.2), scope="s/rack[1]"),
        ]
    )
    assert served(table, months)["served_fraction"].to_list() == [0.9, 0.9, 0.9, 0.7, 0.7]


def test_nothing_known_of_a_site_with_load_is_refused():
    model = campus((0,), 3)
    months = energised(model.structure, model.calendar)
    with pytest.raises(RefusedError, match=r"says nothing of site 's' in 2027-11-01"):
        served(availability((date(2027, 12, 1), 0.9)), months)
    empty = months.with_columns(it_kw=pl.lit(0.0))
    assert served(availability((date(2027, 12, 1), 0.9)), empty)["served_fraction"].to_list() == [1.0, 0.9, 0.9]


def test_the_table_and_its_delivered_hours():
    model = campus((0, 2), 3)
    months = energised(model.structure, model.calendar)
    keys = months.select("month", "site")
    made = schedule(
        months, keys.with_columns(served_fraction=pl.lit(0.5)), keys.with_columns(utilisation_fraction=pl.lit(0.8))
    )
    tables.check("schedule", made, "schedule")
    assert made["accelerator_h"].to_list() == [72 * 720.0, 72 * 744.0, 144 * 744.0]
    assert made["delivered_accelerator_h"].to_list() == pytest.approx((made["accelerator_h"] * 0.5).to_list())


# --- utilisation


class Other(Params):
    words: str = ""


class Sites(Params):
    sites: tuple[SiteRef, ...] = ()
    accelerators: Ratio = 1.0
    utilisation: Fraction = 1.0


def entry(name="run", **given):
    return ModelEntry("workloads", name, "any", Sites(**given), {}, (), HERE)


def months(*rows):
    return pl.DataFrame(rows, schema={"month": pl.Date, "site": pl.String, "accelerators": pl.Int64}, orient="row")


ONE, TWO = date(2027, 1, 1), date(2027, 2, 1)


def test_without_workloads_everything_draws():
    frame = months((ONE, "a", 10), (ONE, "b", 0))
    assert utilisation(frame, [])["utilisation_fraction"].to_list() == [1.0, 1.0]
    without = ModelEntry("workloads", "w", "any", Other(), {}, (), HERE)
    assert utilisation(frame, [without])["utilisation_fraction"].to_list() == [1.0, 1.0]


def test_shares_times_utilisation_add_up():
    frame = months((ONE, "a", 100))
    got = utilisation(frame, [entry(accelerators=0.5, utilisation=0.8), entry("two", accelerators=0.25)])
    assert got["utilisation_fraction"].to_list() == pytest.approx([0.65])


def test_a_training_run_is_a_workload():
    params = Training(accelerators="98 %", flops="5e26", mfu="40 %", utilisation="90 %")
    got = utilisation(months((ONE, "a", 100)), [ModelEntry("workloads", "w", "training", params, {}, (), HERE)])
    assert got["utilisation_fraction"].to_list() == pytest.approx([0.98 * 0.9])


def test_a_count_has_everything_until_there_is_more():
    frame = months((ONE, "a", 10), (ONE, "b", 10), (TWO, "a", 60), (TWO, "b", 20))
    got = utilisation(frame, [entry(accelerators=40)])
    assert got["utilisation_fraction"].to_list() == pytest.approx([1.0, 1.0, 0.5, 0.5])


def test_counts_and_shares_while_a_site_fills_up():
    frame = months((ONE, "a", 10), (TWO, "a", 100))
    got = utilisation(frame, [entry(accelerators=50, utilisation=0.5), entry("two", accelerators=0.5)])
    assert got["utilisation_fraction"].to_list() == pytest.approx([(0.5 + 0.5) / 1.5, 0.5 * 0.5 + 0.5])


def test_workloads_draw_only_at_their_sites():
    frame = months((ONE, "a", 10), (ONE, "b[1]", 10), (ONE, "b[2]", 10), (ONE, "empty", 0))
    got = utilisation(frame, [entry(accelerators=10, sites=("b",)), entry("two", accelerators=0.1, sites=("b[2]",))])
    assert got["utilisation_fraction"].to_list() == pytest.approx([0.0, 0.5, 0.6, 1.0])


def test_asking_for_more_than_there_is_names_the_workloads():
    frame = months((ONE, "a", 10), (TWO, "a", 100))
    with pytest.raises(InputError) as caught:
        utilisation(frame, [entry("one", accelerators=0.7), entry("two", accelerators=0.4), entry("x", accelerators=0)])
    [finding] = caught.value.findings
    assert finding.path == "workloads.two.accelerators"
    assert "'one', 'two' ask for 110.0%" in finding.message
    assert (finding.file, finding.line) == ("x.yaml", 7)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4),
    st.lists(st.integers(0, 1000), min_size=1, max_size=5),
)
def test_utilisation_is_a_share(workloads, accelerators):
    total = max(sum(share for share, _ in workloads), 1.0)
    entries = [entry(f"w{n}", accelerators=share / total, utilisation=use) for n, (share, use) in enumerate(workloads)]
    frame = months(*((date(2027, 1 + n, 1), "a", count) for n, count in enumerate(accelerators)))
    got = utilisation(frame, entries)["utilisation_fraction"]
    assert got.len() == frame.height
    assert got.is_between(0.0, 1.0 + 1e-12).all()
