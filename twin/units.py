"""Quantity strings: `"2.5 MW"` in a file becomes 2500.0 kW in the program.

Every dimension has one canonical unit; numbers inside the program are plain floats in that unit and
their names end in its suffix.  pint knows the units; this module knows the dimensions, the money
notation (`$3.25B`, `$127/kW-month`) and how to say what would have been right.

A year is 12 months, 365 days and 8,760 hours, a month is 730 hours: the convention of reliability
and energy accounting.  Where the length of a calendar month matters, the engines use the calendar.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from twin.errors import UnitError, nearest

if TYPE_CHECKING:
    from pint import UnitRegistry

HOURS_PER_YEAR = 8760.0
MONTHS_PER_YEAR = 12

_DEFINITIONS = """
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
exa- = 1e18 = E-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
second = [time] = s = sec
minute = 60 * second = min
hour = 60 * minute = h = hr
day = 24 * hour = d
week = 7 * day = wk
month = 730 * hour = mo
year = 12 * month = y = yr = a
watt = [power] = W
watt_hour = watt * hour = Wh
btu = 1055.05585262 * watt * second = Btu
million_btu = 1e6 * btu = MMBtu
USD = [currency]
percent = 0.01 = %
bit = [information] = b
byte = 8 * bit = B
bps = bit / second
metre = [length] = m = meter
foot = 0.3048 * metre = ft
mile = 1609.344 * metre = mi
kelvin = [temperature] = K
pascal = [pressure] = Pa
gram = [mass] = g
pound = 453.59237 * gram = lb
tonne = 1e6 * gram = t
litre = [volume] = L = liter
rack_unit = [rack_space] = U
flop = [operation] = FLOP
FLOPS = flop / second
"""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A kind of quantity.

    Attributes:
        name: how the code calls it.
        unit: canonical unit as pint reads it.
        suffix: what the names of numbers in this unit end in.
        example: a quantity string that is right.
        label: canonical unit as a person writes it.
        bare: whether a number without a unit is accepted.
    """

    name: str
    unit: str
    suffix: str
    example: str
    label: str
    bare: bool = False


_ALL = (
    Dimension("power", "kilowatt", "kw", "2.5 MW", "kW"),
    Dimension("energy", "kilowatt * hour", "kwh", "4 MWh", "kWh"),
    Dimension("money", "USD", "usd", "$3.25B", "$"),
    Dimension("money_per_energy", "USD / (kilowatt * hour)", "usd_per_kwh", "$0.045/kWh", "$/kWh"),
    Dimension("money_per_power", "USD / kilowatt", "usd_per_kw", "$11.7M/MW", "$/kW"),
    Dimension("money_per_power_month", "USD / kilowatt / month", "usd_per_kw_month", "$128/kW-month", "$/kW-month"),
    Dimension("money_per_time", "USD / month", "usd_per_month", "$49M/year", "$/month"),
    Dimension("money_per_hour", "USD / hour", "usd_per_h", "$2.10/h", "$/h"),
    Dimension("duration", "hour", "h", "8 h", "h"),
    Dimension("term", "month", "months", "15 years", "months"),
    Dimension("fraction", "", "fraction", "96 %", "", bare=True),
    Dimension("ratio", "", "ratio", "1.25", "", bare=True),
    Dimension("rate", "1 / year", "per_year", "3 %/year", "/year"),
    Dimension("bandwidth", "gigabit / second", "gbps", "400 Gbps", "Gbit/s"),
    Dimension("memory", "gigabyte", "gb", "192 GB", "GB"),
    Dimension("memory_bandwidth", "terabyte / second", "tb_per_s", "8 TB/s", "TB/s"),
    Dimension("compute", "teraFLOPS", "tflops", "2500 TFLOPS", "TFLOP/s"),
    Dimension("compute_per_power", "teraFLOPS / watt", "tflops_per_w", "2 TFLOPS/W", "TFLOP/s/W"),
    Dimension("work", "flop", "flop", "5e26 FLOP", "FLOP", bare=True),
    Dimension("length", "kilometre", "km", "2100 km", "km"),
    Dimension("area", "millimetre * millimetre", "mm2", "800 mm2", "mm²"),
    Dimension("defect_density", "1 / (centimetre * centimetre)", "per_cm2", "0.1/cm2", "/cm²"),
    Dimension("mass", "kilogram", "kg", "1360 kg", "kg"),
    Dimension("space", "rack_unit", "u", "48 U", "U"),
    Dimension("carbon", "kilogram / (kilowatt * hour)", "kg_co2e_per_kwh", "380 g/kWh", "kg/kWh"),
    Dimension("temperature", "kelvin", "c", "27 °C", "°C"),
    Dimension("temperature_difference", "kelvin", "k", "5 K", "K"),
    Dimension("pressure", "pascal", "pa", "650 Pa", "Pa"),
    Dimension("mass_per_power", "kilogram / kilowatt", "kg_per_kw", "1.5 t/kW", "kg/kW"),
    Dimension("money_per_mass", "USD / kilogram", "usd_per_kg", "$50/t", "$/kg"),
    Dimension("volume", "litre", "l", "5000 L", "L"),
    Dimension("water_per_energy", "litre / (kilowatt * hour)", "l_per_kwh", "1.8 L/kWh", "L/kWh"),
    Dimension("number", "", "number", "72", "", bare=True),
)
DIMENSIONS: dict[str, Dimension] = {dimension.name: dimension for dimension in _ALL}

