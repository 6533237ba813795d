"""Sources and uses of builds in words: items as a lender names them, and why some are not told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.report.layout import fact, money, month
from twin.report.lenders import SINGLE, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from rich.text import Text

    from twin.results.results import Results

_OWN = {
    "debt_draw": "debt",
    "capitalised_interest": "interest added to the balance",
    "cash_left": "cash left at the end",
}
_SHOWN = 4
_NOT_TOLD = "not told"


def item(row: dict[str, Any]) -> str:
    """What a row of `sources_uses` is: `debt: notes`, `own cash of spv`."""
    if row["item"] == "own_cash":
        return f"own cash of {row['party']}"
    name = _OWN.get(row["item"], row["item"].replace("_", " "))
    return name if row["deal"] is None else f"{name}: {'/'.join(filter(None, (row['deal'], row['tranche'])))}"


def not_told(results: Results) -> Iterator[tuple[str, str]]:
    """Builds of which nothing is told, each with the reason."""
    frame = rows_of(results, "checks").filter(check="sources_equal_uses", got=_NOT_TOLD)
    yield from frame.select("scope", "message").rows()


def remarks(results: Results, party: str, build: str) -> str:
    """When a build goes on, and what comes after it and is left out."""
    frame = rows_of(results, "checks").filter(check="sources_equal_uses", scope=f"{party}: {build}")
    return str(frame["message"][0]) if frame.height else ""


def sources_uses(results: Results, width: int) -> list[Text]:
    """A few lines for each build; none where there are many."""
    frame = rows_of(results, "sources_uses")
    builds = list(frame.group_by("party", "build", maintain_order=True))
    if len(builds) > SINGLE:
        return []
    said: list[Text] = []
    for (party, build), rows in builds:
        sides = [_side(rows.filter(side=side)) for side in ("source", "use")]
        when = f"({build}) {month(rows['start'].min())} to {month(rows['end'].max())}"
        whole = money(float(rows.filter(side="source")["amount_usd"].sum()))
        said += fact(f"BUILD of {party}", f"{when}, {whole}: from {sides[0]}; for {sides[1]}", width)
    return said


def _side(rows: pl.DataFrame) -> str:
    named = rows.sort("amount_usd", descending=True, maintain_order=True)
    shown = named.head(_SHOWN if named.height > _SHOWN + 1 else named.height)
    words = [
        f"{item(row | {'deal': None, 'party': ''}).removesuffix(' of ')} {money(row['amount_usd'])}"
        for row in shown.iter_rows(named=True)
    ]
    rest = float(named["amount_usd"].slice(shown.height).sum())
    return ", ".join([*words, *([f"other {money(rest)}"] if rest else [])])
