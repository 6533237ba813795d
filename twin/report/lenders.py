"""What lenders and guarantors read: cover with and without the guarantor, balloons, and what a guarantee is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import tables
from twin.report.guarantees import convention
from twin.report.layout import Col, block, discount, fact, largest, money, month, note, percent, total

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

SINGLE = 2
"""So many of a sort are said in words, more in a table."""

_CONSTANT = 1e-6
_CENT = 0.01
_CONVENTION = "DSCR: CFADS over debt service in cash, trailing twelve months, before tax; a balloon is not in it"


def rows_of(results: Results, name: str) -> pl.DataFrame:
    """A table; without rows where these results do not have it."""
    return results[name] if name in results else tables.table(name).empty()


def lenders(results: Results, width: int) -> list[Text]:
    """Whether each loan is covered, in the ratios that lenders read."""
    loans = list(rows_of(results, "debt_metrics").iter_rows(named=True))
    said: list[Text] = []
    if len(loans) > SINGLE:
        said += _loans(results, loans, width)
    else:
        for row in loans:
            said += fact(f"LENDER {row['lender']}", f"({_name(row)}) " + " · ".join(_words(results, row)), width)
    if any(row["least_dscr_ratio"] is not None for row in loans):
        said += note(_CONVENTION, width)
    return said


def balloon(row: dict[str, Any]) -> str:
    """The balloon of a row of `debt_metrics` in words: how much, when, and who pays it."""
    size, funded = row["balloon_usd"], row["balloon_funded_usd"]
    text = f"balloon {money(size)} ({size / row['most_owed_usd'] * 100:.0f} %) due in {month(row['repaid'])}"
    if size - funded <= _CENT:
        return f"{text}, refinanced"
    text += ", UNFUNDED" if funded <= _CENT else f", {money(size - funded)} of it UNFUNDED"
    return f"{text}: the cash after it covers it {row['balloon_cover_ratio']:.2f} times"


def constant(row: dict[str, Any]) -> bool:
    """Whether the DSCR of a row of `debt_metrics` is the same in every year."""
    least, most = row["least_dscr_ratio"], row["most_dscr_ratio"]
    return least is not None and most - least <= _CONSTANT * abs(least)


def _name(row: dict[str, Any]) -> str:
    return row["deal"] if row["tranche"] is None else f"{row['deal']}/{row['tranche']}"


def _words(results: Results, row: dict[str, Any]) -> list[str]:
    cost = rows_of(results, "debt_sizing").filter((pl.col("deal") == row["deal"]) & (pl.col("cost_usd") > 0))
    share = f", {row['drawn_usd'] / cost['cost_usd'][0] * 100:.0f} % of cost" if cost.height else ""
    parts = [f"{money(row['drawn_usd'])} drawn{share}", *_cover(results, row)]
    if row["llcr_ratio"] is not None:
        parts.append(f"LLCR {row['llcr_ratio']:.2f}, PLCR {row['plcr_ratio']:.2f} from {month(row['covered_from'])}")
    if row["debt_yield_per_year"] is not None:
        parts.append(f"debt yield {row['debt_yield_per_year'] * 100:.1f} %")
    if row["average_life_months"] is not None:
        parts.append(f"average life {row['average_life_months'] / 12:.1f} years")
    rate = row["lender_irr_per_year"]
    parts.append(f"yields {rate * 100:.2f} %" if rate is not None else f"no yield: {row['lender_irr_note']}")
    return [*parts, _end(row)]


def _cover(results: Results, row: dict[str, Any]) -> list[str]:
    if row["least_dscr_ratio"] is None:
        return [short] if (short := unpaid(results, row["deal"])) else []
    least = row["least_dscr_ratio"]
    text = f"{_covered(results, row)}: DSCR {least:.2f}"
    if constant(row):
        text += " in every year, constant" + (" as it is sculpted to the cash" if _sculpted(results, row) else "")
    else:
        text += f" at least (year to {month(row['least_dscr'])}), {row['mean_dscr_ratio']:.2f} on average"
    short = unpaid(results, row["deal"])
    parts = [text, *([short] if short else [])]
    if row["guaranteed_dscr_ratio"] is not None:
        here = rows_of(results, "guarantee").filter(pl.col("beneficiary") == row["borrower"])
        who = "the tenant" if here["obligor"].n_unique() != 1 else here["obligor"][0]
        whose = "the guarantors'" if here["guarantor"].n_unique() != 1 else f"{here['guarantor'][0]}'s"
        parts.append(
            f"if {who} defaults in {month(row['covered_from'])}: {row['guaranteed_dscr_ratio']:.2f} with {whose} rent, "
            f"{row['unguaranteed_dscr_ratio']:.2f} on letting again alone"
        )
    return parts


def _covered(results: Results, row: dict[str, Any]) -> str:
    """As the checks have it: over twelve months, and in every month."""
    covered = _check(results, "debt_service_covered", _name(row))
    held = covered["ok"] if covered else row["least_dscr_ratio"] >= 1
    return "covered" if held and not unpaid(results, row["deal"]) else "NOT covered"


def unpaid(results: Results, deal: str) -> str:
    """Months in which the cash does not pay what is due, in the words of the check; empty where there is none."""
    paid = _check(results, "debt_service_paid_from_cash", deal)
    return "" if paid is None or paid["ok"] else str(paid["got"])


def _check(results: Results, name: str, scope: str) -> dict[str, Any] | None:
    found = rows_of(results, "checks").filter((pl.col("check") == name) & (pl.col("scope") == scope))
    return found.row(0, named=True) if found.height else None


def _sculpted(results: Results, row: dict[str, Any]) -> bool:
    if "assumptions" not in results:
        return False
    said = results["assumptions"].filter(
        (pl.col("owner") == f"deals.{row['deal']}") & (pl.col("attribute") == "amortisation")
    )
    return said.height > 0 and said["value"][0] == "sculpted"


def _end(row: dict[str, Any]) -> str:
    if row["repaid"] is None:
        return "NOT repaid in the calendar"
    return balloon(row) if row["balloon_usd"] > _CENT else f"repaid in {month(row['repaid'])}, no balloon"


def _loans(results: Results, loans: list[dict[str, Any]], width: int) -> list[Text]:
    columns = [
        Col("loan", right=False),
        Col("lender", right=False, keep=2),
        Col("drawn"),
        Col("DSCR"),
        Col("guaranteed"),
        Col("alone"),
        Col("LLCR"),
        Col("debt yield", keep=3),
        Col("life", keep=4),
        Col("yields", keep=6),
        Col("repaid", keep=7),
        Col("balloon"),
    ]

    def ratio(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    rows = []
    for row in loans:
        level = constant(row) and _sculpted(results, row)
        bad = "" if row["least_dscr_ratio"] is None or _covered(results, row) == "covered" else " short"
        cells = (row["debt_yield_per_year"], row["average_life_months"], row["lender_irr_per_year"])
        rows.append(
            [
                _name(row),
                row["lender"],
                money(row["drawn_usd"]),
                ratio(row["least_dscr_ratio"]) + ("=" if level else "") + bad,
                ratio(row["guaranteed_dscr_ratio"]),
                ratio(row["unguaranteed_dscr_ratio"]),
                ratio(row["llcr_ratio"]),
                "-" if cells[0] is None else f"{cells[0] * 100:.1f} %",
                "-" if cells[1] is None else f"{cells[1] / 12:.1f}y",
                "-" if cells[2] is None else f"{cells[2] * 100:.2f} %",
                month(row["repaid"]) if row["repaid"] else "NOT",
                money(row["balloon_usd"]) if row["balloon_usd"] > _CENT else "none",
            ]
        )
    empty = {place for place in (4, 5) if all(row[place] == "-" for row in rows)}
    if len({row["lender"] for row in loans}) == 1:
        empty.add(1)
    kept = [place for place in range(len(columns)) if place not in empty]
    title = f"LENDER {loans[0]['lender']}" if 1 in empty else "LENDERS"
    said = block(title, [columns[place] for place in kept], [[row[place] for place in kept] for row in rows], width)
    told = ["= constant, as sculpted"] if any("=" in row[3] for row in rows) else []
    if 4 not in empty:  # noqa: PLR2004 - the column `guaranteed`
        told.append("guaranteed, alone: if the tenant defaults, with and without the guarantor")
    said += note("; ".join(told), width)
    for row in loans:
        if row["balloon_usd"] > _CENT:
            said += note(f"{_name(row)}: {balloon(row)}", width)
    return said


def guarantors(results: Results, width: int) -> list[Text]:
    """What each guarantor risks, and what it is left with: fees and warrants less expected loss."""
    parts = list(rows_of(results, "guarantee").group_by("deal", "guarantor", maintain_order=True))
    if len(parts) > SINGLE:
        return _guarantees(results, parts, width)
    said: list[Text] = []
    for (deal, guarantor), part in parts:
        most = f"up to {money(largest(part['guaranteed_usd']))}{convention(results, deal)}, undiscounted"
        worth = _worth(results, deal)
        text = f"({deal}) guarantees {most}, for {part['obligor'][0]}; "
        text += f"called with {percent(_called(part, worth))} on the file's assumption{_severity(part, worth)}; "
        if worth is None:
            fees = total(_fees(results, deal, guarantor)["amount_usd"])
            lost = money(total(part["expected_loss_usd"]))
            text += f"receives {money(fees)} and expects to pay {lost}, both undiscounted"
        else:
            warrants = f" + warrants {money(worth['warrants_usd'])}" if worth["warrants_usd"] else ""
            text += (
                f"present values{_at(results)}: expected fees {money(worth['fee_pv_usd'])}{warrants} - expected loss "
                f"{money(worth['expected_loss_pv_usd'])} = net {money(worth['net_pv_usd'])}, "
                f"{worth['return_per_year'] * 100:.2f} % a year of what it guarantees"
            )
        said += fact(f"GUARANTOR {guarantor}", text, width)
    return said


def _called(part: pl.DataFrame, worth: dict[str, Any] | None) -> float:
    """How likely it is called: as the guarantee's own worth says, which knows what it takes to call it."""
    if worth is not None:
        return float(worth["call_probability_fraction"])
    return min(total(part["default_probability_fraction"]), 1.0)


