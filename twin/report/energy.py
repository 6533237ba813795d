"""The screen of `twin energy`: a year by month and stage, supplies, the bill by line, carbon by method, outages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import bills, summary
from twin.report.energy_year import last, length_h, months, the_year
from twin.report.layout import (
    Col,
    block,
    energy_text,
    fact,
    hours,
    largest,
    money,
    month,
    note,
    percent,
    power,
    total,
)

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_UNITS_SHOWN = 8
_SMALL = 0.01
"""A stage below this share of the whole is one of the others, where there are several."""
_METHODS = ("location", "market", "embodied", "avoided")
_NOTED = ("facility_model", "dispatch_prices", "carbon_data", "embodied_carbon", "residual_mix", "fuel_on_site")
"""Checks that say what was assumed."""

_TONNE = 1000.0


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide.

    Args:
        results: of a run of `energy`; what `carbon` and `resilience` found is shown where it is there.
        width: columns of the screen; 60 and more read well.
    """
    sections = (headline, stages, months, supplies, bill, carbon, tradeoff, water, outages)
    said = [line for section in sections for line in section(results, width)]
    return said + assumed(results, width) + summary.checks(results, width)


def headline(results: Results, width: int) -> list[Text]:
    """Name, sites, the year that is shown, and its energy, PUE and cost."""
    year = the_year(results["energy"])
    it = total(year.filter(pl.col("stage") == "it")["energy_kwh"])
    drawn = total(year["energy_kwh"])
    names = year["site"].unique(maintain_order=True).to_list()
    facts = [f"{len(names)} sites"] if len(names) > 1 else [] if names == [results.provenance.topology] else names
    facts += [f"{month(year['month'].min())} to {month(year['month'].max())}", energy_text(drawn)]
    if it > 0:
        facts.append(f"PUE {drawn / it:.3f}")
    cost = last(results, "energy_cost")
    if cost is not None and drawn > 0:
        usd = bills.net_usd(cost)
        facts.append(f"{money(usd)}, {bills.per_kwh(usd / drawn)}")
    return fact(results.provenance.topology, " · ".join(facts), width)


def stages(results: Results, width: int) -> list[Text]:
    """Energy and peak of the year by stage."""
    year = the_year(results["energy"])
    drawn = total(year["energy_kwh"])
    if drawn <= 0:
        return fact("ENERGY", "nothing is drawn in the year", width)
    by = year.group_by("stage", maintain_order=True).agg(pl.col("energy_kwh").sum(), pl.col("peak_kw").max())
    by = by.filter(pl.col("energy_kwh") > 0)
    shown, rest = bills.told_apart(by, pl.col("energy_kwh"), drawn, _SMALL)
    rows = [
        [
            _word(row["stage"]),
            energy_text(row["energy_kwh"]),
            percent_of(row["energy_kwh"], drawn),
            power(row["peak_kw"]),
        ]
        for row in shown.iter_rows(named=True)
    ]
    if rest.height:
        kwh = total(rest["energy_kwh"])
        others = f"{rest.height} others (--table energy)"
        rows.append([others, energy_text(kwh), percent_of(kwh, drawn), "-"])
    columns = [Col("stage", right=False), Col("in the year"), Col("share"), Col("peak of a site", keep=5)]
    return block("ENERGY by stage", columns, rows, width)


