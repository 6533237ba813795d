"""Bills that others worked out: NREL's SAM (Utilityrate5) and REopt.jl.  To the cent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from plugins.tariffs.build import billed, by_month, hours, load, total
from published import Source

CENT = 0.005
SAM = Source(
    "Tariffs",
    "NREL SAM, Utilityrate5",
    "NREL-PySAM 7.1.1.post1, bills of two rate schedules on 8,760 hours: T1 with prices and demand charges by time of "
    "use, T7 with hours' use of a ratcheted billing demand.",
)
REOPT = Source("Tariffs", "NREL REopt.jl, tariffs", "BSD-3-Clause, commit 029db01, test/runtests.jl.")

# NREL-PySAM 7.1.1.post1, Utilityrate5, outputs utility_bill_wo_sys_ym, charge_wo_sys_ec_ym, _dc_fixed_ym, _dc_tou_ym
T1_BILL = [
    2021874.5973600012, 1687116.2234599998, 2025745.8589200005, 1996280.0956300006, 2106345.2282300014,
    3361365.3539500004, 3509017.228359998, 3490279.8818000006, 3333162.87132, 2104689.6531600007,
    2009934.3684200007, 2010220.7524500005,
]  # fmt: skip
T1_ENERGY = [
    1700626.2873600011, 1366181.3084599997, 1701090.1539200004, 1666362.2956300005, 1771049.3082300012,
    2108993.0039500003, 2206424.838359998, 2230915.8118000003, 2081590.44132, 1769760.7631600008,
    1680144.7484200005, 1685371.1624500004,
]  # fmt: skip
T1_TOU_DEMAND = [
    41411.546, 41370.989, 41852.503, 42533.48, 43229.472, 863773.765, 879654.89, 868631.015, 863132.2825, 43181.974,
    42516.892, 41877.594,
]  # fmt: skip
T7_BILL = [
    10796.494011386301, 10856.151138953574, 11521.60844843667, 11888.629572514681, 12043.775738281356,
    18332.144920240284, 17755.29025156341, 17829.887722552776, 18460.412480672472, 17723.073859762146,
    17514.661031479223, 17598.852554959765,
]  # fmt: skip
T7_BILLING_KW = [
    373.86523184652117, 390.01924320617326, 408.15732555610174, 429.90884244518037, 429.90884244518037,
    746.5875310321676, 709.2581544805593, 709.2581544805593, 747.1296795554871, 709.7731955777127,
    709.7731955777127, 709.7731955777127,
]  # fmt: skip

T1 = {
    "fixed": "$1250/month",
    "periods": {
        "summer on-peak": {"months": "6-9", "days": "weekday", "hours": "14-19"},
        "summer mid-peak": {"months": "6-9", "days": "weekday", "hours": ["9-14", "19-22"]},
        "summer off-peak": {"months": "6-9", "other_than": ["summer on-peak", "summer mid-peak"]},
        "winter mid-peak": {"months": "10-5", "days": "weekday", "hours": "7-22"},
        "winter off-peak": {"months": "10-5", "other_than": ["winter mid-peak"]},
        "summer other": {"months": "6-9", "other_than": ["summer on-peak"]},
        "winter": {"months": "10-5"},
    },
    "energy": [
        {"period": "summer on-peak", "price": "$0.142/kWh"},
        {"period": "summer mid-peak", "price": "$0.091/kWh"},
        {"period": "summer off-peak", "price": "$0.058/kWh"},
        {"period": "winter mid-peak", "price": "$0.079/kWh"},
        {"period": "winter off-peak", "price": "$0.052/kWh"},
    ],
    "demand": [
        {"what": "facility, winter", "months": "10-5", "price": "$7.4/kW-month"},
        {"what": "facility, summer", "months": "6-9", "price": "$9.75/kW-month"},
        {"period": "summer on-peak", "price": "$18.5/kW-month"},
        {"period": "summer other", "price": "$3.25/kW-month"},
        {"period": "winter", "price": "$1.1/kW-month"},
    ],
}


def hours_use():
    """Georgia Power's kind of rate: blocks of hours' use, of which the first has kWh blocks inside."""
    return [
        {
            "up_to": "200 kWh/kW",
            "blocks": [
                {"up_to": "3000 kWh", "price": "$0.132655/kWh"},
                {"up_to": "10000 kWh", "price": "$0.120303/kWh"},
                {"up_to": "200000 kWh", "price": "$0.102607/kWh"},
                {"price": "$0.079109/kWh"},
            ],
        },
        {"up_to": "400 kWh/kW", "price": "$0.013627/kWh"},
        {"up_to": "600 h", "price": "$0.010275/kWh"},
        {"price": "$0.00771/kWh"},
    ]


T7 = {
    "fixed": "$21/month",
    "ratchets": {
        "billing": {
            "by_month": ["60 %"] * 5 + ["95 %"] * 4 + ["60 %"] * 3,
            "own_by_month": ["60 %"] * 5 + ["100 %"] * 4 + ["60 %"] * 3,
            "last": 11,
            "floor": "100 kW",
        }
    },
    "energy": [{"ratchet": "billing", "blocks": hours_use()}],
}


def test_sam_t1_by_month_and_by_charge(published):
    frame = billed(hours(load("sam_t1")), T1)
    cent = {"unit": "$", "digits": 2, "abs": CENT, "source": SAM}
    published("T1, bill of the year", 29656032.11306, total(frame), **cent)
    published("T1, bill by month", T1_BILL, by_month(frame), **cent)
    published("T1, energy by month", T1_ENERGY, by_month(frame, "energy_charge"), **cent)
    tou = frame.filter(pl.col("what").is_in(["summer on-peak", "summer other", "winter"]))
    published("T1, demand by period and month", T1_TOU_DEMAND, by_month(tou, "demand_charge"), **cent)
    assert by_month(frame, "fixed_charge") == [1250.0] * 12


def test_sam_t7_hours_use_blocks_with_a_ratchet(published):
    frame = billed(hours(load("ssc_commercial_large")), T7)
    cent = {"unit": "$", "digits": 2, "abs": CENT, "source": SAM}
    published("T7, bill of the year", 182320.98173080265, total(frame), **cent)
    published("T7, bill by month", T7_BILL, by_month(frame), **cent)
    july = frame.filter(pl.col("month").dt.month() == 7)
    published("T7, bill of July", 17755.29, total(july), **cent)
    second = july.filter(pl.col("what").str.contains("200 to 400 kWh/kW"))["quantity"].item()
    published("T7, hours' use of July", 709.26, second / 200, **cent | {"unit": "kW"})


def test_sam_t7_billing_demand_by_month(published):
    terms = T7 | {"demand": [{"price": "$1/kW-month", "ratchet": "billing"}]}
    frame = billed(hours(load("ssc_commercial_large")), terms)
    demand = by_month(frame, "demand_charge")
    published("T7, billing demand by month", T7_BILLING_KW, demand, unit="kW", digits=6, abs=1e-6, source=SAM)


# REopt.jl (NREL, BSD-3-Clause, commit 029db01), test/runtests.jl

REOPT_2 = {21: 200.0, 2402: 400.0, 4087: 500.0, 8332: 300.0}
MONTHLY = ["$10/kW-month", "$10/kW-month", "$20/kW-month", "$50/kW-month", "$20/kW-month", "$10/kW-month",
           "$20/kW-month", "$20/kW-month", "$20/kW-month", "$20/kW-month", "$20/kW-month", "$5/kW-month"]  # fmt: skip


def spiked(base, spikes):
    found = np.full(8760, base)
    for hour, kw in spikes.items():
        found[hour] = kw
    return hours(found, "2022-01-01")


def test_reopt_blended_tariff(published):
    terms = {"energy": [{"price": "$0.1/kWh"}], "demand": [{"price": "$10/kW-month"}]}
    frame = billed(hours(10000 / 8760, "2022-01-01"), terms)
    cent = {"unit": "$", "digits": 2, "abs": 0.01, "source": REOPT}
    published("blended tariff, energy", 1000.0, total(frame, "energy_charge"), **cent)
    published("blended tariff, demand", 136.99, total(frame, "demand_charge"), **cent)


def test_reopt_look_back_of_35_percent_over_all_months(published):
    terms = {
        "ratchets": {"r": {"fraction": "35 %", "steady": True}},
        "demand": [
            {"months": "11-4", "price": "$10.5/kW-month", "ratchet": "r"},
            {"months": "5-10", "price": "$11.5/kW-month", "ratchet": "r"},
        ],
    }
    ours = total(billed(spiked(1.0, {7: 100.0}), terms))
    published("look-back of 35 % over all months", 5302.5, ours, unit="$", digits=2, abs=0.01, source=REOPT)


def test_reopt_look_back_of_75_percent_at_named_months(published):
    terms = {
        "ratchets": {"r": {"fraction": "75 %", "of": [1, 4, 12], "steady": True}},
        "demand": [{"monthly": MONTHLY, "ratchet": "r"}],
    }
    frame = billed(spiked(100.0, REOPT_2), terms)
    assert frame["quantity"].to_list() == pytest.approx([300, 300, 300, 400, 300, 500, *[300] * 6], abs=1e-9)
    case = "look-back of 75 % at named months"
    published(case, 74_500, total(frame), unit="$", digits=2, abs=0.01, source=REOPT)


def test_reopt_look_back_of_75_percent_at_the_last_six_months(published):
    terms = {
        "ratchets": {"r": {"fraction": "75 %", "last": 6, "steady": True}},
        "demand": [{"monthly": MONTHLY, "ratchet": "r"}],
    }
    frame = billed(spiked(100.0, REOPT_2), terms)
    assert frame["quantity"].to_list() == pytest.approx([225, 225, 225, 400, 300, 500, *[375] * 6], abs=1e-9)
    case = "look-back of 75 % at the last six months"
    published(case, 79_375, total(frame), unit="$", digits=2, abs=0.01, source=REOPT)


def hour(number):
    """A window of REopt's, whose hours count from 1."""
    day, clock = divmod(number - 1, 24)
    when = np.datetime64("2022-01-01") + day
    start = f"{when} {clock:02}:00:00"
    return {"start": start, "end": str(np.datetime64(start) + np.timedelta64(1, "h"))}


def test_reopt_coincident_peaks(published):
    terms = {
        "coincident": [
            {"price": "$10/kW", "windows": [hour(h) | {"peak": "first"} for h in (1, 2, 100)]},
            {"price": "$5/kW", "windows": [hour(h) | {"peak": "second"} for h in (6000, 7000)]},
        ]
    }
    frame = billed(hours(1.0, "2022-01-01"), terms)
    charged = total(frame, "coincident_charge")
    published("coincident peaks", 15.0, charged, unit="$", digits=2, abs=1e-9, source=REOPT)
    assert frame["month"].dt.month().to_list() == [1, 10]


def test_reopt_tiered_demand(published):
    terms = {"demand": [{"blocks": [{"up_to": "50 kW", "price": "$0/kW-month"}, {"price": "$12/kW-month"}]}]}
    frame = billed(hours(1_000_000 / 8760, "2022-01-01"), terms)
    published("tiered demand", 9238.35616438356, total(frame), unit="$", digits=2, abs=CENT, source=REOPT)
