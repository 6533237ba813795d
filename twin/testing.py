"""The plugin author's kit: tiny topologies, frames to call a model with, and a check of what it returns.

A whole test of a financing plugin:

```python
from my_plugin import Service, service_model

from twin.testing import financing_inputs, run_model


def test_fee_follows_the_load():
    inputs = financing_inputs({"fee": Service(payer="tenant", payee="landlord", fee="$10/kW-month")})
    cashflow = run_model(service_model, inputs)["cashflow"]
    assert cashflow["amount_usd"][0] == 10 * inputs.schedule["it_kw"][0]
```

and of the plugin in a topology:

```python
import my_plugin

from twin.testing import load_text, tiny_topology

DEAL = "deals: [{model: service, payer: tenant, payee: landlord, fee: $10/kW-month}]"


def test_in_a_topology(tmp_path):
    twin = load_text(tiny_topology(DEAL), tmp_path, plugins=[my_plugin])
    assert "service_fee" in twin.cost().cashflow["category"].to_list()
```

The frames describe one site, `campus`: 10 racks in the first month and 10 more six months later,
each with 8 accelerators and 50 kW, in a calendar that starts in January 2027.  Any frame may be
replaced by name: `financing_inputs(entries, debt=my_debt)`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.api import (
    Analysis,
    Calendar,
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
from twin.errors import PluginError, UsageError
from twin.registry import Provided
from twin.tables import energy, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from twin.api import Model, Params
    from twin.evaluate import Twin

START = date(2027, 1, 1)
SITE = "campus"
RACKS = ((0, 10), (6, 10))
"""Month index and number of racks put into service in it."""

RACK_KW = 50.0
RACK_ACCELERATORS = 8
RACK_PRICE_USD = 400_000.0
SERVED_FRACTION = 0.999
TFLOPS = 1000.0
FAILURES_PER_H = 1e-4
"""Of one rack by itself; what supplies all of them fails as often."""

PARTIES = (
    ("tenant", "tenant", "A"),
    ("landlord", "landlord", ""),
    ("lender", "lender", ""),
    ("guarantor", "guarantor", "AA+"),
)

RETURNS: Mapping[type[Model], tuple[tuple[str, ...], tuple[str, ...]]] = {
    CarbonModel: (("grid_carbon",), ()),
    CoolingModel: ((), ()),
    EnergyModel: (("energy_cost",), ()),
    FinancingModel: (
        ("cashflow",),
        (
            "debt",
            "occupancy",
            "guarantee",
            "guarantee_value",
            "guarantee_terms",
            "guarantee_cover",
            "wind_up",
            "debt_pricing",
            "lease_accounting",
            "lease_tests",
            "debt_sizing",
            "waterfall",
            "depreciation",
            "deal_figures",
        ),
    ),
    WorkloadModel: (("goodput",), ("goodput_loss",)),
    HardwareModel: (("figures",), ()),
    WeatherModel: (("weather",), ()),
}
"""Class of model -> tables that it has to return, and tables that it may return besides."""

COOLING = ("energy", "overhead_hours")
"""Tables of which a cooling model returns one."""


def tiny_topology(sections: str = "", *, racks: int = 4, months: int = 24) -> str:
    """A topology file as text: two feeds and two UPS of which one is enough, a few racks, four parties.

    Args:
        sections: more top-level sections, such as `deals: [...]`, appended as they stand.
        racks: racks of 40 kW and 8 accelerators each, at most 20.
        months: length of the calendar.
    """
    parties = ", ".join(f"{name}: {{role: {role}}}" for name, role, _ in PARTIES)
    return f"""\
twin: 1
name: tiny
calendar: {{start: {START}, months: {months}}}
discount: 10 %/year
sites:
  {SITE}:
    contains:
      grid[2]: {{kind: utility, capacity: 2 MW, mtbf: 4380 h, mttr: 1 h}}
      ups[2]: {{kind: ups, capacity: 1 MW, efficiency: 96 %, mtbf: 250000 h, mttr: 8 h, power: grid}}
      rack[{racks}]: {{kind: rack, load: 40 kW, accelerators: 8, bf16: 1000 TFLOPS, power: {{from: ups, need: 1}}}}
