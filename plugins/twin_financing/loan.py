"""The arithmetic of a loan, in periods of any length: build-up, sculpting, level payment, cover ratios.

Convention: a draw is made at the end of its period, so interest on it starts in the next one.  The
cash flows of a loan discounted at its own rate per period are then worth nothing, as they should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_financing.roots import root

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 12

_NOTHING = 1e-12
"""Share of the largest debt service below which none is due: what is left of rounding."""


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan by period; every array has one entry a period, all in dollars.

    Attributes:
        opening: balance at the start.
        draw: drawn at the end.
        interest: accrued on the opening balance.
        capitalised: part of the interest added to the balance.
        principal: repaid at the end.
        closing: opening + draw + capitalised - principal.
    """

    opening: Floats
    draw: Floats
    interest: Floats
    capitalised: Floats
    principal: Floats
    closing: Floats

    @property
    def service(self) -> Floats:
        """Debt service paid in cash: interest not capitalised, and principal."""
        return self.interest - self.capitalised + self.principal


def annuity(rate: float, periods: int) -> float:
    """Present value of one dollar at the end of each of `periods` periods: (1 - (1+r)^-n) / r."""
    return float(periods) if rate == 0 else -float(np.expm1(-periods * np.log1p(rate))) / rate


def discount(rate: float, periods: int) -> Floats:
    """(1 + r)^-t for t = 1 … `periods`."""
    return np.asarray(np.exp(-np.log1p(rate) * np.arange(1, periods + 1)))


def build_up(draws: Floats, rate: float, *, capitalise: bool) -> Floats:
    """Closing balances while nothing is repaid: the draws, with interest on interest if capitalised."""
    if not capitalise:
        return np.cumsum(draws)
    growth = np.exp(np.log1p(rate) * np.arange(len(draws)))
    return np.asarray(growth * np.cumsum(draws / growth))


def level(balance: float, rate: float, periods: int) -> Floats:
    """Principal by period of a loan repaid in equal payments B·r / (1 - (1+r)^-n)."""
    payment = balance / annuity(rate, periods)
    growth = np.exp(np.log1p(rate) * np.arange(periods))
    return _settled((payment - rate * balance) * growth, balance)


def bullet(balance: float, periods: int) -> Floats:
    """Principal by period of a loan repaid at once in the last one."""
    principal = np.zeros(periods)
    principal[-1] = balance
    return principal


def fixed_principal(balance: float, periods: int) -> Floats:
    """Principal by period of a loan repaid in equal parts, with interest on what is left."""
    return _settled(np.full(periods, balance / periods), balance)


def cut(principal: Floats, periods: int) -> tuple[Floats, float]:
    """A schedule that ends early: its first `periods` periods, and the balloon that is due with the last one."""
    kept = principal[:periods]
    return kept, float(np.sum(principal[periods:]))


def carried(principal: Floats, rate: float, cfads: Floats, dscr: float) -> float:
    """The balance whose debt service, in no period, is more than CFADS over the cover ratio.

    Args:
        principal: by period of a loan of one dollar; shorter than that loan if it has a balloon.
        rate: interest rate a period.
        cfads: by period.
        dscr: cover ratio.
    """
    owed = 1.0 - np.concatenate(([0.0], np.cumsum(principal)))[:-1]
    return float(np.min(cfads / (principal + rate * owed))) / dscr


def sized(cfads: Floats, rate: float, dscr: float) -> float:
    """The debt that `cfads` carries at a constant cover ratio: sum of CFADS_t / DSCR / (1+r)^t."""
    return float(np.sum(cfads * discount(rate, len(cfads))) / dscr)


