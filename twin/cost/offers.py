"""Own, lease or rent: the ways to have the same accelerators over the same months, from the side of who uses them.

cost            as in `twin.cost.unit_cost`: without financing, and without rented hours where there are those of a
                site; cash is all that is paid
paid ahead      the largest excess of what it has cost over what the hours delivered so far are worth, at the
                offer's own levelised cost: what has to be funded
break-even      against an offer that is paid by the hour used, at utilisation u it costs u times as much; an offer
                whose cost does not depend on use is cheaper above u = its unit cost over that of the other
bridge          sum over reasons of the change of cost of a delivered hour; the last reason is the change of hours:
                PV_2/H_2 - PV_1/H_1 = sum_k (pv_2k - pv_1k) / H_1 + PV_2 (1/H_2 - 1/H_1)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from twin import tables
from twin.api import Analysis, AnalysisInputs, DealRef, Fraction, Params, PartyRef, Ratio, hookimpl
from twin.cost.measures import discount_factors, month_numbers
from twin.cost.run import run_deals
from twin.cost.unit_cost import ELSEWHERE, costs, owned, used
from twin.errors import RefusedError
from twin.progress import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.api import Calendar

    Floats = NDArray[np.float64]

NAME = "offers"
_HOURS = "delivered_hours"


class OfferParams(Params):
    """One way to have the capacity: deals of the file that stay, deals marked with its name, or a mix of others."""

    keep: tuple[DealRef, ...] = Field(
        (), description="deals of the file that are part of it, beside those with `offer:` and its name"
    )
    mix: dict[str, Fraction] = Field(
        default_factory=dict, description="shares of other offers, 100 % in sum: each costs and gives its share"
    )
    rented_per_accelerator: Ratio = Field(
        1.0, gt=0, description="rented accelerators that do the work of one of the file"
    )
    delivered: Fraction = Field(1.0, description="assumption: share of rented hours that arrive")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.mix and self.keep:
            raise PydanticCustomError("offers", "a mix has no deals of its own; leave `keep` out")
        if self.mix and abs(sum(self.mix.values()) - 1.0) > 1e-6:  # noqa: PLR2004 - rounding
            raise PydanticCustomError("offers", "the shares of `mix` are not 100 % in sum")
        return self


class OffersParams(Params):
    """Parameters of `analyses: {offers: …}`."""

    user: PartyRef | None = Field(None, description="party that uses the accelerators, and compares")
    offers: dict[str, OfferParams] = Field(default_factory=dict, description="the offers by name")
    against: str | None = Field(
        None, description="offer that the others are measured against; the first that is paid by the hour if not given"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        names = set(self.offers)
        if self.offers and self.user is None:
            raise PydanticCustomError("offers", "say who compares: `user: lab`")
        if self.against is not None and self.against not in names:
            raise PydanticCustomError("offers", "`against` is none of the offers")
        for offer in self.offers.values():
            strange = set(offer.mix) - {name for name in names if not self.offers[name].mix}
            if strange:
                raise PydanticCustomError("offers", f"a mix is of offers that are no mix: not of '{min(strange)}'")
        return self


@dataclass(frozen=True, slots=True)
class Worked:
    """An offer worked out.

    Attributes:
        paid: cost of its hours by category and month: what the user pays for them less what it is paid.
        out, back: all it pays and all it is paid, by month, with its loans.
        nameplate, delivered: accelerator-hours of the file that it has, by month.
        metered: whether all of its cost is for hours used.
    """

    paid: Mapping[str, Floats]
    out: Floats
    back: Floats
    nameplate: Floats
    delivered: Floats
    metered: bool

    @property
    def cost(self) -> Floats:
        """Of its hours, by month."""
        return np.asarray(sum(self.paid.values(), np.zeros(len(self.out))))

    @property
    def net(self) -> Floats:
        """Cash that goes out, by month."""
        return self.out - self.back


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `offers`, `offer_cash` and `offer_bridge`; no rows where the file has no offers.

    Raises:
        RefusedError: an offer that cannot be worked out, or gives no hours.
    """
    params = inputs.params
    if not params.offers:
        return {name: tables.table(name).empty() for name in ("offers", "offer_cash", "offer_bridge")}
    plain = [name for name, offer in params.offers.items() if not offer.mix]
    worked = {name: work(inputs, name) for name in counted(plain, len(plain), "offers")}
    for name, offer in params.offers.items():
        if offer.mix:
            worked[name] = mixed({other: worked[other] for other in offer.mix}, offer.mix)
    worked = {name: worked[name] for name in params.offers}
    calendar, rate = inputs.twin.calendar, inputs.twin.topology.discount_per_year
    against = params.against or next((name for name, one in worked.items() if one.metered), next(iter(worked)))
    factors = discount_factors(rate, calendar.months)
    return {
        "offers": _offers(worked, against, factors, calendar),
        "offer_cash": _cash(worked, calendar),
        "offer_bridge": pl.concat(
            [tables.table("offer_bridge").empty()]
            + [
                bridge((against, worked[against]), (name, one), factors)
                for name, one in worked.items()
                if name != against
            ]
        ),
    }


