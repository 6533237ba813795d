"""Charts as SVG: drawn by Vega-Lite, to be read on light and on dark, with their figures beside them."""

from __future__ import annotations

import math
import re
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt
import polars as pl

from twin.report.layout import largest
from twin.report.page.dates import dated
from twin.report.page.grids import grid

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = ("#3b82c4", "#d9822b", "#2f9e6e", "#b565b0", "#c94a44", "#7a8794", "#a3862c", "#3f9fb5", "#8a6fd1", "#6b8e23")
"""Mid tones that stand out against white and against near-black alike."""

_INK = "currentColor"
_PHONE_WIDTH, _WIDTH, _WHOLE_WIDTH, _HEIGHT = 262, 430, 1000, 220
"""Every chart is drawn anew for a narrow page: scaled down, nobody could read its letters."""

_AROUND = {"left": 14, "right": 14, "top": 5, "bottom": 5}
"""Room for letters that are wider in a browser than where the chart is laid out."""

_MONTHS = 48
"""More bars than this cannot be told apart."""

_LEGEND_COLUMN, _LEGEND_LINE = 140, 240
_LONG_NAME = 22
"""Names with more letters stand one below the other in a legend."""

_DOLLARS = ((1e9, "$B"), (1e6, "$M"), (1e3, "$k"))

_SIZE = re.compile(r'<svg ([^>]*?)width="([\d.]+)" height="([\d.]+)"')


class Figure(NamedTuple):
    """A chart with its caption, a text for who cannot see it, and its figures in a table that opens.

    Attributes:
        chart: without size or look.
        title: of the figure.
        says: what it shows, in a sentence.
        data: what it was drawn from.
    """

    chart: alt.Chart | alt.LayerChart
    title: str
    says: str
    data: pl.DataFrame

    def html(self, *, broad: bool = False) -> str:
        """The figure as HTML, drawn for a phone and for half a page; `broad` also for the width of the page."""
        label = f"{self.title}. {self.says}"
        widths = {"phone": _PHONE_WIDTH, "half": _WIDTH} | ({"whole": _WHOLE_WIDTH} if broad else {})
        charts = "".join(
            f'<div class="chart {name}">{_svg(self.chart, label, width)}</div>' for name, width in widths.items()
        )
        return (
            f"<figure{' class=broad' if broad else ''}><figcaption>{escape(self.title)}</figcaption>"
            f'{charts}<p class="says">{escape(self.says)}</p>'
            f"<details><summary>Figures</summary>{grid(self.data, title=self.title)}</details></figure>"
        )


def axis(field: str, title: str, kind: str = "Q", **more: Any) -> dict[str, Any]:
    """Arguments of a channel: `alt.Y(**axis("kw", "MW"))`."""
    return {"shorthand": f"{field}:{kind}", "title": title, **more}


def by_month_or_year(frame: pl.DataFrame, value: str, *keys: str) -> tuple[pl.DataFrame, alt.X, str]:
    """Bars of months, or of years where there are too many months to tell apart.

    Args:
        frame: with a column `month`.
        value: the column that is summed.
        keys: columns beside the month that tell its rows apart.

    Returns:
        The sums, their horizontal axis, and `month` or `year`.
    """
    if frame["month"].n_unique() <= _MONTHS:
        return frame, alt.X(**axis("month", "", "T"), timeUnit="yearmonth"), "month"
    year = pl.col("month").dt.year().cast(pl.String).alias("year")
    sums = frame.group_by(year, *keys, maintain_order=True).agg(pl.col(value).sum())
    return sums, alt.X(**axis("year", "", "O"), axis=alt.Axis(labelAngle=0)), "year"


def dollars(amounts: pl.Series) -> tuple[float, str]:
    """How many dollars the unit of an axis has that shows these amounts, and its sign: `1e9, "$B"`."""
    most = largest(amounts.abs())
    return next(((size, sign) for size, sign in _DOLLARS if most >= size), (1.0, "$"))


def steps(least: float, most: float) -> list[float]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten from `least` to `most`."""
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    return [each * 10.0**power for power in decades for each in (1, 2, 5) if least <= each * 10.0**power <= most]


def colour(field: str, names: Sequence[str], title: str | None = None) -> alt.Color:
    """A colour for each name, always the same for the same place in the list."""
    scale = alt.Scale(domain=list(names), range=[COLOURS[index % len(COLOURS)] for index in range(len(names))])
    long = any(len(name) > _LONG_NAME for name in names)
    legend = alt.Legend(orient="bottom", columns=1) if long else alt.Legend(orient="bottom")
    return alt.Color(f"{field}:N", scale=scale, title=title, sort=list(names), legend=legend)


def _svg(chart: alt.Chart | alt.LayerChart, label: str, width: int) -> str:
    import vl_convert  # noqa: PLC0415 - a renderer of 30 MB that only a report needs

    text: dict[str, Any] = {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 11, "titleFontSize": 11}
    apart: dict[str, Any] = {"labelOverlap": "greedy", "labelSeparation": 8}
    columns = max(2, min(3, width // _LEGEND_COLUMN))
    look = (
        chart.properties(width=width, height=_HEIGHT, background="transparent", padding=_AROUND)
        .configure(font="system-ui, sans-serif")  # first: it takes the place of every other configuration
        .configure_axis(
            **text,
            gridColor=_INK,
            gridOpacity=0.12,
            domainColor=_INK,
            tickColor=_INK,
            titleFontWeight="normal",
            titlePadding=14,  # the renderer measures narrower letters than a browser has
            **apart,
        )
        .configure_legend(
            **text,
            symbolType="square",
            symbolStrokeWidth=2.5,
            columns=columns,
            columnPadding=40 if width > _PHONE_WIDTH else 16,
            labelLimit=_LEGEND_LINE,
        )
        .configure_view(stroke=None)
    )
    drawn = vl_convert.vegalite_to_svg(dated(look.to_dict(), width))
    scaled = _SIZE.sub(
        rf'<svg role="img" aria-label="{escape(label)}" \1style="width:100%;max-width:\2px"', drawn, count=1
    )
    return re.sub(r'(aria-role\w*|role="graphics[^"]*")', "", scaled)
