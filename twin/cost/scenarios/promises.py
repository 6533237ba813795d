"""Guarantees and collateral made ready for scenarios: what a default in each month brings, by `twin.losses`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import ndtr

from twin.cost.measures import month_numbers
from twin.cost.scenarios.assumed import SALE
from twin.losses import PRO_RATA, claims, owing, shortfall, unpaid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.api import Calendar
    from twin.cost.measures import Floats

_HALF_A_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee of what one obligor owes under one deal.

    Attributes:
        deal: its name.
        guarantor: number of the party; `defaults` its number among the defaulting ones.
        beneficiary: number of the party.
        obligor: number among the defaulting parties.
        start: month from which the obligor may default.
        called: share of the defaults that call it.
        honoured: probability that the guarantor pays, given that it is called, as the closed form has it.
        asked: of the guarantor by month of payment and month of default, with a column of zeros for no default; None
            where it depends on what collateral is sold for.
        said: expected loss in table `guarantee`, undiscounted; `chance` the probability of default there, by month.
        cut: whether the calendar ends before what is guaranteed.
        loans: numbers of the loans that are paid from it.
    """

    deal: str
    guarantor: int
    defaults: int
    beneficiary: int
    obligor: int
    start: int
    called: float
    honoured: float
    asked: Floats | None
    said: Floats
    chance: Floats
    cut: bool
    loans: tuple[int, ...]

    def default_in(self, hazard: float, start: int) -> Floats:
        """Probability that the obligor defaults in each month: (1 - h)^age h.

        Args:
            hazard: of a month.
            start: month from which the obligor may default; its age counts from there.
        """
        age = np.arange(len(self.chance)) - start
        return np.where(age >= 0, (1 - hazard) ** np.maximum(age, 0) * hazard, 0.0)

    def claim(self) -> Floats | None:
        """Expected claim after a default in each month; None where neither the rule nor the table says."""
        if self.asked is not None:
            return np.asarray(self.asked[:, :-1].sum(axis=0) * self.called)
        told = self.said > 0
        if (told & (self.chance <= 0)).any() or not self.chance.any():
            return None
        paid = self.chance * self.honoured
        return np.divide(self.said, paid, out=np.zeros(len(paid)), where=paid > 0)


@dataclass(frozen=True, slots=True)
class WindUp:
    """Collateral that is sold when an obligor defaults, and who has what of it.

    Attributes:
        deal: its name; nothing more is paid under it.
        obligor: number among the defaulting parties.
        owner, residual: numbers of the parties that sell, and that have what is left.
        names: of the claims, the senior first; `claimants` numbers of the parties.
        owed: by claim and month, at its start.
        supported: whether a guarantor pays what the sale leaves of a claim.
        value, deviation: expected proceeds of a sale by month, and the deviation of their logarithm.
        guarantee: number of the support; -1 for none.
        priced: whether a price that wanders is that of the collateral, in place of the deviation.
        late: whether it all comes later with the energisation.
    """

    deal: str
    obligor: int
    owner: int
    residual: int
    names: tuple[str, ...]
    claimants: tuple[int, ...]
    owed: Floats
    supported: NDArray[np.bool_]
    value: Floats
    deviation: Floats
    guarantee: int
    priced: bool
    late: bool

    def short(self) -> Floats:
        """Probability that a sale in each month leaves something of the supported claims owed."""
        most = np.where(self.supported[:, None] & (self.owed > 0), np.cumsum(self.owed, axis=0), 0.0).max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (np.log(self.value / most) - self.deviation**2 / 2) / self.deviation
        sure = (self.value < most).astype(np.float64)
        return np.where(most > 0, np.where((self.deviation > 0) & (self.value > 0), ndtr(-far), sure), 0.0)


@dataclass(frozen=True, slots=True)
class Residual:
    """A guarantee of what something is worth at the end of its use.

    Attributes:
        deal: its name.
        guarantor: number of the party; `defaults` its number among the defaulting ones.
        beneficiary: number of the party.
        start: first month in which it is guaranteed; month: of exercise.
        strike, most: value that is guaranteed, and the most that is paid.
        value, deviation: expected value at exercise, and the deviation of its logarithm.
        ends: probability that the use ends then; called: whether it does in the ledger.
        posted: paid under it in the ledger.
        said: expected loss in table `guarantee`, undiscounted.
        priced: whether a price that wanders is that of the collateral, in place of the deviation.
        loans: numbers of the loans that are paid from it.
    """

    deal: str
    guarantor: int
    defaults: int
    beneficiary: int
    start: int
    month: int
    strike: float
    most: float
    value: float
    deviation: float
    ends: float
    called: bool
    posted: float
    said: float
    priced: bool
    loans: tuple[int, ...]

    def asked(self, price: Floats | float, ended: NDArray[np.bool_] | None) -> Floats:
        """What is asked of the guarantor.

        Args:
            price: factor on the expected value.
            ended: whether the use has ended; None for as in the ledger.
        """
        missing = shortfall(self.value * np.asarray(price), self.strike, self.most)
        return missing * (self.called if ended is None else ended)

    def short(self) -> float:
        """Probability that something is asked: that the use ends, and the value is below the strike."""
        if self.deviation > 0 and self.value > 0:
            far = np.log(self.value / self.strike) / self.deviation - self.deviation / 2
            return float(self.ends * ndtr(-far))
        return self.ends * (self.value < self.strike)


