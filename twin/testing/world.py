"""The small site of the kit: a topology file of it, its calendar and its schedule."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from twin.api import (
    Calendar,
)
from twin.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twin.evaluate import Twin

START = date(2027, 1, 1)
SITE = "campus"
RACKS = ((0, 10), (6, 10))
"""Month index and number of racks put into service in it."""

RACK_KW = 50.0
RACK_ACCELERATORS = 8
RACK_PRICE_USD = 400_000.0
SERVED_FRACTION = 0.999
TFLOPS = 1000.0
FAILURES_PER_H = 1e-4
"""Of one rack by itself; what supplies all of them fails as often."""

PARTIES = (
    ("tenant", "tenant", "A"),
    ("landlord", "landlord", ""),
    ("lender", "lender", ""),
    ("guarantor", "guarantor", "AA+"),
)


def tiny_topology(sections: str = "", *, racks: int = 4, months: int = 24) -> str:
    """A topology file as text: two feeds and two UPS of which one is enough, a few racks, four parties.

    Args:
        sections: more top-level sections, such as `deals: [...]`, appended as they stand.
        racks: racks of 40 kW and 8 accelerators each, at most 20.
        months: length of the calendar.
    """
    parties = ", ".join(f"{name}: {{role: {role}}}" for name, role, _ in PARTIES)
    return f"""\
twin: 1
name: tiny
calendar: {{start: {START}, months: {months}}}
discount: 10 %/year
sites:
  {SITE}:
    contains:
      grid[2]: {{kind: utility, capacity: 2 MW, mtbf: 4380 h, mttr: 1 h}}
      ups[2]: {{kind: ups, capacity: 1 MW, efficiency: 96 %, mtbf: 250000 h, mttr: 8 h, power: grid}}
      rack[{racks}]: {{kind: rack, load: 40 kW, accelerators: 8, bf16: 1000 TFLOPS, power: {{from: ups, need: 1}}}}
parties: {{{parties}}}
{sections}
"""


def load_text(text: str, folder: Path, plugins: Iterable[object] = ()) -> Twin:
    """Load a topology given as text.

    Args:
        text: the file's content.
        folder: where it is written to, as `topology.yaml`; pytest's `tmp_path` will do.
        plugins: plugin modules beyond those installed.

    Raises:
        InputError: the text is wrong; carries all findings.
    """
    from twin.evaluate import load  # noqa: PLC0415 - frames alone need none of the engines

    path = folder / "topology.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, plugins=plugins)


def calendar(months: int = 24) -> Calendar:
    """A calendar from January 2027."""
    return Calendar(START, months)


def schedule(months: int = 24) -> pl.DataFrame:
    """Table `schedule` of the site described above."""
    when = calendar(months)
    racks = [sum(count for month, count in RACKS if month <= index) for index in range(months)]
    frame = pl.DataFrame({"month": when.dates(), "racks": racks}).with_columns(
        (pl.col("month").dt.month_end().dt.day() * 24.0).alias("hours_h"), pl.lit(SITE).alias("site")
    )
    nameplate = pl.col("racks") * RACK_ACCELERATORS * pl.col("hours_h")
    filled = frame.with_columns(
        (pl.col("racks") * RACK_ACCELERATORS).alias("accelerators"),
        (pl.col("racks") * RACK_KW).alias("it_kw"),
        pl.lit(1.0).alias("utilisation_fraction"),
        pl.lit(SERVED_FRACTION).alias("served_fraction"),
        nameplate.alias("accelerator_h"),
        (nameplate * SERVED_FRACTION).alias("delivered_accelerator_h"),
    )
    return table("schedule").frame(filled.to_dict())
