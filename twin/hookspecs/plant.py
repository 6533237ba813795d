"""Hooks of the plant: parts, energy, cooling, weather, carbon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.hookspecs.mark import hookspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.api import CarbonModel, Catalogue, CoolingModel, EnergyModel, HardwareModel, WeatherModel


class PlantSpecs:
    """Hooks of what stands in a site and of what it draws."""

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
