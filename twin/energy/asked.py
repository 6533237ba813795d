"""What is asked of the carbon of a dispatch, held also where there is nothing to dispatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.energy.supply import Site

_ROUNDING = 1e-9
_REMEDY = "ask for less, or add carbon-free supply or storage"


def hold_known(site: Site, grid: pl.DataFrame | None, cfe: float | None, price: float) -> None:
    """Refuse a score or a price of carbon for sites of whose grid nothing is known.

    Raises:
        RefusedError: names the first site; a price minds only sites that are dispatched, a score every one.
    """
    own = [site.sites[number] for number in site.dispatched_sites]
    asked = list(site.sites) if cfe is not None else own if price else []
    known = set() if grid is None else set(grid["site"].unique())
    blind = [name for name in asked if name not in known]
    if blind:
        raise RefusedError(
            "energy",
            f"nothing is known of the carbon of the grid at site '{blind[0]}', and its energy is asked to mind it",
            "add an entry of 'carbon:' for the site",
        )


def hold_undispatched(site: Site, grid: pl.DataFrame | None, cfe: float | None, price: float) -> None:
    """Hold sites without units to the score of their grid, and refuse a price that nothing could mind.

    Such a site imports its load, and no dispatch changes its score of a year: the carbon-free share of the grid, the
    mean over steps weighed with the load.

    Raises:
        RefusedError: the score is out of reach; names site, year and the highest there is.
    """
    units = set(site.known["site"])
    if price and not units:
        raise RefusedError(
            "energy",
            "a price on carbon is asked for, and no site has a supply whose dispatch it could change",
            "leave out 'carbon_price', or add a supply",
        )
    if cfe is None or grid is None:
        return
    rest = site.steps.frame(site.sites, {"load_kw": site.load_kw}).filter(~pl.col("site").is_in(list(units)))
    scores = (
        rest.join(grid.select("time", "site", "cfe_fraction"), on=["time", "site"])
        .group_by("site", pl.col("time").dt.year().alias("year"), maintain_order=True)
        .agg((pl.col("load_kw") * pl.col("cfe_fraction")).sum() / pl.col("load_kw").sum())
        .rename({"load_kw": "score"})
        .filter(pl.col("score").is_finite())
    )
    short = scores.filter(pl.col("score") < cfe * (1 - _ROUNDING))
    if short.height:
        name, year, best = short.row(0)
        raise RefusedError(
            "energy",
            f"{name} cannot reach a carbon-free score of {cfe:.1%} in {year}: it has no supply, and the carbon-free "
            f"share of its grid gives {best:.1%}",
            _REMEDY,
        )
