"""The campus of 100,800 accelerators: what it is made of, and that everything asserted of it holds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import twin

FILE = Path(__file__).parents[2] / "topologies" / "campus-100k.yaml"
RACKS, IN_A_RACK = 1_400, 72


@pytest.fixture(scope="module")
def results() -> twin.Results:
    return twin.load(FILE).evaluate()


@pytest.fixture(scope="module")
def full(results: twin.Results) -> dict[str, object]:
    sites = results.site_capacity.filter(pl.col("kind") == "site").sort("month")
    return sites.row(-1, named=True)


def test_a_hundred_thousand_accelerators_are_fed(full: dict[str, object]) -> None:
    assert full["accelerators"] == RACKS * IN_A_RACK == 100_800
    assert full["usable_accelerators"] >= 100_800
    assert full["headroom_kw"] > 0
    assert full["binding_node"]
    assert full["runner_up_node"]


def test_every_check_holds(results: twin.Results) -> None:
    assert results.checks["ok"].all(), results.checks.filter(~pl.col("ok"))


def test_what_is_asserted_is_checked(results: twin.Results) -> None:
    made = set(results.checks["check"])
    assert {"max-utilisation", "residency", "dedicated-tenancy", "operator-share", "redundancy"} <= made
    assert {"power redundancy 2N", "power redundancy 4N/3", "power redundancy N+1"} <= made


def test_demand_is_met_in_every_month(results: twin.Results) -> None:
    assert set(results.demand["metric"]) == {"accelerators", "compute"}
    assert results.demand["shortfall_fraction"].max() == 0.0


def test_three_of_four_and_a_reserve_carry_alike(results: twin.Results) -> None:
    """A zone of either kind has 10 MW of UPS for a load that any three of the four carry."""
    last = results.capacity.filter(pl.col("month") == pl.col("month").max())
    worst = dict(last.filter(pl.col("kind") == "ups").select("group", "worst_utilisation_fraction").iter_rows())
    assert set(worst) == {
        "campus/shared-hall/zone/ups",
        "campus/caught-hall/zone/ups",
        "campus/caught-hall/zone/reserve",
        "campus/core-room/ups",
    }
    assert min(worst.values()) > 0.5
    assert max(worst.values()) < 1.0


def test_the_fabric_reaches_every_rack_within_its_ports(results: twin.Results) -> None:
    fabric = results.fabrics.row(0, named=True)
    assert (fabric["kind"], fabric["endpoints"], fabric["accelerators"]) == ("clos", RACKS, RACKS * IN_A_RACK)
    assert fabric["injection_gbps"] == RACKS * IN_A_RACK * 800
    tiers = {row["tier"]: row for row in results.fabric_tiers.iter_rows(named=True)}
    assert set(tiers) == {"leaf", "spine", "core"}
    for tier in tiers.values():
        assert tier["ports_down"] + tier["ports_up"] <= tier["ports"]
    assert tiers["leaf"]["oversubscription_ratio"] == pytest.approx(1.0)
    assert tiers["spine"]["oversubscription_ratio"] <= 3.0


def test_switches_and_optics_draw_in_the_racks_that_hold_them(results: twin.Results) -> None:
    topology = twin.load(FILE).topology
    own_kw = 1.0
    racks = [
        group for path, group in topology.groups.items() if path.endswith(("leaf-rack", "spine-rack", "core-rack"))
    ]
    drawn_kw = sum((float(group.attributes["load"].value) - own_kw) * group.total for group in racks)
    assert len(racks) == 5
    assert drawn_kw == pytest.approx(results.fabrics["power_kw"].sum(), rel=1e-6)


def test_what_is_stated_says_why(results: twin.Results) -> None:
    silent = results.assumptions.filter(
        pl.col("origin").is_in(["file", "component"])
        & pl.col("owner").str.starts_with("campus/")
        & ~pl.col("owner").str.contains("backend-", literal=True)  # what the fabric makes
        & pl.col("source").is_null()
        & pl.col("note").is_null()
    )
    assert silent.is_empty(), silent.select("owner", "attribute", "value").rows()