def work(inputs: AnalysisInputs, name: str) -> Worked:
    """Work one offer out: its deals alone, on the schedule and the energy of the file."""
    twin, offer, user = inputs.twin, inputs.params.offers[name], inputs.params.user
    topology = twin.topology
    kept = [entry for entry in topology.section("deals") if entry.name in offer.keep]
    own = [replace(entry, offer="") for entry in topology.on_offer if entry.offer == name]
    if not kept and not own:
        raise RefusedError(
            NAME, f"the offer '{name}' has no deals", f"name some in `keep`, or mark deals with `offer: {name}`"
        )
    others = tuple(entry for entry in topology.entries if entry.section != "deals")
    structure = replace(twin.structure, topology=replace(topology, entries=(*others, *kept, *own)))
    schedule = inputs.tables["schedule"]
    done = run_deals(structure, twin.registry, twin.calendar, schedule, inputs.tables["energy_cost"])
    ledger, occupancy = done["cashflow"], done["occupancy"].filter(pl.col("user") == user)
    on_site = not occupancy.is_empty()
    if not on_site:  # whoever has no site pays no energy for it
        deals = [entry.name for entry in (*kept, *own)]
        ledger = ledger.filter(pl.col("deal").is_in(deals))
    rented = pl.col("category").is_in(ELSEWHERE)
    scale = pl.when(rented).then(offer.rented_per_accelerator).otherwise(1.0)
    ledger = ledger.with_columns(pl.col("amount_usd") * scale)
    if on_site:
        use = used(done["occupancy"], schedule, owned(ledger)).filter(pl.col("user") == user)
        hours = _on_site(use, twin.calendar)
    else:
        hours = _rented(ledger, schedule, twin.calendar, offer.delivered)
    metered = not on_site and not any(_committed(entry.params) for entry in (*kept, *own))
    paid = _by_category(costs(ledger, rented=not on_site), str(user), twin.calendar)
    out, back = (_by_month(ledger.filter(pl.col(side) == user), twin.calendar) for side in ("payer", "payee"))
    return Worked(paid, out, back, *hours, metered)


def _committed(params: Params) -> bool:
    """Whether a rental is paid whether it is used or not."""
    return any(getattr(params, name, 0) for name in ("commitment", "reserved_months", "committed_spend"))


def _by_category(ledger: pl.DataFrame, user: str, calendar: Calendar) -> dict[str, Floats]:
    """What the user pays less what it is paid, by category and month."""
    paid: dict[str, Floats] = {}
    for column, sign in (("payer", 1.0), ("payee", -1.0)):
        rows = ledger.filter(pl.col(column) == user)
        for (category,), part in rows.group_by("category", maintain_order=True):
            before = paid.get(str(category), np.zeros(calendar.months))
            paid[str(category)] = before + sign * _by_month(part, calendar)
    return paid


def _by_month(rows: pl.DataFrame, calendar: Calendar, column: str = "amount_usd") -> Floats:
    place = month_numbers(rows, calendar)
    return np.bincount(place, weights=rows[column].to_numpy(), minlength=calendar.months).astype(np.float64)


def _on_site(use: pl.DataFrame, calendar: Calendar) -> tuple[Floats, Floats]:
    """Accelerator-hours of a user by month, nameplate and delivered: its share of those of each site."""
    return _by_month(use, calendar, "accelerator_h"), _by_month(use, calendar, "delivered_accelerator_h")


def _rented(
    ledger: pl.DataFrame, schedule: pl.DataFrame, calendar: Calendar, delivered: float
) -> tuple[Floats, Floats]:
    """The accelerator-hours of the file in the months in which some are rented."""
    hours = _by_month(schedule, calendar, "accelerator_h")
    rented = np.zeros(calendar.months, dtype=bool)
    rented[month_numbers(ledger.filter(pl.col("category").is_in(ELSEWHERE)), calendar)] = True
    had = hours * rented
    return had, had * delivered


