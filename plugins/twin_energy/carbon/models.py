"""The models of `carbon:`: a region that ships, a constant, a file beside the topology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import model_validator

from twin.api import Carbon, CarbonModel, FileRef, Fraction, Params, RefusedError, SiteRef, WaterPerEnergy
from twin_energy.beside import MOST_KG_PER_KWH, place
from twin_energy.carbon.regions import intensity, nearest, regions

if TYPE_CHECKING:
    from typing import Self

    from twin.api import CarbonInputs, Entry

ENGINE = "carbon"
HOURS = 8760
_COLUMNS = ("kg_co2e_per_kwh", "carbon_free_fraction")


class Grid(Params):
    """What all models of the grid's carbon take.

    Attributes:
        sites: sites it is for; all of them where none is named.
        residual: emission of what nobody claims, for the market-based method; the average where not given.
        water: water consumed where the energy is made; not counted where not given.
    """

    sites: tuple[SiteRef, ...] = ()
    residual: Carbon | None = None
    water: WaterPerEnergy | None = None


class GridRegion(Grid):
    """Parameters of `grid-region`.

    Attributes:
        region: name of a balancing authority that ships, as `ERCO`.
    """

    region: str

    @model_validator(mode="after")
    def _ships(self) -> Self:
        if self.region not in regions():
            raise ValueError(f"no carbon data ship for the region '{self.region}'; {nearest(self.region)}")
        return self


class GridConstant(Grid):
    """Parameters of `grid-constant`.

    Attributes:
        intensity: emission of a kWh from the grid.
        carbon_free: share of it that is carbon-free.
    """

    intensity: Carbon
    carbon_free: Fraction


class GridFile(Grid):
    """Parameters of `grid-file`.

    Attributes:
        file: CSV or parquet with 8760 rows of `kg_co2e_per_kwh` and `carbon_free_fraction`, 1 January first, local
            standard time.
    """

    file: FileRef


def grid_region(inputs: CarbonInputs) -> dict[str, pl.DataFrame]:
    """Hourly generation of a year of the region."""
    return _years([(entry, intensity(entry.params.region)) for entry in inputs.entries])


def grid_constant(inputs: CarbonInputs) -> dict[str, pl.DataFrame]:
    """The same in every hour."""
    return _years(
        [
            (
                entry,
                pl.DataFrame({"hour": range(HOURS)}).with_columns(
                    pl.lit(entry.params.intensity).alias(_COLUMNS[0]),
                    pl.lit(entry.params.carbon_free).alias(_COLUMNS[1]),
                ),
            )
            for entry in inputs.entries
        ]
    )


def grid_file(inputs: CarbonInputs) -> dict[str, pl.DataFrame]:
    """A year from a file.

    Raises:
        RefusedError: it cannot be read, is not 8760 rows long, or has an hour without a value or out of range.
    """
    return _years([(entry, _read(inputs, entry)) for entry in inputs.entries])


def _read(inputs: CarbonInputs, entry: Entry[Any]) -> pl.DataFrame:
    name, path = entry.params.file, inputs.files[entry.params.file]
    right = f"give {HOURS:,} rows with {' and '.join(_COLUMNS)}, in kg a kWh and as a share of 1"
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
        made = frame.select(pl.col(_COLUMNS).cast(pl.Float64))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RefusedError(ENGINE, f"'{name}' cannot be read: {str(error).splitlines()[0]}", right) from error
    if made.height != HOURS:
        raise RefusedError(ENGINE, f"'{name}' has {made.height:,} rows", right)
    for column, most in zip(_COLUMNS, (MOST_KG_PER_KWH, 1.0), strict=True):
        value = pl.col(column)
        bad = made.with_row_index("row").filter(value.is_null() | value.is_nan() | ~value.is_between(0.0, most))
        if bad.height:
            row, got = bad["row"][0], bad[column][0]
            said = "nothing" if got is None else f"{got:g}"
            where = f"{place(name, row)} of '{name}' (entry '{entry.name}')"
            raise RefusedError(ENGINE, f"{where} has {said} as {column}; from 0 to {most:g} is wanted", right)
    return made.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("hour"), *_COLUMNS)


def _years(given: list[tuple[Entry[Any], pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    frames = [
        year.select(
            pl.lit(entry.name).alias("entry"),
            "hour",
            *_COLUMNS,
            pl.lit(entry.params.residual, pl.Float64).alias("residual_kg_co2e_per_kwh"),
            pl.lit(entry.params.water, pl.Float64).alias("water_l_per_kwh"),
        )
        for entry, year in given
    ]
    return {"grid_carbon": pl.concat(frames)}


MODELS = (
    CarbonModel(
        "grid-region",
        "Average emission of a region's hourly generation in 2022, from EIA-930.",
        GridRegion,
        grid_region,
    ),
    CarbonModel("grid-constant", "The same emission in every hour.", GridConstant, grid_constant),
    CarbonModel("grid-file", "Emission by hour from a file beside the topology.", GridFile, grid_file),
)
"""First-party models of the grid's carbon."""
