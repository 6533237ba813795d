"""One screen of money: what the lab pays an hour, what the landlord earns, who lends and who guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import finance, summary
from twin.report.builds import sources_uses
from twin.report.layout import Col, block, count, discount, fact, largest, money, month, note, total
from twin.report.lenders import SINGLE, guarantors, lenders, rows_of

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_ROUNDING = 1e-9
_EARNS = ("landlord", "sponsor", "owner", "operator", "investor")


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide."""
    sections = (
        summary.headline,
        finance.cash,
        as_contracted,
        accelerator_hour,
        levelised,
        earners,
        sources_uses,
        lenders,
        guarantors,
    )
    return [line for section in (*sections, summary.checks) for line in section(results, width)]


def as_contracted(results: Results, width: int) -> list[Text]:
    """What the positions leave out where somebody stands in for another."""
    if rows_of(results, "guarantee").is_empty():
        return []
    return note("as contracted, before tax: what guarantors expect to lose is in no figure above", width)


def accelerator_hour(results: Results, width: int) -> list[Text]:
    """What an hour costs whoever uses the accelerators, or why nobody's cost of one is known."""
    said = finance.unit_cost(results, width)
    most = rows_of(results, "schedule").group_by("month").agg(pl.col("accelerators").sum())["accelerators"]
    if said or not largest(most) or rows_of(results, "party_metrics").is_empty():
        return said
    here = count(int(largest(most)), "accelerator")
    text = f"none: no deal says who has the use of the {here}; name their `site` in the lease, or a purchase of them"
    return fact("ACCELERATOR-HOUR", text, width)


def levelised(results: Results, width: int) -> list[Text]:
    """The same cost by kW and month, by EFLOP and by training run."""
    said: list[Text] = []
    for (party,), part in rows_of(results, "levelised").group_by("party", maintain_order=True):
        others = part.filter(pl.col("unit") != "$/accelerator-hour")
        texts = []
        for row in others.iter_rows(named=True):
            unit = row["unit"].removeprefix("$/")
            of = f" of {row['workload']}" if row["workload"] else ""
            article = "an" if unit[0] in "AEIO" else "a"
            texts.append(f"{money(row['nameplate'])} {article} {unit}{of} ({money(row['delivered'])} delivered)")
        if texts:
            said += fact(f"THAT IS for {party}", ", ".join(texts), width)
    return said


def earners(results: Results, width: int) -> list[Text]:
    """What those earn who build and let: what they put in, return, yield on cost, multiple, payback."""
    frame = rows_of(results, "party_metrics").filter(pl.col("role").is_in(list(_EARNS)) & (pl.col("inflow_usd") > 0))
    rows = list(frame.iter_rows(named=True))
    if len(rows) > SINGLE:
        return _earners(results, rows, width)
    rate = discount(results)
    said: list[Text] = []
    for row in rows:
        irr = row["irr_per_year"]
        parts = [f"IRR {irr * 100:.1f} %" if irr is not None else f"no IRR: {row['irr_note']}"]
        parts.append(f"NPV {money(row['npv_usd'])}" + (f" at {rate}" if rate else ""))
        if row["yield_on_cost_per_year"] is not None:
            parts.append(f"yield on cost {row['yield_on_cost_per_year'] * 100:.2f} %")
        if row["moic_ratio"] is not None:
            parts.append(f"{row['moic_ratio']:.2f}x what it pays")
        if row["payback"] is not None:
            parts.append(f"paid back in {month(row['payback'])}")
        equity, interest = _put_in(results, row["party"])
        owners = _from_owners(results, row["party"])
        put_in = [f"puts in {money(equity)} of equity"] if equity else []
        put_in += [f"gets {money(owners)} of equity from its owners"] if owners else []
        put_in += [f"pays {money(interest)} of interest before repayment starts"] if interest else []
        first = " and ".join(put_in)
        text = (f"{first}; " if first else "") + "earns " + ", ".join(parts)
        said += fact(f"{row['role'].upper()} {row['party']}", text, width)
    return said


def _put_in(results: Results, party: str) -> tuple[float, float]:
    """What a party puts in that nobody lends it, and the interest of its loans before they are repaid."""
    loans = rows_of(results, "debt").filter(pl.col("borrower") == party)
    sized = rows_of(results, "debt_sizing").filter(pl.col("deal").is_in(loans["deal"].unique().implode()))
    paid_in = rows_of(results, "cashflow").filter(
        (pl.col("payer") == party) & pl.col("category").is_in(["equity_contribution", "preferred_contribution"])
    )
    cost = total(sized["cost_usd"].drop_nulls().unique())  # two loans for one purchase have the same
    equity = cost - total(loans["draw_usd"]) - _from_owners(results, party) if cost else 0.0
    own = equity if equity > cost * _ROUNDING else 0.0
    return own + total(paid_in["amount_usd"]), total(sized["construction_interest_usd"])


def _from_owners(results: Results, party: str) -> float:
    """Equity of a party that its owners pay in."""
    rows = rows_of(results, "cashflow").filter(
        (pl.col("payee") == party) & (pl.col("category") == "equity_contribution")
    )
    return total(rows["amount_usd"])


def _earners(results: Results, rows: list[dict[str, Any]], width: int) -> list[Text]:
    rate = discount(results)
    columns = [
        Col("who", right=False),
        Col("role", right=False, keep=1),
        Col("equity in"),
        Col("interest before", keep=6),
        Col(f"NPV at {rate.replace(' ', '')}" if rate else "NPV"),
        Col("IRR"),
        Col("yield on cost", keep=5),
        Col("multiple", keep=4),
        Col("paid back", keep=3),
    ]
    cells = []
    for row in rows:
        equity, interest = _put_in(results, row["party"])
        irr, on_cost, multiple = (row[name] for name in ("irr_per_year", "yield_on_cost_per_year", "moic_ratio"))
        cells.append(
            [
                row["party"],
                row["role"],
                money(equity),
                money(interest),
                money(row["npv_usd"]),
                "-" if irr is None else f"{irr * 100:.1f} %",
                "-" if on_cost is None else f"{on_cost * 100:.2f} %",
                "-" if multiple is None else f"{multiple:.2f}x",
                month(row["payback"]),
            ]
        )
    one = {row["role"] for row in rows}
    return block(f"{one.pop().upper()}S earn" if len(one) == 1 else "OWNERS earn", columns, cells, width)
