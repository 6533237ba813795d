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
        self.deal, self.lock_up = deal, terms.lock_up
        self.market = deal.parties.index(MARKET)
        self.factors = terms.factors.tolist()
        self.streams = [(one, one.amount.tolist()) for one in deal.streams]
        self.asked = [None if one.asked is None else one.asked.tolist() for one in deal.guarantees]
        self.sold = [(one, one.owed.tolist(), one.value.tolist(), one.deviation.tolist()) for one in deal.collateral]
        self.loans = [
            (
                number,
                one,
                one.cfads.tolist(),
                one.service.tolist(),
                one.own.tolist(),
                one.year_service.tolist(),
                [*one.reserve.tolist(), 0.0],
            )
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
            life.trigger = None if drawn.trigger is None else drawn.trigger[:, number].tolist()
            life.sale = None if drawn.sale is None else drawn.sale[:, number].tolist()
            life.ending = None if drawn.ending is None else drawn.ending[:, number].tolist()
            life.value = None if drawn.worth is None else drawn.worth[:, number].tolist()
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
        promised = len(deal.guarantees) + len(deal.residuals)
        self.claimed, self.paid = [0.0] * promised, [0.0] * promised
        self.overdue, self.kept, self.missed = [0.0] * len(deal.loans), [0.0] * len(deal.loans), [0] * len(deal.loans)
        self.lost, self.exposed = ([0.0] * (len(deal.loans) + len(self.short_names(deal))) for _ in range(2))
        self.least_dscr = [math.inf] * len(deal.loans)
        self.past = [[0.0] * 12 for _ in deal.loans]
        self.more = [0.0] * len(deal.loans)
        self.used = [0.0] * len(deal.loans)
        self.short = [0.0] * sum(len(one.names) for one in deal.collateral)
        self.trigger = self.sale = self.ending = self.value = None
        self.off = dict.fromkeys(plain.prices, 0.0)
        self.worth = 1.0

    @staticmethod
    def short_names(deal: Deal) -> list[str]:
        """Claims on all collateral."""
        return [name for one in deal.collateral for name in one.names]

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
        for number, guarantee in enumerate(plain.deal.guarantees):
            when = self.default[guarantee.obligor] - self.late
            since = month - self.late
            if plain.asked[number] is not None and 0 <= when < plain.deal.months and since >= 0:
                self.honour(number, plain.asked[number][since][when], guarantee.beneficiary, month, guarantee.loans)
        self.sell(month, factor)
        self.make_up(month, factor)
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
        plain, vacant = self.plain, month < self.default[stream.obligor] + stream.downtime
        again = 0.0 if vacant else stream.again * unpaid
        if stream.kind in {RENT, THROUGH}:
            self.post(plain.market, stream.payee, again, stream.loans)
        if stream.kind == THROUGH:
            self.post(stream.landlord, stream.payee, unpaid - again, stream.loans)

    def honour(self, number: int, claim: float, payee: int, month: int, loans: tuple[int, ...] = ()) -> float:
        """A guarantor is asked, and pays unless it has defaulted itself."""
        guarantee = self.plain.deal.guarantees[number]
        if self.trigger is not None and self.trigger[guarantee.obligor] >= guarantee.called:
            claim = 0.0
        pays = claim if month < self.default[guarantee.defaults] else 0.0
        self.claimed[number] += claim
        self.paid[number] += pays
        self.post(guarantee.guarantor, payee, pays, loans)
        return pays

    def sell(self, month: int, factor: dict[str, float]) -> None:
        """Collateral is sold in the month of default, and its claims are paid in turn."""
        place = 0
        for number, (one, owed, values, deviations) in enumerate(self.plain.sold):
            at = month - (self.late if one.late else 0)
            if self.default[one.obligor] == month and at >= 0:
                left = values[at]
                if one.priced:
                    left *= factor[GPU]
                elif self.sale is not None:
                    left *= math.exp(deviations[at] * self.sale[number] - deviations[at] ** 2 / 2)
                self.post(self.plain.market, one.owner, left)
                for claim, claimant in enumerate(one.claimants):
                    paid = min(left, owed[claim][at])
                    left -= paid
                    self.post(one.owner, claimant, paid)
                    short = owed[claim][at] - paid
                    if one.supported[claim]:
                        short -= self.honour(one.guarantee, short, claimant, month)
                    self.short[place + claim] += short
                    here = len(self.plain.deal.loans) + place + claim
                    self.lost[here] += short * self.worth
                    self.exposed[here] += owed[claim][at] * self.worth
                self.post(one.owner, one.residual, left)
            place += len(one.names)

    def make_up(self, month: int, factor: dict[str, float]) -> None:
        """What a residual value is below its strike is paid in the month of exercise, if the use ends."""
        for number, one in enumerate(self.plain.deal.residuals):
            if one.month != month:
                continue
            worth = one.value
            if one.priced and GPU in factor:
                worth *= factor[GPU]
            elif not one.priced and self.value is not None:
                worth *= math.exp(one.deviation * self.value[number] - one.deviation**2 / 2)
            ends = one.called if self.ending is None else self.ending[number] < one.ends
            claim = min(max(one.strike - worth, 0.0), one.most) if ends else 0.0
            pays = claim if month < self.default[one.defaults] else 0.0
            place = len(self.plain.deal.guarantees) + number
            self.claimed[place] += claim
            self.paid[place] += pays
            self.post(one.guarantor, one.beneficiary, pays - one.posted, one.loans)

    def serve(self, number, loan, cfads, service, own, year_service, reserve, month) -> None:
        cash = cfads[month] + self.more[number]
        due = service[month] + self.overdue[number] * (1 + loan.rate)
        have = max(cash, 0.0) + self.kept[number] + own[month]
        pays = min(due, have)
        if loan.obligor >= 0 and month >= self.default[loan.obligor]:
            pays = 0.0
        left, drawn = have - pays, 0.0
        if loan.obligor < 0 or month < self.default[loan.obligor]:
            drawn = min(due - pays, max(reserve[month - 1] - self.used[number], 0.0))
        more = loan.topped_up[month]
        filled = min(self.used[number] + more, left)
        used = self.used[number] + drawn + more - filled
        self.used[number] = min(used, reserve[month])
        self.post(loan.account, loan.borrower, drawn + more - filled - (used - self.used[number]))
        pays, left = pays + drawn, left - filled
        self.overdue[number] = due - pays
        if self.overdue[number] > 0.5 and not self.missed[number]:
            self.exposed[number] = loan.opening[month] * self.worth
        self.missed[number] += self.overdue[number] > 0.5
        released = drawn + more - filled - (used - self.used[number])
        self.lost[number] += (service[month] - pays) * self.worth
        self.lost[number] += released * self.worth if loan.account == loan.lender else 0.0
        self.past[number][month % 12] = cash
        self.kept[number] = 0.0
        if year_service[month] > 0:
            cover = sum(self.past[number]) / year_service[month]
            self.least_dscr[number] = min(self.least_dscr[number], cover)
            self.kept[number] = left if cover < self.plain.lock_up else 0.0
        self.post(loan.borrower, loan.lender, pays - service[month])
