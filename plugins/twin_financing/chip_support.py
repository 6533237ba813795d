"""What a default of the lessee of chips leaves to whom: the forced sale, the tranches in turn, and the support."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_financing import credit, terms
from twin_financing.backstop import GUARANTEE, TERMS
from twin_financing.obligor import may_default_from, refuse_contradiction
from twin_financing.residual_value import expected_shortfall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.api import Entry, FinancingInputs
    from twin_financing.chip_lease_params import ChipLeaseParams
    from twin_financing.terms import Floats

WIND_UP: dict[str, pl.DataType] = {
    "month": pl.Date(),
    **dict.fromkeys(("deal", "obligor", "owner", "residual", "claim", "claimant"), pl.String()),
    "rank": pl.Int64(),
    "owed_usd": pl.Float64(),
    "supported": pl.Boolean(),
    "value_usd": pl.Float64(),
    "log_deviation_ratio": pl.Float64(),
}
_YEAR = 12
_NOTHING = 1e-9
"""Share of the price of the chips below which a balance is what rounding leaves."""


def tables(
    entry: Entry[ChipLeaseParams],
    inputs: FinancingInputs,
    price: Floats,
    debts: Sequence[dict[str, Floats]],
    ledger: terms.Ledger,
) -> dict[str, list[pl.DataFrame]]:
    """Tables `wind_up`, and `guarantee` and `guarantee_terms` of the support; its fee goes to the ledger.

    A default in a month leaves what was delivered before it: what would be delivered in the month is not, and no rent
    of it is paid.

    Args:
        entry: the vehicle.
        inputs: as its model is given.
        price: of the chips delivered by calendar month.
        debts: draw and principal of each tranche by month.
        ledger: of the flows.
    """
    params = entry.params
    owed = np.array(
        [np.concatenate(([0.0], np.cumsum(each["draw"] - each["principal"])[:-1])) for each in debts], dtype=np.float64
    )
    owed = np.where(owed > _NOTHING * float(price.sum()), owed, 0.0)
    value, deviation = _sale(params, price)
    found: dict[str, list[pl.DataFrame]] = {
        "wind_up": [_wind_up(entry, inputs, owed, value, deviation)],
        "guarantee": [],
        "guarantee_terms": [],
    }
    support = params.support
    if support is None:
        return found
    supported = np.array([tranche.supported for tranche in params.tranches])
    guaranteed = owed[supported].sum(axis=0)
    if support.fee_rate:
        terms.two_parties("chip-lease", entry.name, params.lessee, support.guarantor)
        fee = guaranteed * support.fee_rate / _YEAR
        ledger.add(entry.name, params.lessee, support.guarantor, "guarantee_fee", fee)
    refuse_contradiction("chip-lease", entry.name, params.lessee, support.default_probability, inputs)
    start = may_default_from(params.lessee, inputs)
    chance = credit.default_probability(len(price), start, support.default_probability)
    frame = pl.DataFrame(
        {
            "month": pl.Series(inputs.calendar.dates(), dtype=pl.Date),
            "guaranteed_usd": guaranteed,
            "default_probability_fraction": chance,
            "expected_loss_usd": chance * _expected(owed, supported, value, deviation),
        }
    ).with_columns(_parties(entry))
    found["guarantee"] = [frame.filter(pl.col("guaranteed_usd") > 0).select(list(GUARANTEE))]
    found["guarantee_terms"] = [_terms(entry, inputs, start, support.default_probability)]
    return found


def _sale(params: ChipLeaseParams, price: Floats) -> tuple[Floats, Floats]:
    """Expected proceeds of a forced sale at the start of each month, and the deviation of their logarithm."""
    term, months = int(params.term), np.arange(len(price))
    fall = np.power(max(params.residual, 1e-12), np.minimum(months, term) / term) * ((months > 0) & (months <= term))
    value = np.convolve(price, fall)[: len(price)]
    discount, volatility = (
        (0.0, 0.0) if params.support is None else (params.support.sale_discount, params.support.volatility)
    )
    since = np.maximum(months - int(np.flatnonzero(price)[0]), 0)
    return value * (1 - discount), volatility * np.sqrt(since / _YEAR)


def _expected(owed: Floats, supported: Floats, value: Floats, deviation: Floats) -> Floats:
    """Expected payment after a default in each month: each tranche is short where the value is below those up to it."""
    total = np.cumsum(owed, axis=0)
    short = expected_shortfall(total, value, deviation) - expected_shortfall(total - owed, value, deviation)
    return np.asarray(np.maximum(short, 0.0)[supported].sum(axis=0))


def _wind_up(
    entry: Entry[ChipLeaseParams], inputs: FinancingInputs, owed: Floats, value: Floats, deviation: Floats
) -> pl.DataFrame:
    params = entry.params
    months = pl.Series("month", inputs.calendar.dates(), dtype=pl.Date)
    frames = [
        pl.DataFrame({"month": months, "owed_usd": each, "value_usd": value, "log_deviation_ratio": deviation})
        .with_columns(
            deal=pl.lit(entry.name, pl.String),
            obligor=pl.lit(params.lessee, pl.String),
            owner=pl.lit(params.vehicle, pl.String),
            residual=pl.lit(params.sponsor, pl.String),
            claim=pl.lit(tranche.name, pl.String),
            claimant=pl.lit(tranche.lender, pl.String),
            rank=pl.lit(rank, pl.Int64),
            supported=pl.lit(tranche.supported, pl.Boolean),
        )
        .select(list(WIND_UP))
        for rank, (tranche, each) in enumerate(zip(params.tranches, owed, strict=True), 1)
    ]
    return pl.concat(frames).filter(pl.col("value_usd") > 0)


def _parties(entry: Entry[ChipLeaseParams]) -> list[pl.Expr]:
    params = entry.params
    named = {
        "deal": entry.name,
        "guarantor": "" if params.support is None else params.support.guarantor,
        "beneficiary": params.vehicle,
        "obligor": params.lessee,
    }
    return [pl.lit(name, pl.String).alias(column) for column, name in named.items()]


def _terms(entry: Entry[ChipLeaseParams], inputs: FinancingInputs, start: int, per_year: float) -> pl.DataFrame:
    values = {
        "covers": entry.name,
        "loss": "sale",
        "default_from": inputs.calendar.date(start),
        "default_per_year": per_year,
        "guarantor_default_per_year": 0.0,
        "honoured_fraction": 1.0,
        "called_fraction": 1.0,
        "relet_fraction": 0.0,
        "downtime_months": 0,
    }
    frame = pl.DataFrame([values], schema={name: TERMS[name] for name in values}, orient="row")
    return frame.with_columns(_parties(entry)).select(list(TERMS))
