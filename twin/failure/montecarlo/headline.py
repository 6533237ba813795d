"""The headline figures of failure with their rates drawn from what is known of them: table `uncertainty`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from twin import wilks
from twin.errors import RefusedError
from twin.failure.availability import availability
from twin.failure.montecarlo.frames import level_name
from twin.failure.montecarlo.uncertainty import drawn, names, uncertain
from twin.failure.outage import LEVELS, reliability
from twin.failure.solved import by_boxes
from twin.progress import counted
from twin.tables import table

if TYPE_CHECKING:
    from twin.structure.model import Snapshot, Structure

_OF_AVAILABILITY = {
    "fed": ("availability_fraction", "fraction"),
    "served": ("served_fraction", "fraction"),
    "outages": ("outages_per_year", "1/year"),
}
_OF_RELIABILITY = {
    "lole": ("lole_h_per_year", "h/year"),
    "eens": ("eens_kwh_per_year", "kWh/year"),
    "eens_own": ("eens_own_kwh_per_year", "kWh/year"),
    "saifi": ("saifi_per_year", "1/year"),
    "saidi": ("saidi_h_per_year", "h/year"),
    "caidi": ("caidi_h", "h"),
} | {level_name(share): (f"{column}_fraction", "fraction") for column, share in LEVELS.items()}

_UNITS = {measure: unit for measure, (_, unit) in (_OF_AVAILABILITY | _OF_RELIABILITY).items()}
_KEYS = ("month", "scope", "kind")


def headline(month: Snapshot, draws: int, seed: int) -> dict[str, pl.DataFrame]:
    """Every headline figure of every scope under so many draws of the rates, each draw solved exactly.

    Args:
        month: the structure in the month that is meant.
        draws: how many; 0 for none.
        seed: seed.

    Returns:
        Tables `uncertainty`, `availability_draws` and `rate_draws`; without rows where there are no draws.

    Raises:
        RefusedError: too few draws for two-sided bounds, or no rate that is uncertain.
    """
    declared = {name: table(name) for name in ("uncertainty", "availability_draws", "rate_draws")}
    if not draws:
        return {name: each.empty() for name, each in declared.items()}
    wilks.order_of(draws, two_sided=True)
    known = names(month.structure.topology)
    if not uncertain(month.structure.topology):
        raise RefusedError(
            "uncertainty",
            "no failure rate of the file is uncertain, so that all draws would be the same",
            "state `rate_error_factor` of what is not known well, or leave out `draws`",
        )
    figures, available, rates = [], [], []
    for number, (by, structure) in enumerate(counted(drawn(month.structure, draws, seed), draws, "draws of the rates")):
        rows, long = _exact(month, structure)
        figures.append(long)
        available.append(rows.with_columns(draw=pl.lit(number, pl.Int64)))
        multiplied = {path: by.get(name, 1.0) for path, name in known.items()}
        columns = {
            "draw": [number] * len(multiplied),
            "group": list(multiplied),
            "rate_ratio": list(multiplied.values()),
        }
        rates.append(declared["rate_draws"].frame(columns))
    _, stated = _exact(month, month.structure)
    return {
        "uncertainty": bounds(stated, pl.concat(figures), draws, seed),
        "availability_draws": pl.concat(available).select(declared["availability_draws"].names),
        "rate_draws": pl.concat(rates),
    }


def bounds(stated: pl.DataFrame, figures: pl.DataFrame, draws: int, seed: int) -> pl.DataFrame:
    """Table `uncertainty` from figures as stated and as drawn.

    Args:
        stated: `month, scope, kind, measure, value`.
        figures: the same, one row for each of them and each draw.
        draws: how many.
        seed: of the draws.
    """
    keys = (*_KEYS, "measure")
    values = figures.group_by(keys, maintain_order=True).agg(pl.col("value"))
    rows = [
        {
            **dict(zip(keys, row[:4], strict=True)),
            "unit": _UNITS[row[3]],
            "stated": row[4],
            **wilks.spread(values_of.to_numpy())._asdict(),
        }
        for row, values_of in (
            (row[:5], pl.Series(row[5]))
            for row in stated.join(values, on=keys, maintain_order="left", suffix="_drawn").rows()
        )
        if len(values_of) == draws  # what a draw leaves undefined has no bounds
    ]
    about = {"coverage_fraction": 0.95, "confidence_fraction": 0.95, "draws": draws, "seed": seed}
    declared = table("uncertainty")
    return declared.frame({name: [{**row, **about}[name] for row in rows] for name in declared.names})


def _exact(month: Snapshot, structure: Structure) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Table `availability` of one draw, and its headline figures: `month, scope, kind, measure, value`."""
    drawn_month = replace(month, structure=structure)
    solved = by_boxes(drawn_month, lambda: drawn_month)
    rows = availability([solved])
    ids = [scope.id for scope in month.structure.scopes]
    fed = rows.filter(pl.col("scope").is_in(ids) & (pl.col("event") == "fed"))
    return rows, pl.concat([_long(fed, _OF_AVAILABILITY), _long(reliability([solved]), _OF_RELIABILITY)])


def _long(frame: pl.DataFrame, measures: dict[str, tuple[str, str]]) -> pl.DataFrame:
    named = frame.select(*_KEYS, *(pl.col(column).alias(measure) for measure, (column, _) in measures.items()))
    return named.unpivot(on=list(measures), index=list(_KEYS), variable_name="measure").drop_nulls("value")