_SCALES = {
    "°C": (1.0, 0.0),
    "C": (1.0, 0.0),
    "degC": (1.0, 0.0),
    "°F": (5 / 9, 32.0),
    "F": (5 / 9, 32.0),
    "degF": (5 / 9, 32.0),
    "K": (1.0, 273.15),
}
"""Scale of temperature -> degrees Celsius in one of its degrees, and what 0 °C is on it."""

_NUMBER = r"[+-]?(?:\d{1,3}(?:[,_]\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"\s*(?P<sign>[+-]?)(?P<usd>\$|USD\s)?\s*(?P<number>{_NUMBER})\s*(?P<rest>.*?)\s*$")
_MONEY_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "B": 1e9, "bn": 1e9, "T": 1e12}
_SCALE_WORD = re.compile(r"(k|K|M|m|bn|B|T)(?![A-Za-z])\s*(?:USD\b)?\s*(?P<rest>.*)$")
_LANES = re.compile(r"\s*(\d+)\s*[x\u00d7]\s*(.+)$")
_PER_ENERGY = re.compile(r"(?:Wh|M?M?Btu|W[-* ]h(?:rs?|ours?)?|watt[-_* ]?hours?)$", re.IGNORECASE)
_LARGEST_WRITTEN_OUT = 1e15
MOST = 1e40
"""Larger quantities are slips of the pen, and their sums and products would leave the range of floats."""

_MOST_LANES_DIGITS = 9
_MILLI = re.compile(r"(?<![A-Za-z])mWh?(?![A-Za-z])")
_APPARENT = re.compile(r"\b[kMG]?VA\b")
_PLAIN_UNIT = re.compile(r"[A-Za-z%°_µ²$ */().\d-]*$")
_SHORT = (
    ("yearly", "year"),
    ("Gbit/s", "gigabit/second"),
    ("Tbit/s", "terabit/second"),
    ("Mbit/s", "megabit/second"),
    ("mm2", "millimetre*millimetre"),
    ("mm²", "millimetre*millimetre"),
    ("cm2", "centimetre*centimetre"),
    ("cm²", "centimetre*centimetre"),
)


@cache
def _registry() -> UnitRegistry[float]:
    from pint import UnitRegistry  # noqa: PLC0415 - pint is slow to import and --help must not pay for it

    return UnitRegistry(_DEFINITIONS.strip().splitlines(), on_redefinition="ignore")


def dimension(name: str) -> Dimension:
    """The dimension called `name`; a KeyError for an unknown one is a bug of the caller."""
    return DIMENSIONS[name]


