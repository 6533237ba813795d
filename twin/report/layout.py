"""Lines of a report: blocks of aligned columns that give way on a narrow screen, and figures as people say them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from twin import units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from twin.results.results import Results

_GAP = 2
_INDENT = 2
_NARROWEST = 12
_ASCII = str.maketrans({"·": "-", "…": "~"})
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)], " ")
_HOURS_TO_SAY = 0.001
_MOST_DECIMALS = 8
_SIX_NINES = 1e-6


@dataclass(frozen=True, slots=True)
class Col:
    """One column of a block: its heading, the side it leans to, and how long it holds out.

    Attributes:
        head: heading; the first column's stands in for the title of the block.
        right: whether it leans right, as numbers do.
        keep: a column with a smaller number gives way first on a narrow screen; 9 never does.
    """

    head: str
    right: bool = True
    keep: int = 9


class Headings(Text):
    """The line of headings over a block, which knows what the block had no room for.

    Attributes:
        title: title of the block.
        left_out: headings of the columns that gave way.
        room: width at which none does.
    """

    title: str = ""
    left_out: tuple[str, ...] = ()
    room: int = 0


def block(title: str, columns: Sequence[Col], rows: Sequence[Sequence[str]], width: int) -> list[Text]:
    """Rows under a title, aligned and at most `width` wide.

    The title stands over the first column, the other headings over theirs.  Columns give way in the
    order of `keep`, then the longest leaning left is cut.

    Returns:
        One line for the headings and one for each row.
    """
    at = list(range(len(columns)))
    sizes = [max(cell_len(text) for text in (columns[i].head, *(row[i] for row in rows))) for i in at]
    sizes[0] = max(sizes[0], cell_len(title) - _INDENT)
    room = _total(at, sizes)
    while _total(at, sizes) > width:
        loose = [i for i in at if columns[i].keep < columns[0].keep and i]
        if not loose:
            break
        at.remove(min(loose, key=lambda i: columns[i].keep))
    over = _total(at, sizes) - width
    if over > 0:
        widest = max((i for i in at if not columns[i].right), key=lambda i: sizes[i])
        sizes[widest] = max(_NARROWEST, sizes[widest] - over)
    head = Headings(_fit(title, sizes[0] + _INDENT, right=False), style="bold")
    head.title, head.room = title or columns[0].head, room
    head.left_out = tuple(column.head for i, column in enumerate(columns) if i not in at and column.head)
    for i in at[1:]:
        head.append(" " * _GAP + _fit(columns[i].head, sizes[i], columns[i].right), style="not bold dim")
    head.rstrip()
    return [head, *(_row(columns, at, sizes, row) for row in rows)]


def across(title: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], width: int) -> list[Text]:
    """Rows of one figure each whose columns are alike, as months: close together where the screen is narrow.

    Where even that is too wide, the columns go under one another in as many parts as it takes.

    Returns:
        One line for the headings and one for each row, of every part.
    """
    first = max(cell_len(text) for text in (*(name for name, _ in rows), title)) + _GAP
    size = max(cell_len(text) for text in (*heads, *(text for _, texts in rows for text in texts)))
    gap = _GAP if first + len(heads) * (size + _GAP) <= width else 1
    many = max((width - first) // (size + gap), 1)
    parts = -(-len(heads) // many)
    many = -(-len(heads) // parts)
    said: list[Text] = []
    for start in range(0, len(heads), many):
        part = slice(start, start + many)
        head = Text(_fit("" if start else title, first, right=False), style="bold")
        head.append("".join(" " * gap + _fit(text, size, right=True) for text in heads[part]), style="not bold dim")
        said.append(head)
        for name, texts in rows:
            cells = "".join(" " * gap + _fit(text, size, right=True) for text in texts[part])
            said.append(Text(" " * _INDENT + _fit(name, first - _INDENT, right=False) + cells))
    return said


def _total(at: Sequence[int], sizes: Sequence[int]) -> int:
    return _INDENT + sum(sizes[i] for i in at) + _GAP * (len(at) - 1)


def _row(columns: Sequence[Col], at: Sequence[int], sizes: Sequence[int], row: Sequence[str]) -> Text:
    cells = (_fit(row[i], sizes[i], columns[i].right) for i in at)
    return Text((" " * _INDENT + (" " * _GAP).join(cells)).rstrip())


def _fit(text: str, size: int, right: bool) -> str:
    text = text.translate(_CONTROL)
    over = cell_len(text) - size
    if over > 0:
        return set_cell_size(text, size - 1) + "…"
    return " " * -over + text if right else text + " " * -over


def note(text: str, width: int, style: str = "") -> list[Text]:
    """Words under a block, indented, wrapped to `width`."""
    return [Text(" " * _INDENT + line, style=style) for line in wrap(text, width - _INDENT)]


def fact(title: str, text: str, width: int, style: str = "") -> list[Text]:
    """A title and what there is to say on it, wrapped to `width`."""
    indent = len(title) + _GAP
    first, *others = list(wrap(text, width - indent)) or [""]
    line = Text(title, style="bold")
    line.append(" " * _GAP + first, style=f"not bold {style}".strip())
    return [line, *(Text(" " * indent + other, style=style) for other in others)]


def hanging(head: str, text: str, width: int) -> list[Text]:
    """`text` after `head`, wrapped to `width`, every further line under the first."""
    head = head.translate(_CONTROL)
    indent = min(cell_len(head), width // 2)
    first, *others = list(wrap(text, max(width - cell_len(head), _NARROWEST))) or [""]
    return [Text((head + first).rstrip()), *(Text(" " * indent + other) for other in others)]


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width`, broken at spaces."""
    line = ""
    for word in text.translate(_CONTROL).split():
        if line and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def ascii_only(text: str) -> str:
    """`text` with every letter beyond ASCII replaced by one or more within it."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def power(value_kw: float) -> str:
    """`1.06 MW`."""
    return units.show(value_kw, "power", 3)


def energy_text(value_kwh: float) -> str:
    """`2.43 TWh`."""
    return "0" if value_kwh == 0 else units.show(value_kwh, "energy", 3)


def money(value_usd: float) -> str:
    """`-$7.02B`; a rest below half a cent is `$0`."""
    return "$0" if abs(value_usd) < 0.005 else units.show_money(value_usd, 3)  # noqa: PLR2004 - half a cent


def percent(fraction: float, *, known: bool = True) -> str:
    """`99.950 %`: two figures of what is missing to the whole, so that the nines can be told apart.

    Args:
        fraction: of a whole.
        known: False where the fraction leaves out what might fail, so that it has six nines at the most.
    """
    missing = abs(1 - fraction) * 100
    if missing == 0 or missing >= 1:
        return f"{fraction * 100:.3g} %"
    if not known and 0 < 1 - fraction < _SIX_NINES:
        return ">99.9999 %"
    decimals = min(math.ceil(-math.log10(missing)) + 1, _MOST_DECIMALS)
    return f"{fraction * 100:.{max(decimals, 2)}f} %"


def hours(value_h: float) -> str:
    """Hours or a number a year, three figures; below a thousandth it says so."""
    return "<0.001" if 0 < value_h < _HOURS_TO_SAY else f"{value_h:,.0f}" if value_h >= 1000 else f"{value_h:.3g}"  # noqa: PLR2004 - thousands apart


def total(series: pl.Series) -> float:
    """The sum of a column of numbers."""
    return float(series.sum())


def largest(series: pl.Series) -> float:
    """The largest of a column of numbers; 0 where there is none."""
    found = series.max()
    return float(found) if isinstance(found, int | float) else 0.0


def month(when: object) -> str:
    """`2027-06`."""
    return f"{when:%Y-%m}" if isinstance(when, date) else "-"


def count(number: int, one: str, many: str = "") -> str:
    """`1 rack`, `1,600 racks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def discount(results: Results) -> str:
    """The rate of the present values as the file says it; empty where the assumptions are not there."""
    if "assumptions" not in results:
        return ""
    said = results["assumptions"].filter(owner="discount", attribute="rate")["value"]
    return said[0].removesuffix("/year") if said.len() else ""
