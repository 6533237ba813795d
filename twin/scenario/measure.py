"""What can be aimed at: `irr(hut8)=12 %`, a measure of one party or deal and the value it should have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.errors import RefusedError, UnitError, UsageError, one_of

if TYPE_CHECKING:
    from twin.results.results import Results

_HALF_A_CENT = 0.005
_TARGET = re.compile(r"\s*(?P<measure>[\w-]+)\s*\(\s*(?P<subject>[^()]+?)\s*\)\s*=\s*(?P<value>.+?)\s*$")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a result table.

    Attributes:
        table, key, column: where it stands: the row whose `key` is the subject.
        dimension: of `twin.units`.
        doc: what it is.
        note: column that says why there is none.
        also: another column that the subject may stand in; its rows are summed.
    """

    table: str
    key: str
    column: str
    dimension: str
    doc: str
    note: str = ""
    also: str = ""


def _party(column: str, dimension: str, doc: str, note: str = "") -> Measure:
    return Measure("party_metrics", "party", column, dimension, doc, note)


def _guarantee(column: str, dimension: str, doc: str) -> Measure:
    return Measure("guarantee_value", "deal", column, dimension, doc, also="guarantor")


def _loan(column: str, dimension: str, doc: str, note: str = "") -> Measure:
    return Measure("debt_metrics", "deal", column, dimension, doc, note)


MEASURES = {
    "irr": _party("irr_per_year", "rate", "internal rate of return of a party", "irr_note"),
    "xirr": _party("xirr_per_year", "rate", "the same by dates", "irr_note"),
    "npv": _party("npv_usd", "money", "net present value of a party"),
    "net": _party("net_usd", "money", "all that a party is paid less all it pays"),
    "paid": _party("outflow_usd", "money", "all that a party pays"),
    "received": _party("inflow_usd", "money", "all that a party is paid"),
    "moic": _party("moic_ratio", "ratio", "what a party is paid over what it pays"),
    "yield-on-cost": _party("yield_on_cost_per_year", "rate", "stabilised operating cash over capex of a party"),
    "dscr": _loan("least_dscr_ratio", "ratio", "lowest DSCR of a loan"),
    "mean-dscr": _loan("mean_dscr_ratio", "ratio", "mean DSCR of a loan"),
    "llcr": _loan("llcr_ratio", "ratio", "loan life cover of a loan when repayment starts"),
    "plcr": _loan("plcr_ratio", "ratio", "project life cover of a loan when repayment starts"),
    "debt": _loan("most_owed_usd", "money", "largest balance of a loan"),
    "debt-yield": _loan("debt_yield_per_year", "rate", "debt yield of a loan"),
    "average-life": _loan("average_life_months", "term", "average life of a loan"),
    "lender-irr": _loan("lender_irr_per_year", "rate", "what a loan yields its lender", "lender_irr_note"),
    "guarantor-net": _guarantee("net_pv_usd", "money", "fees and warrants less expected loss, present value"),
    "expected-loss": _guarantee("expected_loss_pv_usd", "money", "what a guarantor expects to pay, present value"),
    "unit-cost": Measure(
        "unit_cost",
        "party",
        "usd_per_delivered_accelerator_h",
        "money_per_hour",
        "levelised cost of a delivered accelerator-hour to a user",
    ),
    "nameplate-cost": Measure("unit_cost", "party", "usd_per_accelerator_h", "money_per_hour", "the same at nameplate"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A measure of a subject and the value aimed at, in the canonical unit of its dimension."""

    name: str
    subject: str
    value: float

    @property
    def measure(self) -> Measure:
        """What is measured."""
        return MEASURES[self.name]

    @property
    def unit(self) -> str:
        """Unit of the value, as a person writes it."""
        return units.dimension(self.measure.dimension).label

    def __str__(self) -> str:
        """`irr(hut8)`."""
        return f"{self.name}({self.subject})"

    def show(self, value: float) -> str:
        """A value with its unit; a rest of dollars below half a cent is none."""
        if self.measure.dimension == "money" and abs(value) < _HALF_A_CENT:
            value = 0.0
        return units.show(value, self.measure.dimension, 6)


def target(text: str) -> Target:
    """Read `irr(hut8)=12 %`.

    Raises:
        UsageError: it is not of that form, the measure is unknown or the value is none of its kind.
    """
    match = _TARGET.match(text)
    if match is None:
        raise UsageError(f"'{text}' is not a target; write it as 'irr(hut8)=12 %' or 'dscr(notes)=1.3'")
    name = match["measure"].replace("_", "-").lower()
    if name not in MEASURES:
        raise UsageError(f"there is no measure '{match['measure']}'; {one_of(name, MEASURES)}")
    return Target(name, match["subject"], _value(match["value"], MEASURES[name].dimension))


def _value(text: str, dimension: str) -> float:
    if dimension == "rate" and "/" not in text and "yr" not in text:
        text = f"{text}/year"
    try:
        return units.parse(text, dimension)
    except UnitError as error:
        raise UsageError(f"'{text}' is not a value of this measure: {error.message}; {error.expected}") from error


def of(results: Results, aim: Target) -> float:
    """The value of a measure in some results.

    Raises:
        UsageError: the results have no such subject.
        RefusedError: the subject has no such figure, and why.
    """
    where = aim.measure
    frame = results[where.table]
    if where.table == "unit_cost":
        frame = frame.filter(pl.col("category") == "total")
    if where.also and aim.subject in frame[where.also]:
        return float(frame.filter(pl.col(where.also) == aim.subject)[where.column].sum())
    if where.table == "debt_metrics":
        frame = _by_tranche(frame, aim)
    row = frame.filter(pl.col(where.key) == aim.subject)
    if not row.height:
        subjects = frame[where.key].to_list() + (frame[where.also].unique().to_list() if where.also else [])
        raise UsageError(f"'{aim.subject}' has no {aim.name}; {one_of(aim.subject, subjects)}")
    value = row[where.column][0]
    if value is None:
        why = row[where.note][0] if where.note else "it is not defined for these flows"
        raise RefusedError("solve", f"{aim} has no value: {why}", "aim at another measure, or vary less")
    return float(value)


def _by_tranche(frame: pl.DataFrame, aim: Target) -> pl.DataFrame:
    """Loans under the names that tell tranches apart, `chips/A1`."""
    named = frame.with_columns(pl.concat_str("deal", "tranche", separator="/").fill_null(pl.col("deal")).alias("deal"))
    tranches = frame.filter((pl.col("deal") == aim.subject) & pl.col("tranche").is_not_null())["tranche"].to_list()
    if tranches:
        known = " or ".join(f"{aim.name}({aim.subject}/{tranche})" for tranche in tranches)
        raise UsageError(f"'{aim.subject}' has {len(tranches)} tranches; write {known}")
    return named
