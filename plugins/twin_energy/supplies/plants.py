"""Parameters of plants that burn fuel, and their fuel curve.

Defaults of efficiency, least load and operation and maintenance are those of NREL's REopt for the largest class that
it has (REopt.jl, data/chp/chp_defaults.json, read: combustion turbine 14-20 MW, engine 3-4.5 MW, fuel cell 1.4-9.3
MW). Recalled, not read: the diesel generator of REopt (32.2 %, $2.25 a gallon of 40.7 kWh); the start of a gas
turbine, $67/MW (2011) of Lew et al., NREL/TP-5500-55588 (2013), table 7; emission factors of 40 CFR 98, table C-1,
CO2 alone; hours of a backup diesel outside emergencies of 40 CFR 60.4211(f), 100 a calendar year. A permit may say
less.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from twin.api import (
    Carbon,
    Duration,
    Energy,
    EnergyPrice,
    FileRef,
    Fraction,
    MoneyPerPower,
    MoneyPerPowerMonth,
    Params,
    PartyRef,
    Power,
    Ratio,
)
from twin_energy.supplies.places import SupplyParams

KWH_PER_MMBTU = 293.07107
GAS_CARBON = 53.06 / KWH_PER_MMBTU
DIESEL_CARBON = 73.96 / KWH_PER_MMBTU
DIESEL_USD_PER_KWH = 2.25 / 40.7
DAY_H = 24.0


class PartLoad(Params):
    """Heat rate at a share of the rating."""

    load: Fraction
    heat_rate: Ratio


class Thermal(SupplyParams):
    """Parameters of every plant that burns fuel.

    Attributes:
        capacity: rating of all machines.
        machines: how many equal machines share it.
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`.
        part_load: heat rate at part load, rising loads below 1.
        minimum: least output of a running machine over its rating.
        start_cost: cost of starting, by rating started.
        fuel: price of fuel in the first year, as `$4/MMBtu`; it rises by `growth`.
        fuel_file: CSV or parquet beside the topology file with `usd_per_kwh` of fuel, by `time` or a typical year, in
            place of `fuel`; it does not rise by `growth`.
        fuel_carbon: emission of fuel, as `53.06 kg/MMBtu`, which is natural gas in 40 CFR 98, table C-1 (recalled).
        om: operation and maintenance of a kWh.
        fixed: operation and maintenance of the rating.
        forced: share of time in forced outage, taken off the available power.
        maintenance: how long each machine is out every year.
        maintenance_from: day of the year on which the first machine goes out, as `10-01`, which is assumed; the others
            follow.
        derating: share of the rating lost per kelvin above 15 °C; needs weather.
        mtbf: mean running time between failures of a machine, for the resilience of the site.
        mttr: mean time to repair one.
        start_failure: probability that a machine does not start.
        fuel_store: fuel energy kept on site; without it fuel comes by pipe.
        payee: who is paid for fuel.
        maintainer: who is paid for operation and maintenance.
    """

    capacity: Power
    machines: Annotated[int, Field(ge=1, le=10_000)] = 1
    heat_rate: Ratio
    part_load: tuple[PartLoad, ...] = ()
    minimum: Fraction = 0.0
    start_cost: MoneyPerPower = 0.0
    fuel: EnergyPrice | None = None
    fuel_file: FileRef = ""
    fuel_carbon: Carbon = GAS_CARBON
    om: EnergyPrice = 0.0
    fixed: MoneyPerPowerMonth = 0.0
    forced: Fraction = 0.0
    maintenance: Duration = 0.0
    maintenance_from: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")] = "10-01"
    derating: Fraction = 0.0
    mtbf: Duration | None = None
    mttr: Duration | None = None
    start_failure: Fraction = 0.0
    fuel_store: Energy | None = None
    maintainer: PartyRef = "vendor"

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if (self.fuel is None) == (not self.fuel_file):
            raise ValueError("give the price of fuel as 'fuel' or as 'fuel_file'")
        if self.heat_rate < 1:
            raise ValueError(f"a heat rate of {self.heat_rate:g} kWh/kWh is more energy out than in")
        loads = [point.load for point in self.part_load]
        if loads != sorted(set(loads)) or any(not 0 < load < 1 for load in loads):
            raise ValueError("the loads of 'part_load' must rise and lie between 0 and 100 %")
        idle, slopes = fuel_curve(self)
        if idle < -1e-9:  # noqa: PLR2004 - a rounding
            raise ValueError("the heat rate rises with load, as of no machine; check 'part_load' and 'heat_rate'")
        heat = [slope for _, slope in slopes]
        if any(later < earlier - 1e-9 for earlier, later in pairwise(heat)):
            shown = ", ".join(f"{slope:.3g}" for slope in heat)
            raise ValueError(f"one more kWh takes less fuel at high load than at low load ({shown}); check 'part_load'")
        if self.maintenance * self.machines > 365 * DAY_H:
            raise ValueError("maintenance of all machines takes more than a year")
        return self


class GasTurbine(Thermal):
    """Parameters of `gas-turbine`; see `Thermal`.

    Attributes:
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`; efficiency 31.55 % (REopt.jl, read).
        minimum: least output of a running machine over its rating; 50 % (REopt.jl, read).
        om: operation and maintenance of a kWh; $9.5/MWh (REopt.jl, read).
        start_cost: cost of starting, by rating started; $67/MW (2011) of NREL/TP-5500-55588 (recalled).
    """

    heat_rate: Ratio = 1 / 0.3155
    minimum: Fraction = 0.5
    start_cost: MoneyPerPower = 0.067
    om: EnergyPrice = 0.0095


class Engine(Thermal):
    """Parameters of `reciprocating-engine`; see `Thermal`.

    Attributes:
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`; efficiency 40.54 % (REopt.jl, read).
        minimum: least output of a running machine over its rating; 25 % (REopt.jl, read).
        om: operation and maintenance of a kWh; $13.5/MWh (REopt.jl, read).
    """

    heat_rate: Ratio = 1 / 0.4054
    minimum: Fraction = 0.25
    om: EnergyPrice = 0.0135


class FuelCell(Thermal):
    """Parameters of `fuel-cell`; see `Thermal`.

    Attributes:
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`; efficiency 41.3 % (REopt.jl, read).
        minimum: least output of a running machine over its rating; 30 % (REopt.jl, read).
        om: operation and maintenance of a kWh; $40/MWh (REopt.jl, read).
    """

    heat_rate: Ratio = 1 / 0.413
    minimum: Fraction = 0.3
    om: EnergyPrice = 0.04


class Diesel(Thermal):
    """Parameters of `backup-diesel`; see `Thermal`.

    Attributes:
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`; efficiency 32.2 % of REopt's generator (recalled).
        fuel: price of fuel in the first year, as `$4/MMBtu`; it rises by `growth`. $2.25 a gallon of 40.7 kWh, of
            REopt's generator (recalled).
        fuel_carbon: emission of fuel, as `73.96 kg/MMBtu`, which is distillate in 40 CFR 98, table C-1 (recalled).
        permit: running at the rating that is allowed in a calendar year outside emergencies; 100 h of 40 CFR
            60.4211(f) (recalled).
    """

    heat_rate: Ratio = 1 / 0.322
    fuel: EnergyPrice | None = DIESEL_USD_PER_KWH
    fuel_carbon: Carbon = DIESEL_CARBON
    permit: Duration = 100.0

    @model_validator(mode="before")
    @classmethod
    def _file_in_place_of_price(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("fuel_file") and "fuel" not in given:
            return {**given, "fuel": None}
        return given


def fuel_curve(terms: Thermal) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Fuel of running idle over the rating, and (share reached, incremental heat rate) by segment."""
    points = [(point.load, point.load * point.heat_rate) for point in terms.part_load] + [(1.0, terms.heat_rate)]
    if len(points) == 1:
        return 0.0, ((1.0, terms.heat_rate),)
    slopes = tuple(
        (load, (fuel - fuel_before) / (load - load_before))
        for (load_before, fuel_before), (load, fuel) in pairwise(points)
    )
    load, fuel = points[0]
    return fuel - slopes[0][1] * load, slopes
