"""What scenarios say, and how sure it is.

VaR_a       the a-quantile of the loss, loss = present value in the ledger less that of the scenario
CVaR_a      mean of the losses not below VaR_a
variance of the estimate of CVaR_a: (var(tail) + a (CVaR_a - VaR_a)^2) / (n (1 - a))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from twin.cost.scenarios.compiled import Deal, Guarantee
    from twin.cost.scenarios.draws import Drivers
    from twin.cost.scenarios.engine import Outcomes, Terms

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
    called = (outcomes.claimed > 0).any(axis=0) if len(outcomes.claimed) else np.zeros(outcomes.delay.shape, bool)
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
        exact = float(_defaults(guarantee, drivers).sum())
        rows += [
            _event("backstop_called", guarantee.deal, claimed > 0, claimed, None if drivers.delays else exact),
            _event("backstop_not_honoured", guarantee.deal, claimed - paid > _A_DOLLAR, claimed - paid),
        ]
    for number, loan in enumerate(deal.loans):
        least, overdue = outcomes.least_dscr[number], outcomes.overdue[number]
        if np.isfinite(loan.year_service).any():
            rows.append(_event("dscr_below_lock_up", loan.deal, least < terms.lock_up * (1 - 1e-9), None))
            rows.append(_event("dscr_below_default", loan.deal, least < default_dscr * (1 - 1e-9), None))
        rows.append(_event("payment_missed", loan.deal, outcomes.missed[number] > 0, None))
        rows.append(_event("not_repaid", loan.deal, overdue > _A_DOLLAR, overdue))
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


def agreement(deal: Deal, drivers: Drivers, terms: Terms, outcomes: Outcomes) -> pl.DataFrame:
    """Rows of `checks`: the claim on each guarantor against the closed form of its expected loss.

    The claim does not depend on whether the guarantor is there to pay, so it is the closed form whatever the
    correlation; there is none where there is delay.
    """
    rows = []
    for number, guarantee in enumerate(deal.guarantees if not drivers.delays else ()):
        claimed = outcomes.claimed[number]
        wanted = guarantee.expected_claim(_defaults(guarantee, drivers), terms.recovery, terms.downtime)
        mean, error = float(claimed.mean()), float(claimed.std() / np.sqrt(len(claimed)))
        rows.append(
            {
                "check": "risk_agrees_with_closed_form",
                "scope": guarantee.deal,
                "ok": abs(mean - wanted) <= _ERRORS * error + 1.0,
                "got": f"${mean:,.0f} by {len(claimed):,} scenarios, standard error ${error:,.0f}",
                "wanted": f"${wanted:,.0f} within {_ERRORS:g} standard errors",
                "message": "expected claim on the guarantor, undiscounted",
            }
        )
    rows += [
        {
            "check": "risk_calls_guarantee",
            "scope": name,
            "ok": True,
            "got": "left out",
            "wanted": "a guarantee of rent",
            "message": "no rent of the obligor to the beneficiary is in the ledger, so scenarios do not call it; its "
            "own expected loss is in table guarantee",
        }
        for name in deal.left_out
    ]
    return _frame("checks", rows)


def _defaults(guarantee: Guarantee, drivers: Drivers) -> Floats:
    """Probability of a default of its obligor by month, where something is guaranteed."""
    return guarantee.default_in(float(drivers.hazard[guarantee.obligor]), int(drivers.first[guarantee.obligor]))


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    table = tables.table(name)
    return table.frame({column: [row[column] for row in rows] for column in table.names})
