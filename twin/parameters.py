"""Parameters of models: the pydantic base and the types that read quantity strings.

`twin.api` hands them on to plugins; nothing else needs this module by name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from twin import units
from twin.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.config import JsonDict
    from pydantic.fields import FieldInfo


class Params(BaseModel):
    """Base of every parameter model: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=())


def meaning(model: type[BaseModel], name: str) -> str:
    """What a parameter means: its description, or its line in the `Attributes:` of its class or of a base."""
    description = model.model_fields[name].description
    if description:
        return description
    for base in model.__mro__:
        found = re.search(rf"^    {name}: (.*(?:\n {{8}}.*)*)", inspect.cleandoc(base.__doc__ or ""), re.MULTILINE)
        if found:
            return " ".join(found[1].split()).removesuffix(".")
    return ""


_TRUST = {"recalled": "unverified", "assumed": "assumed", "read": "read"}
"""A word in what a parameter means -> how far its default is to be trusted; the first that is there counts."""


def trust(model: type[BaseModel], name: str) -> str | None:
    """How far a parameter's default is to be trusted, by what its meaning says of it; None where it says nothing.

    A default from memory says `recalled` and is unverified.
    """
    words = set(re.findall(r"\w+", meaning(model, name)))
    return next((level for word, level in _TRUST.items() if word in words), None)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Marks a field as a quantity of one dimension of `twin.units`; `least` is its lower bound."""

    dimension: str
    least: float | None = 0.0
    most: float | None = None

    def read(self, value: object) -> float:
        """The canonical float, or a pydantic error that says what would be right."""
        try:
            number = units.parse(value, self.dimension)
        except UnitError as error:
            raise PydanticCustomError(
                "quantity", "{problem}; {right}", {"problem": error.message, "right": error.expected}
            ) from error
        if self.least is not None and number < self.least:
            raise PydanticCustomError("quantity", "below {least}", {"least": units.show(self.least, self.dimension)})
        if self.most is not None and number > self.most:
            raise PydanticCustomError("quantity", "above {most}", {"most": units.show(self.most, self.dimension)})
        return number


def quantity_of(field: FieldInfo) -> Quantity | None:
    """The mark of a quantity in a field's annotation, however deep (`Power | None`)."""
    return _marked([field.annotation, *field.metadata])


def _marked(marks: Sequence[Any]) -> Quantity | None:
    for mark in marks:
        found = mark if isinstance(mark, Quantity) else _marked([*get_args(mark), *getattr(mark, "__metadata__", ())])
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Reference:
    """Marks a string field as the name of something else in the file: a party, a deal, a site."""

    kind: str


HOURS_PER_DAY = 24
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKEND = DAYS[5:]


