"""`solar`: a photovoltaic plant at the site, from its weather with pvlib.

Chain: sun's position at the middle of each hour; Perez transposition to the plane of the array; reflection at
the glass (physical model); cell temperature (Sandia, open rack, glass and polymer); PVWatts for array and
inverter.  The same as `pvlib.modelchain.ModelChain.with_pvwatts`, against which a test holds it.

    dc = dc_ratio x irradiance / 1000 W/m2 x (1 + gamma x (cell temperature - 25)) x (1 - losses)
    ac = PVWatts' inverter curve of dc, at most the rating

Losses of 14.08 % and an inverter of 96 % are what pvlib's PVWatts functions take, to which a test holds them. The
other defaults are recalled, not read: those of PVWatts version 5 (Dobos, NREL/TP-6A20-62641, 2014) for gamma and
albedo, the median of Jordan and Kurtz (2013) for degradation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from twin.api import EnergyPrice, Fraction, MoneyPerPowerMonth, Params, PartyRef, Power, Ratio
from twin_energy.supplies.places import Line, Place, SupplyParams, bill_of, gathered, places, unit_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]

WEATHER = ("dry_bulb_c", "wind_m_per_s", "ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
PLACE = ("latitude_deg", "longitude_deg", "elevation_m", "utc_offset_h")
YEAR_START = "2001-01-01"
"""Start of the typical year of 365 days."""


class Array(Params):
    """The array of a photovoltaic plant.

    Attributes:
        mounting: `tracking` about a horizontal axis from north to south, or `fixed`; assumed.
        tilt: of a fixed array from the horizontal, degrees; the latitude where not given.
        azimuth: to which a fixed array faces, degrees from north by east; south is assumed.
        dc_ratio: power of the modules over the rating, which is that of the inverters; 1.3 is assumed.
        losses: of the array: soiling, shading, mismatch, wiring, light, nameplate, availability; PVWatts as pvlib has
            it (read).
        gamma: change of power with cell temperature, share per kelvin; PVWatts, standard module (recalled).
        inverter: efficiency at the rating; PVWatts as pvlib has it (read).
        ground_cover: width of the modules over the distance of rows, for tracking without shading; PVWatts (recalled).
        albedo: of the ground; PVWatts (recalled).
    """

    mounting: Literal["tracking", "fixed"] = "tracking"
    tilt: float | None = None
    azimuth: float = 180.0
    dc_ratio: Ratio = 1.3
    losses: Fraction = 0.1408
    gamma: float = -0.0047
    inverter: Fraction = 0.96
    ground_cover: Fraction = 0.4
    albedo: Fraction = 0.2


class Solar(SupplyParams):
    """Parameters of `solar`.

    Attributes:
        capacity: rating at the site's bus (AC).
        array: the array.
        degradation: yearly loss of output; median of Jordan and Kurtz 2013 (recalled).
        om: what a kWh costs to make.
        fixed: operation and maintenance of the rating.
        payee: who is paid for operation and maintenance.
    """

    capacity: Power
    array: Array = Array()
    degradation: Fraction = 0.005
    om: EnergyPrice = 0.0
    fixed: MoneyPerPowerMonth = 0.0
    payee: PartyRef = "vendor"


def typical_output(weather: pl.DataFrame, array: Array) -> Floats:
    """Output over rating in every hour of a typical year.

    Args:
        weather: 8760 rows in order with the columns of `WEATHER` and `PLACE`; irradiance is the mean of the hour.
        array: the array.

    Returns:
        Shape (8760,), between 0 and 1.
    """
    import pandas as pd  # noqa: PLC0415 - heavy, and only solar plants need it
    from pvlib import atmosphere, iam, inverter, irradiance, pvsystem, solarposition, temperature  # noqa: PLC0415 - as above

    latitude, longitude, elevation, offset = (float(weather[name][0]) for name in PLACE)
    middle = pd.Timestamp(YEAR_START, tz="UTC") + pd.Timedelta(hours=0.5 - offset)
    times = pd.date_range(middle, periods=weather.height, freq="h")
    air, wind, ghi, dni, dhi = (pd.Series(weather[name].to_numpy(), times) for name in WEATHER)
    sun = solarposition.get_solarposition(times, latitude, longitude, altitude=elevation)
    tilt, azimuth = _plane(sun, array, latitude)
    zenith, bearing = sun["apparent_zenith"], sun["azimuth"]
    extra = pd.Series(irradiance.get_extra_radiation(times.day_of_year.to_numpy()), times)
    plane = irradiance.get_total_irradiance(
        tilt,
        azimuth,
        zenith,
        bearing,
        dni,
        ghi,
        dhi,
        dni_extra=extra,
        airmass=atmosphere.get_relative_airmass(zenith),
        albedo=array.albedo,
        model="perez",
    )
    through = iam.physical(irradiance.aoi(tilt, azimuth, zenith, bearing))
    useful = (plane["poa_direct"] * through + plane["poa_diffuse"]).fillna(0.0)
    rack = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"]
    cell = temperature.sapm_cell(plane["poa_global"].fillna(0.0), air, wind, **rack)
    dc = pvsystem.pvwatts_dc(useful, cell, array.dc_ratio, array.gamma) * (1.0 - array.losses)
    ac = inverter.pvwatts(dc, 1.0 / array.inverter, eta_inv_nom=array.inverter)
    share: Floats = np.clip(np.nan_to_num(ac.to_numpy(dtype=np.float64)), 0.0, 1.0)
    return share


def _plane(sun: Any, array: Array, latitude: float) -> tuple[Any, Any]:
    """Tilt and azimuth of the plane of the array."""
    from pvlib import tracking  # noqa: PLC0415 - as above

    if array.mounting == "fixed":
        return (abs(latitude) if array.tilt is None else array.tilt), array.azimuth
    followed = tracking.singleaxis(
        sun["apparent_zenith"], sun["azimuth"], axis_azimuth=array.azimuth, gcr=array.ground_cover
    )
    # the sun is down: the plane is of no consequence
    return followed["surface_tilt"].fillna(0.0), followed["surface_azimuth"].fillna(array.azimuth)


def output(place: Place, array: Array) -> Floats:
    """Output over rating by step at a place with weather.

    Raises:
        RefusedError: the weather of the site lacks what is needed.
    """
    place.weather(*WEATHER, *PLACE)
    own = place.inputs.weather.filter(pl.col("site") == place.site).sort("hour")
    typical = typical_output(own, array)
    return typical[place.hour_of_year]


def resources(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """A plant at each place, its output by step."""
    rows, hours = [], []
    for place in places(inputs):
        kw = place.terms.capacity
        rows.append(unit_row(place, "generator", kw, renewable=True, carbon_free=True, on_outage=False))
        available = kw * output(place, place.terms.array) * ageing(place, place.terms.degradation) * place.alive
        hours.append(place.hours(available_kw=available, usd_per_kwh=place.terms.om * place.growth))
    return gathered(rows, hours)


def ageing(place: Place, degradation: float) -> Floats:
    """What is left of the output after whole years since the start."""
    left: Floats = np.power(1.0 - degradation, place.years)
    return left


def run(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Operation and maintenance; energy from an own plant is paid for by its capital cost."""
    return bill_of(inputs, upkeep)


def upkeep(place: Place) -> list[Line]:
    """Fixed and variable operation and maintenance of a plant with `capacity`, `fixed`, `om`."""
    given = place.given()["power_kw"].to_numpy() * place.step_h
    share = place.by_month(place.alive) / place.by_month(np.ones(place.steps))
    grown = place.by_month(place.growth) / place.by_month(np.ones(place.steps))
    kw, kwh = place.terms.capacity * share, place.by_month(given)
    return [
        Line("fixed_om", "operation and maintenance", "kW", kw, place.terms.fixed * kw * grown),
        Line(
            "variable_om",
            "operation and maintenance",
            "kWh",
            kwh,
            place.terms.om * place.by_month(given * place.growth),
        ),
    ]
