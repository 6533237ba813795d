"""One screen of results that a planner, a lender and an engineer would each want to read.

Only sections whose tables are there are shown, so that a run of one engine has a summary too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report import finance, layout, plant
from twin.report.layout import count, fact, month, power, total

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_UNVERIFIED = ("assumed", "recalled", "unverified")
_CHECKS_SHOWN = 5


def lines(results: Results, width: int = 100) -> list[Text]:
    """The summary as styled lines, each at most `width` wide.

    Args:
        results: of any run.
        width: columns of the screen; 60 and more read well.
    """
    sections = (headline, plant.energy, plant.capacity, plant.availability, plant.failures)
    money = (finance.workloads, finance.cash, finance.debt, finance.unit_cost)
    return [line for section in (*sections, *money, checks, assumptions) for line in section(results, width)]


def summary(results: Results, width: int = 100, *, ascii_only: bool = False) -> str:
    """The summary as plain text.

    Args:
        results: of any run.
        width: columns of the screen.
        ascii_only: use no letter beyond ASCII, for a terminal that does not speak UTF-8.
    """
    text = "\n".join(line.plain.rstrip() for line in lines(results, width))
    return layout.ascii_only(text) if ascii_only else text


def headline(results: Results, width: int) -> list[Text]:
    """Name, what was changed, size at full build, PUE and months."""
    origin = results.provenance
    changed = [f"scenario {origin.scenario}"] if origin.scenario else []
    changed += [f"with {overlay}" for overlay in origin.overlays]
    sites = plant.sites(results)
    facts = []
    if sites is not None and sites.height:
        names = sites["scope"].to_list()
        if names != [origin.topology]:
            facts.append(names[0] if len(names) == 1 else count(len(names), "site"))
        facts.append(f"{power(total(sites['demand_kw']))} IT")
        facts.append(count(int(total(sites["racks"])), "rack"))
        facts.append(count(int(total(sites["accelerators"])), "accelerator"))
    pue = plant.pue(results)
    if pue is not None:
        facts.append(f"PUE {pue:.3g}")
    if "schedule" in results and results["schedule"].height:
        months = results["schedule"]["month"]
        facts.append(f"{count(months.n_unique(), 'month')} from {month(months.min())}")
    said = " · ".join([*changed, *facts]) or "no results"
    return fact(origin.topology, said, width)


def checks(results: Results, width: int) -> list[Text]:
    """How many checks hold, and each that does not."""
    if "checks" not in results:
        return []
    frame = results["checks"]
    failed = frame.filter(~pl.col("ok"))
    if not failed.height:
        return fact(
            "CHECKS", f"{count(frame.height, 'check holds', 'checks hold')}" if frame.height else "none made", width
        )
    listed = fact("CHECKS", f"{failed.height} of {frame.height} FAILED", width, style="bold red")
    for row in failed.head(_CHECKS_SHOWN).iter_rows(named=True):
        text = f"{row['check']}, {row['scope']}: got {row['got']}, wanted {row['wanted']}. {row['message']}"
        listed += layout.note(text, width)
    if failed.height > _CHECKS_SHOWN:
        listed += layout.note(f"and {failed.height - _CHECKS_SHOWN} more in the table checks", width)
    return listed


def assumptions(results: Results, width: int) -> list[Text]:
    """How many values the run rests on, and how many of them nobody vouches for."""
    if "assumptions" not in results:
        return []
    frame = results["assumptions"]
    bare = frame.filter(pl.col("source").fill_null("") == "").height
    doubtful = frame.filter(pl.col("confidence").is_in(_UNVERIFIED)).height
    defaults = frame.filter(pl.col("origin") == "default").height
    parts = [count(frame.height, "value"), f"{bare} without a source", f"{doubtful} unverified"]
    parts += [f"{defaults} by default"] if defaults else []
    return fact("ASSUMPTIONS", ", ".join(parts), width)