def parse(text: object, name: str) -> float:
    """Read a quantity string as a number in the canonical unit of the dimension `name`.

    Args:
        text: what stood in the file: a string such as `"2.5 MW"`, or a bare number where the
            dimension takes one.
        name: a key of `DIMENSIONS`.

    Returns:
        The value as a finite float in `DIMENSIONS[name].unit`.

    Raises:
        UnitError: not a quantity, the wrong unit, a bare number where a unit belongs, not finite,
            beyond 1e40.
    """
    want = DIMENSIONS[name]
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise UnitError("not a quantity", _right(want))
    if isinstance(text, int | float):
        return _bare(_float(text), want)
    match = _QUANTITY.match(text)
    if match is None or not any(char.isdigit() for char in match["number"]):
        raise UnitError("not a quantity", _right(want))
    value = float(match["number"].replace(",", "").replace("_", ""))
    if match["sign"] == "-" and not match["number"].startswith("-"):
        value = -value
    unit = match["rest"]
    if match["usd"]:
        scale, unit = _money(unit)
        value *= scale
    if not unit:
        return _bare(value, want)
    if name == "temperature":
        return _bounded(_temperature(value, unit, want), want)
    return _bounded(float(f"{value * _factor(unit, name):.15g}"), want)


def _temperature(value: float, unit: str, want: Dimension) -> float:
    """A temperature in °C: its scales have other zeros, so that a factor does not do."""
    if unit not in _SCALES:
        raise UnitError(f"'{unit}' is not a scale of temperature", f"{_right(want)}; °C, °F and K are known")
    degree, zero = _SCALES[unit]
    return float(f"{(value - zero) * degree:.15g}")


def parse_lanes(text: object) -> tuple[int, float]:
    """Read `"72 x 400 Gbps"` as (72, 400.0), lanes and Gbit/s each; a plain bandwidth is one lane.

    Raises:
        UnitError: neither of the two forms.
    """
    match = _LANES.match(text) if isinstance(text, str) else None
    if match is None:
        return 1, parse(text, "bandwidth")
    if len(match[1]) > _MOST_LANES_DIGITS:
        raise UnitError("too many lanes", "write it as '72 x 400 Gbps'")
    return int(match[1]), parse(match[2], "bandwidth")


_STEPS = {
    "power": (("GW", 1e6), ("MW", 1e3), ("kW", 1.0), ("W", 1e-3)),
    "energy": (("TWh", 1e9), ("GWh", 1e6), ("MWh", 1e3), ("kWh", 1.0)),
    "length": (("km", 1.0), ("m", 1e-3), ("mm", 1e-6)),
}
"""Units in which quantities are shown, the largest first, and what one of each is in the canonical unit."""


def show(value: float, name: str, digits: int = 4) -> str:
    """A number in canonical units as a person reads it: `show(2500.0, "power")` is `"2.5 MW"`."""
    want = DIMENSIONS[name]
    if name == "fraction":
        return f"{_digits(value * 100, digits)} %"
    if name == "rate":
        return f"{_digits(value * 100, digits)} %/year"
    if name in _STEPS:
        return _scaled(value, _STEPS[name], digits)
    if want.label.startswith("$"):
        return show_money(value, digits) + want.label[1:]
    return f"{_digits(value, digits)} {want.label}".strip()


def show_money(value: float, digits: int = 4) -> str:
    """Dollars as a person reads them: `show_money(7.0e9)` is `"$7B"`."""
    text = _scaled(abs(value), (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e4), ("", 1.0)), digits)
    if text.endswith(" k"):
        text = f"{_digits(abs(value) / 1e3, digits)} k"
    return ("-$" if value < 0 else "$") + text.replace(" ", "")


