"""A rate schedule in SAM's form (Utilityrate5 inputs) as parameters of `tariff`.

SAM takes 1 January for a Monday and a year of 365 days: 2029 is such a year.  Its look-back percentage
goes with the month of the peak; the second column says whether the month's own peak counts in full.
Into the year before it looks one month further than inside the year.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from twin_energy.tariffs.params import Tariff

YEAR = 2029
UNITS = ("kWh", "kWh/kW", "kWh/day", "kWh/kW/day")
COUNTS = {0: "share", 1: "share", 2: "order", 3: "order"}


def hours(load_kw, export_kw=None, site="s", entry="grid"):
    frame = pl.DataFrame({"import_kw": np.asarray(load_kw, float)}).with_columns(
        pl.datetime_range(datetime(YEAR, 1, 1), datetime(YEAR, 12, 31, 23), "1h", eager=True).alias("time"),  # noqa: DTZ001
        pl.lit(site).alias("site"),
        pl.lit(entry).alias("entry"),
    )
    if export_kw is None:
        return frame
    return frame.with_columns(pl.Series("export_kw", np.asarray(export_kw, float)))


def tariff(given, payer="tenant"):
    """`given` is a dict of Utilityrate5 inputs."""
    terms = {
        "payer": payer,
        "fixed": f"${given['ur_monthly_fixed_charge']!r}/month",
        "minimum": f"${given['ur_monthly_min_charge']!r}/month",
        "minimum_annual": f"${given['ur_annual_min_charge']!r}",
        "schedules": {"energy": schedule(given, "ec")},
        "energy": energy(given),
        "growth": f"{given['rate_escalation'][0]!r} %/year",
    }
    if given["ur_dc_enable"]:
        terms["schedules"]["demand"] = schedule(given, "dc")
        terms["demand"] = demand(given)
    if given.get("ur_enable_billing_demand"):
        share = given["ur_billing_demand_lookback_percentages"]
        terms["ratchets"] = {
            "billing": {
                "by_month": [f"{percent!r} %" for percent, _ in share],
                "own_by_month": ["100 %" if full else f"{percent!r} %" for percent, full in share],
                "last": int(given["ur_billing_demand_lookback_period"]),
                "period": [f"demand.{int(period)}" for period, on in given["ur_dc_billing_demand_periods"] if on],
                "last_before": int(given["ur_billing_demand_lookback_period"]) + 1,
                "floor": f"{given['ur_billing_demand_minimum']!r} kW",
                "previous": [f"{max(0.0, peak)!r} kW" for peak in given["ur_yearzero_usage_peaks"]],
            }
        }
    return Tariff(**terms)


def schedule(given, kind):
    return {
        part: [[int(period) for period in row] for row in given[f"ur_{kind}_sched_{part}"]]
        for part in ("weekday", "weekend")
    }


def ratchet(given):
    return {"ratchet": "billing"} if given.get("ur_enable_billing_demand") else {}


def energy(given):
    """One charge a period.  A first tier by kW with kWh tiers behind it holds these, and has no price itself."""
    charges = []
    rows = given["ur_ec_tou_mat"]
    for period in sorted({int(row[0]) for row in rows}):
        mine = [row for row in sorted(rows, key=lambda row: row[1]) if int(row[0]) == period]
        charge = {"period": f"energy.{period}", "export": f"${mine[0][5]!r}/kWh", **ratchet(given)}
        if len(mine) == 1:
            charges.append(charge | {"price": f"${mine[0][4]!r}/kWh"})
        else:
            charges.append(charge | {"blocks": blocks(mine), "counts": COUNTS[given["ur_metering_option"]]})
    return charges


def limit(row):
    return {} if row[2] > 1e37 else {"up_to": f"{row[2]!r} {UNITS[int(row[3])]}"}


def blocks(rows):
    made = []
    by_kw = int(rows[0][3]) in {1, 3}
    for row in rows:
        if by_kw and int(row[3]) in {0, 2}:
            made[-1].pop("price", None)
            made[-1].setdefault("blocks", []).append(limit(row) | {"price": f"${row[4]!r}/kWh"})
        else:
            made.append(limit(row) | {"price": f"${row[4]!r}/kWh"})
    return made


def demand(given):
    charges = []
    flagged = {int(period) for period, on in given.get("ur_dc_billing_demand_periods", ()) if on}
    for month in range(12):
        rows = [row for row in given["ur_dc_flat_mat"] if int(row[0]) == month]
        charges.append({"what": "month", "months": month + 1, "blocks": demand_blocks(rows), **ratchet(given)})
    for period in sorted({int(row[0]) for row in given["ur_dc_tou_mat"]}):
        rows = [row for row in given["ur_dc_tou_mat"] if int(row[0]) == period]
        kind = ratchet(given) if period in flagged else {}
        charges.append({"period": f"demand.{period}", "blocks": demand_blocks(rows), **kind})
    return charges


def demand_blocks(rows):
    return [
        ({} if row[2] > 1e37 else {"up_to": f"{row[2]!r} kW"}) | {"price": f"${row[3]!r}/kW-month"}
        for row in sorted(rows, key=lambda row: row[1])
    ]