def mixed(worked: Mapping[str, Worked], shares: Mapping[str, float]) -> Worked:
    """Several offers at once, each for its share of the work."""
    parts = [(worked[name], share) for name, share in shares.items()]
    categories = dict.fromkeys(category for one, _ in parts for category in one.paid)
    months = len(parts[0][0].out)

    def together(name: str) -> Floats:
        return np.asarray(sum((getattr(one, name) * share for one, share in parts), np.zeros(months)))

    return Worked(
        {
            category: np.asarray(
                sum((one.paid.get(category, np.zeros(months)) * share for one, share in parts), np.zeros(months))
            )
            for category in categories
        },
        together("out"),
        together("back"),
        together("nameplate"),
        together("delivered"),
        metered=all(one.metered for one, _ in parts),
    )


def _offers(worked: Mapping[str, Worked], against: str, factors: Floats, calendar: Calendar) -> pl.DataFrame:
    other = worked[against]
    rows = []
    for name, one in worked.items():
        cost, hours = float(one.cost @ factors), float(one.delivered @ factors)
        if not hours > 0:
            raise RefusedError(NAME, f"the offer '{name}' gives no accelerator-hours", "let it give the use of a site")
        ahead = np.cumsum(one.cost - one.delivered * cost / hours)
        utilisation = cost / hours / (float(other.cost @ factors) / float(other.delivered @ factors))
        compared = name != against and other.metered and not one.metered
        month = break_even(one.cost, other.cost) if name != against else None
        rows.append(
            {
                "offer": name,
                "paid_usd": float(one.out.sum()),
                "net_cost_usd": float(one.net.sum()),
                "npv_usd": -float(one.net @ factors),
                "cost_pv_usd": cost,
                "peak_funding_usd": float(max(ahead.max(), 0.0)),
                "usd_per_accelerator_h": cost / float(one.nameplate @ factors),
                "usd_per_delivered_accelerator_h": cost / hours,
                "against": against,
                "break_even_fraction": utilisation if compared and utilisation <= 1 else None,
                "break_even": None if month is None else calendar.date(month),
            }
        )
    return _frame("offers", rows)


def break_even(one: Floats, other: Floats) -> int | None:
    """The month from which all that one offer has cost stays at or below what the other has; None for never.

    An offer that is never above the other has nothing to break even: None as well.
    """
    behind = np.flatnonzero(np.cumsum(one - other) > 0)
    if not len(behind) or behind[-1] == len(one) - 1:
        return None
    return int(behind[-1]) + 1


def _cash(worked: Mapping[str, Worked], calendar: Calendar) -> pl.DataFrame:
    years = np.array([when.year for when in calendar.dates()])
    rows = [
        {
            "offer": name,
            "year": int(year),
            "paid_usd": float(one.out[years == year].sum()),
            "received_usd": float(one.back[years == year].sum()),
            "delivered_accelerator_h": float(one.delivered[years == year].sum()),
        }
        for name, one in worked.items()
        for year in np.unique(years)
    ]
    return _frame("offer_cash", rows)


def bridge(one: tuple[str, Worked], other: tuple[str, Worked], factors: Floats) -> pl.DataFrame:
    """Table `offer_bridge` from one offer to another: the reasons of the difference, which they sum to exactly.

    Args:
        one: name and offer to start from.
        other: name and offer to end at.
        factors: discount factors by month.
    """
    (name, start), (to, end) = one, other
    hours = float(start.delivered @ factors)
    categories = dict.fromkeys((*start.paid, *end.paid))
    none = np.zeros(len(factors))
    reasons = {
        category: float((end.paid.get(category, none) - start.paid.get(category, none)) @ factors)
        for category in categories
    }
    last = float(end.cost @ factors)
    rates = {category: change / hours for category, change in reasons.items()}
    reasons[_HOURS], rates[_HOURS] = 0.0, last / float(end.delivered @ factors) - last / hours
    ordered = sorted(reasons, key=lambda reason: -abs(rates[reason]))
    rows = [
        {"from_offer": name, "to_offer": to, "reason": reason, "change_usd": reasons[reason],
         "change_usd_per_h": rates[reason]}
        for reason in ordered
        if reasons[reason] or rates[reason]
    ]  # fmt: skip
    return _frame("offer_bridge", rows)


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    table = tables.table(name)
    return table.frame({column: [row[column] for row in rows] for column in table.names})


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engine, registered as anybody's analysis is."""
    return [
        Analysis(
            name=NAME,
            doc="Own, lease or rent: offers side by side on the same work and months.",
            params=OffersParams,
            run=run,
            requires=("schedule", "energy_cost"),
            produces=("offers", "offer_cash", "offer_bridge"),
        )
    ]
