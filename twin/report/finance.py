"""What a lender, a tenant and a guarantor read: positions, debt cover, guarantees, unit cost, workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report.layout import Col, block, count, discount, fact, largest, money, month, note, percent, total
from twin.report.lenders import unpaid

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_PARTIES_SHOWN = 8
_CATEGORIES_SHOWN = 4
_LEASES_SHOWN = 2
_RENT = "base_rent"


def workloads(results: Results, width: int) -> list[Text]:
    """What each workload takes, at nameplate and after outages."""
    if "goodput" not in results:
        return []
    said = []
    for row in results["goodput"].iter_rows(named=True):
        parts = [
            count(row["accelerators"], "accelerator"),
            f"MFU {row['mfu_fraction'] * 100:.3g} %",
            f"{row['nameplate_days']:,.3g} days at nameplate, {row['delivered_days']:,.3g} delivered",
        ]
        if row["goodput_fraction"] is not None:
            parts.append(f"goodput {percent(row['goodput_fraction'])}")
        said += fact(f"WORKLOAD {row['workload']}", " · ".join(parts), width)
    return said


def cash(results: Results, width: int) -> list[Text]:
    """Each party's position, which sum to zero, and the base rent."""
    if "party_metrics" not in results or not results["party_metrics"].height:
        return []
    frame = results["party_metrics"]
    largest = frame.sort(pl.col("outflow_usd") + pl.col("inflow_usd"), descending=True)["party"].head(_PARTIES_SHOWN)
    shown = frame.filter(pl.col("party").is_in(largest.implode()))
    rows = [
        [
            row["party"],
            row["role"],
            money(row["inflow_usd"]),
            money(row["outflow_usd"]),
            money(row["net_usd"]),
            money(row["npv_usd"]),
            "-" if row["irr_per_year"] is None else f"{row['irr_per_year'] * 100:.1f} %",
            month(row["payback"]),
        ]
        for row in shown.iter_rows(named=True)
    ]
    rate = discount(results)
    others = frame.height - shown.height
    label = f"sum, with {count(others, 'other')}" if others else "sum"
    sums = [money(total(frame[name])) for name in ("inflow_usd", "outflow_usd", "net_usd", "npv_usd")]
    columns = [
        Col("party", right=False),
        Col("role", right=False, keep=6),
        Col("in", keep=7),
        Col("out", keep=7),
        Col("net"),
        Col(f"NPV at {rate.replace(' ', '')}" if rate else "NPV"),
        Col("IRR", keep=8),
        Col("payback", keep=5),
    ]
    said = block("CASH by party", columns, [*rows, [label, "", *sums, "", ""]], width)
    return said + _rent(results, width)


def _rent(results: Results, width: int) -> list[Text]:
    """The base rent of each lease over its months; of many leases together."""
    if "cashflow" not in results:
        return []
    rents = results["cashflow"].filter(pl.col("category") == _RENT)
    leases = list(rents.group_by("deal", "payer", "payee", maintain_order=True))
    if len(leases) > _LEASES_SHOWN:
        payees = rents["payee"].unique(maintain_order=True).to_list()
        payers = rents["payer"].unique(maintain_order=True).to_list()
        return note(f"{_paid(rents)}, {_some(payers)} to {_some(payees)} ({len(leases)} leases)", width)
    said: list[Text] = []
    for (deal, payer, payee), part in leases:
        said += note(f"{_paid(part)}, {payer} to {payee} ({deal})", width)
    return said


def _paid(rents: pl.DataFrame) -> str:
    months = f"{month(rents['month'].min())} to {month(rents['month'].max())}"
    return f"base rent {money(total(rents['amount_usd']))} from {months}"


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else count(len(names), "party", "parties")


