"""How quickly a deal is paid under very many scenarios, and each rate of return is found: against peers, one run.

`pytest tests/benchmarks/test_cash_flow.py -m slow -s` prints the figures.
"""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
import pyxirr
from scenarios_by_hand import Plain

import twin
from twin.api import AnalysisInputs, Calendar
from twin.cost.irr import NONE, SEVERAL, UNIQUE, rates
from twin.cost.scenarios.analysis import NEEDS, PriceParams, RiskParams, prepare
from twin.cost.scenarios.draws import draw
from twin.cost.scenarios.engine import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
SCENARIOS, MONTHS = 100_000, 240
BY_HAND, BY_PYXIRR, BY_NUMPY_FINANCIAL = 300, 3_000, 12
EVERYTHING = RiskParams(
    guarantor_default="0.5 %/year",
    correlation="30 %",
    gpu_price=PriceParams(deals=("accelerators",), drift="-10 %/year", volatility="30 %/year", reversion="50 %/year"),
    power_price=PriceParams(volatility="25 %/year", reversion="50 %/year"),
    delay={"6 months": 0.3},
)


def timed(work: Callable[[], object], times: int = 3) -> float:
    """Median seconds of a few runs."""
    took = []
    for _ in range(times):
        start = perf_counter()
        work()
        took.append(perf_counter() - start)
    return median(took)


@pytest.fixture(scope="module")
def deal():
    """River Bend over 240 months, with everything that can be drawn."""
    made = twin.load(FILE, overlays=[f"calendar.months={MONTHS - 6}"])
    results = made.cost()
    tables = {name: results[name] for name in NEEDS}
    ready = prepare(AnalysisInputs(tables, made, 0, EVERYTHING))
    assert ready[0].months == MONTHS
    assert isinstance(made.calendar, Calendar)
    return ready


def test_scenarios_against_plain_python(deal):
    ready, drivers, terms = deal
    took = timed(lambda: simulate(ready, drivers, terms, SCENARIOS, 1))
    drawn = draw(drivers, ready.months, 1, [0])
    plain = Plain(ready, drivers, terms)
    by_hand = timed(lambda: plain.all(drawn, BY_HAND)) * SCENARIOS / BY_HAND
    print(  # noqa: T201 - the figures
        f"\n{SCENARIOS:,} scenarios x {MONTHS} months x {len(ready.streams)} streams and {len(ready.loans)} loan: "
        f"{took:.2f} s, draws included; plain Python, draws left out, {by_hand:.0f} s by {BY_HAND} of them: "
        f"{by_hand / took:.0f}x"
    )
    assert by_hand / took >= 30


def test_memory_is_bounded_by_the_chunk(deal):
    ready, drivers, terms = deal
    peaks = []
    for count in (20_000, 100_000):
        tracemalloc.start()
        simulate(ready, drivers, terms, count, 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    kept = 8 * (len(ready.parties) + 12)  # what is said of each scenario: no month of it
    print(f"\npeak of 20,000 scenarios {peaks[0] / 1e6:.0f} MB, of 100,000 {peaks[1] / 1e6:.0f} MB")  # noqa: T201 - the figures
    assert peaks[1] - peaks[0] <= 2.2 * 80_000 * kept
    assert peaks[1] < SCENARIOS * MONTHS * 8


def flows() -> np.ndarray:
    """Equity of a campus: paid for while it is built, rising rent, and in a sixth of the rows a deficit at the end."""
    rng = np.random.default_rng(0)
    month, build = np.arange(MONTHS), rng.integers(6, 30, SCENARIOS)
    growth = (1 + rng.uniform(0, 0.04, (SCENARIOS, 1))) ** (month // 12)
    rent = rng.uniform(5, 40, (SCENARIOS, 1)) * growth * rng.uniform(0.8, 1.2, (SCENARIOS, MONTHS))
    net = np.where(month < build[:, None], -rng.uniform(50, 200, (SCENARIOS, 1)), rent)
    net[rng.random(SCENARIOS) < 1 / 6, 200:] *= -0.2
    return net


def test_rates_of_return_against_peers():
    net = flows()
    took = timed(lambda: rates(net))
    found = rates(net)
    peer = timed(lambda: [pyxirr.irr(row) for row in net[:BY_PYXIRR]]) * SCENARIOS / BY_PYXIRR
    numpy_financial = pytest.importorskip("numpy_financial")
    other = timed(lambda: [numpy_financial.irr(row) for row in net[:BY_NUMPY_FINANCIAL]], 1)
    other *= SCENARIOS / BY_NUMPY_FINANCIAL
    unique = found.verdict == UNIQUE
    worst, compared = 0.0, 0
    for row in np.flatnonzero(unique):
        want = pyxirr.irr(net[row])
        if want is not None:
            worst, compared = max(worst, abs(float(np.expm1(found.log_rate[row])) - want)), compared + 1
    print(  # noqa: T201 - the figures
        f"\n{SCENARIOS:,} rates of return of {MONTHS} months: {took:.2f} s; pyxirr {peer:.1f} s by {BY_PYXIRR:,}: "
        f"{peer / took:.1f}x; numpy-financial {other:.0f} s by {BY_NUMPY_FINANCIAL}: {other / took:.0f}x; "
        f"{unique.sum():,} have one rate, {SCENARIOS - unique.sum():,} are named; "
        f"largest difference from pyxirr {worst:.1e} over {compared:,} rows"
    )
    assert worst <= 1e-9
    assert compared == unique.sum()
    assert set(found.verdict[~unique]) <= {SEVERAL, NONE}
    assert peer / took >= 5
    assert other / took >= 1000