def _severity(part: pl.DataFrame, worth: dict[str, Any] | None) -> str:
    """What it pays on average where it is called, so that the expected loss is how likely it is called times this."""
    if worth is None:
        chance, lost, how = (
            total(part["default_probability_fraction"]),
            total(part["expected_loss_usd"]),
            "undiscounted",
        )
    else:
        chance, lost, how = worth["call_probability_fraction"], worth["expected_loss_pv_usd"], "present value"
    return f", then pays {money(lost / chance)} ({how})" if chance > 0 and lost > 0 else ""


def _worth(results: Results, deal: object) -> dict[str, Any] | None:
    found = rows_of(results, "guarantee_value").filter(pl.col("deal") == deal)
    return found.row(0, named=True) if found.height else None


def _fees(results: Results, deal: object, guarantor: object) -> pl.DataFrame:
    return rows_of(results, "cashflow").filter((pl.col("deal") == deal) & (pl.col("payee") == guarantor))


def _at(results: Results) -> str:
    rate = discount(results)
    return f" at {rate}" if rate else ""


def _guarantees(results: Results, parts: list[tuple[tuple[object, ...], pl.DataFrame]], width: int) -> list[Text]:
    columns = [
        Col("guarantee", right=False),
        Col("for", right=False, keep=3),
        Col("up to"),
        Col("called", keep=5),
        Col("fees"),
        Col("warrants"),
        Col("expected loss"),
        Col("net"),
        Col("a year", keep=4),
    ]
    names = ("fee_pv_usd", "warrants_usd", "expected_loss_pv_usd", "net_pv_usd")
    rows, sums, bare = [], dict.fromkeys(names, 0.0), []
    for (deal, guarantor), part in parts:
        worth = _worth(results, deal)
        head = [str(deal), part["obligor"][0], money(largest(part["guaranteed_usd"])), percent(_called(part, worth))]
        if worth is None:
            fees = total(_fees(results, deal, guarantor)["amount_usd"])
            rows.append([*head, f"{money(fees)}*", "-", f"{money(total(part['expected_loss_usd']))}*", "-", "-"])
            bare.append(str(deal))
            continue
        for name in names:
            sums[name] += worth[name]
        rows.append([*head, *(money(worth[name]) for name in names), f"{worth['return_per_year'] * 100:.2f} %"])
    if not bare:
        rows.append(["sum", "", "", "", *(money(sums[name]) for name in names), ""])
    who = {str(guarantor) for (_, guarantor), _ in parts}
    said = block(f"GUARANTOR {who.pop()}" if len(who) == 1 else "GUARANTEES", columns, rows, width)
    text = f"present values{_at(results)}, fees as expected; up to: the most that is guaranteed, undiscounted"
    how = {convention(results, deal) for (deal, _), _ in parts} - {""}
    text += f"; capped ones pay {' or '.join(sorted(one.removeprefix(', ') for one in how))}" if how else ""
    return said + note(text + ("; * undiscounted too" if bare else ""), width)
