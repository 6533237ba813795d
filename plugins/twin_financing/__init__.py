"""First-party financing models: what is bought, let, lent, owned and guaranteed."""

from __future__ import annotations

from twin.api import FinancingModel, hookimpl
from twin_financing import (
    backstop,
    chip_lease,
    cloud_rental,
    delayed_draw,
    equity_waterfall,
    lease,
    operating_cost,
    own_silicon,
    preferred_equity,
    purchase,
    residual_value,
    sale_leaseback,
    term_debt,
    vendor_finance,
)

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
        delayed_draw.MODEL,
        chip_lease.MODEL,
        residual_value.MODEL,
        sale_leaseback.MODEL,
        vendor_finance.MODEL,
        preferred_equity.MODEL,
        equity_waterfall.MODEL,
        own_silicon.MODEL,
    ]
