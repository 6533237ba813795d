"""`wind`: wind turbines at the site, from its weather and a power curve.

    speed at the hub  = speed at 10 m x (hub height / 10 m)^shear
    speed for the curve = speed at the hub x (air density / 1.225 kg/m3)^(1/3)      (IEC 61400-12-1)
    output            = curve(speed) x (1 - losses) x rating

Where no curve is given: nothing below cut-in, `(v^3 - cut-in^3) / (rated^3 - cut-in^3)` up to the rated speed, all
up to cut-out (3, 12 and 25 m/s). These, shear 1/7 and the height of the hub are figures of the trade, recalled, not
read; losses are assumed. The wind of an airport station is that of its site: a wind farm stands where there is more;
scale it or give a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import EnergyPrice, Fraction, Length, MoneyPerPowerMonth, Params, PartyRef, Power, Ratio
from twin_energy.supplies.places import Place, SupplyParams, gathered, places, unit_row
from twin_energy.supplies.solar import run as run  # the same lines of upkeep

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]

STANDARD_DENSITY = 1.225
GAS_CONSTANT = 287.05
KELVIN = 273.15
STATION_M = 10.0
KM = 1000.0


class CurvePoint(Params):
    """A point of a power curve: output over rating at a wind speed in m/s."""

    speed: Annotated[float, Field(ge=0)]
    output: Fraction


class Turbine(Params):
    """Wind turbines of one kind.

    Attributes:
        hub: height of the hub; 100 m is usual onshore (recalled).
        shear: exponent of wind speed with height; 1/7 over open land (recalled).
        speed_factor: wind at the turbines over that of the weather station.
        cut_in: m/s below which it stands; usual onshore (recalled).
        rated: m/s from which it gives all; usual onshore (recalled).
        cut_out: m/s from which it stands; usual onshore (recalled).
        curve: points of a power curve in place of the three, straight between them, nothing outside.
        losses: wake, electrical, availability; 15 % is assumed.
    """

    hub: Length = 0.1
    shear: Ratio = 1.0 / 7.0
    speed_factor: Ratio = 1.0
    cut_in: float = 3.0
    rated: float = 12.0
    cut_out: float = 25.0
    curve: tuple[CurvePoint, ...] = ()
    losses: Fraction = 0.15

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not 0 <= self.cut_in < self.rated < self.cut_out:
            raise ValueError("cut_in, rated and cut_out must rise")
        speeds = [point.speed for point in self.curve]
        if speeds != sorted(set(speeds)):
            raise ValueError("the speeds of the curve must rise")
        return self


class Wind(SupplyParams):
    """Parameters of `wind`.

    Attributes:
        capacity: rating of all turbines.
        turbine: what they are.
        om: what a kWh costs to make.
        fixed: operation and maintenance of the rating.
        payee: who is paid for operation and maintenance.
    """

    capacity: Power
    turbine: Turbine = Turbine()
    om: EnergyPrice = 0.0
    fixed: MoneyPerPowerMonth = 0.0
    payee: PartyRef = "vendor"


def power_curve(speed: Floats, turbine: Turbine) -> Floats:
    """Output over rating at wind speeds of standard density, before losses."""
    if turbine.curve:
        at, given = [p.speed for p in turbine.curve], [p.output for p in turbine.curve]
        return np.interp(speed, at, given, left=0.0, right=0.0)
    low, high = turbine.cut_in**3, turbine.rated**3
    part = np.clip((speed**3 - low) / (high - low), 0.0, 1.0)
    return np.where(speed < turbine.cut_out, part, 0.0)


def output(place: Place, turbine: Turbine) -> Floats:
    """Output over rating by step at a place with weather.

    Raises:
        RefusedError: the weather of the site lacks wind, temperature or pressure.
    """
    known = place.weather("wind_m_per_s", "dry_bulb_c", "pressure_pa")
    density = known["pressure_pa"] / (GAS_CONSTANT * (known["dry_bulb_c"] + KELVIN))
    height = (turbine.hub * KM / STATION_M) ** turbine.shear
    speed = known["wind_m_per_s"] * turbine.speed_factor * height * np.cbrt(density / STANDARD_DENSITY)
    return power_curve(speed, turbine) * (1.0 - turbine.losses)


def resources(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The turbines of each place, their output by step."""
    rows, hours = [], []
    for place in places(inputs):
        kw = place.terms.capacity
        rows.append(unit_row(place, "generator", kw, renewable=True, carbon_free=True, on_outage=False))
        available = kw * output(place, place.terms.turbine) * place.alive
        hours.append(place.hours(available_kw=available, usd_per_kwh=place.terms.om * place.growth))
    return gathered(rows, hours)
