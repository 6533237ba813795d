"""The rent roll: what each phase of a lease pays by month, from its terms alone, whatever the calendar covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_financing import terms

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from twin.api import Calendar, FinancingInputs
    from twin_financing.lease_params import LeaseParams
    from twin_financing.terms import Floats, Ints

NAME = "lease"
YEAR = 12


@dataclass(frozen=True, slots=True)
class Roll:
    """A lease by phase (rows) and month (columns), whatever the calendar covers.

    Attributes:
        first: month index of the first column.
        sites: id of the site of each phase, one entry a phase.
        start: month index of commencement, one entry a phase.
        late: months from the contract date to commencement, one entry a phase.
        kw: contract capacity of each phase at commencement, one entry a phase.
        let_kw: contract capacity of each phase in each month.
        age: whole months since commencement; negative before.
        live: whether the phase is leased, renewals exercised included.
        base: whether the phase is in its base term.
        rent_usd: base rent of the contract, before any credit.
        pass_through_usd: operation, taxes and insurance.
        tenant_through_usd: the tenant's part of it.
    """

    first: int
    sites: tuple[str, ...]
    start: Ints
    late: Ints
    kw: Floats
    let_kw: Floats
    age: Ints
    live: NDArray[np.bool_]
    base: NDArray[np.bool_]
    rent_usd: Floats
    pass_through_usd: Floats
    tenant_through_usd: Floats

    def first_rent_usd(self, params: LeaseParams) -> Floats:
        """A month's rent at commencement, one entry a phase."""
        return self.kw * params.rent


def roll(deal: str, params: LeaseParams, phases: pl.DataFrame, calendar: Calendar) -> Roll:
    """The rent roll of a lease from the phases of its site.

    Args:
        deal: name of the deal, for messages.
        params: its terms.
        phases: as in `FinancingInputs.phases`.
        calendar: gives month indices; its length does not matter.

    Raises:
        RefusedError: the site has no IT load to lease, contract dates do not fit its phases, every phase
            is so late that the tenant walks away, or it is ended when it may not be.
    """
    sites, start, late, kw = _commenced(deal, params, phases, calendar)
    first = int(start.min())
    age = np.arange(first, int(start.max()) + params.total_months)[None, :] - start[:, None]
    live = (age >= 0) & (age < params.total_months) & _until(deal, params, start, age, calendar)
    let = kw[:, None] * live * _kept(deal, params, start, age, calendar)
    through = let * params.pass_through * terms.grown(params.opex_growth, age)
    return Roll(
        first,
        sites,
        start,
        late,
        kw,
        let,
        age,
        live,
        live & (age < params.base_months),
        let * _rate(params, start, age, calendar) * (age >= params.free_rent),
        through,
        _tenants_part(params, through, let),
    )


def first_commencement(deal: str, params: LeaseParams, phases: pl.DataFrame, calendar: Calendar) -> int:
    """Month index in which the first phase of a lease commences; arguments and errors as of `roll`."""
    return int(_commenced(deal, params, phases, calendar)[1].min())


def last_month(deal: str, params: LeaseParams, inputs: FinancingInputs) -> int:
    """Month index of the last month of a lease with all its options exercised; errors as of `roll`."""
    start = _commenced(deal, params, inputs.phases, inputs.calendar)[1]
    return int(start.max()) + int(params.base_months + sum(params.renewals)) - 1


def _commenced(
    deal: str, params: LeaseParams, phases: pl.DataFrame, calendar: Calendar
) -> tuple[tuple[str, ...], Ints, Ints, Floats]:
    """Site, month of commencement, months of delay and capacity of every phase that is leased."""
    here = terms.at_site(phases, params.site)
    here = here.filter(here["it_kw"] > 0)
    it_kw = here["it_kw"].to_numpy()
    if not it_kw.sum() > 0:
        raise terms.refuse(
            NAME,
            deal,
            f"site '{params.site}' has no IT load, so nothing ever commences",
            "put racks with a `load` in the site, or lease another one",
        )
    # A name of several sites alike is one lease: its capacity is shared among them by IT load.
    kw = it_kw if params.capacity is None else params.capacity * it_kw / it_kw.sum()
    energised = np.array([calendar.index(month) for month in here["month"]], dtype=np.int64)
    start, late = _commencement(deal, params, energised, calendar)
    kept = np.full(len(start), fill_value=True) if params.long_stop is None else late <= params.long_stop
    if not kept.any():
        raise terms.refuse(
            NAME,
            deal,
            f"every phase is delivered later than the long stop of {params.long_stop:.0f} months allows",
            "deliver earlier, move contract_dates, or lengthen long_stop",
        )
    sites = tuple(np.array(here["site"].to_list())[kept].tolist())
    return sites, start[kept], late[kept], kw[kept]


