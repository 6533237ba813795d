"""What scenarios say, and how sure it is.

VaR_a       the a-quantile of the loss, loss = present value in the ledger less that of the scenario
CVaR_a      mean of the losses not below VaR_a
expected    of a loan: P(a payment is missed) x EAD x LGD, EAD the mean of what is owed when it first is, LGD the mean
            of what the lender then loses over that, both as present values; a gain by interest on arrears is no loss
variance of the estimate of CVaR_a: (var(tail) + a (CVaR_a - VaR_a)^2) / (n (1 - a))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from twin.cost.scenarios.compiled import Deal
    from twin.cost.scenarios.draws import Drivers
    from twin.cost.scenarios.engine import Outcomes, Terms
    from twin.cost.scenarios.promises import Guarantee

    Floats = NDArray[np.float64]

LEVELS = (0.95, 0.99)
_A_DOLLAR = 1.0
"""Changes of a present value of billions that are not rounding."""
_HALF_A_CENT = 0.005
_ERRORS = 4.5
"""Standard errors by which an estimate may miss the closed form: one run in a hundred thousand does."""


def value_at_risk(loss: Floats, level: float) -> tuple[float, float, float]:
    """VaR and CVaR of losses, and the standard error of the latter.

    Args:
        loss: one a scenario.
        level: share of the scenarios with a smaller loss.
    """
    ordered = np.sort(loss)
    first = min(int(np.ceil(level * len(ordered) - 1e-9)) - 1, len(ordered) - 1)
    at = float(ordered[max(first, 0)])
    tail = ordered[int(np.floor(level * len(ordered) + 1e-9)) :]
    tail = tail if len(tail) else ordered[-1:]
    mean = float(tail.mean())
    variance = (float(tail.var()) + level * (mean - at) ** 2) / max(len(loss) * (1 - level), 1.0)
    return at, mean, float(np.sqrt(variance))


def risk(deal: Deal, outcomes: Outcomes, base_npv: Floats, roles: Mapping[str, str], seed: int) -> pl.DataFrame:
    """Table `risk`: one row a party whose present value changes in some scenario.

    Args:
        deal: made ready.
        outcomes: of the scenarios.
        base_npv: present value of each party in the ledger.
        roles: role by party; others are external.
        seed: of the draws.
    """
    called = (
        (outcomes.claimed > _HALF_A_CENT).any(axis=0) if len(outcomes.claimed) else np.zeros(outcomes.delay.shape, bool)
    )
    rows = []
    for number, party in enumerate(deal.parties):
        change = np.where(np.abs(outcomes.change[number]) < _HALF_A_CENT, 0.0, outcomes.change[number])
        if np.abs(change).max(initial=0.0) < _A_DOLLAR:
            continue
        at = {level: value_at_risk(0.0 - change, level) for level in LEVELS}
        rows.append(
            {
                "party": party,
                "role": roles.get(party, "external"),
                "npv_usd": float(base_npv[number]),
                "mean_npv_usd": float(base_npv[number] + change.mean()),
                "standard_error_usd": float(change.std() / np.sqrt(len(change))),
                "worse_fraction": float((change < -_A_DOLLAR).mean()),
                "expected_loss_usd": float(np.maximum(-change, 0.0).mean()),
                "var_95_usd": at[0.95][0],
                "cvar_95_usd": at[0.95][1],
                "var_99_usd": at[0.99][0],
                "cvar_99_usd": at[0.99][1],
                "cvar_99_error_usd": at[0.99][2],
                "npv_change_when_called_usd": float(change[called].mean()) if called.any() else None,
                "scenarios": len(change),
                "seed": seed,
            }
        )
    return _frame("risk", rows)


def events(deal: Deal, drivers: Drivers, terms: Terms, outcomes: Outcomes, default_dscr: float) -> pl.DataFrame:
    """Table `risk_events`: one row an event and whom it befalls.

    Args:
        deal: made ready.
        drivers: what may happen.
        terms: what is the same in all scenarios.
        outcomes: of the scenarios.
        default_dscr: cover ratio below which a loan is in default.
    """
    rows: list[dict[str, Any]] = []
    for number, party in enumerate(deal.defaulting):
        rows.append(_event("default", party, outcomes.default[number] < deal.months, None))
    for number, guarantee in enumerate(deal.guarantees):
        claimed, paid = outcomes.claimed[number], outcomes.paid[number]
        exact = None if drivers.delays else _called(deal, number, drivers)
        rows += [
            _event("backstop_called", guarantee.deal, claimed > _HALF_A_CENT, claimed, exact),
            _event("backstop_not_honoured", guarantee.deal, claimed - paid > _A_DOLLAR, claimed - paid),
        ]
    for number, residual in enumerate(deal.residuals, len(deal.guarantees)):
        claimed, paid = outcomes.claimed[number], outcomes.paid[number]
        wanders = residual.priced and drivers.gpu is not None
        rows += [
            _event(
                "backstop_called",
                residual.deal,
                claimed > _HALF_A_CENT,
                claimed,
                None if wanders else residual.short(),
            ),
            _event("backstop_not_honoured", residual.deal, claimed - paid > _A_DOLLAR, claimed - paid),
        ]
    for number, loan in enumerate(deal.loans):
        least, overdue = outcomes.least_dscr[number], outcomes.overdue[number]
        if np.isfinite(loan.year_service).any():
            rows.append(_event("dscr_below_lock_up", loan.deal, least < terms.lock_up * (1 - 1e-9), None))
            rows.append(_event("dscr_below_default", loan.deal, least < default_dscr * (1 - 1e-9), None))
        rows.append(_event("payment_missed", loan.deal, outcomes.missed[number] > 0, None))
        rows.append(_event("not_repaid", loan.deal, overdue > _A_DOLLAR, overdue))
    claims = [f"{one.deal} {name}" for one in deal.collateral for name in one.names]
    rows += [
        _event("not_repaid", name, short > _A_DOLLAR, short) for name, short in zip(claims, outcomes.short, strict=True)
    ]
    if drivers.delays:
        rows.append(_event("delay", "energisation", outcomes.delay > 0, None))
    return _frame("risk_events", rows)


def _event(
    name: str, subject: str, happens: NDArray[np.bool_], amount: Floats | None, exact: float | None = None
) -> dict[str, Any]:
    share = float(happens.mean())
    return {
        "event": name,
        "subject": subject,
        "probability_fraction": share,
        "standard_error_fraction": float(np.sqrt(share * (1 - share) / len(happens))),
        "exact_fraction": exact,
        "mean_usd": None if amount is None else float(amount.mean()),
        "standard_error_usd": None if amount is None else float(amount.std() / np.sqrt(len(amount))),
        "when_it_happens_usd": float(amount[happens].mean()) if amount is not None and happens.any() else None,
    }


def loans(deal: Deal, outcomes: Outcomes) -> pl.DataFrame:
    """Table `loan_risk`: one row a loan, and a tranche that is paid from the sale of collateral.

    Args:
        deal: made ready.
        outcomes: of the scenarios.
    """
    named = [(one.deal, None, one.borrower, one.lender) for one in deal.loans] + [
        (one.deal, name, one.owner, claimant)
        for one in deal.collateral
        for name, claimant in zip(one.names, one.claimants, strict=True)
    ]
    missed = np.concatenate([outcomes.missed > 0, outcomes.exposed[len(deal.loans) :] > 0])
    unpaid = np.concatenate([outcomes.overdue, outcomes.short])
    rows = []
    for number, (name, tranche, borrower, lender) in enumerate(named):
        here = missed[number]
        count, loss = len(here), np.maximum(outcomes.lost[number], 0.0) * here
        share, any_ = float(here.mean()), bool(here.any())
        exposure = float(outcomes.exposed[number][here].mean()) if any_ else None
        given = float(loss[here].mean()) if any_ else None
        rows.append(
            {
                "deal": name,
                "tranche": tranche,
                "borrower": deal.parties[borrower],
                "lender": deal.parties[lender],
                "missed_fraction": share,
                "standard_error_fraction": float(np.sqrt(share * (1 - share) / count)),
                "exposure_usd": exposure,
                "lgd_fraction": given / exposure if given is not None and exposure else None,
                "lgd_usd": given,
                "expected_loss_usd": float(loss.mean()),
                "standard_error_usd": float(loss.std() / np.sqrt(count)),
                "not_repaid_fraction": float((unpaid[number] > _A_DOLLAR).mean()),
            }
        )
    return _frame("loan_risk", rows)


def agreement(deal: Deal, drivers: Drivers, outcomes: Outcomes, *, as_the_file_says: bool) -> pl.DataFrame:
    """Rows of `checks`: what guarantors lose by the scenarios against table `guarantee`.

    The claim does not depend on whether the guarantor is there to pay, so it has a closed form whatever the
    correlation, and what the table takes of it for a guarantor in default itself is taken of the mean claim.  There is
    none where there is delay, or where a price that wanders is that of the collateral.

    Args:
        deal: made ready.
        drivers: what may happen.
        outcomes: of the scenarios.
        as_the_file_says: whether the table rests on the same assumptions; otherwise the same rule with those of the
            scenarios is the closed form.
    """
    rows = []
    priced = {one.guarantee for one in deal.collateral if one.priced and drivers.gpu is not None}
    for number, guarantee in enumerate(deal.guarantees if not drivers.delays else ()):
        claim = guarantee.claim()
        if number in priced or claim is None:
            continue
        wanted, said = float(guarantee.said.sum()), "expected loss of the guarantor in table guarantee, undiscounted"
        if not as_the_file_says or guarantee.cut:
            wanted = float(_defaults(guarantee, drivers) @ claim) * guarantee.honoured
            said = "expected loss of the guarantor, undiscounted, by the rule of table guarantee" + (
                " as far as the calendar goes" if guarantee.cut else " and the assumptions that are given"
            )
        rows.append(_agrees(guarantee.deal, outcomes.claimed[number] * guarantee.honoured, wanted, said))
    for number, residual in enumerate(deal.residuals, len(deal.guarantees)):
        if residual.priced and drivers.gpu is not None:
            continue
        said = "expected loss of the guarantor in table guarantee, undiscounted"
        rows.append(_agrees(residual.deal, outcomes.claimed[number], residual.said, said))
    return pl.concat([_frame("checks", rows), not_called(deal.left_out)])


def _agrees(deal: str, honoured: Floats, wanted: float, said: str) -> dict[str, Any]:
    """A row of `checks`: the mean of what is paid against its closed form."""
    mean, error = float(honoured.mean()), float(honoured.std() / np.sqrt(len(honoured)))
    return {
        "check": "risk_agrees_with_closed_form",
        "scope": deal,
        "ok": abs(mean - wanted) <= _ERRORS * error + 1.0,
        "got": f"${mean:,.0f} by {len(honoured):,} scenarios, standard error ${error:,.0f}",
        "wanted": f"${wanted:,.0f} within {_ERRORS:g} standard errors",
        "message": said,
    }


def not_called(names: Sequence[str]) -> pl.DataFrame:
    """Rows of `checks` for guarantees that scenarios do not call."""
    return _frame(
        "checks",
        [
            {
                "check": "risk_calls_guarantee",
                "scope": name,
                "ok": True,
                "got": "left out",
                "wanted": "a guarantee of rent, of what collateral is sold for, or of a residual value",
                "message": "tables guarantee_terms, guarantee_cover and residual_value do not say what it pays, so "
                "scenarios do not call it; its own expected loss is in table guarantee",
            }
            for name in names
        ],
    )


def _defaults(guarantee: Guarantee, drivers: Drivers) -> Floats:
    """Probability of a default of its obligor by month."""
    return guarantee.default_in(float(drivers.hazard[guarantee.obligor]), int(drivers.first[guarantee.obligor]))


def _called(deal: Deal, number: int, drivers: Drivers) -> float | None:
    """Probability that a guarantee is called, in closed form; None where there is none."""
    guarantee = deal.guarantees[number]
    chance = _defaults(guarantee, drivers) * guarantee.called
    if guarantee.asked is not None:
        return float(chance @ (guarantee.asked[:, :-1].sum(axis=0) > _HALF_A_CENT))
    sold = next((one for one in deal.collateral if one.guarantee == number), None)
    return None if sold is None or (sold.priced and drivers.gpu is not None) else float(chance @ sold.short())


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    table = tables.table(name)
    return table.frame({column: [row[column] for row in rows] for column in table.names})
