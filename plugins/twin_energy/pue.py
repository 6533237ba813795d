"""`constant-pue`: what a facility draws besides its IT load, as a fixed ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import polars as pl
from pydantic import Field, model_validator

from twin.api import CoolingInputs, Params, Ratio, SiteRef

if TYPE_CHECKING:
    from typing import Self


class ConstantPue(Params):
    """Parameters of `constant-pue`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        pue: facility energy over IT energy, annual, at least 1.
        peak_pue: facility power over IT power in the hour of the peak; `pue` where not given.
    """

    sites: tuple[SiteRef, ...] = ()
    pue: Annotated[Ratio, Field(ge=1.0)]
    peak_pue: Annotated[Ratio, Field(ge=1.0)] | None = None

    @model_validator(mode="after")
    def _peak_not_below_average(self) -> Self:
        if self.peak_pue is not None and self.peak_pue < self.pue:
            raise ValueError(
                f"peak_pue is below pue ({self.peak_pue:g} < {self.pue:g}); a peak is not below the average"
            )
        return self


def constant_pue(inputs: CoolingInputs) -> dict[str, pl.DataFrame]:
    """Overhead energy `it_kwh x (pue - 1)` and overhead peak `it_peak_kw x (peak_pue - 1)`.

    Returns:
        Table `energy`, one row of stage `overhead` for each row of `inputs.load`.
    """
    terms = pl.DataFrame(
        [(entry.name, entry.params.pue, entry.params.peak_pue or entry.params.pue) for entry in inputs.entries],
        schema={"entry": pl.String, "pue": pl.Float64, "peak_pue": pl.Float64},
        orient="row",
    )
    rows = inputs.load.join(terms, on="entry", maintain_order="left").select(
        "month",
        "site",
        pl.lit("overhead").alias("stage"),
        (pl.col("it_kwh") * (pl.col("pue") - 1.0)).alias("energy_kwh"),
        (pl.col("it_peak_kw") * (pl.col("peak_pue") - 1.0)).alias("peak_kw"),
    )
    return {"energy": rows}
