"""What `twin` asks of plugins: one hook a kind of thing, each with a complete plugin that runs.

A plugin is a module named by an entry point in the group `twin`:

```toml
[project.entry-points.twin]
my-plugin = "my_plugin"
```

Hooks register and do no work: they return descriptors from `twin.api`, and `twin` calls what the
descriptors hold when a topology file uses them.  Every example below is a whole module; the tests
run each of them as it stands.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pluggy

from twin.api import (
    PROJECT,
    Analysis,
    CarbonModel,
    Catalogue,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    HardwareModel,
    Reader,
    WeatherModel,
    WorkloadModel,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.api import Descriptor

hookspec = pluggy.HookspecMarker(PROJECT)

RETURNS: Mapping[str, tuple[type[Descriptor], ...]] = MappingProxyType(
    {
        "twin_hardware": (Catalogue, HardwareModel),
        "twin_energy": (EnergyModel,),
        "twin_cooling": (CoolingModel,),
        "twin_weather": (WeatherModel,),
        "twin_carbon": (CarbonModel,),
        "twin_financing": (FinancingModel,),
        "twin_workloads": (WorkloadModel,),
        "twin_analyses": (Analysis,),
        "twin_readers": (Reader,),
    }
)
"""Hook -> the descriptors that it returns any number of."""

COMPONENTS = "components"
"""Section of a topology file whose entries may name hardware models."""

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "twin_energy": "energy",
        "twin_cooling": "cooling",
        "twin_weather": "weather",
        "twin_carbon": "carbon",
        "twin_financing": "deals",
        "twin_workloads": "workloads",
        "twin_analyses": "analyses",
    }
)
"""Hook -> the section of a topology file whose entries name its models."""


class Specs:
    """The hooks.  A plugin implements any of them, with `@hookimpl` and without arguments."""

    @hookspec
    def twin_hardware(self) -> Iterable[Catalogue | HardwareModel]:
        """Catalogues of parts that topology files name after `use:`, and models that work parts out.

        A part is `maker.model`, a kind and attributes as quantity strings.  Say where figures were
        read and how sure they are: a run shows both beside every number it used.

        ```python
        from twin.api import Catalogue, Part, hookimpl

        PARTS = (
            Part(
                name="acme.rack-64",
                kind="rack",
                doc="64 accelerators behind a busbar, cold plates and some fans",
                attributes={
                    "load": "96 kW",
                    "accelerators": 64,
                    "liquid_fraction": "85 %",
                    "bf16": "1800 TFLOPS",
                    "price": "$1.9M",
                },
                source="https://acme.example/rack-64.pdf",
                confidence="vendor",
            ),
        )


        @hookimpl
        def twin_hardware():
            return [Catalogue(name="acme", doc="The racks of Acme.", parts=PARTS)]
        ```

        A hardware model works out the figures of a component of the file (`model:` with parameters beside
        it).  Its `run` returns `{"figures": frame}`: one row for each component and attribute, with the
        columns `component, attribute, value, note`, all of them text.  "Write a plugin" has an example.
        """
        raise NotImplementedError

    @hookspec
    def twin_energy(self) -> Iterable[EnergyModel]:
        """Tariffs and supplies: what the energy of a site costs, and who pays whom.

        `run` is called once for all entries of `energy:` that use the model.  `load` has one row a
        month and site with the name of the entry that serves it, so a join brings the parameters; `hours` has
        one row an hour.  `prices` lets dispatch see a tariff: without it the tariff serves no site that has a supply.
        `resources` makes the model a supply.  Their tables (`prices`, `demand_prices`, `demand_hours`; `resources`,
        `resource_hours`, `resource_segments`) are in the reference, under "Tables that models hand over".

        ```python
        import polars as pl

        from twin.api import EnergyInputs, EnergyModel, MoneyPerEnergy, Params, PartyRef, SiteRef, hookimpl


        class Flat(Params):
            sites: tuple[SiteRef, ...] = ()
            price: MoneyPerEnergy
            payer: PartyRef = "operator"
            payee: PartyRef = "utility"


        def terms(inputs: EnergyInputs) -> pl.DataFrame:
            return pl.DataFrame(
                [
                    {"entry": e.name, "price": e.params.price, "payer": e.params.payer, "payee": e.params.payee}
                    for e in inputs.entries
                ]
            )


        def prices(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
            hours = inputs.hours.join(terms(inputs), on="entry")
            return {"prices": hours.select("time", "site", "entry", pl.col("price").alias("usd_per_kwh"))}


        def flat(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
            bill = inputs.load.join(terms(inputs), on="entry").select(
                "month",
                "site",
                pl.col("entry").alias("supply"),
                pl.lit("energy_charge").alias("line"),
                "payer",
                "payee",
                (pl.col("energy_kwh") * pl.col("price")).alias("amount_usd"),
            )
            return {"energy_cost": bill}


        @hookimpl
        def twin_energy():
            return [EnergyModel("flat-price", "Every kWh at one price.", Flat, flat, prices=prices)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_cooling(self) -> Iterable[CoolingModel]:
        """Models of what a facility draws besides its IT load.

        `run` gives one row of table `energy` with stage `overhead` for each row of `load`, or, from `hours` with
        their weather, the table `overhead_hours` by stage.

        ```python
        import polars as pl

        from twin.api import CoolingInputs, CoolingModel, Params, Ratio, SiteRef, hookimpl


        class FreeCooling(Params):
            sites: tuple[SiteRef, ...] = ()
            overhead: Ratio = 0.08


        def free_cooling(inputs: CoolingInputs) -> dict[str, pl.DataFrame]:
            terms = pl.DataFrame([{"entry": e.name, "overhead": e.params.overhead} for e in inputs.entries])
            rows = inputs.load.join(terms, on="entry").select(
                "month",
                "site",
                pl.lit("overhead").alias("stage"),
                (pl.col("it_kwh") * pl.col("overhead")).alias("energy_kwh"),
                (pl.col("it_peak_kw") * pl.col("overhead")).alias("peak_kw"),
            )
            return {"energy": rows}


        @hookimpl
        def twin_cooling():
            return [CoolingModel("free-cooling", "A fixed share of the IT load.", FreeCooling, free_cooling)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_weather(self) -> Iterable[WeatherModel]:
        """Where the weather of a site comes from: a typical year of 8760 hours.

        ```python
        import math

        import polars as pl

        from twin.api import Params, SiteRef, Temperature, WeatherInputs, WeatherModel, hookimpl


        class Steady(Params):
            sites: tuple[SiteRef, ...] = ()
            mean: Temperature


        def steady(inputs: WeatherInputs) -> dict[str, pl.DataFrame]:
            season = [5.0 * math.cos(2 * math.pi * (hour / 8760 - 0.55)) for hour in range(8760)]
            years = [
                pl.DataFrame({"entry": e.name, "hour": range(8760), "dry_bulb_c": [e.params.mean + s for s in season]})
                for e in inputs.entries
            ]
            return {"weather": pl.concat(years)}


        @hookimpl
        def twin_weather():
            return [WeatherModel("steady", "A mean temperature with a season of five degrees.", Steady, steady)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_carbon(self) -> Iterable[CarbonModel]:
        """What a kWh from the grid emits in each hour of a typical year, and how much of it is carbon-free.

        ```python
        import polars as pl

        from twin.api import Carbon, CarbonInputs, CarbonModel, Fraction, Params, SiteRef, hookimpl


        class Constant(Params):
            sites: tuple[SiteRef, ...] = ()
            intensity: Carbon
            carbon_free: Fraction = 0.0


        def constant(inputs: CarbonInputs) -> dict[str, pl.DataFrame]:
            years = [
                pl.DataFrame({"entry": e.name, "hour": range(8760)}).with_columns(
                    kg_co2e_per_kwh=pl.lit(e.params.intensity), carbon_free_fraction=pl.lit(e.params.carbon_free)
                )
                for e in inputs.entries
            ]
            return {"grid_carbon": pl.concat(years)}


        @hookimpl
        def twin_carbon():
            return [CarbonModel("constant", "The same in every hour.", Constant, constant)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_financing(self) -> Iterable[FinancingModel]:
        """Deals: who pays whom, how much and when.

        `run` is called once for all entries of `deals:` that use the model and returns rows of table
        `cashflow`; `debt`, `occupancy` and `guarantee` where they apply.  Amounts are never
        negative: payer and payee say the direction.

        ```python
        import polars as pl

        from twin.api import FinancingInputs, FinancingModel, MoneyPerPowerMonth, Params, PartyRef, hookimpl


        class Service(Params):
            payer: PartyRef
            payee: PartyRef
            fee: MoneyPerPowerMonth


        def service(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
            terms = pl.DataFrame(
                [
                    {"deal": e.name, "fee": e.params.fee, "payer": e.params.payer, "payee": e.params.payee}
                    for e in inputs.entries
                ]
            )
            in_service = inputs.schedule.group_by("month", maintain_order=True).agg(pl.col("it_kw").sum())
            flows = in_service.join(terms, how="cross").select(
                "month",
                "payer",
                "payee",
                "deal",
                pl.lit("service_fee").alias("category"),
                (pl.col("it_kw") * pl.col("fee")).alias("amount_usd"),
            )
            return {"cashflow": flows}


        @hookimpl
        def twin_financing():
            return [FinancingModel("service", "A monthly fee for each kW of IT in service.", Service, service)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_workloads(self) -> Iterable[WorkloadModel]:
        """What a workload gets out of the capacity: rows of table `goodput`.

        A parameter `accelerators` (a share up to 1, or a count) says how many it occupies, and
        `utilisation` how busy they are: the share of what they draw above idle; the schedule reads both.
        How often the racks are interrupted is in `inputs.interruptions`; the columns of `goodput` behind
        `delivered_days` may be left out, and a table `goodput_loss` returned besides.

        ```python
        import polars as pl

        from twin.api import Params, Ratio, WorkloadInputs, WorkloadModel, hookimpl


        class Serving(Params):
            accelerators: Ratio = 1.0
            efficiency: Ratio = 0.2


        def serving(inputs: WorkloadInputs) -> dict[str, pl.DataFrame]:
            racks = inputs.compute
            total = int(racks["accelerators"].sum())
            peak = float((racks["accelerators"] * racks["bf16_tflops"]).sum())
            served = float((racks["accelerators"] * racks["served_fraction"]).sum()) / total
            rows = [
                {
                    "workload": e.name,
                    "model": "serving",
                    "accelerators": round(total * e.params.accelerators),
                    "peak_tflops": peak * e.params.accelerators,
                    "mfu_fraction": e.params.efficiency,
                    "available_fraction": served,
                    "nameplate_days": 365.0,
                    "delivered_days": 365.0 / served,
                }
                for e in inputs.entries
            ]
            return {"goodput": pl.DataFrame(rows)}


        @hookimpl
        def twin_workloads():
            return [WorkloadModel("serving", "A year of inference at a fixed efficiency.", Serving, serving)]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_analyses(self) -> Iterable[Analysis]:
        """Steps of an evaluation: tables in, tables out.  The core's own engines enter here too.

        `requires` and `produces` name tables of `twin tables`; `twin` puts the steps in order.

        ```python
        import polars as pl

        from twin.api import Analysis, AnalysisInputs, Params, Power, hookimpl


        class Limit(Params):
            most: Power = 100_000.0


        def site_limit(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
            most = inputs.params.most
            checks = (
                inputs.tables["schedule"]
                .group_by("site", maintain_order=True)
                .agg(pl.col("it_kw").max())
                .select(
                    pl.lit("site_limit").alias("check"),
                    pl.col("site").alias("scope"),
                    (pl.col("it_kw") <= most).alias("ok"),
                    pl.format("{} kW", pl.col("it_kw").round(1)).alias("got"),
                    pl.lit(f"at most {most:.0f} kW").alias("wanted"),
                    pl.lit("a site larger than this needs another permit").alias("message"),
                )
            )
            return {"checks": checks}


        @hookimpl
        def twin_analyses():
            return [
                Analysis(
                    name="site-limit",
                    doc="Holds the IT load of every site against a limit.",
                    params=Limit,
                    run=site_limit,
                    requires=("schedule",),
                    produces=("checks",),
                )
            ]
        ```
        """
        raise NotImplementedError

    @hookspec
    def twin_readers(self) -> Iterable[Reader]:
        r"""Readers of side tables (`rows: fleet.tsv`), chosen by the file's suffix.

        ```python
        from pathlib import Path

        import polars as pl

        from twin.api import Reader, hookimpl


        def read_tsv(path: Path) -> pl.DataFrame:
            return pl.read_csv(path, separator="\t", infer_schema_length=None)


        @hookimpl
        def twin_readers():
            return [Reader("tsv", "Tab-separated text with a header line.", (".tsv",), read_tsv)]
        ```
        """
        raise NotImplementedError