def supplies(results: Results, width: int) -> list[Text]:
    """What each unit gave in the year, how much of what it could, and what it cost."""
    given = last(results, "dispatch")
    if given is None:
        return []
    step_h = length_h(results)
    keys = ["site", "supply", "unit"]
    by = given.group_by(keys, maintain_order=True).agg(
        pl.col("power_kw", "charge_kw", "curtailed_kw").sum() * step_h, pl.len().alias("steps")
    )
    by = by.join(results["supply_units"], on=keys, how="left", maintain_order="left", suffix="_rated")
    several = by["site"].n_unique() > 1
    rows = [_unit(row, step_h, several=several) for row in by.head(_UNITS_SHOWN).iter_rows(named=True)]
    hourly = last(results, "site_hours")
    if hourly is not None:
        bought, sold = (total(hourly[name]) * step_h for name in ("import_kw", "export_kw"))
        grid = ["grid", "-", energy_text(bought), "-", "-"]
        rows = [grid, *rows, *([["exported", "-", energy_text(sold), "-", "-"]] if sold > 0 else [])]
    columns = [
        Col("unit", right=False),
        Col("rating"),
        Col("given"),
        Col("of rating", keep=6),
        Col("curtailed", keep=5),
    ]
    said = block("SUPPLIES in the year", columns, rows, width)
    if by.height > _UNITS_SHOWN:
        said += note(f"and {by.height - _UNITS_SHOWN} more in the table dispatch", width)
    gap = results["dispatch_summary"]
    if gap.height and (gap["method"] != "optimum").any():
        said += note(
            f"by the rule '{gap['method'][0]}', {percent_of(largest(gap['gap_fraction']), 1)} above the optimum", width
        )
    return said


def _unit(row: dict[str, Any], step_h: float, *, several: bool) -> list[str]:
    rating, name = (
        row["capacity_kw"],
        row["supply"] if row["unit"] == row["supply"] else f"{row['supply']} {row['unit']}",
    )
    most = (rating or 0.0) * row["steps"] * step_h
    return [
        f"{row['site']}: {name}" if several else name,
        "-" if rating is None else power(rating),
        energy_text(row["power_kw"]),
        percent_of(row["power_kw"], most) if most > 0 else "-",
        energy_text(row["curtailed_kw"]) if row["curtailed_kw"] > 1 else "-",
    ]


def bill(results: Results, width: int) -> list[Text]:
    """The year's bill by line; credits count below zero."""
    return bills.bill(last(results, "energy_cost"), width)


def carbon(results: Results, width: int) -> list[Text]:
    """Emissions of the year by method and source, and the carbon-free score."""
    frame = last(results, "carbon")
    if frame is None:
        return []
    drawn = total(the_year(results["energy"])["energy_kwh"])
    rows = []
    for method in _METHODS:
        own = frame.filter(pl.col("method") == method)
        if not own.height:
            continue
        kg = total(own["emission_kg_co2e"])
        by = own.group_by("source", maintain_order=True).agg(pl.col("emission_kg_co2e").sum())
        parts = [
            f"{source} {_tonnes(each)}" for source, each in by.sort("emission_kg_co2e", descending=True).iter_rows()
        ]
        blind = _unknown_kwh(results, method)
        if blind > 0:
            # what is not known is not nothing: the sum is of the rest alone
            parts.insert(0, f"not known for {energy_text(blind)}")
        whole = drawn > 0 and blind <= 0
        rate = f"{kg / drawn * _TONNE:.0f} g/kWh" if whole else "-"
        rows.append([method, _tonnes(kg) if kg or not blind else "not known", rate, ", ".join(parts)])
    columns = [
        Col("method", right=False),
        Col("in the year"),
        Col("of site energy"),
        Col("of which", right=False, keep=5),
    ]
    said = block("CARBON by method", columns, rows, width) if rows else []
    free = last(results, "carbon_free")
    if free is not None:
        load, matched, grid = (total(free[name]) for name in ("load_kwh", "matched_kwh", "grid_kwh"))
        if load > 0:
            text = (
                f"hourly score {(matched + grid) / load:.1%}: own supplies {matched / load:.1%}, the grid's share of "
            )
            text += f"the rest {grid / load:.1%}; own by volume {total(free['supply_kwh']) / load:.1%}"
            said += note(text, width)
    return said


