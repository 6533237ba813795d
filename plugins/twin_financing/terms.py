"""What the models share: whole months, flows on the calendar, the ledger, and how to refuse a deal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import numpy as np
import polars as pl
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from twin.api import Rate, RefusedError, Term, at_sites

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from twin.api import Calendar, FinancingInputs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MAX_MONTHS = 1200
"""The longest term of anything: a hundred years.  More is a slip of the pen and would only fill memory."""

MAX_RISE = 0.5
"""The largest rise a year of anything that is agreed on: more is a slip of the pen, as 300 % for 3 %."""

NEVER = 1 << 40
"""Month index of what never comes."""

_NEARLY_WHOLE = 1e-6

CASHFLOW = {
    "month": pl.Date(),
    "payer": pl.String(),
    "payee": pl.String(),
    "deal": pl.String(),
    "category": pl.String(),
    "amount_usd": pl.Float64(),
}
OCCUPANCY = {"month": pl.Date(), "deal": pl.String(), "site": pl.String(), "user": pl.String(), "it_kw": pl.Float64()}


def _whole(months: float) -> float:
    nearest = round(months)
    if abs(months - nearest) > _NEARLY_WHOLE or nearest > MAX_MONTHS:
        raise PydanticCustomError("term", "not a whole number of months up to 100 years; write it as '15 years'")
    return float(nearest)


def _positive(months: float) -> float:
    if months <= 0:
        raise PydanticCustomError("term", "not longer than zero; write it as '15 years'")
    return months


WholeTerm = Annotated[Term, AfterValidator(_whole)]
"""A term in whole months, possibly zero."""

PositiveTerm = Annotated[Term, AfterValidator(_whole), AfterValidator(_positive)]
"""A term of at least one month, in whole months."""


def _plausible(per_year: float) -> float:
    if per_year > MAX_RISE:
        raise PydanticCustomError(
            "rise",
            "a contract that rises by {got} a year is a slip of the pen; write it as '3 %/year', 50 %/year at the most",
            {"got": f"{per_year:.0%}"},
        )
    return per_year


Rise = Annotated[Rate, AfterValidator(_plausible)]
"""A rise a year that parties agree on, in the currency of the file."""


def wrong(message: str) -> PydanticCustomError:
    """The error that a parameter model raises when its parameters do not go together."""
    return PydanticCustomError("deal", "{message}", {"message": message})


def refuse(model: str, deal: str, reason: str, remedy: str) -> RefusedError:
    """The error that a model raises when a deal cannot be worked out; it names the deal."""
    return RefusedError(model, f"deal '{deal}': {reason}", remedy)


def two_parties(model: str, deal: str, payer: str, payee: str) -> None:
    """Refuse a deal that somebody makes with himself.

    Raises:
        RefusedError: both ends are the same party.
    """
    if payer == payee:
        raise refuse(model, deal, f"'{payer}' would pay itself", "name two different parties")


def place(first: int, values: Floats, months: int) -> Floats:
    """Values of consecutive months from month `first`, cut to the `months` months of a calendar."""
    out = np.zeros(months)
    begin, end = max(first, 0), min(first + len(values), months)
    if begin < end:
        out[begin:end] = values[begin - first : end - first]
    return out


def grown(growth_per_year: float, age_months: Ints) -> Floats:
    """Growth by whole years: `(1 + g)^floor(age / 12)`; 1 where the age is negative."""
    years = np.maximum(age_months, 0) // 12
    return np.asarray(np.power(1.0 + growth_per_year, years, dtype=np.float64))


@dataclass(slots=True)
class Ledger:
    """Collects the flows of a model's deals and makes the table `cashflow` of them."""

    calendar: Calendar
    _frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, deal: str, payer: str, payee: str, category: str, amounts: Floats) -> None:
        """Add a flow: `amounts` has one entry a calendar month, never negative; zeros leave no row."""
        month = np.flatnonzero(amounts)
        dates = pl.Series("month", self.calendar.dates(), dtype=pl.Date)
        columns = {
            "month": dates.gather(month),
            "payer": pl.repeat(payer, len(month), eager=True, dtype=pl.String),
            "payee": pl.repeat(payee, len(month), eager=True, dtype=pl.String),
            "deal": pl.repeat(deal, len(month), eager=True, dtype=pl.String),
            "category": pl.repeat(category, len(month), eager=True, dtype=pl.String),
            "amount_usd": pl.Series(amounts[month], dtype=pl.Float64),
        }
        self._frames.append(pl.DataFrame(columns, schema=CASHFLOW))

    def frame(self) -> pl.DataFrame:
        """The table `cashflow`."""
        return pl.concat([pl.DataFrame(schema=CASHFLOW), *self._frames])