def read_week(value: object) -> tuple[float, ...]:
    """168 weights from Monday 00:00: from 24 for every day, 168 for the week, or days by name.

    Days by name are `weekday`, `weekend` or those of `DAYS`; a day that none of them says is an error.
    """
    if isinstance(value, list | tuple) and len(value) in (HOURS_PER_DAY, HOURS_PER_DAY * len(DAYS)):
        weights = _weights(value, "the profile")
        return weights * (HOURS_PER_DAY * len(DAYS) // len(weights))
    if not isinstance(value, Mapping):
        got = f"{len(value)} numbers" if isinstance(value, list | tuple) else "no list"
        raise PydanticCustomError("week", "{got}; write 24 numbers, 168 from Monday, or days by name", {"got": got})
    strange = [str(day) for day in value if day not in (*DAYS, "weekday", "weekend")]
    if strange:
        raise PydanticCustomError(
            "week", "there is no day '{day}'; weekday, weekend or monday to sunday", {"day": strange[0]}
        )
    days = [value.get(day, value.get("weekend" if day in _WEEKEND else "weekday")) for day in DAYS]
    missing = [day for day, hours in zip(DAYS, days, strict=True) if hours is None]
    if missing:
        raise PydanticCustomError("week", "nothing is said of {day}; add 'weekday' or 'weekend'", {"day": missing[0]})
    for day, hours in zip(DAYS, days, strict=True):
        if not isinstance(hours, list | tuple) or len(hours) != HOURS_PER_DAY:
            raise PydanticCustomError("week", "{day} has not 24 numbers; give one an hour from 00:00", {"day": day})
    return tuple(number for day, hours in zip(DAYS, days, strict=True) for number in _weights(hours, day))


def _weights(hours: Sequence[object], where: str) -> tuple[float, ...]:
    found = []
    for hour, number in enumerate(hours):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < _MOST_WEIGHT:
            text = "{where} has '{got}' at hour {hour}; a number from 0 is wanted"
            raise PydanticCustomError("week", text, {"where": where, "got": str(number), "hour": hour})
        found.append(float(number))
    if not any(found):
        raise PydanticCustomError("week", "{where} is 0 in every hour; leave it out", {"where": where})
    return tuple(found)


_MOST_WEIGHT = 1e9


def _quantity(dimension: str, least: float | None = 0.0, most: float | None = None) -> Any:
    mark = Quantity(dimension, least, most)
    unit = units.dimension(dimension)
    schema: JsonDict = {
        "anyOf": [{"type": "string"}, {"type": "number"}] if unit.bare else [{"type": "string"}],
        "description": f"a quantity in {unit.label}" if unit.label else "a plain number",
        "examples": [unit.example],
    }

    def describe(old: JsonDict) -> None:
        """The schema of what a person writes, in place of that of the float it becomes; what it means stays."""
        means = old.get("description")
        old.clear()
        old.update(schema)
        if means:
            old["description"] = means

    return Annotated[float, mark, BeforeValidator(mark.read), Field(json_schema_extra=describe)]


if TYPE_CHECKING:
    # one a line: a type checker takes a chain for variables
    Power = float
    Energy = float
    Mass = float
    Volume = float
    WaterPerEnergy = float
    MoneyPerMass = float
    MassPerPower = float
    Money = float
    MoneyPerEnergy = float
    EnergyPrice = float
    MoneyPerPower = float
    MoneyPerPowerMonth = float
    MoneyPerTime = float
    MoneyPerHour = float
    Duration = float
    Term = float
    Fraction = float
    Ratio = float
    Rate = float
    Bandwidth = float
    Compute = float
    Work = float
    Carbon = float
    Area = float
    ComputePerPower = float
    DefectDensity = float
    Length = float
    Memory = float
    MemoryBandwidth = float
    Temperature = float
    TemperatureDifference = float
    Pressure = float
    Date = date
    PartyRef = str
    DealRef = str
    SiteRef = str
    FileRef = str
    PowerByDate = tuple[tuple[date, float], ...]
    WeekProfile = tuple[float, ...]
else:
    Power = _quantity("power")
    Energy = _quantity("energy")
    Mass = _quantity("mass")
    Volume = _quantity("volume")
    WaterPerEnergy = _quantity("water_per_energy")
    MoneyPerMass = _quantity("money_per_mass")
    MassPerPower = _quantity("mass_per_power")
    Money = _quantity("money")
    MoneyPerEnergy = _quantity("money_per_energy")
    # of what is bought or sold as energy: above it is a price in another unit, as a MWh
    EnergyPrice = _quantity("money_per_energy", 0.0, 5.0)
    MoneyPerPower = _quantity("money_per_power")
    MoneyPerPowerMonth = _quantity("money_per_power_month")
    MoneyPerTime = _quantity("money_per_time")
    MoneyPerHour = _quantity("money_per_hour")
    Duration = _quantity("duration")
    Term = _quantity("term")
    Fraction = _quantity("fraction", 0.0, 1.0)
    Ratio = _quantity("ratio")
    Rate = _quantity("rate", -1.0)
    Bandwidth = _quantity("bandwidth")
    Compute = _quantity("compute")
    Work = _quantity("work")
    # of a kWh: coal burnt at 30 % is 1.2 kg, and above this a figure is in another unit
    Carbon = _quantity("carbon", 0.0, 3.0)
    Area = _quantity("area")
    ComputePerPower = _quantity("compute_per_power")
    DefectDensity = _quantity("defect_density")
    Length = _quantity("length")
    Memory = _quantity("memory")
    MemoryBandwidth = _quantity("memory_bandwidth")
    Temperature = _quantity("temperature", -273.15)
    TemperatureDifference = _quantity("temperature_difference")
    Pressure = _quantity("pressure")

    def _date(value: object) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value) if isinstance(value, str) else _no_date()
        except ValueError as error:
            raise PydanticCustomError("date", "not an ISO date; write it as '2027-06-01'") from error

    def _no_date() -> date:
        raise ValueError("not a string")

    Date = Annotated[date, BeforeValidator(_date)]
    PartyRef = Annotated[str, Reference("party")]
    DealRef = Annotated[str, Reference("deal")]
    SiteRef = Annotated[str, Reference("site")]
    FileRef = Annotated[str, Reference("file")]

    def _by_date(value: object) -> tuple[tuple[date, float], ...]:
        """`330 MW`, or `{2027-06-01: 100 MW, 2028-01-01: 330 MW}`: each holds from its date on."""
        power = Quantity("power")
        if isinstance(value, Mapping):
            if not value:
                raise PydanticCustomError("steps", "no step; write it as '{2027-06-01: 100 MW}'")
            return tuple(sorted((_date(day), power.read(amount)) for day, amount in value.items()))
        if isinstance(value, tuple):
            return value
        return ((date.min, power.read(value)),)

    PowerByDate = Annotated[
        tuple[tuple[date, float], ...],
        BeforeValidator(_by_date),
        WithJsonSchema(
            {
                "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}],
                "description": "a power, or a power from each date on: {2027-06-01: 100 MW, 2028-01-01: 330 MW}",
            }
        ),
    ]
    WeekProfile = Annotated[
        tuple[float, ...],
        BeforeValidator(read_week),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "number"}, "minItems": 24, "maxItems": 168},
                    {"type": "object"},
                ],
                "description": "24 numbers for every day, 168 for a week from Monday, or {weekday: […], weekend: […]}",
            }
        ),
    ]
