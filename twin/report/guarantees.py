"""How a guarantee that is capped pays, in the words of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.losses import FIRST, PRO_RATA

if TYPE_CHECKING:
    from twin.results.results import Results

_SAID = {FIRST: ", first loss", PRO_RATA: ", pro rata"}
_A_DOLLAR = 1.0


def convention(results: Results, deal: object) -> str:
    """`, first loss` or `, pro rata`; empty where all is guaranteed, so that it makes no difference, or nothing says.

    Args:
        results: of a run.
        deal: name of the guarantee.
    """
    if "guarantee_terms" not in results:
        return ""
    said = results["guarantee_terms"].filter(pl.col("deal") == deal)
    capped = results["guarantee"].filter(
        (pl.col("deal") == deal) & (pl.col("guaranteed_usd") < pl.col("exposure_usd") - _A_DOLLAR)
    )
    return _SAID.get(said["loss"][0], "") if said.height and capped.height else ""
