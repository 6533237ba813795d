"""Moist air, vectorised: what a tower, an economiser and a pad need to know of the weather.

Formulas are those of ASHRAE Handbook Fundamentals 2017, chapter 1, in SI units; the number of each equation stands
at its function.  Arrays broadcast; temperatures in °C, pressures in Pa, humidity ratios in kg of water per kg of dry
air, enthalpies in kJ per kg of dry air.  Valid from -100 to 200 °C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Number: TypeAlias = float | Floats

ZERO_C = 273.15
RATIO = 0.621945
"""Molar mass of water over that of dry air (equation 20)."""

_ICE = (-5.6745359e3, 6.3925247, -9.677843e-3, 6.2215701e-7, 2.0747825e-9, -9.484024e-13, 4.1635019)
_WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
_TRIPLE_C = 0.01
_HALVINGS = 36
"""Of an interval of at most 100 K: below 1e-8 K."""

_NEWTON = 6


def saturation_pressure(temperature_c: Number) -> Floats:
    """Pressure of saturated water vapour over ice below 0.01 °C and over water above (equations 5 and 6)."""
    t = np.asarray(temperature_c, dtype=np.float64) + ZERO_C
    return np.exp(np.where(t <= _TRIPLE_C + ZERO_C, _logarithm(t, _ICE), _logarithm(t, _WATER)))


def _logarithm(t: Floats, c: tuple[float, ...]) -> Floats:
    return c[0] / t + c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))) + c[6] * np.log(t)


def saturation_ratio(temperature_c: Number, pressure_pa: Number) -> Floats:
    """Humidity ratio of saturated air (equation 21); also that of air with this dew point (equation 36)."""
    vapour = saturation_pressure(temperature_c)
    return RATIO * vapour / (pressure_pa - vapour)


def vapour_pressure(humidity_ratio: Number, pressure_pa: Number) -> Floats:
    """Partial pressure of water vapour (equation 20, solved for it)."""
    ratio = np.asarray(humidity_ratio, dtype=np.float64)
    return pressure_pa * ratio / (RATIO + ratio)


def relative_humidity(temperature_c: Number, humidity_ratio: Number, pressure_pa: Number) -> Floats:
    """Vapour pressure over that of saturation, 0 to 1 (equation 22)."""
    return vapour_pressure(humidity_ratio, pressure_pa) / saturation_pressure(temperature_c)


def ratio_at_humidity(temperature_c: Number, relative: Number, pressure_pa: Number) -> Floats:
    """Humidity ratio at a relative humidity of 0 to 1."""
    vapour = relative * saturation_pressure(temperature_c)
    return RATIO * vapour / (pressure_pa - vapour)


def dew_point(humidity_ratio: Number, pressure_pa: Number) -> Floats:
    """Temperature at which the air is saturated, by halving: the inverse of `saturation_ratio`."""
    ratio = np.asarray(humidity_ratio, dtype=np.float64)
    low = np.full(np.broadcast(ratio, pressure_pa).shape, -100.0)
    high = np.full_like(low, 100.0)
    wanted = np.log(np.maximum(vapour_pressure(ratio, pressure_pa), 1e-6))
    for _ in range(_HALVINGS + 1):
        middle = (low + high) / 2
        above = np.log(saturation_pressure(middle)) > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2


def enthalpy(temperature_c: Number, humidity_ratio: Number) -> Floats:
    """Enthalpy of moist air in kJ per kg of dry air (equation 30)."""
    t: Floats = np.asarray(temperature_c, dtype=np.float64)
    return 1.006 * t + humidity_ratio * (2501.0 + 1.86 * t)


def _ratio_of_wet_bulb(dry: Floats, wet: Floats, pressure_pa: Number) -> Floats:
    """Humidity ratio that goes with a dry and a wet bulb (equations 33 over water and 35 over ice)."""
    full = saturation_ratio(wet, pressure_pa)
    water = ((2501.0 - 2.326 * wet) * full - 1.006 * (dry - wet)) / (2501.0 + 1.86 * dry - 4.186 * wet)
    ice = ((2830.0 - 0.24 * wet) * full - 1.006 * (dry - wet)) / (2830.0 + 1.86 * dry - 2.1 * wet)
    ratio: Floats = np.where(wet >= 0.0, water, ice)
    return ratio


def wet_bulb(dry_bulb_c: Number, dew_point_c: Number, pressure_pa: Number) -> Floats:
    """Thermodynamic wet bulb, by halving between dew point and dry bulb (equations 33 and 35).

    Where wet bulbs over ice and over water both exist close to 0 °C, one of them is found.
    """
    dry, dew = np.broadcast_arrays(np.asarray(dry_bulb_c, dtype=np.float64), np.asarray(dew_point_c, dtype=np.float64))
    ratio = saturation_ratio(dew, pressure_pa)
    low, high = dew.copy(), dry.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = _ratio_of_wet_bulb(dry, middle, pressure_pa) > ratio
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found: Floats = (low + high) / 2
    return found


def saturated_at(enthalpy_kj_per_kg: Number, pressure_pa: Number, start_c: Number) -> Floats:
    """Temperature of saturated air of a given enthalpy, by Newton's method from a temperature at most 20 K away."""
    t = np.asarray(start_c, dtype=np.float64)
    for _ in range(_NEWTON):
        vapour = saturation_pressure(t)
        dry = pressure_pa - vapour
        ratio = RATIO * vapour / dry
        rise = RATIO * pressure_pa * vapour * _steepness(t) / dry**2
        slope = 1.006 + 1.86 * ratio + rise * (2501.0 + 1.86 * t)
        t = np.clip(t + (enthalpy_kj_per_kg - enthalpy(t, ratio)) / slope, -80.0, 90.0)
    return t


def _steepness(temperature_c: Floats) -> Floats:
    """Change of the logarithm of the saturation pressure with temperature, per kelvin."""
    t = temperature_c + ZERO_C
    slopes = [-c[0] / t**2 + c[2] + t * (2 * c[3] + t * (3 * c[4] + t * 4 * c[5])) + c[6] / t for c in (_ICE, _WATER)]
    return np.where(t <= _TRIPLE_C + ZERO_C, *slopes)


def density(temperature_c: Number, humidity_ratio: Number, pressure_pa: Number) -> Floats:
    """Kilograms of dry air per cubic metre of moist air (equation 26, inverted)."""
    t = np.asarray(temperature_c, dtype=np.float64) + ZERO_C
    return np.asarray(pressure_pa / (287.042 * t * (1.0 + 1.607858 * np.asarray(humidity_ratio))))
