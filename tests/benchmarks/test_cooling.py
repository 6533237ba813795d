"""All hours of all sites at once against one hour at a time; `-m slow -s` prints the figures."""

from __future__ import annotations

import time

import numpy as np
import pytest
from cooling.naive import Hour

from twin_energy.cooling.draw import Air
from twin_energy.cooling.facility import Load, facility
from twin_energy.cooling.params import AirEconomiser, WaterEconomiser
from twin_energy.weather import weather

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

SITES, SAMPLE = 20, 400
GOAL = 40.0


@pytest.mark.parametrize("params", [WaterEconomiser(), AirEconomiser()], ids=lambda one: type(one).__name__)
def test_a_year_of_twenty_sites(params):
    year = weather("us-tx")
    columns = [year[c].to_numpy() for c in ("dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa")]
    random = np.random.default_rng(7)
    it = random.uniform(3e3, 1e4, SITES * 8760)
    load = Load(it, np.full_like(it, 1e4), np.full_like(it, 0.5))
    start = time.perf_counter()
    draw, _ = facility(params, load, Air.of(*(np.tile(column, SITES) for column in columns)))
    ours = (time.perf_counter() - start) / it.size
    picked = random.choice(8760, SAMPLE, replace=False)
    start = time.perf_counter()
    alone = [Hour(params, it[at], 1e4, 0.5, tuple(float(column[at]) for column in columns)) for at in picked]
    naive = (time.perf_counter() - start) / SAMPLE
    for at, hour in zip(picked, alone, strict=True):
        for stage, power in hour.power.items():
            assert draw.power_kw[stage][at] == pytest.approx(power, rel=1e-6, abs=1e-6)
    name, times = type(params).__name__, naive / ours
    print(f"\n{name}: {ours * 1e6:.2f} us an hour, {naive * 1e6:.0f} us naive: {times:.0f} times")  # noqa: T201 - the figures
    assert naive / ours >= GOAL
