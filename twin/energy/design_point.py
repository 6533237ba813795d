"""The overhead that the equipment in a file implies: power drawn over IT power at full use.

Losses (`efficiency`), own loads and cooling work (`cop`) of the compiled structure are summed where
power enters: at the elements that feed others and take from nobody on the power layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.structure.flow import plan
from twin.structure.live import live
from twin.structure.snapshot import months_of_change, snapshot, sources

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.structure.model import Floats, Ints, Snapshot, Structure


def overhead_ratio(structure: Structure, calendar: Calendar) -> pl.DataFrame:
    """Overhead power over IT power of each site at full use, as the site is built up.

    Args:
        structure: the compiled system.
        calendar: the months.

    Returns:
        `month, site, overhead_ratio`, one row a month and site; 0 where the site has no IT load that
        is fed.  A source counts for the site in which it stands.
    """
    sites = [scope.id for scope in structure.scopes if scope.parent < 0]
    months = [month for month in months_of_change(structure) if month < calendar.months]
    prepared = plan(structure)
    ratios = np.stack([_ratios(snapshot(structure, month, prepared), len(sites)) for month in months])
    # each month takes the ratio of the last change before it
    at = np.searchsorted(np.array(months), np.arange(calendar.months), side="right") - 1
    return pl.DataFrame(
        {
            "month": np.repeat(np.array(calendar.dates(), dtype="datetime64[D]"), len(sites)),
            "site": sites * calendar.months,
            "overhead_ratio": ratios[at].ravel(),
        }
    )


def _ratios(at: Snapshot, sites: int) -> Floats:
    """(sites,): overhead over IT power in one month."""
    structure = at.structure
    _, fed = live(at, np.zeros((1, len(structure.elements)), dtype=bool))
    drawn = np.bincount(_element_site(structure), weights=at.load_kw * sources(structure), minlength=sites)
    kw = structure.classes.count * structure.classes.power_kw * (at.class_on & fed[0])
    it = np.bincount(_scope_site(structure)[structure.classes.scope], weights=kw, minlength=sites)
    ratio: Floats = np.divide(drawn, it, out=np.ones(sites), where=it > 0) - 1.0
    return np.maximum(ratio, 0.0)


def _scope_site(structure: Structure) -> Ints:
    """For each scope, the position of its site among the sites."""
    position = {index: n for n, index in enumerate(i for i, scope in enumerate(structure.scopes) if scope.parent < 0)}
    return np.array([position[scope.site] for scope in structure.scopes], dtype=np.int64)


def _element_site(structure: Structure) -> Ints:
    """Position among the sites of the site in which each element stands."""
    groups = structure.topology.groups
    first: dict[str, int] = {}
    total = 0
    for path, group in groups.items():
        if group.parent is None:
            first[path] = total
            total += group.total
    roots = [path.partition("/")[0] for path in structure.groups]
    offset = np.array([first[root] for root in roots], dtype=np.int64)
    each = zip(structure.groups, roots, strict=True)
    per_site = np.array([groups[path].total // groups[root].total for path, root in each], dtype=np.int64)
    elements = structure.elements
    return offset[elements.group] + elements.local // per_site[elements.group]
