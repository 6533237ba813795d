"""Random rate schedules in SAM's form against SAM itself, where NREL-PySAM is installed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from plugins.tariffs import sam
from plugins.tariffs.build import by_month

from twin_energy.tariffs.engine import bill

UTILITY = pytest.importorskip("PySAM.Utilityrate5", reason="NREL-PySAM is not installed")
SCALES = {0: 60000.0, 1: 150.0, 2: 2000.0, 3: 5.0}


def schedule(rng, count):
    return rng.integers(1, count + 1, (12, 24)).astype(float).tolist()


def random_inputs(rng):
    """Up to three periods of energy and demand, blocks of any unit, ratchets, minimum bills."""
    periods, tiers, demand, steps = (int(rng.integers(1, most)) for most in (4, 4, 4, 3))
    unit = float(rng.choice([0, 0, 1, 2, 3]))
    ends = np.round(np.cumsum(rng.uniform(0.2, 1.2, tiers)) * SCALES[unit], 1)
    ends[-1], split = 1e38, float(np.round(rng.uniform(100, 500), 1))
    monthly = float(rng.choice([0, 0, 60000]))
    kw = [(step + 1.0, split if step < steps - 1 else 1e38) for step in range(steps)]
    return {
        "en_electricity_rates": 1,
        "analysis_period": 1,
        "inflation_rate": 0,
        "degradation": [0],
        "load_escalation": [0],
        "rate_escalation": [0],
        "system_use_lifetime_output": 0,
        "ur_metering_option": int(rng.choice([0, 2])),
        "ur_monthly_fixed_charge": float(rng.integers(0, 500)),
        "ur_monthly_min_charge": monthly,
        "ur_annual_min_charge": float(rng.choice([0, 900000])) if monthly == 0 else 0.0,
        "ur_ec_sched_weekday": schedule(rng, periods),
        "ur_ec_sched_weekend": schedule(rng, periods),
        "ur_ec_tou_mat": [
            [p + 1.0, t + 1.0, float(ends[t]), unit, *np.round(rng.uniform(0.02, 0.3, 2), 5).tolist()]
            for p in range(periods)
            for t in range(tiers)
        ],
        "ur_dc_enable": 1,
        "ur_dc_sched_weekday": schedule(rng, demand),
        "ur_dc_sched_weekend": schedule(rng, demand),
        "ur_dc_tou_mat": [[p + 1.0, *end, round(float(rng.uniform(1, 20)), 3)] for p in range(demand) for end in kw],
        "ur_dc_flat_mat": [[float(m), *end, round(float(rng.uniform(1, 20)), 3)] for m in range(12) for end in kw],
        "ur_enable_billing_demand": int(rng.integers(0, 2)),
        "ur_billing_demand_minimum": float(rng.choice([0, 100, 450])),
        "ur_billing_demand_lookback_period": int(rng.integers(1, 12)),
        "ur_billing_demand_lookback_percentages": [
            [float(rng.integers(30, 100)), float(rng.integers(0, 2))] for _ in range(12)
        ],
        "ur_dc_billing_demand_periods": [[p + 1.0, 1.0] for p in range(demand)],
        "ur_yearzero_usage_peaks": np.round(rng.uniform(100, 900, 12), 1).tolist(),
    }


@pytest.mark.parametrize("seed", range(25))
def test_a_random_schedule_is_billed_as_sam_bills_it(seed):
    rng = np.random.default_rng(seed)
    given = random_inputs(rng)
    load = np.round(rng.uniform(50, 600, 8760) * np.repeat(rng.uniform(0.5, 1.3, 12), 730), 2)
    model = UTILITY.new()
    for key, value in ({"load": load.tolist(), "gen": [0.0] * 8760} | given).items():
        model.value(key, value)
    model.execute(0)
    want = model.Outputs.utility_bill_wo_sys_ym[1]
    frame = bill(sam.hours(load), {"grid": sam.tariff(given)})
    assert by_month(frame) == pytest.approx(want, abs=0.005)
    assert frame.filter(pl.col("amount_usd") < 0).height == 0
