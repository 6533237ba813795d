"""Any bill against a loop over hours in plain Python, and what has to hold of any bill."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.tariffs import naive
from plugins.tariffs.build import billed, by_month, hours, steps, tariff, total

from twin_energy.tariffs.engine import bill
from twin_energy.tariffs.ratchet import billing_demand, lay_out

MONTHS, DAYS = frozenset(range(1, 13)), frozenset(range(7))

price = st.floats(0, 2).map(lambda usd: round(usd, 5))
kilowatt = st.floats(0, 500).map(lambda kw: round(kw, 2))


@st.composite
def window(draw):
    first = draw(st.integers(0, 23))
    return {
        "months": draw(st.sets(st.sampled_from(sorted(MONTHS)), min_size=1)),
        "days": draw(st.sets(st.sampled_from(sorted(DAYS)), min_size=1)),
        "hours": (first, draw(st.integers(first + 1, 24))),
    }


@st.composite
def pricing(draw, largest):
    ends = sorted(draw(st.sets(st.integers(1, largest), max_size=3)))
    if not ends:
        return {"price": draw(price)}
    return {"blocks": [(end, draw(price)) for end in [*(float(end) for end in ends), None]]}


@st.composite
def ratchet(draw):
    steady = draw(st.booleans())
    return {
        "fraction": draw(st.integers(0, 100)) / 100,
        "of": draw(st.sets(st.sampled_from(sorted(MONTHS)), min_size=1)),
        "last": draw(st.integers(1, 14)),
        "floor": draw(kilowatt),
        "steady": steady,
        "previous": [] if steady else draw(st.lists(kilowatt, max_size=13)),
    }


@st.composite
def terms(draw):
    energy = draw(st.lists(st.tuples(window(), pricing(60_000)), max_size=3))
    demand = draw(st.lists(st.tuples(window(), pricing(400), st.none() | ratchet()), max_size=3))
    return {
        "fixed": draw(price),
        "energy": [where | what for where, what in energy],
        "demand": [where | what | {"ratchet": rule} for where, what, rule in demand],
    }


@st.composite
def loads(draw):
    first = draw(st.sampled_from(["2027-01-01", "2027-11-01", "2028-02-01", "2029-06-01"]))
    months = draw(st.integers(1, 14))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    time = steps(first, months)
    return first, months, np.round(rng.uniform(1, 300, len(time)) * draw(st.sampled_from([0.1, 1.0])), 2)


@settings(max_examples=40, deadline=None)
@given(terms(), loads())
def test_any_bill_is_that_of_a_loop_over_hours(given_terms, given_load):
    first, months, load = given_load
    frame = billed(hours(load, first, months), tariff(**naive.as_tariff(given_terms)))
    want = naive.bill(steps(first, months).to_list(), load.tolist(), given_terms)
    got = {(row["month"].year, row["month"].month): 0.0 for row in frame.iter_rows(named=True)}
    for row in frame.iter_rows(named=True):
        got[row["month"].year, row["month"].month] += row["amount_usd"]
    for month, usd in want.items():
        assert got.get(month, 0.0) == pytest.approx(usd, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(st.lists(ratchet(), min_size=1, max_size=4), st.integers(1, 30), st.integers(0, 11), st.integers(0, 99))
def test_ratchets_are_those_of_a_loop_over_months(rules, months, first, seed):
    peaks = np.random.default_rng(seed).uniform(0, 300, (len(rules), months))
    year = (first + np.arange(months)) % 12
    rows = {
        f"r{n}": naive.as_tariff({"fixed": 0.0, "energy": [], "demand": [plain(rule)]}) for n, rule in enumerate(rules)
    }
    laid = lay_out([tariff(**row).ratchets["demand 0"] for row in rows.values()])
    active = np.ones((len(rules), months), bool)
    got, _ = billing_demand(peaks, laid, year, np.zeros_like(peaks), active)
    calendar = [(2027 + (first + n) // 12, int(year[n]) + 1) for n in range(months)]
    for row, rule in enumerate(rules):
        assert got[row] == pytest.approx(naive.ratchet(calendar, peaks[row].tolist(), rule))


def plain(rule):
    return {"months": MONTHS, "days": DAYS, "hours": (0, 24), "price": 1.0, "ratchet": rule}


@settings(deadline=None)
@given(price, loads())
def test_a_flat_tariff_is_energy_times_rate(usd, given_load):
    first, months, load = given_load
    frame = billed(hours(load, first, months), {"energy": [{"price": f"${usd!r}/kWh"}]})
    assert total(frame) == pytest.approx(load.sum() * usd, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(terms(), loads(), st.integers(0, 99))
def test_more_load_never_makes_a_bill_smaller(given_terms, given_load, seed):
    first, months, load = given_load
    more = load + np.random.default_rng(seed).uniform(0, 50, len(load)) * (seed % 3)
    given_tariff = tariff(**naive.as_tariff(given_terms))
    small, large = (total(billed(hours(kw, first, months), given_tariff)) for kw in (load, more))
    assert large >= small - 1e-6


@settings(max_examples=25, deadline=None)
@given(terms(), loads())
def test_every_amount_is_quantity_times_rate_and_the_lines_make_the_bill(given_terms, given_load):
    first, months, load = given_load
    given_tariff = tariff(**naive.as_tariff(given_terms))
    frame = billed(hours(load, first, months), given_tariff)
    assert frame["amount_usd"].to_numpy() == pytest.approx((frame["quantity"] * frame["rate_usd"]).to_numpy())
    lines = sum(total(frame, line) for line in frame["line"].unique())
    assert lines == pytest.approx(total(frame))


@settings(max_examples=20, deadline=None)
@given(loads(), st.integers(2, 5))
def test_blocks_share_out_all_energy_whatever_fills_them(given_load, count):
    first, months, load = given_load
    blocks = [{"up_to": f"{1000 * (n + 1)} kWh", "price": "$1/kWh"} for n in range(count)] + [{"price": "$1/kWh"}]
    for counts in ("period", "share", "order"):
        charges = [{"period": name, "blocks": blocks, "counts": counts} for name in ("day", "night")]
        given_terms = {"periods": {"day": {"hours": "7-22"}, "night": {"hours": "22-7"}}, "energy": charges}
        frame = billed(hours(load, first, months), given_terms)
        assert total(frame) == pytest.approx(load.sum())
        assert frame["quantity"].sum() == pytest.approx(load.sum())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(terms(), st.integers(0, 99)), min_size=2, max_size=4))
def test_many_accounts_at_once_are_each_alone(cases):
    tariffs = {f"t{n}": tariff(**naive.as_tariff(one)) for n, (one, _) in enumerate(cases)}
    frames = [
        hours(np.random.default_rng(seed).uniform(0, 100, 90 * 24), months=3, site=f"site {n % 2}", entry=f"t{n}")
        for n, (_, seed) in enumerate(cases)
    ]
    together = bill(pl.concat(frames[::-1]), tariffs)
    for n, frame in enumerate(frames):
        alone = bill(frame, tariffs)
        mine = together.filter(pl.col("supply") == f"t{n}")
        assert by_month(mine) == pytest.approx(by_month(alone))
        assert mine["site"].unique().to_list() in ([], [f"site {n % 2}"])
