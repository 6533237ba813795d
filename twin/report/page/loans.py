"""What a lender and a guarantor read: every loan with its cover, what is guaranteed and what that is worth."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from twin.report.layout import discount, money, month
from twin.report.lenders import balloon, constant
from twin.report.page.charts import Figure, axis, colour, dollars
from twin.report.page.grids import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_MONTHS_PER_YEAR = 12
_CENT = 0.01


def loans(results: Results) -> str:
    """One row a loan: size, life, cover, yield; and what limits its size, where that was worked out."""
    if "debt_metrics" not in results or results["debt_metrics"].is_empty():
        return ""
    rows = [
        (
            "/".join(filter(None, (row["deal"], row["tranche"]))),
            f"{row['borrower']} from {row['lender']}",
            money(row["drawn_usd"]),
            money(row["interest_usd"]),
            month(row["repaid"]),
            "-" if row["average_life_months"] is None else f"{row['average_life_months'] / _MONTHS_PER_YEAR:.1f} years",
            _least(row),
            _ratio(row["mean_dscr_ratio"]),
            _ratio(row["llcr_ratio"]),
            _ratio(row["plcr_ratio"]),
            _percent(row["debt_yield_per_year"]),
            _percent(row["lender_irr_per_year"]),
        )
        for row in results["debt_metrics"].iter_rows(named=True)
    ]
    sizes = ("loan", "who", "drawn", "interest", "repaid", "average life")
    head = (*sizes, "least DSCR", "mean DSCR", "LLCR", "PLCR", "debt yield", "lender IRR")
    said = "<h3>Loans</h3>" + listed(head, rows, title="Loans", right=frozenset({2, 3, *range(5, len(head))}))
    left = [row for row in results["debt_metrics"].iter_rows(named=True) if row["balloon_usd"] > _CENT]
    told = (escape(f"{row['deal']}: {balloon(row)}.") for row in left)
    balloons = "".join(f'<p class="says">{each}</p>' for each in told)
    return said + balloons + _sizes(results)


def _least(row: dict[str, Any]) -> str:
    if row["least_dscr"] is None:
        return _ratio(row["least_dscr_ratio"])
    when = "throughout" if constant(row) else f"in {month(row['least_dscr'])}"
    return f"{_ratio(row['least_dscr_ratio'])} {when}"


def _sizes(results: Results) -> str:
    if "debt_sizing" not in results or results["debt_sizing"].is_empty():
        return ""
    limits = ("by_dscr_usd", "by_ltc_usd", "by_ltv_usd", "by_commitment_usd")
    rows = [
        (
            "/".join(filter(None, (row["deal"], row["tranche"]))),
            money(row["debt_usd"]),
            row["binding"].replace("_", " "),
            *("-" if row[limit] is None else money(row[limit]) for limit in limits),
            *("-" if row[name] is None else money(row[name]) for name in ("cost_usd", "equity_usd")),
        )
        for row in results["debt_sizing"].iter_rows(named=True)
    ]
    head = ("loan", "size", "limited by", "by DSCR", "by loan to cost", "by loan to value", "by commitment", "cost")
    title = "What limits the size of a loan"
    numbers = frozenset({1, *range(3, 9)})
    return f"<h3>{title}</h3>" + listed((*head, "equity"), rows, title=title, right=numbers)


def guarantees(results: Results) -> Iterator[Figure]:
    """What is guaranteed, month by month."""
    if "guarantee" not in results or results["guarantee"].is_empty():
        return
    frame = results["guarantee"].select("month", "deal", "guaranteed_usd", "exposure_usd", "expected_loss_usd")
    names = frame["deal"].unique(maintain_order=True).to_list()
    size, sign = dollars(frame["guaranteed_usd"])
    chart = (
        alt.Chart(frame.with_columns(guaranteed=pl.col("guaranteed_usd") / size))
        .mark_area(opacity=0.75, interpolate="step-after")
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("guaranteed", f"{sign} guaranteed"), stack=True),
            color=colour("deal", names),
        )
    )
    lost = frame["expected_loss_usd"].sum()
    says = f"{money(float(lost))} is the loss expected over all months, undiscounted."
    yield Figure(chart, "Guaranteed", says, frame)


def support(results: Results) -> str:
    """What each guarantee is worth to both sides."""
    if "guarantee_value" not in results or results["guarantee_value"].is_empty():
        return ""
    rows = [
        (
            row["deal"],
            f"{row['guarantor']} for {row['obligor']} to {row['beneficiary']}",
            *(
                money(row[name])
                for name in ("peak_usd", "fee_pv_usd", "warrants_usd", "expected_loss_pv_usd", "net_pv_usd")
            ),
            _percent(row["call_probability_fraction"]),
            *(money(row[name]) for name in ("unguaranteed_loss_pv_usd", "beneficiary_loss_pv_usd")),
        )
        for row in results["guarantee_value"].iter_rows(named=True)
    ]
    head = (
        "guarantee",
        "who",
        "at most",
        "expected fees, PV",
        "warrants",
        "expected loss, PV",
        "net to guarantor, PV",
        "chance of a call",
        "loss without it, PV",
        "loss that stays, PV",
    )
    title = "What the guarantees are worth"
    rate = discount(results)
    note = f'<p class="says">PV: present values at {escape(rate)} a year.</p>' if rate else ""
    return f"<h3>{title}</h3>" + listed(head, rows, title=title, right=frozenset(range(2, len(head)))) + note


def _ratio(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: Any) -> str:
    return "-" if value is None else f"{value:.1%}"