def _kept(deal: str, params: LeaseParams, start: Ints, age: Ints, calendar: Calendar) -> Floats:
    """Share of the contract capacity that is let in each month, by phase."""
    if params.modification is None:
        return np.ones(age.shape)
    at = calendar.index(params.modification.at)
    if at <= start.max():
        raise terms.refuse(
            NAME,
            deal,
            f"the contract is changed in {params.modification.at:%Y-%m}, before its last phase has commenced",
            f"let modification.at be {calendar.date(int(start.max()) + 1):%Y-%m} or later",
        )
    return np.where(age + start[:, None] >= at, params.modification.capacity_kept, 1.0)


def _commencement(deal: str, params: LeaseParams, energised: Ints, calendar: Calendar) -> tuple[Ints, Ints]:
    """Month of commencement of each phase, and how many months it is late."""
    if params.commencement == "energised":
        return energised, np.zeros_like(energised)
    dates = np.array([calendar.index(date) for date in params.contract_dates], dtype=np.int64)
    if len(dates) not in (1, len(energised)):
        raise terms.refuse(
            NAME,
            deal,
            f"there are {len(dates)} contract_dates for {len(energised)} phases of site '{params.site}'",
            f"give one date for all, or {len(energised)}, in the order in which the phases are energised",
        )
    return np.maximum(energised, dates), np.maximum(energised - dates, 0)


def _until(deal: str, params: LeaseParams, start: Ints, age: Ints, calendar: Calendar) -> NDArray[np.bool_]:
    """Whether a month is before the termination."""
    if params.termination is None:
        return np.ones(age.shape, dtype=bool)
    end, earliest = calendar.index(params.termination), int(start.max() + params.termination_after)
    last = int(start.max()) + params.total_months
    if end < max(earliest, int(start.max()) + 1):
        raise terms.refuse(
            NAME,
            deal,
            f"it is ended in {params.termination:%Y-%m}, before it may be",
            f"let termination be {calendar.date(max(earliest, int(start.max()) + 1)):%Y-%m} or later",
        )
    if end >= last:
        raise terms.refuse(
            NAME,
            deal,
            f"it is ended in {params.termination:%Y-%m}, when it has run out by itself",
            f"leave termination out, or let it be before {calendar.date(last):%Y-%m}",
        )
    return age + start[:, None] < end


def _rate(params: LeaseParams, start: Ints, age: Ints, calendar: Calendar) -> Floats:
    """Rent by kW and month, by phase and month."""
    grow = _growth(params, int(age.max(initial=0)) // YEAR + 1)
    years = np.maximum(age, 0) // YEAR
    rate = params.rent * grow[years]
    begin = params.base_months
    for number, months in enumerate(params.renewals[: params.renewals_exercised]):
        if params.renewal_basis != "continue":
            since = np.maximum(age - begin, 0) // YEAR
            from_there = grow[np.minimum(begin // YEAR + since, len(grow) - 1)] / grow[begin // YEAR]
            rate = np.where(age >= begin, _reset(params, number, start + begin)[:, None] * from_there, rate)
        begin += int(months)
    return _changed(params, rate, start, age, calendar)


def _changed(params: LeaseParams, rate: Floats, start: Ints, age: Ints, calendar: Calendar) -> Floats:
    """The rate with the rent of a modification from its month on, rising as the rate would have."""
    change = params.modification
    if change is None or change.rent is None:
        return rate
    at = calendar.index(change.at)
    before = np.take_along_axis(rate, (at - start[:, None]) - age[:, :1], axis=1)
    return np.where(age + start[:, None] >= at, change.rent * rate / before, rate)


def _reset(params: LeaseParams, number: int, month: Ints) -> Floats:
    """First rent by kW of a renewal whose first month has these indices, one entry a phase."""
    if params.renewal_basis == "fixed":
        return np.full(len(month), params.renewal_rent[number])
    market = params.market_share * (params.market_rent or 0.0)
    return np.asarray(market * (1 + params.market_growth) ** (month / YEAR))


def _growth(params: LeaseParams, years: int) -> Floats:
    """Rent of each year of a lease over that of its first, `years` + 1 of them."""
    if params.index is None:
        return np.asarray(np.power(1.0 + params.escalator, np.arange(years + 1), dtype=np.float64))
    index = params.index
    path = np.array([index.path[min(year, len(index.path) - 1)] for year in range(years)])
    low = -np.inf if index.floor is None else index.floor
    high = np.inf if index.cap is None else index.cap
    return np.asarray(np.concatenate(([1.0], np.cumprod(1 + np.clip(path, low, high)))))


def _tenants_part(params: LeaseParams, through: Floats, live_kw: Floats) -> Floats:
    """What the tenant pays of operation, taxes and insurance."""
    if params.basis == "gross":
        return np.zeros_like(through)
    if params.basis == "nnn":
        return through
    stop = params.pass_through if params.expense_stop is None else params.expense_stop
    return np.maximum(through - stop * live_kw, 0.0)


def prepayment_credit(params: LeaseParams, lease: Roll) -> Floats:
    """What of the tenant's prepayment is credited against rent, by phase and month, until it is used up."""
    paid = lease.kw[:, None] * params.tenant_prepayment
    used = np.minimum(np.cumsum(lease.rent_usd * params.prepayment_credit, axis=1), paid)
    return np.asarray(np.diff(used, axis=1, prepend=0.0))
