"""What supplies share: their parameters, the steps of each of their sites, the lines of a bill.

An entry stands at every site that it names, with its full rating at each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.api import Date, Params, PartyRef, Rate, RefusedError, SiteRef
from twin_energy.beside import hold_price, numbers, read_table, whole
from twin_energy.tariffs.series import PRICE, by_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ENGINE = "supply"
_MORE_THAN_DAYS = 32
"""Above the days of any month: what month and day are told apart by in one number."""


class SupplyParams(Params):
    """Parameters of every supply.

    Attributes:
        sites: sites it stands at; all of them where none is named.
        start: first day on which it gives anything; the start of the calendar where not given.
        end: first day on which it gives nothing any more.
        growth: yearly rise of its prices, from its start.
        payer: who pays for it.
        payee: who is paid.
    """

    sites: tuple[SiteRef, ...] = ()
    start: Date | None = None
    end: Date | None = None
    growth: Rate = 0.0
    payer: PartyRef
    payee: PartyRef = "market"


@dataclass(frozen=True)
class Place:
    """An entry at a site.

    Attributes:
        inputs: what the model is given.
        entry: name of the entry.
        site: id of the site.
        terms: its parameters.
    """

    inputs: EnergyInputs
    entry: str
    site: str
    terms: Any
    rows: pl.DataFrame = field(repr=False)

    @cached_property
    def time(self) -> pl.Series:
        """Start of every step."""
        return self.rows["time"]

    @property
    def step_h(self) -> float:
        """Length of a step."""
        return self.inputs.step_h

    @property
    def steps(self) -> int:
        """How many."""
        return self.rows.height

    @cached_property
    def alive(self) -> Floats:
        """1 in every step between start and end, else 0."""
        day = self.time.dt.date()
        alive = np.ones(self.steps, dtype=bool)
        if self.terms.start is not None:
            alive &= (day >= self.terms.start).to_numpy()
        if self.terms.end is not None:
            alive &= (day < self.terms.end).to_numpy()
        return alive.astype(np.float64)

    @cached_property
    def years(self) -> Ints:
        """Whole years since the start, by step, 0 before it.

        A year is over on the anniversary; of 29 February that is 1 March in a year without one.
        """
        first, time = self.terms.start or self.inputs.calendar.date(0), self.time.dt
        day = time.month().cast(pl.Int64) * _MORE_THAN_DAYS + time.day()
        before = (day < first.month * _MORE_THAN_DAYS + first.day).cast(pl.Int64)
        years: Ints = np.maximum((time.year().cast(pl.Int64) - first.year - before).to_numpy(), 0)
        return years

    @cached_property
    def growth(self) -> Floats:
        """Price over that of the first year, by step: it rises on each anniversary of the start."""
        grown: Floats = (1.0 + self.terms.growth) ** self.years
        return grown

    @cached_property
    def months(self) -> pl.Series:
        """Months of the calendar at the site, in order."""
        return self.rows["month"].unique(maintain_order=True)

    def by_month(self, values: Floats) -> Floats:
        """Sums over the months."""
        number = self.rows["month"].rle_id().to_numpy()
        sums: Floats = np.bincount(number, weights=values, minlength=len(self.months)).astype(np.float64)
        return sums

    @cached_property
    def hour_of_year(self) -> Ints:
        """Hour of a typical year of 365 days; 29 February takes 28 February."""
        day = self.time.dt.ordinal_day().cast(pl.Int64)
        after = self.time.dt.is_leap_year() & (day >= LEAP_DAY)
        hour: Ints = ((day - 1 - after.cast(pl.Int64)) * 24 + self.time.dt.hour()).to_numpy()
        return hour

    def weather(self, *columns: str) -> dict[str, Floats]:
        """Weather of the site by step; an hour's value holds for all its steps.

        Raises:
            RefusedError: no entry of `weather:` serves the site, or a column is not known.
        """
        own = self.inputs.weather
        own = own.filter(pl.col("site") == self.site).sort("hour") if own.height else own
        found = {}
        for column in columns:
            known = column in own.columns and own.height and not own[column].null_count()
            if not known:
                raise RefusedError(
                    ENGINE,
                    f"'{self.entry}' needs '{column}' of the weather at '{self.site}', which is not known",
                    "add an entry of weather: for the site that has it, or give a profile as a file",
                )
            found[column] = own[column].to_numpy()[self.hour_of_year]
        return found

    def series(self, file: str, column: str) -> Floats:
        """A column of a file beside the topology, by step: by `time`, or one typical year of 8,760 rows.

        Raises:
            RefusedError: the file, the column or an hour is missing.
        """
        try:
            found = by_step(numbers(read_table(self.inputs.files[file]), file, column), file, self)
            values = whole(found, file, column)
            if column == PRICE:
                hold_price(values, file, column)
        except RefusedError as error:
            raise RefusedError(ENGINE, f"{error.reason} (entry '{self.entry}')", error.remedy) from error
        return values.to_numpy()

    def given(self, unit: str = "") -> pl.DataFrame:
        """What dispatch had a unit do, one row a step."""
        own = (pl.col("site") == self.site) & (pl.col("entry") == self.entry) & (pl.col("unit") == (unit or self.entry))
        done = self.inputs.dispatch.filter(own)
        columns = [name for name in done.columns if name not in ("month", "site", "entry", "unit")]
        joined = self.rows.select("time").join(done.select(columns), on="time", how="left", maintain_order="left")
        return joined.with_columns(pl.col("power_kw", "charge_kw", "curtailed_kw").fill_null(0.0))

    def hours(self, **values: Floats) -> pl.DataFrame:
        """Rows of `resource_hours`."""
        return self.rows.select(
            "time", "site", "entry", pl.lit(self.entry).alias("unit"), *(pl.Series(k, v) for k, v in values.items())
        )


LEAP_DAY = 60
"""Number of 29 February in its year."""


def places(inputs: EnergyInputs) -> Iterator[Place]:
    """Every entry at every site that it serves."""
    terms = {entry.name: entry.params for entry in inputs.entries}
    for (entry, site), rows in inputs.hours.group_by("entry", "site", maintain_order=True):
        yield Place(inputs, str(entry), str(site), terms[str(entry)], rows.sort("time"))


def unit_row(place: Place, kind: str, capacity_kw: float, **more: Any) -> dict[str, Any]:
    """A row of `resources`; the unit is named as its entry."""
    return {
        "site": place.site,
        "entry": place.entry,
        "unit": place.entry,
        "kind": kind,
        "capacity_kw": capacity_kw,
    } | more


def gathered(rows: list[dict[str, Any]], hours: list[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What `resources` returns."""
    units = pl.DataFrame(rows, infer_schema_length=None) if rows else NO_UNITS.clone()
    # what no entry says has no type yet
    made = {"resources": units.with_columns(pl.col(pl.Null).cast(pl.Float64))}
    if hours:
        made["resource_hours"] = pl.concat(hours, how="diagonal")
    return made