@dataclass(frozen=True, slots=True)
class Promised:
    """The tables of guarantees and collateral, and what they are read with.

    Attributes:
        guarantee, terms, cover, residual, wind_up: tables.
        calendar: the months.
        months: of the scenarios, with the longest delay.
        number: of each party.
        defaulting: names of the parties that may default.
    """

    guarantee: pl.DataFrame
    terms: pl.DataFrame
    cover: pl.DataFrame
    residual: pl.DataFrame
    wind_up: pl.DataFrame
    calendar: Calendar
    months: int
    number: Mapping[str, int]
    defaulting: tuple[str, ...]

    def by_month(self, rows: pl.DataFrame, column: str) -> Floats:
        """A column of rows by month of the scenarios, zero where there is no row."""
        found = np.zeros(self.months)
        np.add.at(found, month_numbers(rows, self.calendar), rows[column].to_numpy())
        return found


def left_out(guarantee: pl.DataFrame, terms: pl.DataFrame, residual: pl.DataFrame) -> tuple[str, ...]:
    """Guarantees whose contract no table has, so that scenarios cannot call them."""
    names = guarantee["deal"].unique(maintain_order=True)
    known = [*terms["deal"], *residual["deal"]]
    return tuple(names.filter(~names.is_in(known)).to_list())


def residual(
    row: Mapping[str, object], given: Promised, posted: float, loans: tuple[int, ...], *, priced: bool
) -> Residual:
    """One guarantee of a residual value.

    Args:
        row: of table `residual_value`.
        given: the tables.
        posted: paid under it in the ledger.
        loans: that are paid from it.
        priced: whether what it guarantees has a price that wanders.
    """
    deal, guarantor = str(row["deal"]), str(row["guarantor"])
    rows = given.guarantee.filter(pl.col("deal") == deal)
    live = month_numbers(rows, given.calendar)
    month = given.calendar.index(row["exercise"])  # type: ignore[arg-type]
    strike, most, value, deviation, ends = (
        float(row[name])  # type: ignore[arg-type]
        for name in ("strike_usd", "most_usd", "value_usd", "log_deviation_ratio", "ends_fraction")
    )
    return Residual(
        deal,
        given.number[guarantor],
        given.defaulting.index(guarantor),
        given.number[str(row["beneficiary"])],
        int(live.min()) if len(live) else month,
        month,
        strike,
        most,
        value,
        deviation,
        ends,
        bool(row["called"]),
        posted,
        float(rows["expected_loss_usd"].sum()),
        priced,
        loans,
    )


def guarantee(
    row: Mapping[str, object], given: Promised, relet: tuple[float, int], loans: tuple[int, ...]
) -> Guarantee:
    """One guarantee.

    Args:
        row: of table `guarantee_terms`.
        given: the tables.
        relet: share of the rent that letting again brings, and the months until it does.
        loans: that are paid from it.
    """
    deal = str(row["deal"])
    rows = given.guarantee.filter(pl.col("deal") == deal)
    asked, cut = (None, False) if row["loss"] == SALE else _asked(row, rows, given, relet)
    guarantor = str(row["guarantor"])
    return Guarantee(
        deal,
        given.number[guarantor],
        given.defaulting.index(guarantor),
        given.number[str(row["beneficiary"])],
        given.defaulting.index(str(row["obligor"])),
        max(given.calendar.index(row["default_from"]), 0),  # type: ignore[arg-type]
        float(row["called_fraction"]),  # type: ignore[arg-type]
        float(row["honoured_fraction"]),  # type: ignore[arg-type]
        asked,
        given.by_month(rows, "expected_loss_usd"),
        given.by_month(rows, "default_probability_fraction"),
        cut,
        loans,
    )


def _asked(
    row: Mapping[str, object], rows: pl.DataFrame, given: Promised, relet: tuple[float, int]
) -> tuple[Floats, bool]:
    """What is asked of a guarantor of rent, and whether the calendar cuts it."""
    parts = given.cover.filter(pl.col("deal") == row["deal"]).partition_by("since", maintain_order=True)
    since = np.array([given.calendar.index(part["since"][0]) for part in parts], dtype=np.int64)
    due = np.array([given.by_month(part, "due_usd") for part in parts]).reshape(len(parts), given.months)
    owed = owing(since, due)
    exposure = given.by_month(rows.with_columns(pl.col("exposure_usd").fill_null(0.0)), "exposure_usd")
    guaranteed = given.by_month(rows, "guaranteed_usd")
    asked = claims(unpaid(owed, *relet), guaranteed, exposure if row["loss"] == PRO_RATA else None)
    cut = bool((exposure - owed.sum(axis=1) > 1e-6 * exposure + _HALF_A_CENT).any())
    return np.ascontiguousarray(np.pad(asked, ((0, 1), (0, 0))).T), cut


def wind_up(rows: pl.DataFrame, given: Promised, support: int, *, priced: bool, late: bool) -> WindUp:
    """The collateral of one deal.

    Args:
        rows: of table `wind_up`.
        given: the tables.
        support: number of the guarantee; -1 for none.
        priced: whether its price wanders with that of accelerators.
        late: whether it comes later with the energisation.
    """
    claimed = rows.sort("rank", "month").partition_by("claim", maintain_order=True)
    first = claimed[0]
    return WindUp(
        str(first["deal"][0]),
        given.defaulting.index(str(first["obligor"][0])),
        given.number[str(first["owner"][0])],
        given.number[str(first["residual"][0])],
        tuple(str(part["claim"][0]) for part in claimed),
        tuple(given.number[str(part["claimant"][0])] for part in claimed),
        np.array([given.by_month(part, "owed_usd") for part in claimed]),
        np.array([bool(part["supported"][0]) for part in claimed]),
        given.by_month(first, "value_usd"),
        given.by_month(first, "log_deviation_ratio"),
        support,
        priced,
        late,
    )
