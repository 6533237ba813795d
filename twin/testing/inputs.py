"""What each kind of model is given, for the small site of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.api import (
    CarbonInputs,
    CarbonModel,
    CoolingInputs,
    CoolingModel,
    EnergyInputs,
    EnergyModel,
    Entry,
    FinancingInputs,
    FinancingModel,
    HardwareInputs,
    HardwareModel,
    WeatherInputs,
    WeatherModel,
    WorkloadInputs,
    WorkloadModel,
    no_weather,
)
from twin.errors import UsageError
from twin.tables import table
from twin.testing.world import (
    FAILURES_PER_H,
    PARTIES,
    RACK_ACCELERATORS,
    RACK_KW,
    RACK_PRICE_USD,
    RACKS,
    SERVED_FRACTION,
    SITE,
    TFLOPS,
    calendar,
    schedule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.api import Model, Params


def financing_inputs(entries: Mapping[str, Params], *, months: int = 24, **frames: Any) -> FinancingInputs:
    """What a financing model is given, for the site described above.

    Args:
        entries: name of each deal -> its parameters.
        months: length of the calendar.
        frames: fields of `FinancingInputs` to use instead: `cashflow`, `debt`, `others`, ….
    """
    when = calendar(months)
    phases = pl.DataFrame(
        [
            (SITE, when.date(month), count, count * RACK_ACCELERATORS, count * RACK_KW)
            for month, count in RACKS
            if month < months
        ],
        schema={"site": pl.String, "month": pl.Date, "racks": pl.Int64, "accelerators": pl.Int64, "it_kw": pl.Float64},
        orient="row",
    ).with_columns((pl.col("it_kw") / pl.col("it_kw").sum()).alias("share_fraction"))
    parts = phases.select(
        "site",
        pl.lit(f"{SITE}/rack").alias("group"),
        pl.lit("acme.rack").alias("part"),
        "month",
        "racks",
        "accelerators",
        "it_kw",
        pl.lit(RACK_PRICE_USD).alias("price_usd"),
        pl.lit(None, pl.Date).alias("retired"),
    )
    given: dict[str, Any] = {
        "discount_per_year": 0.1,
        "parties": pl.DataFrame(PARTIES, schema=["party", "role", "rating"], orient="row"),
        "phases": phases,
        "parts": parts,
        "schedule": schedule(months),
        "cashflow": table("cashflow").empty(),
        "debt": table("debt").empty(),
        "depreciation": table("depreciation").empty(),
        "others": {},
    }
    return FinancingInputs(entries=_entries(entries), calendar=when, **_replaced(given, frames))


def cooling_inputs(entries: Mapping[str, Params], *, months: int = 24, **frames: Any) -> CoolingInputs:
    """What a cooling model is given: the first entry serves the site described above.

    Args:
        entries: name of each entry -> its parameters.
        months: length of the calendar.
        frames: `load=` to use another load; `hours=`, `weather=`; columns of `hours` by name, as `dry_bulb_c=20.0`
            or a series of a value an hour.
    """
    it = schedule(months)
    entry = pl.lit(next(iter(entries))).alias("entry")
    load = it.select(
        "month",
        "site",
        entry,
        (pl.col("it_kw") * pl.col("hours_h") * pl.col("served_fraction")).alias("it_kwh"),
        pl.col("it_kw").alias("it_peak_kw"),
        pl.lit(None, pl.Float64).alias("ambient_c"),
    )
    drawn = (pl.col("it_kw") * pl.col("served_fraction")).alias("it_kw")
    columns = {"liquid_fraction": frames.pop("liquid_fraction", 0.0)}
    columns |= {name: frames.pop(name, None) for name in ("dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa")}
    hours = _hours(months).select("time", "month", "site", entry, drawn, *(_column(*each) for each in columns.items()))
    given = {"load": load, "hours": hours, "weather": no_weather()}
    return CoolingInputs(_entries(entries), calendar(months), **_replaced(given, frames))


def _column(name: str, value: Any) -> pl.Expr | pl.Series:
    if value is None or isinstance(value, int | float):
        return pl.lit(value, pl.Float64).alias(name)
    return pl.Series(name, value, dtype=pl.Float64)


def _hours(months: int) -> pl.DataFrame:
    """Every hour of the calendar with the row of its month in `schedule`."""
    from twin.energy.steps import Steps  # noqa: PLC0415 - frames alone need none of the engines

    times = Steps(calendar(months)).frame([SITE], {})
    return times.join(schedule(months).drop("site"), on="month", how="left", maintain_order="left")


def energy_inputs(entries: Mapping[str, Params], *, months: int = 24, **frames: Any) -> EnergyInputs:
    """What an energy model is given: the first entry serves the site described above.

    Args:
        entries: name of each entry -> its parameters.
        months: length of the calendar.
        frames: `load=`, `hours=`, `dispatch=`, `weather=` or `files=` to use another.
    """
    entry = pl.lit(next(iter(entries))).alias("entry")
    drawn = pl.col("it_kw") * pl.col("served_fraction")
    load = schedule(months).select(
        "month",
        "site",
        entry,
        "hours_h",
        (drawn * pl.col("hours_h")).alias("energy_kwh"),
        pl.col("it_kw").alias("peak_kw"),
    )
    hours = _hours(months).select(
        "time",
        "month",
        "site",
        entry,
        drawn.alias("import_kw"),
        pl.lit(0.0).alias("export_kw"),
        drawn.alias("load_kw"),
    )
    units = table("dispatch").empty().rename({"supply": "entry"})
    given = {"load": load, "hours": hours, "dispatch": units, "weather": no_weather(), "files": {}}
    return EnergyInputs(_entries(entries), calendar(months), **_replaced(given, frames))


def weather_inputs(entries: Mapping[str, Params], **files: Any) -> WeatherInputs:
    """What a weather model is given.

    Args:
        entries: name of each entry -> its parameters.
        files: `files=` to give paths of files by name.
    """
    return WeatherInputs(_entries(entries), **_replaced({"files": {}}, files))


def carbon_inputs(entries: Mapping[str, Params], **files: Any) -> CarbonInputs:
    """What a model of the grid's carbon is given.

    Args:
        entries: name of each entry -> its parameters.
        files: `files=` to give paths of files by name.
    """
    return CarbonInputs(_entries(entries), **_replaced({"files": {}}, files))


def workload_inputs(entries: Mapping[str, Params], *, months: int = 24, **frames: Any) -> WorkloadInputs:
    """What a workload model is given, for the site described above.

    Args:
        entries: name of each workload -> its parameters.
        months: length of the calendar.
        frames: `schedule=`, `compute=` or `interruptions=` to use others.
    """
    racks = sum(count for month, count in RACKS if month < months)
    compute = pl.DataFrame(
        {
            "site": [SITE],
            "group": [f"{SITE}/rack"],
            "part": ["acme.rack"],
            "racks": [racks],
            "accelerators": [racks * RACK_ACCELERATORS],
            "served_fraction": [SERVED_FRACTION],
            "bf16_tflops": [TFLOPS],
            "fp8_tflops": [2 * TFLOPS],
            "fp4_tflops": pl.Series([None], dtype=pl.Float64),
        }
    )
    often = racks * FAILURES_PER_H
    interruptions = pl.DataFrame(
        {
            "site": [SITE, SITE],
            "group": [f"{SITE}/rack", None],
            "cause": ["rack", "supply"],
            "racks": [racks, racks],
            "failures_per_h": [often, often],
            "any_per_h": [often, FAILURES_PER_H],
        }
    )
    given = {"schedule": schedule(months), "compute": compute, "interruptions": interruptions}
    return WorkloadInputs(_entries(entries), calendar(months), **_replaced(given, frames))


def hardware_inputs(entries: Mapping[str, Params]) -> HardwareInputs:
    """What a hardware model is given.

    Args:
        entries: name of a component -> its parameters.
    """
    return HardwareInputs(_entries(entries))


BUILDERS: Mapping[type[Model], Callable[..., Any]] = {
    CarbonModel: carbon_inputs,
    CoolingModel: cooling_inputs,
    EnergyModel: energy_inputs,
    FinancingModel: financing_inputs,
    HardwareModel: hardware_inputs,
    WeatherModel: weather_inputs,
    WorkloadModel: workload_inputs,
}
"""Class of model -> what builds its inputs."""


def inputs_of(model: Model, entries: Mapping[str, Mapping[str, Any] | Params], **frames: Any) -> Any:
    """What a model of any kind but an analysis is given, with parameters as a file states them.

    Args:
        model: the descriptor.
        entries: name of each entry -> its parameters, as `{"price": "$0.05/kWh"}` or validated.
        frames: as the builder of its kind takes them, as `months=12` or `load=`.

    Raises:
        UsageError: an analysis, which is given tables of a run.
        pydantic.ValidationError: a parameter is wrong.
    """
    build = next((build for kind, build in BUILDERS.items() if isinstance(model, kind)), None)
    if build is None:
        raise UsageError(f"'{model.name}' is an analysis: give it AnalysisInputs with tables, or run a topology")
    given = {name: model.params.model_validate(terms) for name, terms in entries.items()}
    return build(given, **frames)


def _entries(entries: Mapping[str, Params]) -> tuple[Entry[Any], ...]:
    return tuple(Entry(name, params) for name, params in entries.items())


def _replaced(given: dict[str, Any], frames: Mapping[str, Any]) -> dict[str, Any]:
    strange = [name for name in frames if name not in given]
    if strange:
        raise UsageError(f"there is no input '{strange[0]}'; one of: {', '.join(given)}")
    return given | dict(frames)