NO_UNITS = pl.DataFrame(
    schema=dict.fromkeys(("site", "entry", "unit", "kind"), pl.String()) | {"capacity_kw": pl.Float64()}
)
"""What a supply without a unit returns, as a contract for differences."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill for every month.

    Attributes:
        line: its category, as `fuel`.
        what: what is charged for, in words.
        unit: of the quantity.
        quantity: (months,) what is charged for.
        amount_usd: (months,) negative where payer and payee change sides.
        payer: who pays; the entry's where not given.
        payee: who is paid; the entry's where not given.
    """

    line: str
    what: str
    unit: str
    quantity: Floats
    amount_usd: Floats
    payer: str = ""
    payee: str = ""


def billed(place: Place, lines: list[Line]) -> pl.DataFrame:
    """Rows of `energy_cost`; months in which a line comes to nothing are left out."""
    frames = [pl.DataFrame(schema=BILL)]
    for line in lines:
        payer, payee = line.payer or place.terms.payer, line.payee or place.terms.payee
        quantity, amount = np.asarray(line.quantity, dtype=np.float64), np.asarray(line.amount_usd, dtype=np.float64)
        rate = np.divide(amount, quantity, out=np.zeros_like(amount), where=quantity != 0)
        frame = pl.DataFrame({"month": place.months, "signed": amount, "quantity": quantity, "rate_usd": rate}).filter(
            pl.col("signed") != 0
        )
        paid = pl.col("signed") > 0
        frames.append(
            frame.select(
                "month",
                pl.lit(place.site).alias("site"),
                pl.lit(place.entry).alias("supply"),
                pl.lit(line.line).alias("line"),
                pl.when(paid).then(pl.lit(payer)).otherwise(pl.lit(payee)).alias("payer"),
                pl.when(paid).then(pl.lit(payee)).otherwise(pl.lit(payer)).alias("payee"),
                pl.col("signed").abs().alias("amount_usd"),
                pl.lit(line.what).alias("what"),
                "quantity",
                pl.lit(line.unit).alias("unit"),
                "rate_usd",
            )
        )
    return pl.concat(frames)


BILL = {
    "month": pl.Date,
    "site": pl.String,
    "supply": pl.String,
    "line": pl.String,
    "payer": pl.String,
    "payee": pl.String,
    "amount_usd": pl.Float64,
    "what": pl.String,
    "quantity": pl.Float64,
    "unit": pl.String,
    "rate_usd": pl.Float64,
}
"""Columns of `energy_cost`."""


def bill_of(inputs: EnergyInputs, lines: Any) -> dict[str, pl.DataFrame]:
    """Table `energy_cost`: `lines(place)` gives the lines of each place."""
    frames = [pl.DataFrame(schema=BILL), *(billed(place, lines(place)) for place in places(inputs))]
    return {"energy_cost": pl.concat(frames).sort("site", "month", "supply", maintain_order=True)}
