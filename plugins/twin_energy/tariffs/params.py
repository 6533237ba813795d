"""Parameters of `tariff`: what a rate schedule says, as a person copies it from the utility's sheet."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from twin.api import (
    Date,
    Duration,
    FileRef,
    Fraction,
    Money,
    MoneyPerPower,
    MoneyPerTime,
    Params,
    PartyRef,
    Power,
    PowerByDate,
    Rate,
    Ratio,
    SiteRef,
)
from twin_energy.tariffs.charges import DemandCharge, EnergyCharge, Period, Ratchet, Rider, Schedule
from twin_energy.tariffs.check import check_tariff

if TYPE_CHECKING:
    from typing import Self


def _read_holiday(value: object) -> str:
    """`2027-07-05`, or `12-25` for every year."""
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        try:
            return date.fromisoformat(f"2000-{text}").isoformat()[5:]
        except ValueError:
            raise ValueError(f"'{text}' is not a day; write it as '2027-07-05', or '12-25' for every year") from None


if TYPE_CHECKING:
    HolidayDate = str
else:
    HolidayDate = Annotated[str, BeforeValidator(_read_holiday), WithJsonSchema({"type": "string"})]


class ContractStep(Params):
    """A step of the contract demand.

    Attributes:
        start: the month from which it holds.
        power: contract demand.
        minimum: share of it that is billed at least, where it differs from that of the contract (as in a ramp).
    """

    start: Date
    power: Power
    minimum: Fraction | None = None


class Contract(Params):
    """A large-load contract: a share of the contract demand is billed whatever is drawn.

    Attributes:
        minimum: share of the contract demand that is billed at least.
        steps: contract demand from a month on; the last holds to the end.
        until: first month after the term; without it the contract outlasts the calendar.
        exit: month in which the customer leaves before the term is over.
        exit_months: months of minimum demand charges to pay on leaving, at most what is left of the term.
    """

    minimum: Fraction
    steps: Annotated[tuple[ContractStep, ...], Field(min_length=1)]
    until: Date | None = None
    exit: Date | None = None
    exit_months: Annotated[int, Field(ge=0, le=1200)] = 0


class PeakWindow(Params):
    """Hours of the clock in which a coincident peak fell.

    Attributes:
        start: when it began, as `2027-08-10 16:00`.
        end: when it ended.
        peak: name of the peak; windows of one name are one peak. Its own where not given.
    """

    start: datetime
    end: datetime
    peak: str = ""


class CoincidentCharge(Params):
    """A price of demand at the hour of somebody else's peak.

    Attributes:
        what: how the bill calls it.
        price: price of the demand at each peak; with `billed: next-year`, of the mean over a year's peaks.
        windows: when the peaks were.
        windows_file: CSV or parquet with the columns of `windows`, beside the topology file.
        every_year: whether the windows come again on the same days of every year.
        take: demand of a peak: the largest or the mean draw in its windows.
        billed: `month`, in the month in which the peak ends; `next-year`, in twelve parts of the next calendar year.
        previous: the mean demand at the peaks of the year before the calendar, for `next-year`.
    """

    what: str = "coincident peak"
    price: MoneyPerPower
    windows: tuple[PeakWindow, ...] = ()
    windows_file: FileRef = ""
    every_year: bool = False
    take: Literal["max", "mean"] = "max"
    billed: Literal["month", "next-year"] = "month"
    previous: Power | None = None


class Market(Params):
    """Energy at a price of its own for every hour.

    Attributes:
        what: how the bill calls it.
        file: CSV or parquet beside the topology file: `usd_per_kwh`, and `time` (local standard time, start of the
            step) unless its rows are one typical year of 8760 hours; `export_usd_per_kwh` where export is paid.
        factor: what the price is multiplied by, as for losses.
    """

    what: str = "market energy"
    file: FileRef
    factor: Ratio = 1.0


class Tariff(Params):
    """Parameters of `tariff`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        timezone: IANA name, as `America/Chicago`: the clock of the periods, with daylight saving; without it the clock
            is standard time.
        holidays: days, as `2027-07-05`, or `12-25` for every year.
        interval: over which demand is averaged; the step of the load where not given, or where it is longer.
        periods: name -> hours of the clock.
        schedules: name -> periods as a table; period 3 of the schedule `energy` is called `energy.3`.
        fixed: charge for being connected, from the first month in which the site draws anything.
        energy: prices of energy; where several hold in an hour, all are charged.
        market: energy at a price series.
        demand: prices of demand; where several hold, all are charged.
        ratchets: name -> how billing demand follows from peaks.
        contract: minimum of a large-load contract.
        coincident: prices of demand at the system's peaks.
        riders: adjustments.
        minimum: the least bill of a month.
        minimum_annual: the least bill of twelve months from the start of the calendar, due in the last connected one.
        growth: yearly rise of all prices, from the start of the calendar.
        limit: what the connection carries, by date.
        export_limit: what may be fed into the grid, by date; nothing where not given.
        payer: who pays the bill.
        payee: who is paid.
    """

    sites: tuple[SiteRef, ...] = ()
    timezone: str = ""
    holidays: tuple[HolidayDate, ...] = ()
    interval: Duration | None = None
    periods: dict[str, Period] = Field(default_factory=dict)
    schedules: dict[str, Schedule] = Field(default_factory=dict)
    fixed: MoneyPerTime = 0.0
    energy: tuple[EnergyCharge, ...] = ()
    market: Market | None = None
    demand: tuple[DemandCharge, ...] = ()
    ratchets: dict[str, Ratchet] = Field(default_factory=dict)
    contract: Contract | None = None
    coincident: tuple[CoincidentCharge, ...] = ()
    riders: tuple[Rider, ...] = ()
    minimum: MoneyPerTime = 0.0
    minimum_annual: Money = 0.0
    growth: Rate = 0.0
    limit: PowerByDate | None = None
    export_limit: PowerByDate | None = None
    payer: PartyRef
    payee: PartyRef = "utility"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        check_tariff(self)
        return self
