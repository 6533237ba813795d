"""The model `chip-lease`: a vehicle that borrows in tranches, buys accelerators and lets them.

Every month's delivery is a lease of its own over the same term, drawn for in the month in which it is
delivered and its lease commences, so that everything is one delivery's curve, begun in its month and summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.api import Entry, FinancingInputs, FinancingModel
from twin_financing import chip_support, debt_rows, loan, terms
from twin_financing.backstop import GUARANTEE, TERMS
from twin_financing.chip_lease_params import ChipLeaseParams, TrancheParams
from twin_financing.term_debt_frames import DEBT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from twin_financing.terms import Floats

NAME = "chip-lease"
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Curve:
    """A tranche of one dollar of chips, by month from delivery: interest and principal."""

    interest: Floats
    principal: Floats


def curve(tranche: TrancheParams, term: int) -> Curve:
    """The service of a tranche of one dollar of chips; month 0 is that of delivery."""
    rate = tranche.rate / _YEAR
    repaid = (loan.level if tranche.repaid_by == "rent" else _at_end)(tranche.share, rate, term)
    made = loan.assemble(np.array([tranche.share]), repaid, rate, capitalise=False)
    return Curve(made.interest, made.principal)


def _at_end(balance: float, _rate: float, periods: int) -> Floats:
    return loan.bullet(balance, periods)


def rent_per_dollar(curves: Sequence[Curve], tranches: Sequence[TrancheParams], cover: float) -> float:
    """Monthly rent of one dollar of chips: what the tranches ask of it, times the cover."""
    asked = 0.0
    for each, tranche in zip(curves, tranches, strict=True):
        asked += float(each.interest[1] + (each.principal[1] if tranche.repaid_by == "rent" else 0.0))
    return asked * cover


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all vehicles.

    Returns:
        `cashflow` (capex, debt_draw, equity_contribution, base_rent, interest, principal, salvage,
        distribution, guarantee_fee), `debt` by tranche, `guarantee` and `guarantee_terms` of the support, `wind_up`,
        `occupancy` of a site, `deal_figures`.

    Raises:
        RefusedError: a vehicle without chips, or with a lease beyond the calendar, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_Vehicle(entry, inputs, ledger).frames() for entry in inputs.entries]
    schemas = {
        "debt": dict(DEBT),
        "guarantee": GUARANTEE,
        "guarantee_terms": TERMS,
        "wind_up": chip_support.WIND_UP,
        "occupancy": terms.OCCUPANCY,
        "deal_figures": dict(debt_rows.FIGURES),
    }
    return {
        "cashflow": ledger.frame(),
        **{
            name: terms.together([frame for frames in made for frame in frames[name]], schema)
            for name, schema in schemas.items()
        },
    }


@dataclass(frozen=True, slots=True)
class _Vehicle:
    """One vehicle being worked out."""

    entry: Entry[ChipLeaseParams]
    inputs: FinancingInputs
    ledger: terms.Ledger

    def frames(self) -> dict[str, list[pl.DataFrame]]:
        """Write the flows; give the tables."""
        params, term = self.entry.params, int(self.entry.params.term)
        price = self._deliveries()
        curves = [curve(tranche, term) for tranche in params.tranches]
        rent = rent_per_dollar(curves, params.tranches, params.rent_cover)
        rents = self._begun(price, np.concatenate(([0.0], np.full(term, rent))))
        resale = self._begun(price, np.concatenate((np.zeros(term), [params.residual])))
        debts = [self._tranche(price, each, tranche) for each, tranche in zip(curves, params.tranches, strict=True)]
        self._pay(price, rents, resale, debts)
        return {
            "debt": self._rows(debts, rents, resale),
            **chip_support.tables(self.entry, self.inputs, price, debts, self.ledger),
            "occupancy": terms.racks_in_use(self.inputs, params.site, self.entry.name, params.lessee)
            if params.site is not None
            else [],
            "deal_figures": [self._figures(price, rent, rents)],
        }

    def _deliveries(self) -> Floats:
        """Price of the chips delivered by calendar month."""
        params, calendar = self.entry.params, self.inputs.calendar
        if params.amount is not None:
            start = 0 if params.start is None else calendar.index(params.start)
            price = terms.place(start, np.full(params.deliveries, params.amount / params.deliveries), calendar.months)
            first = start
        else:
            parts = terms.at_site(self.inputs.parts, params.site)
            terms.refuse_unpriced(NAME, self.entry.name, parts)
            month = terms.month_indices(calendar, parts["month"])
            price = np.zeros(calendar.months)
            inside = (month >= 0) & (month < calendar.months)
            np.add.at(price, month[inside], (parts["racks"] * parts["price_usd"]).to_numpy()[inside])
            first = int(month.min()) if len(month) else 0
        if first < 0 or not price.any():
            raise terms.refuse(
                NAME,
                self.entry.name,
                "chips are delivered before the calendar starts" if first < 0 else "there are no chips with a price",
                "start the calendar earlier" if first < 0 else "give the racks of the site a `price`, or state amount",
            )
        last = int(np.flatnonzero(price)[-1]) + int(params.term)
        if last >= calendar.months:
            raise terms.refuse(
                NAME,
                self.entry.name,
                f"its last lease ends in {calendar.date(last):%Y-%m}, after the calendar",
                f"let `calendar.months` be {last + 1} or more",
            )
        return price

    def _begun(self, price: Floats, shape: Floats) -> Floats:
        """A curve of one dollar of chips, begun with each delivery."""
        return np.asarray(np.convolve(price, shape)[: len(price)])

    def _tranche(self, price: Floats, each: Curve, tranche: TrancheParams) -> dict[str, Floats]:
        return {
            "draw": price * tranche.share,
            "interest": self._begun(price, each.interest),
            "principal": self._begun(price, each.principal),
        }

    def _pay(self, price: Floats, rents: Floats, resale: Floats, debts: Sequence[dict[str, Floats]]) -> None:
        params, name = self.entry.params, self.entry.name
        vehicle = params.vehicle
        for other in (params.lessee, params.seller, params.sponsor, *(tranche.lender for tranche in params.tranches)):
            terms.two_parties(NAME, name, vehicle, other)
        net = rents + resale - price
        for tranche, balance in zip(params.tranches, debts, strict=True):
            debt_rows.serve(self.ledger, (name, vehicle, tranche.lender), balance)
            net = net + balance["draw"] - balance["interest"] - balance["principal"]
        net = np.where(np.abs(net) <= 1e-9 * float(price.sum()), 0.0, net)
        for payer, payee, category, amounts in (
            (vehicle, params.seller, "capex", price),
            (params.lessee, vehicle, "base_rent", rents),
            ("market", vehicle, "salvage", resale),
            (params.sponsor, vehicle, "equity_contribution", np.maximum(-net, 0.0)),
            (vehicle, params.sponsor, "distribution", np.maximum(net, 0.0)),
        ):
            self.ledger.add(name, payer, payee, category, amounts)

    def _rows(self, debts: Sequence[dict[str, Floats]], rents: Floats, resale: Floats) -> list[pl.DataFrame]:
        """Table `debt`: each tranche has the rent, and at the end the resale, that those before it leave."""
        params, calendar = self.entry.params, self.inputs.calendar
        left, frames = rents + resale, []
        for number, (tranche, balance) in enumerate(zip(params.tranches, debts, strict=True), 1):
            service = balance["interest"] + balance["principal"]
            first = int(np.flatnonzero(service)[0]) if service.any() else 0
            who = (self.entry.name, params.vehicle, tranche.lender, tranche.name)
            ratios = {"dscr_ratio": loan.trailing_dscr(left, service, first)}
            frames.append(debt_rows.debt(calendar, who, {**balance, "cfads": left}, ratios, number))
            left = left - service
            left = np.where(np.abs(left) <= 1e-9 * float(rents.max(initial=0.0)), 0.0, left)
        return frames

    def _figures(self, price: Floats, rent: float, rents: Floats) -> pl.DataFrame:
        params = self.entry.params
        lent = sum(tranche.share for tranche in params.tranches)
        mean = sum(tranche.share * tranche.rate for tranche in params.tranches) / lent
        return debt_rows.figures(
            self.entry.name,
            ("price", float(price.sum()), "$", "of all chips"),
            ("rent_factor", rent, "1/month", "monthly rent over price"),
            ("rent", float(rents.max(initial=0.0)), "$/month", "when all is delivered"),
            ("loan_to_cost", lent, "fraction", "all tranches over price"),
            ("mean_rate", mean, "1/year", "of the tranches, by what they lend"),
        )


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last lease ends."""
    ends = [0]
    for entry in inputs.entries:
        params = entry.params
        if params.amount is not None:
            last = (0 if params.start is None else inputs.calendar.index(params.start)) + params.deliveries - 1
        else:
            month = terms.month_indices(inputs.calendar, terms.at_site(inputs.parts, params.site)["month"])
            last = int(month.max()) if len(month) else 0
        ends.append(last + int(params.term) + 1)
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="A vehicle that buys accelerators with debt in tranches and lets them: rent from the debt, residual support.",
    params=ChipLeaseParams,
    run=run,
    horizon=horizon,
)
