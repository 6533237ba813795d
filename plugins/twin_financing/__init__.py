"""First-party financing models: purchase, lease, backstop, term debt, cloud rental, operating cost."""

from __future__ import annotations

from twin.api import FinancingModel, hookimpl
from twin_financing import backstop, cloud_rental, lease, operating_cost, purchase, term_debt

__all__ = ["twin_financing"]


@hookimpl
def twin_financing() -> list[FinancingModel]:
    """The financing models of this plugin."""
    return [
        purchase.MODEL,
        lease.MODEL,
        backstop.MODEL,
        term_debt.MODEL,
        cloud_rental.MODEL,
        operating_cost.MODEL,
    ]
