"""Results without an engine: small frames of the declared tables for tests of what shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from twin import tables
from twin.results.provenance import Provenance
from twin.results.results import Results

if TYPE_CHECKING:
    import polars as pl


def provenance(**changes) -> Provenance:
    base = {
        "topology": "small",
        "files": {"small.yaml": "ab" * 32},
        "versions": {"twin": "0.1.0", "python": "3.11.9", "polars": "2.1.0"},
        "plugins": {"twin": "0.1.0"},
        "created": datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return Provenance(**base | changes)


def table(name: str, *rows: dict) -> pl.DataFrame:
    """A frame of a declared table; a column left out is null, or zero where null is not allowed."""
    blank = {"f64": 0.0, "i64": 0, "u32": 0, "str": "", "bool": False, "date": date(2027, 1, 1)}
    blank["time"] = datetime(2027, 4, 1)  # noqa: DTZ001 - local standard time has no zone
    declared = tables.table(name)
    unknown = {key for row in rows for key in row} - set(declared.names)
    assert not unknown, unknown
    columns = {
        column.name: [row.get(column.name, None if column.nullable else blank[column.dtype]) for row in rows]
        for column in declared.columns
    }
    return declared.frame(columns) if rows else declared.empty()


def small_tables() -> dict[str, pl.DataFrame]:
    """A run of every engine on a campus of one hall, all tables a few rows."""
    first, second = date(2027, 1, 1), date(2027, 4, 1)
    return {
        "groups": table(
            "groups",
            {"group": "river-bend", "kind": "site", "count": 1, "total": 1},
            {"group": "river-bend/hall", "kind": "hall", "parent": "river-bend", "count": 2, "total": 2},
            {"group": "river-bend/hall/ups", "kind": "ups", "parent": "river-bend/hall", "count": 3, "total": 6},
            {"group": "river-bend/hall/rack", "kind": "rack", "parent": "river-bend/hall", "count": 8, "total": 16},
        ),
        "assumptions": table(
            "assumptions",
            {"owner": "river-bend/hall/ups", "attribute": "mtbf", "value": "250000 h", "origin": "file"},
            {
                "owner": "river-bend/hall/rack",
                "attribute": "power",
                "value": "132 kW",
                "origin": "catalogue",
                "source": "https://example.org/rack",
                "confidence": "unverified",
            },
        ),
        "capacity": table(
            "capacity",
            {
                "month": second,
                "node": "river-bend/hall[1]/ups[1]",
                "group": "river-bend/hall/ups",
                "kind": "ups",
                "resource": "power",
                "count": 6,
                "rating_kw": 750.0,
                "derated_kw": 750.0,
                "load_kw": 360.0,
                "worst_load_kw": 540.0,
                "headroom_kw": 210.0,
                "utilisation_fraction": 0.48,
                "worst_utilisation_fraction": 0.72,
                "worst_case": "river-bend/hall[1]/ups[2] fails",
            },
        ),
        "site_capacity": table("site_capacity", *_site_capacity(first, second)),
        "stranded": table("stranded", _stranded(second)),
        "upgrades": table("upgrades", *_upgrades()),
        "fit": table("fit", _fit(second)),
        "demand": table("demand", *_demand(first, second)),
        "availability": table("availability", *_availability(second)),
        "contingency": table("contingency", *_contingency()),
        "schedule": table(
            "schedule",
            {
                "month": second,
                "site": "river-bend",
                "hours_h": 720.0,
                "racks": 16,
                "accelerators": 1152,
                "it_kw": 2112.0,
                "utilisation_fraction": 0.8,
                "served_fraction": 0.9991,
                "accelerator_h": 829440.0,
                "delivered_accelerator_h": 828693.5,
            },
        ),
        "energy": table(
            "energy",
            {"month": second, "site": "river-bend", "stage": "it", "energy_kwh": 1_000_000.0, "peak_kw": 2112.0},
            {"month": second, "site": "river-bend", "stage": "overhead", "energy_kwh": 200_000.0, "peak_kw": 422.0},
        ),
        "site_hours": table(
            "site_hours",
            *(
                {
                    "time": datetime(2027, 4, 1, hour),  # noqa: DTZ001 - local standard time has no zone
                    "month": second,
                    "site": "river-bend",
                    "it_kw": 1400.0,
                    "overhead_kw": 280.0,
                    "load_kw": 1680.0,
                    "import_kw": 1680.0,
                    "pue_ratio": 1.2,
                }
                for hour in (0, 1)
            ),
        ),
        "energy_cost": table(
            "energy_cost",
            {
                "month": second,
                "site": "river-bend",
                "supply": "grid",
                "line": "energy_charge",
                "payer": "tenant",
                "payee": "utility",
                "amount_usd": 54_000.0,
            },
        ),
        "cashflow": table("cashflow", *_cashflow(second)),
        "debt": table("debt", *_debt(second)),
        "party_metrics": table("party_metrics", *_parties()),
        "unit_cost": table("unit_cost", *_unit_cost()),
        "checks": table(
            "checks",
            {"check": "redundancy", "scope": "river-bend/hall/ups", "ok": True, "got": "N+1", "wanted": "N+1"},
        ),
    }


def small(**changes: pl.DataFrame | None) -> Results:
    """`small_tables` as results; a table given replaces its own, None removes it."""
    frames = small_tables() | changes
    return Results({name: frame for name, frame in frames.items() if frame is not None}, provenance())


def failed_check() -> pl.DataFrame:
    return table(
        "checks",
        {"check": "redundancy", "scope": "river-bend/hall/ups", "ok": True, "got": "N+1", "wanted": "N+1"},
        {
            "check": "headroom",
            "scope": "river-bend/hall[1]",
            "ok": False,
            "got": "1.06 MW",
            "wanted": "at most 1 MW",
            "message": "the hall is over-committed; take out a rack",
        },
    )


def _site_capacity(first: date, second: date) -> list[dict]:
    def row(month: date, scope: str, kind: str, racks: int, usable: float) -> dict:
        return {
            "month": month,
            "scope": scope,
            "kind": kind,
            "racks": racks,
            "accelerators": racks * 72,
            "demand_kw": racks * 132.0,
            "usable_kw": usable,
            "headroom_kw": usable - racks * 132.0,
            "binding_resource": "power",
            "binding_node": "river-bend/hall[1]/ups[1]" if "hall" in scope else "river-bend/grid[1]",
            "binding_state": "river-bend/hall[1]/ups[2] fails",
        }

    return [
        row(first, "river-bend", "site", 8, 2400.0),
        row(first, "river-bend/hall[1]", "hall", 8, 1500.0),
        row(first, "river-bend/hall[2]", "hall", 0, 0.0),
        row(second, "river-bend", "site", 16, 2400.0),
        row(second, "river-bend/hall[1]", "hall", 8, 1500.0),
        row(second, "river-bend/hall[2]", "hall", 8, 1500.0),
    ]


def _stranded(month: date) -> dict:
    return {
        "month": month,
        "scope": "river-bend",
        "group": "river-bend/hall/ups",
        "kind": "ups",
        "resource": "power",
        "count": 6,
        "derated_kw": 4500.0,
        "load_kw": 2160.0,
        "growth_kw": 294.0,
        "reserve_kw": 1500.0,
        "stranded_kw": 546.0,
    }


def _upgrades() -> list[dict]:
    base = {"site": "river-bend", "kind": "utility", "resource": "power"}
    return [
        base
        | {
            "step": 1,
            "group": "river-bend/grid",
            "change": "add 1 grid, 3 instead of 2",
            "units": 1,
            "added_kw": 2400.0,
            "usable_kw": 3000.0,
            "released_kw": 600.0,
            "released_racks": 4,
            "released_accelerators": 327,
            "price_usd": 1.2e6,
            "usd_per_kw": 2000.0,
            "then_binds": "river-bend/hall[1]/ups[1]",
        },
        base
        | {
            "step": 2,
            "group": "river-bend/hall/ups",
            "kind": "ups",
            "change": "add 1 ups to each hall, 4 instead of 3",
            "units": 2,
            "added_kw": 1500.0,
        },
    ]


def _fit(month: date) -> dict:
    return {
        "month": month,
        "node": "river-bend/hall[1]",
        "group": "river-bend/hall",
        "kind": "hall",
        "count": 2,
        "rack_positions": 10,
        "rack_positions_used": 8,
        "mass_limit_kg": 40_000.0,
        "mass_kg": 14_000.0,
        "tightest": "rack_positions",
        "utilisation_fraction": 0.8,
    }


def _demand(first: date, second: date) -> list[dict]:
    power = {"demand": "training", "scope": "small", "metric": "it_power"}
    chips = {"demand": "chips", "scope": "river-bend/hall[1]", "metric": "accelerators"}
    flops = {"demand": "flops", "scope": "small", "metric": "compute"}
    return [
        power | {"month": first, "wanted_kw": 2000.0, "available_kw": 1056.0, "shortfall_fraction": 0.472},
        power | {"month": second, "wanted_kw": 2000.0, "available_kw": 2112.0},
        chips | {"month": first, "wanted_accelerators": 576, "available_accelerators": 576},
        chips | {"month": second, "wanted_accelerators": 576, "available_accelerators": 576},
        flops | {"month": second, "wanted_tflops": 2.88e6, "available_tflops": 2.88e6},
    ]


def _availability(month: date) -> list[dict]:
    def row(scope: str, kind: str, event: str, count: int, up: float) -> dict:
        hours = (1 - up) * 8760
        return {
            "month": month,
            "scope": scope,
            "kind": kind,
            "event": event,
            "count": count,
            "availability_fraction": up,
            "outages_per_year": hours / 8,
            "downtime_h_per_year": hours,
            "mean_outage_h": 8.0,
            "served_fraction": 0.9991,
        }

    return [
        row("river-bend", "site", "fed", 1, 0.9995),
        row("river-bend", "site", "in_service", 1, 0.98),
        row("river-bend/hall[1]", "hall", "fed", 2, 0.9997),
        row("river-bend/hall[1]", "hall", "in_service", 2, 0.99),
        row("river-bend/hall[1]/rack[1]", "rack", "fed", 16, 0.99975),
        row("river-bend/hall[1]/rack[1]", "rack", "in_service", 16, 0.999),
    ]


def _contingency() -> list[dict]:
    return [
        {
            "event": "failure",
            "element": "river-bend/grid[1]",
            "group": "river-bend/grid",
            "kind": "utility",
            "count": 1,
            "racks_lost": 16,
            "lost_it_kw": 2112.0,
            "accelerators_lost": 1152,
            "outages_per_year": 0.5,
            "mean_outage_h": 4.0,
            "expected_kwh_lost_per_year": 4224.0,
        },
        {
            "event": "failure",
            "element": "river-bend/hall[1]/cdu[1]",
            "group": "river-bend/hall/cdu",
            "kind": "cdu",
            "count": 4,
            "racks_lost": 4,
            "lost_it_kw": 528.0,
            "accelerators_lost": 288,
            "outages_per_year": 0.02,
            "mean_outage_h": 12.0,
            "expected_kwh_lost_per_year": 506.9,
        },
        {
            "event": "failure",
            "element": "river-bend/hall[1]/ups[1]",
            "group": "river-bend/hall/ups",
            "kind": "ups",
            "count": 6,
        },
        {
            "event": "failure",
            "element": "river-bend/hall[1]/rack[1]",
            "group": "river-bend/hall/rack",
            "kind": "rack",
            "count": 16,
            "racks_lost": 1,
            "lost_it_kw": 132.0,
            "accelerators_lost": 72,
            "outages_per_year": 2.0,
            "mean_outage_h": 4.0,
            "expected_kwh_lost_per_year": 16_896.0,
        },
    ]


def _cashflow(month: date) -> list[dict]:
    return [
        {
            "month": month,
            "payer": "tenant",
            "payee": "landlord",
            "deal": "lease",
            "category": "base_rent",
            "amount_usd": 250_000.0,
        },
        {
            "month": month,
            "payer": "tenant",
            "payee": "utility",
            "deal": "grid",
            "category": "energy_charge",
            "amount_usd": 54_000.0,
        },
        {
            "month": month,
            "payer": "landlord",
            "payee": "bank",
            "deal": "notes",
            "category": "interest",
            "amount_usd": 90_000.0,
        },
    ]


def _debt(month: date) -> list[dict]:
    base = {"deal": "notes", "borrower": "landlord", "lender": "bank", "month": month}
    return [
        base | {"month": date(2027, 3, 1), "draw_usd": 20e6, "closing_usd": 20e6},
        base
        | {
            "opening_usd": 20e6,
            "interest_usd": 90e3,
            "principal_usd": 60e3,
            "closing_usd": 19.94e6,
            "cfads_usd": 200e3,
            "dscr_ratio": 1.31,
            "llcr_ratio": 1.4,
        },
        base
        | {
            "month": date(2027, 5, 1),
            "opening_usd": 19.94e6,
            "interest_usd": 90e3,
            "principal_usd": 60e3,
            "closing_usd": 19.88e6,
            "cfads_usd": 200e3,
            "dscr_ratio": 1.27,
            "llcr_ratio": 1.4,
        },
    ]


def _parties() -> list[dict]:
    return [
        {
            "party": "tenant",
            "role": "tenant",
            "outflow_usd": 304_000.0,
            "net_usd": -304_000.0,
            "npv_usd": -300_000.0,
            "irr_note": "it only pays",
            "moic_ratio": 0.0,
        },
        {
            "party": "landlord",
            "role": "landlord",
            "inflow_usd": 250_000.0,
            "outflow_usd": 90_000.0,
            "net_usd": 160_000.0,
            "npv_usd": 156_000.0,
            "irr_per_year": 0.142,
            "moic_ratio": 2.78,
            "payback": date(2035, 6, 1),
        },
        {
            "party": "bank",
            "role": "lender",
            "inflow_usd": 90_000.0,
            "net_usd": 90_000.0,
            "npv_usd": 91_000.0,
            "irr_note": "it is only paid",
        },
        {
            "party": "utility",
            "role": "external",
            "inflow_usd": 54_000.0,
            "net_usd": 54_000.0,
            "npv_usd": 53_000.0,
            "irr_note": "it is only paid",
        },
    ]


def _unit_cost() -> list[dict]:
    base = {"party": "tenant", "pv_accelerator_h": 100_000.0, "pv_delivered_accelerator_h": 99_910.0}

    def row(category: str, cost: float) -> dict:
        return base | {
            "category": category,
            "cost_pv_usd": cost,
            "usd_per_accelerator_h": cost / 100_000,
            "usd_per_delivered_accelerator_h": cost / 99_910,
        }

    return [row("base_rent", 246_000.0), row("energy_charge", 54_000.0), row("total", 300_000.0)]
