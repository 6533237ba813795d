"""Parameters of models: the pydantic base and the types that read quantity strings.

`twin.api` hands them on to plugins; nothing else needs this module by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from twin import units
from twin.errors import UnitError

if TYPE_CHECKING:
    from pydantic.config import JsonDict


class Params(BaseModel):
    """Base of every parameter model: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=())


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


@dataclass(frozen=True, slots=True)
class Reference:
    """Marks a string field as the name of something else in the file: a party, a deal, a site."""

    kind: str


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
    Money = float
    MoneyPerEnergy = float
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
    Date = date
    PartyRef = str
    DealRef = str
    SiteRef = str
else:
    Power = _quantity("power")
    Money = _quantity("money")
    MoneyPerEnergy = _quantity("money_per_energy")
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
    Carbon = _quantity("carbon")
    Area = _quantity("area")
    ComputePerPower = _quantity("compute_per_power")
    DefectDensity = _quantity("defect_density")
    Length = _quantity("length")
    Memory = _quantity("memory")
    MemoryBandwidth = _quantity("memory_bandwidth")

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
