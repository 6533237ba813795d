"""Storage and load that gives way against sums done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from plugins.supplies.supplied import bill, call, given, hours
from pydantic import ValidationError

from twin_energy.supplies.flexible import FlexibleLoad, Interruptible
from twin_energy.supplies.storage import Storage

HOURS = 744


def test_what_dispatch_is_told_of_a_store():
    terms = Storage(power="40 MW", energy="160 MWh", usable="90 %", round_trip="81 %", payer="owner")
    row = call("storage", given(terms), "resources")["resources"].row(0, named=True)
    assert (row["kind"], row["capacity_kw"], row["charge_kw"]) == ("storage", 40_000, 40_000)
    assert row["energy_kwh"] == pytest.approx(144_000)
    assert (row["charge_efficiency"], row["discharge_efficiency"]) == pytest.approx((0.9, 0.9))


def test_wear_and_upkeep_are_billed():
    terms = Storage(power="1 MW", energy="4 MWh", wear="$3/MWh", fixed="$2/kW-month", payer="owner")
    lines = bill("storage", given(terms, power_kw=np.full(HOURS, 10.0)))
    assert lines == {
        ("fixed_om", "operation and maintenance", "owner", "vendor"): pytest.approx((1000, 2000)),
        ("variable_om", "wear of storage", "owner", "vendor"): pytest.approx((7440, 22.32)),
    }


def test_a_store_without_costs_has_no_bill():
    assert bill("storage", given(Storage(power="1 MW", energy="4 MWh", payer="owner"))) == {}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"charge_efficiency": "90 %"}, "give both"),
        ({"charge_efficiency": "90 %", "discharge_efficiency": "90 %", "round_trip": "80 %"}, "not all three"),
        ({"round_trip": "0 %"}, "above 0"),
    ],
)
def test_efficiencies_that_cannot_hold_are_refused(terms, words):
    with pytest.raises(ValidationError, match=words):
        Storage(power="1 MW", energy="1 MWh", payer="owner", **terms)


def test_interruptible_load_is_limited_by_hours_and_by_the_load():
    terms = Interruptible(power="15 MW", hours="40 h", worth="$1/kWh", energy_credit="$0.1/kWh", payer="owner")
    made = call("interruptible", given(terms, frame=hours(load_kw=12_000.0)), "resources")
    assert made["resources"]["kind"].to_list() == ["interruptible"]
    assert made["resources"]["limit_kwh_per_year"].to_list() == [600_000]
    assert made["resource_hours"]["available_kw"].unique().to_list() == [12_000]
    assert made["resource_hours"]["usd_per_kwh"].unique().to_list() == pytest.approx([0.9])


def test_credits_are_paid_by_the_utility():
    terms = Interruptible(
        power="10 MW", hours="40 h", credit="$5/kW-month", energy_credit="$0.1/kWh", payer="owner", payee="utility"
    )
    power = np.zeros(HOURS)
    power[5] = 2000
    assert bill("interruptible", given(terms, power_kw=power)) == {
        ("interruptible_credit", "power on offer", "utility", "owner"): pytest.approx((10_000, 50_000)),
        ("interruptible_credit", "energy let off", "utility", "owner"): pytest.approx((2000, 200)),
    }


def test_flexible_load():
    terms = FlexibleLoad(down="3 MW", up="1 MW", worth="$4/MWh", credit="$1/kW-month", payer="owner")
    made = call("flexible-load", given(terms), "resources")
    assert made["resources"].select("kind", "capacity_kw", "charge_kw").rows() == [("shift", 3000.0, 1000.0)]
    assert made["resource_hours"]["usd_per_kwh"].unique().to_list() == pytest.approx([0.004])
    assert bill("flexible-load", given(terms)) == {
        ("interruptible_credit", "power on offer", "utility", "owner"): pytest.approx((3000, 3000))
    }
