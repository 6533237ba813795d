"""Every month of every scenario: months outermost, all scenarios of a chunk at once.

In each month, from the ledger and what is drawn:

1.  Streams: an obligor that has defaulted pays nothing more.  After the downtime, whoever the site is let to again
    (`market`) pays its share of the rent; the landlord bears what is not let again of a pass-through.  Prices multiply,
    delay moves.
    Guarantees: what the rule of `twin.losses` asks in this month after a default in that, unless the default does not
    call it or the guarantor has defaulted itself.
    Collateral: sold in the month of default; the claims have the proceeds in turn, the guarantor pays what is left of
    those that it supports, and the owners have the rest.
    Residual values: at exercise the guarantor makes up what the value is below the strike, if the use ends.
2.  Loans: due is the scheduled service and what is overdue with interest at the loan's rate.  There is the CFADS of
    the month, cash kept under lock-up, and what the borrower pays out of its own pocket in the ledger; nothing more.
    What is then missing the reserve pays, as far as it goes; cash that is left fills it again, and while the trailing
    cover ratio is below the lock-up the rest is kept for later service.

What each party gains or loses is a difference from the ledger, discounted, and sums to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.cost.irr import rates
from twin.cost.scenarios.compiled import GPU, MARKET, POWER, RENT, THROUGH
from twin.cost.scenarios.debt import Debt
from twin.cost.scenarios.draws import BLOCK, draw
from twin.losses import in_turn
from twin.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twin.cost.scenarios.compiled import Deal, Stream
    from twin.cost.scenarios.draws import Draws, Drivers, Price
    from twin.cost.scenarios.promises import Guarantee, Residual, WindUp

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

CHUNK = 4 * BLOCK


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same in all scenarios.

    Attributes:
        factors: discount factors by month.
        lock_up: cover ratio below which cash is kept.
        watched: number of the party whose rate of return is wanted; -1 for none.
    """

    factors: Floats
    lock_up: float
    watched: int = -1


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What has become of each scenario; the last axis is the scenarios.

    Attributes:
        change: of the present value of each party, shape (parties, scenarios).
        claimed, paid: what is claimed of each guarantor and what it pays, undiscounted, shape (guarantees, scenarios);
            those of residual values last.
        least_dscr: lowest trailing cover of each loan, infinite without any; missed: months in which something was
            overdue; overdue: what is at the end; each of shape (loans, scenarios).
        short: left unpaid on each claim on collateral, those of the first collateral first, shape (claims, scenarios).
        lost: present value of what the lender of each loan does not get, loans first and then claims on collateral;
            exposed: of what is owed when a payment is first missed, or the collateral is sold; zero where that never
            is; each of shape (loans + claims, scenarios).
        default: month of default of each defaulting party, shape (parties, scenarios).
        delay: months late.
        log_rate: log(1 + monthly rate of return) of the party watched, NaN where there is none; verdict: why, as in
            `twin.cost.irr`.
    """

    change: Floats
    claimed: Floats
    paid: Floats
    least_dscr: Floats
    missed: Ints
    overdue: Floats
    short: Floats
    lost: Floats
    exposed: Floats
    default: Ints
    delay: Ints
    log_rate: Floats
    verdict: Ints


def simulate(deal: Deal, drivers: Drivers, terms: Terms, scenarios: int, seed: int, chunk: int = CHUNK) -> Outcomes:
    """Draw scenarios and live through them.

    Args:
        deal: made ready.
        drivers: what may happen.
        terms: what is the same in all.
        scenarios: how many.
        seed: of the draws.
        chunk: scenarios worked on together, in whole blocks; bounds the memory and changes no result.
    """
    blocks = range(-(-scenarios // BLOCK))
    size = max(chunk // BLOCK, 1)
    starts = range(0, len(blocks), size)
    parts = [
        live(deal, drivers, terms, draw(drivers, deal.months, seed, blocks[start : start + size]))
        for start in counted(starts, len(starts), "chunks of scenarios")
    ]
    return _joined(parts, scenarios)


def _joined(parts: list[Outcomes], scenarios: int) -> Outcomes:
    def whole(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)[..., :scenarios]

    return Outcomes(**{name: whole(name) for name in Outcomes.__dataclass_fields__})  # type: ignore[arg-type]


@dataclass
class _Books:
    """Postings of a chunk: what each party gains over the ledger, and what each loan has more to be paid from."""

    factors: Floats
    change: Floats
    more: Floats
    borrowers: tuple[int, ...]
    watched: int
    path: Floats | None
    buffer: Floats
    month: int = 0

    def post(self, payer: int, payee: int, amount: Floats, loans: tuple[int, ...] = ()) -> None:
        """`payer` pays `payee` so much more than in the ledger; `loans` are paid from what their borrower has."""
        worth = np.multiply(amount, self.factors[self.month], out=self.buffer)
        self.change[payer] -= worth
        self.change[payee] += worth
        if self.path is not None and self.watched in (payer, payee):
            self.path[self.month] += amount if payee == self.watched else -amount
        for loan in loans:
            if self.borrowers[loan] == payee:
                self.more[loan] += amount
            elif self.borrowers[loan] == payer:
                self.more[loan] -= amount


def live(deal: Deal, drivers: Drivers, terms: Terms, drawn: Draws) -> Outcomes:
    """Live through some scenarios that are drawn.

    Args:
        deal: made ready.
        drivers: what may happen.
        terms: what is the same in all.
        drawn: the scenarios.
    """
    run = _Run(deal, terms, drawn)
    for month, factors in enumerate(_prices(drivers, drawn, deal.months)):
        run.month(month, factors)
    return run.outcomes()


class _Run:
    """A chunk being lived through."""

    def __init__(self, deal: Deal, terms: Terms, drawn: Draws) -> None:
        """Nothing has happened yet."""
        count = drawn.count
        self.deal, self.terms, self.drawn = deal, terms, drawn
        self.market = deal.parties.index(MARKET)
        watched = terms.watched
        self.books = _Books(
            terms.factors,
            np.zeros((len(deal.parties), count)),
            np.zeros((len(deal.loans), count)),
            tuple(loan.borrower for loan in deal.loans),
            watched,
            np.repeat(deal.net[watched][:, None], count, axis=1) if watched >= 0 else None,
            np.empty(count),
        )
        self.debts = [Debt(loan, terms.lock_up, count) for loan in deal.loans]
        self.claimed, self.paid = (np.zeros((len(deal.promises), count)) for _ in range(2))
        self.short = [np.zeros((len(one.names), count)) for one in deal.collateral]
        self.lost, self.exposed = (np.zeros((len(deal.loans), count)) for _ in range(2))
        self.unsold, self.sold = ([np.zeros_like(one) for one in self.short] for _ in range(2))
        self.called = [_called(guarantee, drawn) for guarantee in deal.guarantees]
        self.delayed = bool(drawn.delay.any())
        since = drawn.default - drawn.delay
        self.since = np.where(since < 0, deal.months, np.minimum(since, deal.months))

    def month(self, month: int, factors: dict[str, Floats]) -> None:
        """One month of all scenarios."""
        books = self.books
        books.month = month
        books.more[:] = 0.0
        alive = month < self.drawn.default
        self._flow(alive, month, factors)
        for number, guarantee in enumerate(self.deal.guarantees):
            self._claim(number, guarantee, alive, month)
        for number, collateral in enumerate(self.deal.collateral):
            self._sell(number, collateral, alive, month, factors)
        for number, residual in enumerate(self.deal.residuals):
            if residual.month == month:
                self._make_up(number, residual, alive, factors)
        for number, debt in enumerate(self.debts):
            self._serve(number, debt, alive, month)

    def _serve(self, number: int, debt: Debt, alive: Bools, month: int) -> None:
        """Pay what a loan is due as far as it goes, and count what its lender loses."""
        books, loan = self.books, debt.loan
        performs = alive[loan.obligor] if loan.obligor >= 0 else None
        more = debt.month(month, books.more[number], performs) - loan.service[month]
        books.post(loan.borrower, loan.lender, more)
        if debt.reserved:
            books.post(loan.account, loan.borrower, debt.given)
            more = more - debt.given * (loan.account == loan.lender)
        factor = self.terms.factors[month]
        self.lost[number] -= more * factor
        self.exposed[number] += loan.opening[month] * factor * debt.begins()

    def _flow(self, alive: Bools, month: int, factors: dict[str, Floats]) -> None:
        """What streams come to, and who pays instead of an obligor in default."""
        books = self.books
        for stream in self.deal.streams:
            now = self._amount(stream, month)
            if now is None:
                continue
            if stream.price in factors:
                now = now * factors[stream.price]
            paid = now if stream.obligor < 0 else now * alive[stream.obligor]
            books.post(stream.payer, stream.payee, paid - stream.amount[month], stream.loans)
            if stream.kind in {RENT, THROUGH}:
                unpaid = now - paid
                again = self._let_again(stream, unpaid, month)
                books.post(self.market, stream.payee, again, stream.loans)
                if stream.kind == THROUGH:
                    books.post(stream.landlord, stream.payee, unpaid - again, stream.loans)

    def _amount(self, stream: Stream, month: int) -> Floats | None:
        """What the stream comes to without default; None where it is nothing, in the ledger and here.

        One number stands for all scenarios where they do not differ.
        """
        if not (stream.late and self.delayed):
            return stream.amount[month : month + 1] if stream.amount[month] else None
        since = month - self.drawn.delay
        now = np.where(since >= 0, stream.amount[np.maximum(since, 0)], 0.0)
        return now if stream.amount[month] or now.any() else None

    def _let_again(self, stream: Stream, unpaid: Floats, month: int) -> Floats:
        """What the next tenant pays of it, once there is one."""
        again = stream.again * unpaid
        if stream.downtime:
            again = again * (self.drawn.default[stream.obligor] <= month - stream.downtime)
        return again

    def _claim(self, number: int, guarantee: Guarantee, alive: Bools, month: int) -> None:
        """What is asked of a guarantor of rent in the month, and what it pays."""
        if guarantee.asked is None:
            return
        when = self.since[guarantee.obligor]
        if self.delayed:
            since = month - self.drawn.delay
            claim = np.where(since >= 0, guarantee.asked[np.maximum(since, 0), when], 0.0)
        else:
            claim = guarantee.asked[month][when]
        self._honour(number, claim, guarantee.beneficiary, alive, guarantee.loans)

    def _honour(self, number: int, claim: Floats, payee: int, alive: Bools, loans: tuple[int, ...] = ()) -> Floats:
        """Ask a guarantor and have it pay `payee`: what it pays."""
        guarantee = self.deal.guarantees[number]
        called = self.called[number]
        claim = claim if called is None else claim * called
        pays = claim * alive[guarantee.defaults]
        self.claimed[number] += claim
        self.paid[number] += pays
        self.books.post(guarantee.guarantor, payee, pays, loans)
        return np.asarray(pays)

    def _sell(self, number: int, one: WindUp, alive: Bools, month: int, factors: dict[str, Floats]) -> None:
        """Sell the collateral of those that default in the month."""
        since = self.since[one.obligor] if one.late else np.full(self.drawn.count, month)
        hit = (self.drawn.default[one.obligor] == month) & (since < self.deal.months)
        if not hit.any():
            return
        place = np.where(hit, since, 0)
        value = one.value[place] * hit
        if one.priced:
            value = value * factors[GPU]
        elif self.drawn.sale is not None:
            deviation = one.deviation[place]
            value = value * np.exp(deviation * self.drawn.sale[number] - deviation**2 / 2)
        owed = one.owed[:, place] * hit
        paid = in_turn(value, owed)
        self.books.post(self.market, one.owner, value)
        self.books.post(one.owner, one.residual, value - paid.sum(axis=0))
        for claim, claimant in enumerate(one.claimants):
            self.books.post(one.owner, claimant, paid[claim])
            short = owed[claim] - paid[claim]
            if one.supported[claim] and one.guarantee >= 0:
                short = short - self._honour(one.guarantee, short, claimant, alive)
            self.short[number][claim] += short
            self.unsold[number][claim] += short * self.terms.factors[month]
            self.sold[number][claim] += owed[claim] * self.terms.factors[month]

    def _make_up(self, number: int, one: Residual, alive: Bools, factors: dict[str, Floats]) -> None:
        """Have the guarantor of a residual value pay what is missing, in the month of exercise."""
        price: Floats | float = 1.0
        if one.priced:
            price = factors.get(GPU, 1.0)
        elif self.drawn.worth is not None:
            price = np.exp(one.deviation * self.drawn.worth[number] - one.deviation**2 / 2)
        claim = one.asked(price, None if self.drawn.ending is None else self.drawn.ending[number] < one.ends)
        pays = claim * alive[one.defaults]
        place = len(self.deal.guarantees) + number
        self.claimed[place] += claim
        self.paid[place] += pays
        self.books.post(one.guarantor, one.beneficiary, pays - one.posted, one.loans)

    def outcomes(self) -> Outcomes:
        """What has become of the scenarios."""
        count, drawn = self.drawn.count, self.drawn
        log_rate, verdict = np.full(count, np.nan), np.zeros(count, np.int64)
        if self.books.path is not None:
            found = rates(self.books.path.T, chunk=count)
            log_rate, verdict = found.log_rate, found.verdict
        shape = (len(self.debts), count)
        return Outcomes(
            self.books.change,
            self.claimed,
            self.paid,
            np.array([debt.least for debt in self.debts]).reshape(shape),
            np.array([debt.missed for debt in self.debts], dtype=np.int64).reshape(shape),
            np.array([debt.overdue for debt in self.debts]).reshape(shape),
            np.concatenate([np.zeros((0, count)), *self.short]),
            np.concatenate([self.lost, *self.unsold]),
            np.concatenate([self.exposed, *self.sold]),
            drawn.default,
            drawn.delay,
            log_rate,
            verdict,
        )


def _called(guarantee: Guarantee, drawn: Draws) -> Bools | None:
    """Whether a default calls a guarantee, in each scenario; None where it does in all."""
    if guarantee.called >= 1 or drawn.trigger is None:
        return None
    return np.asarray(drawn.trigger[guarantee.obligor] < guarantee.called)


def _prices(drivers: Drivers, drawn: Draws, months: int) -> Iterator[dict[str, Floats]]:
    """Factors of the prices that wander, month by month."""
    walks = [
        (name, _walk(price, shocks, months))
        for name, price, shocks in ((GPU, drivers.gpu, drawn.gpu), (POWER, drivers.power, drawn.power))
        if price is not None and shocks is not None
    ]
    for _ in range(months):
        yield {name: next(walk) for name, walk in walks}


def _walk(price: Price, shocks: Floats, months: int) -> Iterator[Floats]:
    stay, size = price.step()
    centre = price.centre(months)
    off = np.zeros(shocks.shape[1])
    for month in range(months):
        yield np.exp(off + centre[month])
        off = stay * off + size * shocks[month]