def at_site(frame: pl.DataFrame, site: str | None) -> pl.DataFrame:
    """The rows of a site; of all its instances where `sites:` says `name[n]`; all rows for None."""
    return frame.filter(at_sites(() if site is None else (site,)))


def occupancy(calendar: Calendar, deal: str, site: str, user: str, it_kw: Floats) -> pl.DataFrame:
    """Rows of table `occupancy` for the months of the calendar in which `it_kw` is not zero."""
    frame = pl.DataFrame(
        {"month": pl.Series(calendar.dates(), dtype=pl.Date), "it_kw": it_kw},
        schema={"month": pl.Date(), "it_kw": pl.Float64()},
    )
    named = frame.filter(pl.col("it_kw") > 0).with_columns(
        deal=pl.lit(deal, pl.String), site=pl.lit(site, pl.String), user=pl.lit(user, pl.String)
    )
    return named.select(list(OCCUPANCY))


def together(frames: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """All frames under each other; an empty frame of the schema where there are none."""
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def in_service(calendar: Calendar, month: pl.Series, retired: pl.Series, amount: pl.Series) -> Floats:
    """What is in service in each calendar month, when `amount` comes in `month` and stays until it is `retired`."""
    start, end = month_indices(calendar, month), month_indices(calendar, retired)
    months, given = np.arange(calendar.months), amount.to_numpy()
    out = np.zeros(calendar.months)
    for first, last, one in zip(start, end, given, strict=True):
        out += np.where((first <= months) & (months < last), one, 0.0)
    return out


def month_indices(calendar: Calendar, days: pl.Series) -> Ints:
    """Month index of every date; beyond the longest calendar where there is none."""
    return np.array([NEVER if when is None else calendar.index(when) for when in days], dtype=np.int64)


def by_month(rows: pl.DataFrame, calendar: Calendar, sign: Floats) -> Floats:
    """Amounts of rows, each times its sign, in sum by month of the calendar."""
    index = rows.select(calendar.number())["month"].to_numpy()
    amounts = rows["amount_usd"].to_numpy() * sign
    return np.bincount(index, weights=amounts, minlength=calendar.months).astype(np.float64)[: calendar.months]


def net_to(party: str, rows: pl.DataFrame, calendar: Calendar) -> Floats:
    """What a party is paid less what it pays, by month of the calendar."""
    sign = (rows["payee"] == party).to_numpy().astype(np.float64) - (rows["payer"] == party).to_numpy()
    return by_month(rows, calendar, sign)


def cash_of(party: str, deals: Collection[str], inputs: FinancingInputs) -> Floats:
    """Net cash to a party of some deals, less its energy bills, by month of the calendar.

    What is in the ledger and not an entry of `deals:` is a bill of an entry of `energy:`.
    """
    every = set(inputs.others) | {entry.name for entry in inputs.entries}
    counted = pl.col("deal").is_in(list(deals)) | ~pl.col("deal").is_in(list(every))
    return net_to(party, inputs.cashflow.filter(counted), inputs.calendar)


def racks_in_use(inputs: FinancingInputs, site: str | None, deal: str, user: str) -> list[pl.DataFrame]:
    """Rows of table `occupancy`: a user has the racks of a site, or of all sites, while they are in service."""
    parts = at_site(inputs.parts, site)
    frames = []
    for name in parts["site"].unique(maintain_order=True).to_list():
        here = parts.filter(pl.col("site") == name)
        it_kw = in_service(inputs.calendar, here["month"], here["retired"], here["it_kw"])
        frames.append(occupancy(inputs.calendar, deal, name, user, it_kw))
    return frames


def refuse_unpriced(model: str, deal: str, parts: pl.DataFrame) -> None:
    """Refuse a deal on racks of which some have no price.

    Raises:
        RefusedError: the groups, by name.
    """
    unpriced = parts.filter(pl.col("price_usd").is_null())["group"].unique(maintain_order=True).to_list()
    if unpriced:
        raise refuse(
            model,
            deal,
            f"the price of racks is not known for {', '.join(repr(group) for group in unpriced)}",
            "give these groups a `price`, as '$3.4M'",
        )
