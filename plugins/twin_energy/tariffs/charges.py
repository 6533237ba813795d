"""The parts of a rate schedule: periods of the clock, prices of energy and demand, ratchets, riders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from twin.api import EnergyPrice, Fraction, MoneyPerPowerMonth, Params, Power, Quantity
from twin_energy.tariffs.words import BlockLimit, Days, Hours, Months


def _signed(
    dimension: str, least: float | None = None, most: float | None = None
) -> tuple[BeforeValidator, WithJsonSchema]:
    """A quantity that may be below zero: a rider can give back."""
    return BeforeValidator(Quantity(dimension, least, most).read), WithJsonSchema({"type": "string"})


if TYPE_CHECKING:
    SignedPerEnergy = float
    SignedPerPowerMonth = float
    SignedPerTime = float
    SignedFraction = float
else:
    SignedPerEnergy = Annotated[float, *_signed("money_per_energy", -5.0, 5.0), Quantity("money_per_energy", -5.0, 5.0)]
    SignedPerPowerMonth = Annotated[float, *_signed("money_per_power_month"), Quantity("money_per_power_month", None)]
    SignedPerTime = Annotated[float, *_signed("money_per_time"), Quantity("money_per_time", None)]
    SignedFraction = Annotated[float, *_signed("fraction", -1.0), Quantity("fraction", -1.0)]

Twelve = Field(default=(), max_length=12)
"""Twelve values, January first, or none; `check_tariff` holds the length."""


class Period(Params):
    """Hours of the clock that a charge is for.

    Attributes:
        months: months of the year, as `6-9`; all where none is named.
        days: `weekday`, `weekend`, `holiday`, `mon-thu`, …; all where none is named.
        hours: hours of the day, as `14-19`; the whole day where none is named.
        other_than: names of periods whose hours are taken out.
    """

    months: Months = ()
    days: Days = ()
    hours: Hours = ()
    other_than: tuple[str, ...] = ()


class Schedule(Params):
    """Periods as a table, as OpenEI and SAM keep them: 12 months of 24 hours, each the number of a period.

    Attributes:
        weekday: 12 rows of 24 numbers, January first.
        weekend: the same for Saturday, Sunday and holidays.
        holiday: the same for holidays, where they differ from weekends.
    """

    weekday: tuple[tuple[int, ...], ...]
    weekend: tuple[tuple[int, ...], ...]
    holiday: tuple[tuple[int, ...], ...] = ()


class EnergyStep(Params):
    """A block inside a block of hours' use.

    Attributes:
        up_to: where it ends, counted from the first kWh of the month; the last has no end.
        price: price of its energy.
    """

    up_to: BlockLimit | None = None
    price: EnergyPrice


class EnergyBlock(Params):
    """A block of energy.

    Attributes:
        up_to: where it ends, counted from the first kWh of the month: `3000 kWh`, `30 kWh/day` (times the days of
            the month), `200 kWh/kW` (times the billing demand); the last block has no end.
        price: price of its energy.
        blocks: blocks inside it instead of a price.
    """

    up_to: BlockLimit | None = None
    price: EnergyPrice | None = None
    blocks: tuple[EnergyStep, ...] = ()


class EnergyCharge(Params):
    """A price of energy.

    Attributes:
        what: how the bill calls it; the period's name where not given.
        price: price of energy drawn.
        monthly: price by month, January first, instead of one price.
        export: price paid for energy fed in, in the same hours.
        period: names of periods it is for; all hours where none is named.
        months: months of the year in which it is charged; all where none is named.
        blocks: blocks with prices of their own, instead of one price.
        counts: what fills the blocks: `period`, the energy of its own hours; `share`, all energy of the month, of
            which its hours have the same share in every block; `order`, all energy of the month as time goes on.
        ratchet: name of the ratchet whose billing demand `kWh/kW` blocks use; the month's peak where not given.
    """

    what: str = ""
    price: EnergyPrice | None = None
    monthly: tuple[EnergyPrice, ...] = Twelve
    export: EnergyPrice = 0.0
    period: tuple[str, ...] | str = ()
    months: Months = ()
    blocks: tuple[EnergyBlock, ...] = ()
    counts: Literal["period", "share", "order"] = "period"
    ratchet: str = ""


class DemandBlock(Params):
    """A block of demand.

    Attributes:
        up_to: where it ends; the last block has no end.
        price: price of each kW in it.
    """

    up_to: Power | None = None
    price: MoneyPerPowerMonth


class DemandCharge(Params):
    """A price of demand, on the largest draw of the month in its hours.

    Attributes:
        what: how the bill calls it; the period's name where not given.
        price: price of demand.
        monthly: price by month, January first, instead of one price.
        period: names of periods it is for; all hours where none is named.
        months: months of the year in which it is charged; all where none is named.
        blocks: blocks of kW with prices of their own, instead of one price.
        ratchet: name of the ratchet that makes billing demand of the measured peaks.
        contract: whether the minimum of `contract` holds for it; where not said, it does for charges on all hours.
    """

    what: str = ""
    price: MoneyPerPowerMonth | None = None
    monthly: tuple[MoneyPerPowerMonth, ...] = Twelve
    period: tuple[str, ...] | str = ()
    months: Months = ()
    blocks: tuple[DemandBlock, ...] = ()
    ratchet: str = ""
    contract: bool | None = None


class Ratchet(Params):
    """Billing demand: the larger of the month's own peak, a share of earlier peaks, and a floor.

    Attributes:
        fraction: share of an earlier peak that counts.
        by_month: the share by the month of the peak, January first, instead of one share.
        of: months of the year whose peaks count; all where none is named.
        last: how many months it looks back.
        last_before: how many months it looks back where that reaches before the calendar; `last` where not given.
            SAM looks one month further there.
        own: share of the month's own peak that counts.
        own_by_month: that share by month, January first.
        months: months of the year whose bill looks back; all where none is named.
        floor: the least billing demand.
        period: periods in which the peaks are measured, where they differ from those of the charge.
        steady: whether each year looks back at itself, as if it had always been so (December before January);
            otherwise at what came before.
        previous: peaks of the months before the calendar, the latest last; none means no demand before it.
    """

    fraction: Fraction = 1.0
    by_month: tuple[Fraction, ...] = Twelve
    of: Months = ()
    last: Annotated[int, Field(ge=1, le=60)] = 11
    last_before: Annotated[int, Field(ge=1, le=60)] | None = None
    own: Fraction = 1.0
    own_by_month: tuple[Fraction, ...] = Twelve
    months: Months = ()
    floor: Power = 0.0
    period: tuple[str, ...] | str = ()
    steady: bool = False
    previous: tuple[Power, ...] = ()


class Rider(Params):
    """An adjustment; exactly one of `energy`, `demand`, `fixed` and `percent`.  Below zero it gives back.

    Attributes:
        what: how the bill calls it.
        energy: price of energy drawn.
        demand: price of the month's billing demand over all hours.
        fixed: a sum a month.
        percent: share of the lines named in `on`.
        on: lines of which `percent` is taken; all but riders by percent where none is named.
        months: months of the year in which it is charged; all where none is named.
        ratchet: name of the ratchet that makes the billing demand.
    """

    what: str
    energy: SignedPerEnergy | None = None
    demand: SignedPerPowerMonth | None = None
    fixed: SignedPerTime | None = None
    percent: SignedFraction | None = None
    on: tuple[Literal["energy_charge", "demand_charge", "fixed_charge", "coincident_charge", "rider"], ...] = ()
    months: Months = ()
    ratchet: str = ""
