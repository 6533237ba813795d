"""What the physics of a site does to a lease: service credits, energy passed on, rent on what is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_financing import terms
from twin_financing.lease_roll import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.api import Entry, FinancingInputs
    from twin_financing.lease_params import LeaseParams, SlaTier
    from twin_financing.lease_roll import Roll
    from twin_financing.terms import Floats


@dataclass(frozen=True, slots=True)
class Service:
    """By calendar month.

    Attributes:
        credit: share of the base rent that is credited for what was not in service.
        billed: share of the contract rent that is due, where part of it depends on use.
        power_usd: energy passed on to the tenant.
    """

    credit: Floats
    billed: Floats
    power_usd: Floats


def service(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> Service:
    """Work out all three from table `schedule` and the landlord's energy bills.

    A lease of several sites counts each by its rent of the month.

    Raises:
        RefusedError: energy is to be passed on, and the landlord pays no bill of that name.
    """
    params, months = entry.params, inputs.calendar.months
    sites, credit, billed, metered = np.array(lease.sites), *np.zeros((3, months))
    rent = terms.place(lease.first, lease.rent_usd.sum(axis=0), months)
    let_kw, load_kw = np.zeros(months), np.zeros(months)
    for site in dict.fromkeys(lease.sites):
        own = sites == site
        kw = terms.place(lease.first, lease.let_kw[own].sum(axis=0), months)
        weight = _share(terms.place(lease.first, lease.rent_usd[own].sum(axis=0), months), rent)
        it_kw, used, served, hours = _state(inputs, site)
        credit += weight * np.minimum(service_credit(params.sla, served), params.sla_cap)
        billed += weight * np.clip(_share(np.minimum(it_kw * used, kw), kw), params.take_or_pay, 1.0)
        metered += np.minimum(kw, it_kw) * used * served * hours
        let_kw, load_kw = let_kw + kw, load_kw + it_kw
    if params.power == "bills":
        power = bills(entry, inputs) * np.minimum(_share(let_kw, load_kw), 1.0)
    else:
        power = metered * params.power_pue * (params.power_rate or 0.0)
    return Service(credit, billed, power * (1 + params.power_margin))


def service_credit(tiers: Sequence[SlaTier], served: Floats) -> Floats:
    """Share of rent credited: that of the lowest tier which what is in service stays below; none above all."""
    out = np.zeros(len(served))
    for tier in tiers:
        out = np.where(served < tier.below, tier.credit, out)
    return out


def bills(entry: Entry[LeaseParams], inputs: FinancingInputs) -> Floats:
    """What the landlord pays for energy by month, under the supplies that are passed on.

    Raises:
        RefusedError: it pays none of that name.
    """
    params = entry.params
    deals = set(inputs.others) | {other.name for other in inputs.entries}
    paid = inputs.cashflow.filter(~pl.col("deal").is_in(list(deals)) & (pl.col("payer") == params.landlord))
    names = paid["deal"].unique().sort().to_list()
    strange = [name for name in params.power_supplies if name not in names]
    if strange or not names:
        what = f"under '{strange[0]}'" if strange else "at all"
        raise terms.refuse(
            NAME,
            entry.name,
            f"energy is to be passed on, and '{params.landlord}' pays no energy bill {what}",
            f"let an entry of `energy:` have `payer: {params.landlord}`, or take power_rate with `power: metered`",
        )
    if params.power_supplies:
        paid = paid.filter(pl.col("deal").is_in(list(params.power_supplies)))
    index = paid.select(inputs.calendar.number())["month"].to_numpy()
    amounts = paid["amount_usd"].to_numpy()
    return np.bincount(index, weights=amounts, minlength=inputs.calendar.months).astype(np.float64)


def _state(inputs: FinancingInputs, site: str) -> tuple[Floats, Floats, Floats, Floats]:
    """IT kW in service, share of it that is used, share that is served, hours; one entry a calendar month."""
    rows = terms.at_site(inputs.schedule, site)
    index = rows.select(inputs.calendar.number())["month"].to_numpy()
    out = []
    for name, absent in (("it_kw", 0.0), ("utilisation_fraction", 0.0), ("served_fraction", 1.0), ("hours_h", 0.0)):
        values = np.full(inputs.calendar.months, absent)
        values[index] = rows[name].to_numpy()
        out.append(values)
    return out[0], out[1], out[2], out[3]


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
