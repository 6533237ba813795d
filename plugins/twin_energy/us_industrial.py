"""`us-industrial`: the average price that industry pays in a state of the USA.

The price is revenue over sales, so demand and fixed charges are in it; the bill has one line.  The
prices ship in `us_industrial.csv`, from the U.S. Energy Information Administration (public domain).
"""

from __future__ import annotations

import csv
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from twin.api import EnergyInputs, Params, PartyRef, PowerByDate, Rate, SiteRef
from twin_energy.tariffs.model import bill_simple, prices_of, simple

if TYPE_CHECKING:
    from typing import Self

    import polars as pl

    from twin_energy.tariffs.params import Tariff


class UsIndustrial(Params):
    """Parameters of `us-industrial`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        state: name of a state or a census division, as `Louisiana`.
        period: `2023` for the year, `2025-04` for April 2025, which EIA gives for fewer states here.
        growth: yearly rise of the price, from the start of the calendar.
        limit: what the connection carries, by date.
        payer: who pays the bill.
        payee: who is paid.
    """

    sites: tuple[SiteRef, ...] = ()
    state: str
    period: Literal["2023", "2025-04"] = "2023"
    growth: Rate = 0.0
    limit: PowerByDate | None = None
    payer: PartyRef
    payee: PartyRef = "utility"

    @model_validator(mode="after")
    def _has_price(self) -> Self:
        known = sorted(state for state, period in prices() if period == self.period)
        if self.state not in known:
            near = get_close_matches(self.state, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; one of {', '.join(known)}"
            raise ValueError(f"no industrial price for '{self.state}' in {self.period}{hint}")
        return self


@cache
def prices() -> dict[tuple[str, str], float]:
    """Price in $/kWh by (state, period), as shipped."""
    with Path(__file__).with_name("us_industrial.csv").open(encoding="utf-8", newline="") as file:
        return {(row["state"], row["period"]): float(row["usd_per_kwh"]) for row in csv.DictReader(file)}


def us_industrial(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of every site that an entry serves: energy at the average price of the state."""
    return bill_simple(inputs, _terms(inputs))


def us_industrial_prices(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """What dispatch sees of it."""
    return prices_of(inputs, _terms(inputs))


def _terms(inputs: EnergyInputs) -> dict[str, Tariff]:
    return {
        entry.name: simple(
            energy=prices()[given.state, given.period], growth=given.growth, payer=given.payer, payee=given.payee
        )
        for entry in inputs.entries
        for given in (entry.params,)
    }
