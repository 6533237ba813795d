"""Power purchase agreements, as the buyer at a site sees them.

    ppa-fixed        the buyer calls what it wants, up to the capacity, at a price
    ppa-baseload     a flat block, paid for whether used or not
    ppa-as-produced  a share of a plant's output, paid for whether used or not
    ppa-collar       as produced, at the market's price kept between a floor and a cap
    ppa-cfd          a contract for differences: no energy, but strike less reference on a volume

Energy of the first four comes over the grid connection and shares its limit.  It stands in place of what the tariff
would supply, so that the tariff's energy and demand charges are on the rest; `delivery` is what the utility charges
for carrying it.  A contract for differences settles at `reference = market price + basis`, the price where the plant
sells: `volume x (strike - reference)` goes from the buyer to the seller, or back where it is negative.  The
difference between that reference and what the buyer's own energy costs is the basis risk, which stays with the buyer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from twin.api import EnergyPrice, FileRef, PartyRef, Power, Quantity, RefusedError
from twin_energy.supplies import solar, wind
from twin_energy.supplies.places import ENGINE, Line, Place, SupplyParams, bill_of, gathered, places, unit_row

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]
    SignedPrice = float
else:
    _SIGNED = Quantity("money_per_energy", None)
    SignedPrice = Annotated[float, _SIGNED, BeforeValidator(_SIGNED.read)]


class Ppa(SupplyParams):
    """Parameters of every agreement that brings energy.

    Attributes:
        capacity: the most it gives.
        price: of a kWh in the first year; it rises by `growth` on every anniversary.
        delivery: what the utility charges for carrying a kWh.
        carrier: who is paid for delivery.
        carbon_free: whether the energy comes with what makes it count as carbon-free.
    """

    capacity: Power
    price: EnergyPrice
    delivery: EnergyPrice = 0.0
    carrier: PartyRef = "utility"
    carbon_free: bool = False


class AsProduced(Ppa):
    """Parameters of `ppa-as-produced`.

    Attributes:
        capacity: the buyer's share of the plant's rating.
        profile: `solar` or `wind` at the site's weather with the defaults of these models, `flat`, or `file`.
        file: CSV or parquet beside the topology file with `fraction`, output over rating: a column `time`, or a
            typical year of 8,760 rows.
    """

    profile: Literal["solar", "wind", "flat", "file"]
    file: FileRef = ""
    carbon_free: bool = True

    @model_validator(mode="after")
    def _has_file(self) -> Self:
        _hold_file(self.profile, self.file)
        return self


class Market(SupplyParams):
    """A reference price of the market.

    Attributes:
        market: one price.
        market_file: CSV or parquet beside the topology file with `usd_per_kwh`, by `time` or a typical year.
    """

    market: SignedPrice | None = None
    market_file: FileRef = ""

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.market is None) == (not self.market_file):
            raise ValueError("give the market's price as 'market' or as 'market_file'")
        return self


class Collar(AsProduced, Market):
    """Parameters of `ppa-collar`.

    Attributes:
        price: not used; floor and cap stand for it.
        floor: least price.
        cap: highest price.
    """

    price: EnergyPrice = 0.0
    floor: EnergyPrice
    cap: EnergyPrice

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.floor > self.cap:
            raise ValueError(f"the floor ({self.floor:g}) is above the cap ({self.cap:g})")
        if "price" in self.model_fields_set:
            raise ValueError("a collar has a floor and a cap in place of a price")
        return self


class Cfd(Market):
    """Parameters of `ppa-cfd`.

    Attributes:
        capacity: rating on which it settles.
        strike: fixed price; it rises by `growth` on every anniversary.
        basis: price where the plant sells less the market's reference price; often negative.
        profile: volume over rating, as in `ppa-as-produced`.
        file: as there.
    """

    capacity: Power
    strike: EnergyPrice
    basis: SignedPrice = 0.0
    profile: Literal["solar", "wind", "flat", "file"]
    file: FileRef = ""

    @model_validator(mode="after")
    def _has_file(self) -> Self:
        _hold_file(self.profile, self.file)
        return self


def _hold_file(profile: str, file: str) -> None:
    if (profile == "file") != bool(file):
        raise ValueError("'profile: file' and 'file' go together")


def volume_kw(place: Place) -> Floats:
    """Output of the plant behind an agreement, by step.

    Raises:
        RefusedError: the weather or the file lacks something, or an output is not between 0 and 1.
    """
    terms = place.terms
    if terms.profile == "solar":
        share = solar.output(place, solar.Array())
    elif terms.profile == "wind":
        share = wind.output(place, wind.Turbine())
    elif terms.profile == "flat":
        share = np.ones(place.steps)
    else:
        share = place.series(terms.file, "fraction")
        bad = (share < 0) | (share > 1)
        if bad.any():
            step = int(np.argmax(bad))
            reason = f"'fraction' of '{terms.file}' is {share[step]:g} at {place.time[step]}"
            raise RefusedError(ENGINE, reason, "give output over rating, from 0 to 1")
    power: Floats = share * terms.capacity * place.alive
    return power


def market_price(place: Place) -> Floats:
    """The market's price by step, USD/kWh."""
    if place.terms.market_file:
        return place.series(place.terms.market_file, "usd_per_kwh")
    return np.full(place.steps, place.terms.market)


