"""What a lender reads first: sources and uses of each build, side by side."""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING

from twin.report.builds import item, not_told, remarks
from twin.report.page.grids import listed

if TYPE_CHECKING:
    import polars as pl

    from twin.results.results import Results

_MILLION = 1e6
_BLANK = ("", "", "")


def sources_uses(results: Results) -> str:
    """A table for each build, and why others have none; empty where nobody builds on a loan."""
    tables = []
    if "sources_uses" in results:
        for (party, build), rows in results["sources_uses"].group_by("party", "build", maintain_order=True):
            tables.append(_build(str(party), str(build), rows, remarks(results, str(party), str(build))))
    told = "".join(
        f'<p class="says">Sources and uses of {escape(scope)} are not told: {escape(why)}.</p>'
        for scope, why in not_told(results)
    )
    return "".join(tables) + told


def _build(party: str, build: str, rows: pl.DataFrame, remark: str) -> str:
    sources, uses = rows.filter(side="source"), rows.filter(side="use")
    most = max(float(part["amount_usd"].sum()) for part in (sources, uses))
    size, sign, digits = (_MILLION, "$M", 2) if most >= _MILLION else (1.0, "$", 2)
    sides = [
        [(item(row), f"{row['amount_usd'] / size:,.{digits}f}", f"{row['share_fraction']:.1%}") for row in part]
        for part in (sources.iter_rows(named=True), uses.iter_rows(named=True))
    ]
    body = [(*source, *use) for source, use in zip_longest(*sides, fillvalue=_BLANK)]
    sums = [f"{float(part['amount_usd'].sum()) / size:,.{digits}f}" for part in (sources, uses)]
    body.append(("all sources", sums[0], "100.0%", "all uses", sums[1], "100.0%"))
    title = f"Sources and uses of {party}: {build}"
    head = ("sources", sign, "of all", "uses", sign, "of all")
    own = ""
    if "own_cash" in rows["item"]:
        own = f" Own cash of {escape(party)}: the most that it has had to find by any month, whoever stands behind it."
    return (
        f"<h3>{escape(title)}</h3>"
        + listed(head, body, title=title, right=frozenset({1, 2, 4, 5}))
        + f'<p class="says">{escape(remark)}.{own}</p>'
    )
