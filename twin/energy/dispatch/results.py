"""From a dispatch to frames: what every unit did, what passed the meter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.energy.dispatch.flows import fuel_kw

if TYPE_CHECKING:
    from twin.energy.dispatch.flows import Flows
    from twin.energy.dispatch.system import Floats, System


def unit_rows(system: System, flows: Flows) -> pl.DataFrame:
    """What every unit did, by step.

    Columns: `time, month, site, entry, unit, power_kw, charge_kw, curtailed_kw, state_kwh, online_fraction,
    fuel_kw`.  `power_kw` is what it gives or takes off the load, `charge_kw` what it takes or adds to the load;
    `state_kwh` is null except for stores, `online_fraction` except for plants whose machines are counted, `fuel_kw`
    for what burns none.
    """
    time = pl.Series("time", system.time).cast(pl.Datetime("us"))
    zero, none = np.zeros(system.steps), pl.lit(None, pl.Float64)
    parts = []

    def add(unit: Any, power: Floats, **more: Any) -> None:
        fuel = more.get("fuel")
        charge, cut = more.get("charge", zero), more.get("cut", zero)
        frame = pl.DataFrame({"time": time, "power_kw": power, "charge_kw": charge, "curtailed_kw": cut})
        parts.append(
            frame.select(
                "time",
                pl.col("time").dt.date().dt.truncate("1mo").alias("month"),
                pl.lit(system.site).alias("site"),
                pl.lit(unit.entry).alias("entry"),
                pl.lit(unit.unit).alias("unit"),
                "power_kw",
                "charge_kw",
                "curtailed_kw",
                more.get("state", none).alias("state_kwh"),
                more.get("online", none).alias("online_fraction"),
                none.alias("fuel_kw") if fuel is None else pl.Series("fuel_kw", fuel),
            )
        )

    for generator, power, online in zip(system.generators, flows.power_kw, flows.online, strict=True):
        spare = np.maximum(generator.available_kw - power, 0.0)
        cut = spare if generator.renewable or generator.must_take else zero
        fuel = fuel_kw(generator, power, online) if generator.burns else None
        add(generator, power, cut=cut, online=pl.Series(online) if generator.counted else none, fuel=fuel)
    for number, storage in enumerate(system.storages):
        state = pl.Series(flows.state_kwh[number])
        add(storage, flows.discharge_kw[number], charge=flows.charge_kw[number], state=state)
    for number, shift in enumerate(system.shifts):
        add(shift, flows.down_kw[number], charge=flows.up_kw[number])
    return pl.concat(parts)


def site_rows(system: System, flows: Flows, marginal_usd_per_kwh: Floats) -> pl.DataFrame:
    """What passed the meter: `time, month, site, load_kw, import_kw, export_kw, unserved_kw, marginal_usd_per_kwh`."""
    time = pl.Series("time", system.time).cast(pl.Datetime("us"))
    return pl.DataFrame(
        {
            "time": time,
            "month": time.dt.date().dt.truncate("1mo"),
            "site": pl.repeat(system.site, system.steps, eager=True),
            "load_kw": system.load_kw,
            "import_kw": flows.import_kw,
            "export_kw": flows.export_kw,
            "unserved_kw": flows.unserved_kw,
            "marginal_usd_per_kwh": marginal_usd_per_kwh,
        }
    )