def unit_price(place: Place) -> Floats:
    """Price of a kWh of an agreement by step, before delivery."""
    terms = place.terms
    if isinstance(terms, Collar):
        return np.clip(market_price(place), terms.floor * place.growth, terms.cap * place.growth)
    price: Floats = terms.price * place.growth
    return price


# --- the models -------------------------------------------------------------------------------


def called(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `ppa-fixed`: what is called is paid for."""
    rows, hours = [], []
    for place in places(inputs):
        terms = place.terms
        rows.append(unit_row(place, "contract", terms.capacity, carbon_free=terms.carbon_free))
        price = unit_price(place) + terms.delivery * place.growth
        hours.append(place.hours(available_kw=terms.capacity * place.alive, usd_per_kwh=price))
    return gathered(rows, hours)


def run_called(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of `ppa-fixed`."""
    return bill_of(inputs, lambda place: _energy(place, place.given()["power_kw"].to_numpy(), "energy called"))


def baseload(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `ppa-baseload`: a flat block."""
    return _taken(inputs, lambda place: place.terms.capacity * place.alive)


def run_baseload(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of `ppa-baseload`: the whole block, used or not."""
    return bill_of(inputs, lambda place: _energy(place, place.terms.capacity * place.alive, "baseload block"))


def as_produced(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `ppa-as-produced` and `ppa-collar`: what the plant gives."""
    return _taken(inputs, volume_kw)


def run_as_produced(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of `ppa-as-produced` and `ppa-collar`: all output, used or not."""
    return bill_of(inputs, lambda place: _energy(place, volume_kw(place), "output as produced"))


def no_units(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `ppa-cfd`: none; its volume is refused here already where it cannot be known."""
    for place in places(inputs):
        volume_kw(place)
        market_price(place)
    return gathered([], [])


def run_cfd(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The settlement of `ppa-cfd`, one line a month: what it comes to over all hours."""
    return bill_of(inputs, _settlement)


def _settlement(place: Place) -> list[Line]:
    kwh = volume_kw(place) * place.step_h
    reference = market_price(place) + place.terms.basis
    amount = place.by_month(kwh * (place.terms.strike * place.growth - reference))
    return [Line("cfd_settlement", "strike less reference", "kWh", place.by_month(kwh), amount)]


def _taken(inputs: EnergyInputs, volume: Callable[[Place], Floats]) -> dict[str, pl.DataFrame]:
    rows, hours = [], []
    for place in places(inputs):
        free = place.terms.carbon_free
        rows.append(unit_row(place, "contract", place.terms.capacity, must_take=True, carbon_free=free, renewable=free))
        price = unit_price(place) + place.terms.delivery * place.growth
        hours.append(place.hours(available_kw=volume(place), usd_per_kwh=price))
    return gathered(rows, hours)


def _energy(place: Place, power_kw: Floats, what: str) -> list[Line]:
    """Energy at the agreement's price, and its delivery."""
    kwh = power_kw * place.step_h
    by_month = place.by_month(kwh)
    carried = place.terms.delivery * place.by_month(kwh * place.growth)
    return [
        Line("ppa_energy", what, "kWh", by_month, place.by_month(kwh * unit_price(place))),
        Line("ppa_delivery", "delivery", "kWh", by_month, carried, payee=place.terms.carrier),
    ]