def _unknown_kwh(results: Results, method: str) -> float:
    """Energy of the year that a grid delivers of which nobody says what it emits, as far as the method counts it."""
    hourly = last(results, "site_hours")
    if method not in ("location", "market") or hourly is None:
        return 0.0
    free = last(results, "carbon_free")
    known = [] if free is None else free["site"].unique().to_list()
    blind = pl.col("site").is_in(known).not_()
    kwh = total(hourly.filter(blind)["import_kw"])
    given = last(results, "dispatch")
    if given is not None:
        keys = ["site", "supply", "unit"]
        units = results["supply_units"].filter(blind & (pl.col("kind") == "contract"))
        # a contract that is carbon-free is claimed to emit nothing, whatever the grid does
        counted = units if method == "location" else units.filter(~pl.col("carbon_free"))
        kwh += total(given.join(counted.select(keys), on=keys, how="semi")["power_kw"])
    return kwh * length_h(results)


def tradeoff(results: Results, width: int) -> list[Text]:
    """What a better carbon-free score costs."""
    if "cfe_tradeoff" not in results or not results["cfe_tradeoff"].height:
        return []
    frame = results["cfe_tradeoff"]
    rows = [
        [
            "none" if row["target_fraction"] is None else f"{row['target_fraction'] * 100:.1f} %",
            f"{row['cfe_fraction'] * 100:.1f} %",
            money(row["cost_usd"]),
            f"${row['marginal_usd_per_kwh'] * _TONNE:,.1f}/MWh",
            "-" if row["added_usd_per_kwh"] is None else f"${row['added_usd_per_kwh'] * _TONNE:,.1f}/MWh",
            _tonnes(row["emission_kg_co2e"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    columns = [
        Col("target", right=False),
        Col("score"),
        Col("cost of a year"),
        Col("one MWh more"),
        Col("mean of more", keep=6),
        Col("emissions", keep=5),
    ]
    said = block("CARBON-FREE at what cost", columns, rows, width)
    return said + note(
        f"the highest score that any dispatch reaches is {largest(frame['highest_fraction']):.1%}", width
    )


def water(results: Results, width: int) -> list[Text]:
    """Water of the year, on site and where the energy is made."""
    frame = last(results, "water")
    if frame is None or frame.select("site_l", "source_l").null_count().sum_horizontal()[0] == 2 * frame.height:
        return []
    it = total(the_year(results["energy"]).filter(pl.col("stage") == "it")["energy_kwh"])
    parts = []
    for name, where in (("site_l", "on site"), ("source_l", "where the grid's energy is made")):
        if frame[name].null_count() < frame.height:
            litres = total(frame[name])
            parts.append(f"{litres / _TONNE:,.0f} m³ {where}" + (f" ({litres / it:.2f} L/kWh of IT)" if it > 0 else ""))
    return fact("WATER", " · ".join(parts), width)


def outages(results: Results, width: int) -> list[Text]:
    """The chance to live through an outage of the grid, by its length."""
    if "outage_survival" not in results or not results["outage_survival"].height:
        return []
    said = []
    for (site,), part in results["outage_survival"].group_by("site", maintain_order=True):
        chances = ", ".join(
            f"{hours(row['duration_h'])} h {percent(round(row['survival_fraction'], 9))}"
            for row in part.sort("duration_h").iter_rows(named=True)
        )
        said += fact("GRID OUT", f"{site} lives through {chances}", width)
    return said


def assumed(results: Results, width: int) -> list[Text]:
    """What the figures stand on: checks that say what was taken where a file says nothing."""
    frame = results["checks"].filter(pl.col("check").is_in(_NOTED))
    got = frame.unique(["check", "message"], keep="first", maintain_order=True)["got"].to_list()
    return fact("ASSUMED", f"{'; '.join(got)} (what follows: --table checks)", width) if got else []


def percent_of(part: float, whole: float) -> str:
    """`12.3 %`."""
    return f"{part / whole * 100:.1f} %"


def _word(text: str) -> str:
    return text.replace("_", " ")


def _tonnes(kg: float) -> str:
    return f"{kg / _TONNE:,.0f} t" if abs(kg) >= 10 * _TONNE else f"{kg / _TONNE:,.3g} t"
