"""What an availability leaves out: groups without failure data, which are taken never to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.topology.attributes import NEVER_FAILS

if TYPE_CHECKING:
    from twin.results.results import Results

_GROUPS_SHOWN = 8


def never_fail(results: Results) -> list[str]:
    """The groups that are taken never to fail, in file order; none where the assumptions are not there."""
    if "assumptions" not in results:
        return []
    frame = results["assumptions"]
    return frame.filter((pl.col("attribute") == "mtbf") & (pl.col("value") == NEVER_FAILS))["owner"].to_list()


def caveat(results: Results) -> str:
    """The same in a sentence; empty where everything has failure data."""
    owners = never_fail(results)
    if not owners:
        return ""
    names = list(dict.fromkeys(owner.rpartition("/")[2] for owner in owners))
    more = f" and {len(names) - _GROUPS_SHOWN} more" if len(names) > _GROUPS_SHOWN else ""
    return f"without failure data, so taken never to fail: {', '.join(names[:_GROUPS_SHOWN])}{more}"
