"""The charts: axes that are labelled where the lines are, no chart without a line, figures that say each thing once."""

from __future__ import annotations

import re
from datetime import date

import fake_results
import polars as pl
import pytest

from twin.report.page import offers, plant
from twin.report.page.charts import dollars, steps
from twin.report.page.page import page
from twin.results.results import Results
from twin.tables import table

MONTH = date(2030, 1, 1)


def results(**frames: pl.DataFrame) -> Results:
    return Results(frames, fake_results.provenance())


def out(*steps: tuple[int, float]) -> pl.DataFrame:
    """`capacity_outage` of a site of racks from how likely exactly so many are out."""
    likely = dict(steps)
    rows = sorted(likely.items())
    at_least = [sum(chance for racks, chance in rows if racks >= least) for least, _ in rows]
    many = len(rows)
    return table("capacity_outage").frame(
        {
            "month": [MONTH] * many,
            "site": ["s"] * many,
            "measure": ["racks"] * many,
            "in_service_fraction": [0.0] * many,
            "racks_lost": [racks for racks, _ in rows],
            "accelerators_lost": [None] * many,
            "lost_it_kw": [None] * many,
            "probability_fraction": [chance for _, chance in rows],
            "at_least_lost_fraction": at_least,
            "times_per_year": [1.0] * many,
            "mean_duration_h": [2.0] * many,
            "step_kw": [None] * many,
        }
    )


def test_a_single_step_is_a_line_too():
    [figure] = plant.outages(results(capacity_outage=out((0, 0.999), (4, 0.001))))
    svg = figure.html().partition("<details")[0]
    wide = [
        path
        for path in re.findall(r'<path [^>]*d="(M[^"]+)"[^>]*stroke="#3b82c4"', svg)
        if len({x for x, _ in re.findall(r"([\d.]+),([\d.]+)", path)}) > 1
    ]
    assert wide, "a line from one rack to four"
    assert figure.says == "Some rack is out of service 8.76 hours a year; on average 0.004 racks are out."


def test_the_mean_number_of_racks_out_and_why():
    fed = table("availability").frame(
        {
            "month": [MONTH],
            "scope": ["s"],
            "kind": ["site"],
            "event": ["fed"],
            "count": [1],
            "availability_fraction": [1 - 1e-4],
            "outages_per_year": [0.1],
            "downtime_h_per_year": [0.876],
            "mean_outage_h": [8.76],
            "served_fraction": [0.99],
        }
    )
    [figure] = plant.outages(results(capacity_outage=out((0, 0.5), (1, 0.25), (2, 0.25)), availability=fed))
    assert "4,380 hours a year; on average 0.75 racks are out." in figure.says
    assert "for want of power or cooling some rack is out 0.876 hours a year" in figure.says


def test_figures_of_outages_say_each_probability_once():
    same = out((0, 0.9), (1, 0.1 - 1e-9), *((racks, 1e-22) for racks in range(2, 200)), (200, 1e-9))
    [figure] = plant.outages(results(capacity_outage=same))
    assert figure.data["racks_lost"].to_list() == [1, 200]
    assert figure.data["at_least_lost_fraction"].to_list() == pytest.approx([0.1, 1e-9])
    labels = re.findall(r">([\d,]+)</text>", figure.html().partition("<details")[0])
    assert {"1", "10", "100", "200"} <= set(labels)


def paid(**offer: float) -> Results:
    """Offers that cost so much in each of two years."""
    columns = {name: [0.0] * 2 * len(offer) for name in table("offer_cash").names}
    columns |= {"offer": [name for name in offer for _ in range(2)], "year": [2030, 2031] * len(offer)}
    columns["paid_usd"] = [usd for usd in offer.values() for _ in range(2)]
    return results(offer_cash=table("offer_cash").frame(columns))


def test_an_axis_of_payments_has_ticks_where_the_lines_are():
    [figure] = offers.paid(paid(lease=1e9, cloud=2e10))
    labels = re.findall(r">([\d,.]+)</text>", figure.html().partition("<details")[0])
    assert {"1", "2", "5", "10", "20"} <= set(labels)
    assert "logarithmic" in figure.says
    [figure] = offers.paid(paid(lease=1e6, cloud=2e6))
    assert "$M paid so far" in figure.html()
    assert "logarithmic" not in figure.says


def test_the_unit_of_an_axis_suits_its_amounts():
    assert dollars(pl.Series([-3e9, 1.0])) == (1e9, "$B")
    assert dollars(pl.Series([2e6])) == (1e6, "$M")
    assert dollars(pl.Series([0.0])) == (1.0, "$")
    assert steps(1, 25) == [1, 2, 5, 10, 20]


def test_a_figure_without_a_neighbour_fills_the_page():
    frames = fake_results.small_tables()
    text = page(results(site_capacity=frames["site_capacity"]))
    drawn = re.findall(r'class="chart (\w+)"', text)
    assert text.count("<figure class=broad>") == drawn.count("whole") == 1
    assert drawn.count("half") == drawn.count("phone") == 1
    widths = [float(width) for width in re.findall(r"max-width:([\d.]+)px", text)]
    assert max(widths) > 2 * min(widths)
