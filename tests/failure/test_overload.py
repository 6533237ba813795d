"""Outages by overload, from the file to the hours a year: what is upstream, and reserve that several lean on."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from twin.errors import RefusedError
from twin.evaluate import load

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

HEAD = """\
twin: 1
name: s
calendar: {start: 2027-01-01, months: 12}
sites:
  s:
    contains:
"""
FIGURES = "mtbf: 1000 h, mttr: 10 h"
Q = 10 / 1010
HOURS = 8760.0


def site(tmp_path: Path, *groups: str) -> pl.DataFrame:
    """The rows of the site, event `fed`, one a month of change."""
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + "".join(f"      {group}\n" for group in groups), encoding="utf-8")
    found = load(path).failure()["availability"]
    return found.filter(found["kind"] == "site")


def hours(tmp_path: Path, *groups: str) -> list[float]:
    """Hours a year that some load of the site is not fed."""
    found: list[float] = site(tmp_path, *groups)["downtime_h_per_year"].to_list()
    return found


def two_paths(feed: str, asks: str = "") -> list[str]:
    """Two feeds, a UPS on each, 1 MW of racks on both UPS."""
    return [
        f"ua: {{kind: utility, capacity: {feed}, {FIGURES}}}",
        f"ub: {{kind: utility, capacity: {feed}, {FIGURES}}}",
        "sa: {kind: ups, capacity: 1 MW, efficiency: 100 %, mtbf: 1e9 h, mttr: 0 h, power: ua}",
        "sb: {kind: ups, capacity: 1 MW, efficiency: 100 %, mtbf: 1e9 h, mttr: 0 h, power: ub}",
        f"rack[10]: {{kind: rack, load: 100 kW, power: {{from: [sa, sb]{asks}}}}}",
    ]


def test_two_paths_of_which_a_feed_carries_600_of_1000_kw_are_both_needed(tmp_path: Path) -> None:
    both = (1 - (1 - Q) ** 2) * HOURS
    assert hours(tmp_path, *two_paths("600 kW")) == pytest.approx([both], rel=1e-9)
    assert both == pytest.approx(172.6, abs=0.05)


def test_two_paths_of_which_each_feed_carries_all_are_redundant(tmp_path: Path) -> None:
    assert hours(tmp_path, *two_paths("1 MW")) == pytest.approx([Q * Q * HOURS], rel=1e-6)


def test_need_is_taken_at_its_word(tmp_path: Path) -> None:
    assert hours(tmp_path, *two_paths("600 kW", ", need: 1")) == pytest.approx([Q * Q * HOURS], rel=1e-6)


def test_a_feed_that_is_short_on_its_own_account_leaves_its_ups_redundant(tmp_path: Path) -> None:
    """One feed under two UPS carries the same whichever of them works: the UPS are spare for each other."""
    groups = [
        f"u: {{kind: utility, capacity: 600 kW, {FIGURES}}}",
        f"ups[2]: {{kind: ups, capacity: 1 MW, efficiency: 100 %, {FIGURES}, power: u}}",
        "rack[10]: {kind: rack, load: 100 kW, power: ups}",
    ]
    assert hours(tmp_path, *groups) == pytest.approx([(1 - (1 - Q) * (1 - Q * Q)) * HOURS], rel=1e-9)


def test_unequal_members_count_for_no_more_than_their_feed_delivers(tmp_path: Path) -> None:
    """800 kW on a 500 kW feed and 600 + 600 kW on feeds of their own, for 600 kW: the large one alone will not do."""
    groups = [
        "ua: {kind: utility, capacity: 500 kW, mtbf: 1e9 h, mttr: 0 h}",
        "ub[2]: {kind: utility, capacity: 1 MW, mtbf: 1e9 h, mttr: 0 h}",
        f"sa: {{kind: ups, capacity: 800 kW, efficiency: 100 %, {FIGURES}, power: ua}}",
        f"sb[2]: {{kind: ups, capacity: 600 kW, efficiency: 100 %, {FIGURES}, power: {{from: ub, pick: 1}}}}",
        "rack[6]: {kind: rack, load: 100 kW, power: [sa, sb]}",
    ]
    assert hours(tmp_path, *groups) == pytest.approx([Q * Q * HOURS], rel=1e-9)


CATCHER = [
    f"g[2]: {{kind: genset, capacity: 200 kW, {FIGURES}}}",
    f"c: {{kind: genset, capacity: 200 kW, {FIGURES}}}",
    "rack[4]: {kind: rack, load: 100 kW, power: {from: {g: 1, c: 1}, share: primary}}",
]


def test_one_catcher_catches_one_of_two_primaries(tmp_path: Path) -> None:
    """Up with two of the three: both primaries down leaves 400 kW on 200 kW."""
    wanted = sum(Q ** sum(lost) * (1 - Q) ** (3 - sum(lost)) for lost in product((0, 1), repeat=3) if sum(lost) > 1)
    [got] = site(tmp_path, *CATCHER).rows(named=True)
    assert got["downtime_h_per_year"] == pytest.approx(wanted * HOURS, rel=1e-9)
    assert got["downtime_h_per_year"] == pytest.approx(2.559, abs=5e-4)
    assert got["outages_per_year"] == pytest.approx(3 * 2 * Q * (1 - Q) * HOURS / 1010, rel=1e-9)


def test_a_catcher_for_both_primaries_catches_both(tmp_path: Path) -> None:
    large = [CATCHER[0], CATCHER[1].replace("200 kW", "400 kW"), CATCHER[2]]
    assert hours(tmp_path, *large)[0] == pytest.approx(Q * (1 - (1 - Q) ** 2) * HOURS, rel=1e-9)


def test_a_large_pool_that_one_catcher_serves_asks_for_need(tmp_path: Path) -> None:
    many = [CATCHER[0].replace("g[2]", "g[20]"), CATCHER[1], CATCHER[2].replace("rack[4]", "rack[40]")]
    with pytest.raises(RefusedError, match=r"two losses among the 21 .*; state 'need:' for the power .*'s/rack'"):
        hours(tmp_path, *many)
    many[2] = many[2].replace("share", "need: 1, share")
    assert hours(tmp_path, *many) == pytest.approx([Q * (1 - (1 - Q) ** 20) * HOURS], rel=1e-9)


def test_fewer_in_service_than_needed_is_down(tmp_path: Path) -> None:
    groups = [
        f"g[3]: {{kind: genset, capacity: 1 MW, {FIGURES}, energised: [2027-01-01, 2027-06-01, 2027-06-01]}}",
        "rack[4]: {kind: rack, load: 100 kW, power: {from: g, need: 2}}",
    ]
    found = hours(tmp_path, *groups)
    assert found == pytest.approx([HOURS, (3 * Q * Q * (1 - Q) + Q**3) * HOURS], rel=1e-9)
