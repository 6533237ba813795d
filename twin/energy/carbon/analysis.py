"""The analysis `carbon`: emissions by method, the hourly carbon-free score, its cost, and water."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import model_validator

from twin import tables
from twin.api import Analysis, AnalysisInputs, Fraction, Mass, MassPerPower, Params, Term
from twin.energy import outside
from twin.energy.carbon.accounts import Accounts, Grid
from twin.energy.read import Hours, read

if TYPE_CHECKING:
    from typing import Self

KEYS = ("month", "site")
_PARTS = {"accelerator": "accelerators", "rack": "racks", "building": "it_kw"}
"""Parameter -> column of the schedule that it is for one of."""


class CarbonParams(Params):
    """Parameters of the analysis `carbon`.

    Attributes:
        accelerator: emission of making one accelerator; none is counted where not given.
        accelerator_life: months over which it is spread evenly.
        rack: emission of making what else is in a rack.
        rack_life: months over which it is spread evenly.
        building: emission of building and plant for a kW of IT power.
        building_life: months over which it is spread evenly.
        cfe_points: so many carbon-free scores, evenly from that of the cheapest dispatch to the highest there is, for
            each of which the dispatch of the last year is solved again.
        cfe_targets: carbon-free scores for which the same is done; one out of reach is refused.
    """

    accelerator: Mass | None = None
    accelerator_life: Term = 60.0
    rack: Mass | None = None
    rack_life: Term = 60.0
    building: MassPerPower | None = None
    building_life: Term = 300.0
    cfe_points: int = 0
    cfe_targets: tuple[Fraction, ...] = ()

    @model_validator(mode="after")
    def _held(self) -> Self:
        for part in _PARTS:
            if getattr(self, f"{part}_life") <= 0:
                raise ValueError(f"{part}_life is not above zero; write it as '5 years'")
        if self.cfe_points < 0 or self.cfe_points == 1:
            raise ValueError(f"cfe_points is {self.cfe_points}; give 2 or more, or 0 for no curve")
        return self


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `carbon`, `carbon_free`, `cfe_tradeoff`, `water` and `checks`."""
    twin, params = inputs.twin, inputs.params
    hours = read(twin.calendar, inputs.tables)
    year = outside.years(twin, hours.sites, "carbon")
    accounts = Accounts(hours, _grid(hours, year))
    rows = [tables.table("carbon").empty(), *accounts.rows, *_embodied(inputs.tables["schedule"], params)]
    order = pl.DataFrame({"site": hours.sites}, schema={"site": pl.String}).with_row_index("place")
    carbon = pl.concat(rows).join(order, on="site", maintain_order="left").sort("month", "place", maintain_order=True)
    return {
        "carbon": carbon.drop("place"),
        "carbon_free": accounts.carbon_free(),
        "cfe_tradeoff": _tradeoff(twin, hours, year, params),
        "water": accounts.water(),
        "checks": _said(hours, year, params),
    }


def _grid(hours: Hours, year: pl.DataFrame) -> Grid:
    unknown = np.full((len(hours.sites), len(hours.steps)), np.nan)

    def of(column: str) -> Any:
        found = outside.spread(hours.steps, hours.sites, year, column)
        return unknown if found is None else found

    average, residual = of("kg_co2e_per_kwh"), of("residual_kg_co2e_per_kwh")
    residual = np.where(np.isnan(residual), average, residual)
    return Grid(average, residual, of("carbon_free_fraction"), of("water_l_per_kwh"))


def _embodied(schedule: pl.DataFrame, params: CarbonParams) -> list[pl.DataFrame]:
    """Emission of making what is in service, over its life: replaced by its like for as long as it is in service."""
    made = []
    for part, column in _PARTS.items():
        each = getattr(params, part)
        if each is None:
            continue
        monthly = pl.col(column) * (each / getattr(params, f"{part}_life"))
        frame = schedule.filter(pl.col(column) > 0).select(
            *KEYS,
            pl.lit("embodied").alias("method"),
            pl.lit(part if part == "building" else f"{part}s").alias("source"),
            pl.lit(3, pl.Int64).alias("scope"),
            pl.lit(None, pl.Float64).alias("energy_kwh"),
            monthly.cast(pl.Float64).alias("emission_kg_co2e"),
        )
        made.append(frame)
    return made


def _tradeoff(twin: Any, hours: Hours, year: pl.DataFrame, params: CarbonParams) -> pl.DataFrame:
    empty = tables.table("cfe_tradeoff").empty()
    known = set(year["site"].unique())
    supplied = set(hours.units["site"].unique())
    own = [site for site in hours.sites if site in supplied and site in known]
    if not (params.cfe_points or params.cfe_targets) or not own:
        return empty
    from twin.energy.again import market_of  # noqa: PLC0415 - only who asks for the curve needs the optimiser
    from twin.energy.carbon.tradeoff import tradeoff  # noqa: PLC0415 - as above

    load, resources, market = market_of(twin, hours, own)
    targets, points = params.cfe_targets, params.cfe_points
    return tradeoff(load, hours.steps.step_h, resources, market, targets=targets, points=points)


def _said(hours: Hours, year: pl.DataFrame, params: CarbonParams) -> pl.DataFrame:
    """A row of `checks` for each site whose grid nobody describes, and one where embodied emissions are left out."""
    known = set(year["site"].unique())
    rows = [
        (
            "carbon_data",
            site,
            "no entry of carbon: for the site",
            "an entry of carbon:, as {model: grid-region, region: ERCO}",
            "what its grid emits is not known: no location or market figure, no carbon-free score for the site",
        )
        for site in hours.sites
        if site not in known
    ]
    left = [part for part in _PARTS if getattr(params, part) is None]
    if year.height and left:
        text = "emissions of making them are in no figure"
        want = "analyses: {carbon: {accelerator: 150 kg, …}}"
        rows.append(("embodied_carbon", "all sites", f"nothing stated for {', '.join(left)}", want, text))
    if year.height and year["residual_kg_co2e_per_kwh"].null_count():
        text = "the market-based figure takes the average emission for what no contract covers"
        rows.append(("residual_mix", "all sites", "no residual mix stated", "residual: of the entry of carbon:", text))
    names = ("check", "scope", "got", "wanted", "message")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")
    return frame.with_columns(ok=pl.lit(value=True)).select(tables.table("checks").names)


ANALYSIS = Analysis(
    name="carbon",
    doc="Emissions by method, the hourly carbon-free score and what a better one costs, water.",
    params=CarbonParams,
    run=run,
    requires=("schedule", "site_hours", "dispatch", "supply_units"),
    produces=("carbon", "carbon_free", "cfe_tradeoff", "water", "checks"),
)
"""The engine, registered as anybody's analysis is."""