def _digits(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text and 1 <= abs(value) < _LARGEST_WRITTEN_OUT else text


def _scaled(value: float, steps: tuple[tuple[str, float], ...], digits: int) -> str:
    rounded = abs(float(f"{value:.{digits}g}"))  # 999.9 M in three digits is 1 B, not 1,000 M
    unit, size = next((step for step in steps if rounded >= step[1]), steps[-1])
    return f"{_digits(value / size, digits)} {unit}".strip()


def _float(number: float) -> float:
    """A number of a file as a float; whole numbers beyond the range of floats are infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _bounded(value: float, want: Dimension) -> float:
    if not math.isfinite(value):
        raise UnitError("not a finite number", _right(want))
    if abs(value) > MOST:
        raise UnitError("larger than any real quantity", _right(want))
    return value


def _bare(value: float, want: Dimension) -> float:
    value = _bounded(value, want)
    if not want.bare:
        raise UnitError("a number without a unit", _right(want))
    return value


def _money(rest: str) -> tuple[float, str]:
    match = _SCALE_WORD.match(rest)
    if match is None:
        return 1.0, f"USD{rest}" if rest.startswith("/") or not rest else f"USD {rest}"
    tail = match["rest"]
    return _MONEY_SCALE[match[1]], f"USD{tail}" if tail.startswith("/") or not tail else f"USD {tail}"


def _right(want: Dimension) -> str:
    unit = f" (canonical unit {want.label})" if want.label else ""
    return f"write it as '{want.example}'{unit}"


@cache
def _factor(unit: str, name: str) -> float:
    want = DIMENSIONS[name]
    if _MILLI.search(unit):
        raise UnitError(f"'{unit}' is in milliwatts, a billionth of MW", f"write MW with a capital M; {_right(want)}")
    if _APPARENT.search(unit):
        raise UnitError(f"'{unit}' is apparent power", f"give real power: kW = kVA x power factor; {_right(want)}")
    expression = _expression(unit)
    registry = _registry()
    if not _PLAIN_UNIT.match(unit) or "**" in unit or unit[0] in ".0123456789":
        raise UnitError(f"'{unit}' is not a unit", _right(want))
    try:
        quantity = registry.parse_expression(expression)
    except Exception as error:
        known = _cased(unit) or nearest(unit, _common_units())
        raise UnitError(f"'{_dollars(unit)}' is not a unit", f"{known} {_right(want)}".strip()) from error
    if isinstance(quantity, int | float):
        quantity = quantity * registry.dimensionless
    target = _canonical(want.unit)
    if name == "rate" and quantity.dimensionless:
        raise UnitError(f"'{unit}' does not say in what time", _right(want))
    if quantity.dimensionality != target.dimensionality or _other_price(unit, name):
        raise UnitError(f"'{unit}' is not a unit of {want.name.replace('_', ' ')}", _right(want))
    factor = float((quantity / target).to_base_units().magnitude)
    if factor <= 0 or not math.isfinite(factor):
        raise UnitError(f"'{unit}' is not a unit", _right(want))
    return factor


@cache
def _canonical(unit: str) -> Any:
    """One of a canonical unit, as pint has it."""
    registry = _registry()
    return registry.parse_expression(unit) if unit else registry.dimensionless * 1


def _other_price(unit: str, name: str) -> bool:
    """Whether `unit` is a price of energy where one of demand is wanted, or the other way round.

    To pint a kW-month is 730 kWh; on a bill they are different things.
    """
    by_energy = bool(_PER_ENERGY.search(unit))
    return {"money_per_power_month": by_energy, "money_per_energy": not by_energy}.get(name, False)


def _cased(unit: str) -> str:
    """`did you mean '$/kW-month'?` for `$/kw-month`; empty where capitals are not what is wrong."""
    folded = {known.casefold(): known for known in _common_units()}
    cased = re.sub(r"[A-Za-z]+", lambda word: folded.get(word[0].casefold(), word[0]), unit)
    return f"did you mean '{_dollars(cased)}'?" if cased != unit else ""


def _dollars(unit: str) -> str:
    """As files write it."""
    return f"${unit[3:]}" if unit.startswith("USD/") else unit


def _common_units() -> tuple[str, ...]:
    return ("W", "kW", "MW", "GW", "kWh", "MWh", "h", "hours", "days", "months", "years", "Gbps", "Tbps", "GB", "TB/s")


def _expression(unit: str) -> str:
    """`kW-month` and `$/kW-month` as pint reads them: what follows a slash is one denominator."""
    for short, long in _SHORT:
        unit = unit.replace(short, long)
    parts = [re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])", "*", part.strip()) for part in unit.replace("$", "USD").split("/")]
    head = parts[0] or "1"
    return "/".join([head, *(f"({part})" for part in parts[1:])]) if len(parts) > 1 else head