def debt(results: Results, width: int) -> list[Text]:
    """Each loan: drawn, peak, cover, when it is repaid; and each guarantee."""
    said: list[Text] = []
    if "debt" in results:
        for (deal, tranche), loan in results["debt"].group_by("deal", "tranche", maintain_order=True):
            name = deal if tranche is None else f"{deal}/{tranche}"
            short = unpaid(results, str(deal))
            text = _loan(loan.sort("month")) + (f" · {short}" if short else "") + _sized(results, deal, tranche)
            said += fact(f"DEBT {name}", text, width)
    if "guarantee" in results:
        for (deal,), part in results["guarantee"].group_by("deal", maintain_order=True):
            first = part.row(0, named=True)
            most = money(largest(part["guaranteed_usd"]))
            text = f"{first['guarantor']} for {first['obligor']}: up to {most}, "
            text += f"expected loss {money(total(part['expected_loss_usd']))}, undiscounted"
            said += fact(f"GUARANTEE {deal}", text, width)
    return said


def _sized(results: Results, deal: object, tranche: object) -> str:
    """What made a loan as large as it is, where that is not what the file says."""
    if "debt_sizing" not in results or tranche is not None:
        return ""
    found = results["debt_sizing"].filter((pl.col("deal") == deal) & (pl.col("binding") != "principal"))
    return f" · {found['message'][0]}" if found.height else ""


def _loan(loan: pl.DataFrame) -> str:
    parts = [f"{money(total(loan['draw_usd']))} drawn from {loan['lender'][0]} by {loan['borrower'][0]}"]
    cover = loan.drop_nulls("dscr_ratio")
    if cover.height:
        worst = cover.row(int(cover["dscr_ratio"].arg_min() or 0), named=True)
        least, mean = worst["dscr_ratio"], total(cover["dscr_ratio"]) / cover.height
        if f"{least:.2f}" == f"{mean:.2f}":  # sculpted: which month is the lowest is rounding noise
            parts.append(f"DSCR {least:.2f} throughout")
        else:
            parts.append(f"DSCR at least {least:.2f} ({month(worst['month'])}), on average {mean:.2f}")
    else:
        parts.append("no full year of debt service to cover")
    last = loan.row(-1, named=True)
    if last["closing_usd"] > 1:
        parts.append(f"{money(last['closing_usd'])} still owed in {month(last['month'])}")
    else:
        repaid = loan.filter(pl.col("closing_usd") > 1)
        end = loan.row(min(repaid.height, loan.height - 1), named=True)["month"]
        balloon = total(loan["balloon_usd"].fill_null(0.0))
        parts.append(f"balloon {money(balloon)} due in {month(end)}" if balloon > 1 else f"repaid in {month(end)}")
    return " · ".join(parts)


def unit_cost(results: Results, width: int) -> list[Text]:
    """What an accelerator-hour costs each user, nameplate and delivered, and of what."""
    if "unit_cost" not in results or not results["unit_cost"].height:
        return []
    said: list[Text] = []
    for (party,), part in results["unit_cost"].group_by("party", maintain_order=True):
        sum_row = part.filter(pl.col("category") == "total")
        if not sum_row.height:
            continue
        row = sum_row.row(0, named=True)
        text = f"{_dollars(row['usd_per_accelerator_h'])} at nameplate, "
        text += f"{_dollars(row['usd_per_delivered_accelerator_h'])} delivered, of which"
        rest = part.filter(pl.col("category") != "total").sort(
            pl.col("usd_per_delivered_accelerator_h").abs(), descending=True
        )
        named = rest.height if rest.height <= _CATEGORIES_SHOWN + 1 else _CATEGORIES_SHOWN
        sums = [
            f"{each['category'].replace('_', ' ')} {_dollars(each['usd_per_delivered_accelerator_h'])}"
            for each in rest.head(named).iter_rows(named=True)
        ]
        more = total(rest["usd_per_delivered_accelerator_h"].slice(named))
        sums += [f"other {_dollars(more)}"] if rest.height > named else []
        said += fact(f"ACCELERATOR-HOUR for {party}", f"{text} {', '.join(sums)}", width)
    return said


def _dollars(value: float) -> str:
    """A price of a few dollars to the tenth of a cent, so that nameplate and delivered can be told apart."""
    return f"-${-value:,.3f}" if value < 0 else f"${value:,.3f}"