parties: {{{parties}}}
{sections}
"""


def load_text(text: str, folder: Path, plugins: Iterable[object] = ()) -> Twin:
    """Load a topology given as text.

    Args:
        text: the file's content.
        folder: where it is written to, as `topology.yaml`; pytest's `tmp_path` will do.
        plugins: plugin modules beyond those installed.

    Raises:
        InputError: the text is wrong; carries all findings.
    """
    from twin.evaluate import load  # noqa: PLC0415 - frames alone need none of the engines

    path = folder / "topology.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, plugins=plugins)


def calendar(months: int = 24) -> Calendar:
    """A calendar from January 2027."""
    return Calendar(START, months)


def schedule(months: int = 24) -> pl.DataFrame:
    """Table `schedule` of the site described above."""
    when = calendar(months)
    racks = [sum(count for month, count in RACKS if month <= index) for index in range(months)]
    frame = pl.DataFrame({"month": when.dates(), "racks": racks}).with_columns(
        (pl.col("month").dt.month_end().dt.day() * 24.0).alias("hours_h"), pl.lit(SITE).alias("site")
    )
    nameplate = pl.col("racks") * RACK_ACCELERATORS * pl.col("hours_h")
    filled = frame.with_columns(
        (pl.col("racks") * RACK_ACCELERATORS).alias("accelerators"),
        (pl.col("racks") * RACK_KW).alias("it_kw"),
        pl.lit(1.0).alias("utilisation_fraction"),
        pl.lit(SERVED_FRACTION).alias("served_fraction"),
        nameplate.alias("accelerator_h"),
        (nameplate * SERVED_FRACTION).alias("delivered_accelerator_h"),
    )
    return table("schedule").frame(filled.to_dict())


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


def run_model(model: Model, inputs: Any) -> dict[str, pl.DataFrame]:
    """Call a model as `twin` does and hold what it returns against the tables.

    Args:
        model: the descriptor.
        inputs: what its `run` takes; see the builders above, or `AnalysisInputs`.

    Returns:
        The frames by table, columns in the declared order.

    Raises:
        PluginError: it failed, returned tables other than its kind does, a frame that is not as
            declared, or something else when it was called again.
    """
    analysis = (model.produces, ()) if isinstance(model, Analysis) else None
    required, optional = analysis or next(want for kind, want in RETURNS.items() if isinstance(model, kind))
    provided = Provided(model, "under test", "under test", "")
    first, second = (_called(provided, inputs, required, optional) for _ in range(2))
    for name, frame in first.items():
        if name not in second or not frame.equals(second[name]):
            raise PluginError(f"{provided.who} returned another table '{name}' when it was called again")
    return first


def _called(
    provided: Provided, inputs: Any, required: Iterable[str], optional: Iterable[str]
) -> dict[str, pl.DataFrame]:
    """What one call gives; of a tariff or supply also what it tells dispatch."""
    either = COOLING if isinstance(provided.model, CoolingModel) else ()
    made = provided.call(inputs, tuple(required), tuple(optional), either=either)
    if isinstance(provided.model, EnergyModel):
        for door, own in (("prices", energy.OF_TARIFFS), ("resources", energy.OF_SUPPLIES)):
            if getattr(provided.model, door) is not None:
                first, *rest = (table.name for table in own)
                made |= provided.call(inputs, (first,), tuple(rest), door=door)
    return made


def _entries(entries: Mapping[str, Params]) -> tuple[Entry[Any], ...]:
    return tuple(Entry(name, params) for name, params in entries.items())


def _replaced(given: dict[str, Any], frames: Mapping[str, Any]) -> dict[str, Any]:
    strange = [name for name in frames if name not in given]
    if strange:
        raise UsageError(f"there is no input '{strange[0]}'; one of: {', '.join(given)}")
    return given | dict(frames)
