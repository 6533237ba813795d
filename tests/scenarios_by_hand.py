"""Scenarios one at a time and month by month in plain Python: what the engine is held and measured against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twin.cost.scenarios.compiled import GPU, MARKET, POWER, RENT, THROUGH

if TYPE_CHECKING:
    from twin.cost.scenarios.compiled import Deal
    from twin.cost.scenarios.draws import Draws, Drivers
    from twin.cost.scenarios.engine import Terms


class Plain:
    """The deal as lists of floats, made once: numpy's own numbers would slow plain Python down."""

    def __init__(self, deal: Deal, drivers: Drivers, terms: Terms) -> None:
        self.deal, self.recovery, self.lock_up = deal, terms.recovery, terms.lock_up
        self.downtime = terms.downtime
        self.market = deal.parties.index(MARKET)
        self.factors = terms.factors.tolist()
        self.streams = [(one, one.amount.tolist()) for one in deal.streams]
        self.shares = [one.share.tolist() for one in deal.guarantees]
        self.loans = [
            (number, one, one.cfads.tolist(), one.service.tolist(), one.own.tolist(), one.year_service.tolist())
            for number, one in enumerate(deal.loans)
        ]
        self.borrowers = [one.borrower for one in deal.loans]
        self.prices = {
            name: (*price.step(), price.centre(deal.months).tolist())
            for name, price in ((GPU, drivers.gpu), (POWER, drivers.power))
            if price is not None
        }

    def all(self, drawn: Draws, count: int) -> list[Life]:
        """The first `count` scenarios of what is drawn."""
        shocks = {name: one for name, one in ((GPU, drawn.gpu), (POWER, drawn.power)) if one is not None}
        lives = []
        for number in range(count):
            own = {name: one[:, number].tolist() for name, one in shocks.items()}
            life = Life(self, drawn.default[:, number].tolist(), int(drawn.delay[number]), own)
            for month in range(self.deal.months):
                life.month(month)
            lives.append(life)
        return lives


class Life:
    """One scenario: change of present value by party; claimed, paid; least cover, months missed, overdue."""

    def __init__(self, plain: Plain, default: list[int], late: int, shocks: dict[str, list[float]]) -> None:
        deal = plain.deal
        self.plain, self.default, self.late, self.shocks = plain, default, late, shocks
        self.change = [0.0] * len(deal.parties)
        self.claimed, self.paid = [0.0] * len(deal.guarantees), [0.0] * len(deal.guarantees)
        self.overdue, self.kept, self.missed = [0.0] * len(deal.loans), [0.0] * len(deal.loans), [0] * len(deal.loans)
        self.least_dscr = [math.inf] * len(deal.loans)
        self.past = [[0.0] * 12 for _ in deal.loans]
        self.more = [0.0] * len(deal.loans)
        self.off = dict.fromkeys(plain.prices, 0.0)
        self.worth = 1.0

    def month(self, month: int) -> None:
        plain = self.plain
        self.worth = plain.factors[month]
        factor = {}
        for name, (stay, size, centre) in plain.prices.items():
            factor[name] = math.exp(self.off[name] + centre[month])
            self.off[name] = stay * self.off[name] + size * self.shocks[name][month]
        self.more = [0.0] * len(self.more)
        for stream, amounts in plain.streams:
            since = month - self.late if stream.late else month
            now = amounts[since] if since >= 0 else 0.0
            if now == 0.0 and amounts[month] == 0.0:
                continue
            now *= factor.get(stream.price, 1.0)
            alive = stream.obligor < 0 or month < self.default[stream.obligor]
            self.post(stream.payer, stream.payee, (now if alive else 0.0) - amounts[month], stream.loans)
            if not alive:
                self.instead(stream, now, month)
        for loan in plain.loans:
            self.serve(*loan, month)

    def post(self, payer: int, payee: int, amount: float, loans: tuple[int, ...] = ()) -> None:
        self.change[payer] -= amount * self.worth
        self.change[payee] += amount * self.worth
        for loan in loans:
            borrower = self.plain.borrowers[loan]
            if borrower == payee:
                self.more[loan] += amount
            elif borrower == payer:
                self.more[loan] -= amount

    def instead(self, stream, unpaid: float, month: int) -> None:
        """Who pays what a party in default does not."""
        plain, vacant = self.plain, month < self.default[stream.obligor] + self.plain.downtime
        again = 0.0 if vacant else plain.recovery * unpaid
        if stream.kind == THROUGH:
            self.post(plain.market, stream.payee, again)
            self.post(stream.landlord, stream.payee, unpaid - again, stream.loans)
        if stream.kind != RENT:
            return
        self.post(plain.market, stream.landlord, again, stream.loans)
        if stream.guarantee >= 0:
            guarantee = plain.deal.guarantees[stream.guarantee]
            when = self.default[guarantee.obligor] - self.late
            share = plain.shares[stream.guarantee][when] if 0 <= when < plain.deal.months else 0.0
            claim = share * (unpaid - again)
            pays = claim if month < self.default[guarantee.defaults] else 0.0
            self.claimed[stream.guarantee] += claim
            self.paid[stream.guarantee] += pays
            self.post(guarantee.guarantor, stream.landlord, pays, stream.loans)

    def serve(self, number, loan, cfads, service, own, year_service, month) -> None:
        cash = cfads[month] + self.more[number]
        due = service[month] + self.overdue[number] * (1 + loan.rate)
        have = max(cash, 0.0) + self.kept[number] + own[month]
        pays = min(due, have)
        if loan.obligor >= 0 and month >= self.default[loan.obligor]:
            pays = 0.0
        self.overdue[number] = due - pays
        self.missed[number] += self.overdue[number] > 0.5
        self.past[number][month % 12] = cash
        self.kept[number] = 0.0
        if year_service[month] > 0:
            cover = sum(self.past[number]) / year_service[month]
            self.least_dscr[number] = min(self.least_dscr[number], cover)
            self.kept[number] = have - pays if cover < self.plain.lock_up else 0.0
        self.post(loan.borrower, loan.lender, pays - service[month])
