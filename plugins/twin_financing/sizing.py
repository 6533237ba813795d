"""How large a loan may be: the least of its limits, which one that is, and the next."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SIZING = {
    "deal": pl.String(),
    "tranche": pl.String(),
    "debt_usd": pl.Float64(),
    "binding": pl.String(),
    "by_dscr_usd": pl.Float64(),
    "by_ltc_usd": pl.Float64(),
    "by_ltv_usd": pl.Float64(),
    "by_commitment_usd": pl.Float64(),
    "cost_usd": pl.Float64(),
    "construction_interest_usd": pl.Float64(),
    "fees_usd": pl.Float64(),
    "reserve_usd": pl.Float64(),
    "equity_usd": pl.Float64(),
    "unlimited_usd": pl.Float64(),
    "message": pl.String(),
}
COST = "cost"
_TABLED = ("dscr", "ltc", "ltv", "commitment")


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: its name as in the table, how a message names it, and dollars."""

    name: str
    said: str
    usd: float


@dataclass(frozen=True, slots=True)
class Uses:
    """What is funded before repayment starts, in dollars; cost is None where no deal says."""

    cost: float | None
    interest: float
    fees: float
    reserve: float


def least(limits: tuple[Limit, ...], cost: float | None) -> tuple[Limit, float]:
    """The limit that binds, all of the cost among them, and what the others would allow.

    Args:
        limits: at least one.
        cost: of what is paid for; None where nothing says.
    """
    first = min(limits, key=lambda limit: limit.usd)
    if cost is not None and first.usd > cost * (1 + 1e-12):
        return Limit(COST, "all of the cost", cost), first.usd
    return first, first.usd


def row(deal: str, tranche: str | None, debt: float, limits: tuple[Limit, ...], uses: Uses) -> pl.DataFrame:
    """Table `debt_sizing` of one loan."""
    binding, unlimited = least(limits, uses.cost)
    by_name = {limit.name: limit.usd for limit in limits}
    values = {
        "deal": deal,
        "tranche": tranche,
        "debt_usd": debt,
        "binding": binding.name,
        **{f"by_{name}_usd": by_name.get(name) for name in _TABLED},
        "cost_usd": uses.cost,
        "construction_interest_usd": uses.interest,
        "fees_usd": uses.fees,
        "reserve_usd": uses.reserve,
        "equity_usd": None if uses.cost is None else max(uses.cost - debt, 0.0),
        "unlimited_usd": unlimited,
        "message": _message(binding, limits),
    }
    return pl.DataFrame([values], schema=SIZING, orient="row")


def _message(binding: Limit, limits: tuple[Limit, ...]) -> str:
    others = sorted((limit for limit in limits if limit is not binding), key=lambda limit: limit.usd)
    text = f"{binding.said} allows {_millions(binding.usd)} and binds"
    return text + (f"; {others[0].said} would allow {_millions(others[0].usd)}" if others else "")


def _millions(usd: float) -> str:
    return f"${usd / 1e6:,.2f}M"