def sculpted(balance: float, rate: float, cfads: Floats) -> tuple[Floats, float]:
    """Principal by period such that debt service is CFADS over one constant DSCR, and that DSCR.

    Interest is paid in full in every period: where CFADS over the DSCR would not cover it, the
    period pays interest only, and the DSCR is the one constant over all other periods.

    Args:
        balance: balance before the first period.
        rate: interest rate a period.
        cfads: cash flow available for debt service by period, all above zero.

    Returns:
        Principal by period, never negative, in sum equal to `balance`; the DSCR.
    """
    factors = discount(rate, len(cfads))
    dscr = float(np.sum(cfads * factors)) / balance
    paid = np.concatenate(([0.0], np.cumsum(cfads / dscr * factors)))
    grow = np.concatenate(([1.0], 1.0 / factors))
    principal = -np.diff((balance - paid) * grow)
    if principal.min() >= 0:
        return _settled(principal, balance), dscr
    return _floored(balance, rate, cfads, dscr)


def _floored(balance: float, rate: float, cfads: Floats, least_dscr: float) -> tuple[Floats, float]:
    # Backwards from a balance of nothing: service x·CFADS, but never less than the interest.  The first
    # balance grows with x and is at least the unfloored one, so x lies between 0 and 1 / least_dscr.
    def balances(share: float) -> Floats:
        out = np.zeros(len(cfads) + 1)
        for period in range(len(cfads) - 1, -1, -1):
            after = out[period + 1]
            out[period] = max((after + share * cfads[period]) / (1 + rate), after)
        return out

    share = root(lambda x: balances(x)[0] - balance, 0.0, 1 / least_dscr * (1 + 1e-12), xtol=1e-300, rtol=1e-14)
    principal = np.maximum(-np.diff(balances(share)), 0.0)
    return _settled(principal, balance), 1 / share


def _settled(principal: Floats, balance: float) -> Floats:
    """The last repayment takes what rounding has left, so that the balance ends at zero."""
    out = principal.copy()
    out[-1] = max(balance - float(np.sum(principal[:-1])), 0.0)
    return out


def assemble(draws: Floats, principal: Floats, rate: float, *, capitalise: bool) -> Loan:
    """The loan from its draws and, right after the last period of `draws`, its repayments.

    Args:
        draws: by period up to the last one without repayment.
        principal: by period from then to maturity; its sum is the balance built up.
        rate: interest rate a period.
        capitalise: whether interest before the first repayment is added to the balance.
    """
    built = build_up(draws, rate, capitalise=capitalise)
    repaid = (built[-1] if len(built) else 0.0) - np.cumsum(principal)
    # Rounding of the running sum, a few parts in 1e16 of the balance, is not a debt.
    repaid[np.abs(repaid) < 1e-12 * float(np.sum(principal))] = 0.0
    closing = np.concatenate((built, repaid))
    opening = np.concatenate(([0.0], closing[:-1]))
    interest = rate * opening
    capitalised = (
        np.where(np.arange(len(closing)) < len(draws), interest, 0.0) if capitalise else np.zeros(len(closing))
    )
    nothing = np.zeros(len(draws))
    return Loan(
        opening,
        np.concatenate((draws, np.zeros(len(principal)))),
        interest,
        capitalised,
        np.concatenate((nothing, principal)),
        closing,
    )


def trailing_dscr(cfads: Floats, service: Floats, first: int) -> Floats:
    """CFADS over debt service of the last twelve periods; NaN before twelve periods from `first` on."""
    out = np.full(len(service), np.nan)
    start = first + YEAR - 1
    if start >= len(service):
        return out
    window = np.ones(YEAR)
    have = np.convolve(cfads[first:], window, "valid")
    owe = np.convolve(service[first:], window, "valid")
    out[start:] = np.divide(have, owe, out=np.full(len(owe), np.nan), where=owe > _NOTHING * float(np.max(owe)))
    return out


def llcr(cfads: Floats, opening: Floats, rate: float, first: int) -> Floats:
    """Present value of CFADS to maturity at the loan's rate over the opening balance; NaN before `first`."""
    count = len(opening)
    factors = discount(rate, count)
    ahead = np.cumsum((cfads * factors)[::-1])[::-1] / (factors * (1 + rate))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = ahead / opening
    owing = opening > 1e-9 * float(opening.max(initial=0.0))
    return np.where((np.arange(count) >= first) & owing, ratio, np.nan)
