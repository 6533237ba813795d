"""Tables `capacity_outage` and `reliability`: how much is in service how often, and the indices of the field.

Indices are those of IEEE 1366 (SAIFI, SAIDI, CAIDI, with racks as customers and loss of supply as the
interruption) and of generation adequacy (LOLE, LOLF, EENS: Billinton and Allan, *Reliability Evaluation of
Power Systems*, ch. 2 and 7), with all IT load that is energised as the demand.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.tables import table
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.failure.solved import Solved
    from twin.failure.spread import Spread
    from twin.structure.model import Floats, Ints

    Row = dict[str, object]

LEVELS = {"p_all": 1.0, "p_99": 0.99, "p_95": 0.95, "p_90": 0.9, "p_50": 0.5}
"""Columns `…_fraction` of table `reliability`: probability that at least this share is in service."""

MOST_UNITS = 1 << 16
"""Most whole units that all loads of the file come to, before kilowatts are rounded to larger ones."""

MOST_MISSING = 1e-12
"""Probability that may be left out of a distribution."""

_CANDIDATES = 1001

_AMOUNTS = {"racks": "racks_lost", "accelerators": "accelerators_lost", "it_kw": "lost_it_kw"}
"""By what is counted, the column of table `capacity_outage` that says how much of it is lost."""

_WATT = 1e-3
_SURE = 1e-9


def capacity_outage(months: Iterable[Solved]) -> pl.DataFrame:
    """Table `capacity_outage`: the distribution of what is in service at each site, in each month of change."""
    frames = [table("capacity_outage").empty()]
    for solved in months:
        if solved.lifted is None:
            continue
        month = solved.snapshot.structure.topology.calendar.date(solved.snapshot.month)
        for name, unit, units in _measures(solved):
            for site, index in _sites(solved):
                total = round(solved.summed(units.astype(float))[index])
                if total:
                    about = {"month": month, "site": site, "measure": name}
                    frames.append(_rows(about, solved.lost(units, index), total, unit))
    return pl.concat(frames)


def complete(months: Iterable[Solved]) -> pl.DataFrame:
    """Rows of table `checks`: whether the distribution was worked out in each month, and what was left out of it."""
    worst, refused, name = 0.0, "", ""
    for solved in months:
        name = solved.snapshot.structure.topology.name
        refused = refused or solved.refused
        if solved.lifted is not None:
            found = [solved.lost(units, index) for _, _, units in _measures(solved) for _, index in _sites(solved)]
            worst = max(worst, solved.lifted.missing + max((spread.missing for spread in found), default=0.0))
    done = "states and amounts less likely than that were left out of the distribution"
    return table("checks").frame(
        {
            "check": ["capacity_outage"],
            "scope": [name],
            "ok": [bool(refused) or worst <= MOST_MISSING],
            "got": ["not worked out" if refused else f"a probability of {worst:.1e} left out"],
            "wanted": [f"at most {MOST_MISSING:.0e}"],
            "message": [f"no distribution: {refused}" if refused else done],
        }
    )


def _measures(solved: Solved) -> Iterator[tuple[str, float, Ints]]:
    """What is counted: its name, the size of a unit, and how many units each load is."""
    classes = solved.snapshot.structure.classes
    yield "racks", 1, classes.is_rack.astype(np.int64)
    step, units = _wholes(classes.accelerators)
    if units.any():
        yield "accelerators", step, units
    unit, units = power_units(classes.power_kw, classes.count)
    if units.any():
        yield "it_kw", unit, units


def _wholes(amount: Ints) -> tuple[int, Ints]:
    """The largest number of which all are multiples, and which multiple each is."""
    step = gcd(*amount.tolist()) or 1
    return step, amount // step


def power_units(power_kw: Floats, count: Ints) -> tuple[float, Ints]:
    """The largest unit of which all loads are whole multiples, in kW, and how many each is.

    Watts are what is told apart.  Where the multiples would come to more than `MOST_UNITS`, loads are rounded to
    the larger unit, among some, by which that changes the least.
    """
    watts = np.rint(power_kw / _WATT)
    total = float(watts @ count)
    step, units = _wholes(watts.astype(np.int64))
    if total / step <= MOST_UNITS:
        return step * _WATT, units
    coarse = total / MOST_UNITS * np.linspace(1.0, 2.0, _CANDIDATES)
    error = [float(np.abs(np.rint(watts / each) * each - watts) @ count) for each in coarse]
    best = float(coarse[int(np.argmin(error))])
    return best * _WATT, np.rint(watts / best).astype(np.int64)


def _sites(solved: Solved) -> Iterator[tuple[str, int]]:
    structure = solved.snapshot.structure
    for name, index in zip(solved.scope_ids, solved.scope_of.tolist(), strict=True):
        if structure.scopes[index].parent < 0:
            yield name, index


def _rows(about: Row, spread: Spread, total: int, unit: float) -> pl.DataFrame:
    amount, chance, rate = spread.amounts()
    counted = _AMOUNTS[str(about["measure"])]
    reached, often = np.cumsum(chance[::-1])[::-1], np.cumsum(rate[::-1])[::-1]
    # A rate is the sum of changes of both signs, so what is left of nothing is a rounding of the whole.
    often = np.where((amount == 0) | (often < 0.0), 0.0, often)
    hours = np.divide(reached * HOURS_PER_YEAR, often, out=np.full(len(often), np.nan), where=often > 0.0)
    return table("capacity_outage").frame(
        {
            **{name: [value] * len(amount) for name, value in about.items()},
            "in_service_fraction": (total - amount) / total,
            **{name: amount * unit if name == counted else [None] * len(amount) for name in _AMOUNTS.values()},
            "probability_fraction": chance,
            "at_least_lost_fraction": np.minimum(reached, 1.0),
            "times_per_year": often,
            "mean_duration_h": [None if np.isnan(h) else h for h in hours.tolist()],
            "step_kw": [unit if counted == "lost_it_kw" else None] * len(amount),
        }
    )


def reliability(months: Iterable[Solved]) -> pl.DataFrame:
    """Table `reliability`: LOLE, LOLF, EENS, SAIFI, SAIDI, CAIDI and levels in service, by month and scope."""
    rows: list[Row] = []
    for solved in months:
        month = solved.snapshot.structure.topology.calendar.date(solved.snapshot.month)
        rows += [{"month": month, **row} for row in _indices(solved)]
    declared = table("reliability")
    return declared.frame({name: [row[name] for row in rows] for name in declared.names})


def _indices(solved: Solved) -> Iterator[Row]:
    classes, exact = solved.snapshot.structure.classes, solved.exact
    racks = solved.summed(classes.is_rack.astype(float))
    often = solved.summed(classes.is_rack * exact.class_per_year)
    down = solved.summed(classes.is_rack * exact.class_unavailability)
    kw = solved.summed(classes.power_kw)
    supply = solved.summed(classes.power_kw * exact.class_unavailability)
    whole = solved.summed(classes.power_kw * solved.own[0])
    levels = _levels(solved)
    for name, kind, index in zip(solved.scope_ids, solved.scope_kinds, solved.scope_of.tolist(), strict=True):
        unavailability, per_year = exact.scope_unavailability[index], exact.scope_per_year[index]
        if np.isnan(unavailability):
            continue
        saifi = often[index] / racks[index] if racks[index] else None
        saidi = down[index] / racks[index] * HOURS_PER_YEAR if racks[index] else None
        yield {
            "scope": name,
            "kind": kind,
            "racks": round(racks[index]),
            "it_kw": kw[index],
            "lole_h_per_year": unavailability * HOURS_PER_YEAR,
            "lolf_per_year": per_year,
            "eens_kwh_per_year": supply[index] * HOURS_PER_YEAR,
            "eens_own_kwh_per_year": whole[index] * HOURS_PER_YEAR,
            "saifi_per_year": saifi,
            "saidi_h_per_year": saidi,
            "caidi_h": saidi / saifi if saidi is not None and saifi else None,
            **levels.get(index, dict.fromkeys((f"{level}_fraction" for level in LEVELS), None)),
        }


def _levels(solved: Solved) -> dict[int, Row]:
    """For each scope of the structure, how likely at least so much of its accelerators (or racks) is in service."""
    if solved.lifted is None:
        return {}
    classes = solved.snapshot.structure.classes
    _, units = _wholes(classes.accelerators if classes.accelerators.any() else classes.is_rack.astype(np.int64))
    totals = solved.summed(units.astype(float))
    found: dict[int, Row] = {}
    for index in np.unique(solved.scope_of).tolist():
        if not np.isnan(totals[index]) and totals[index]:
            amount, chance, _ = solved.lost(units, index).amounts()
            kept = (totals[index] - amount) / totals[index]
            found[index] = {
                f"{name}_fraction": min(1.0, float(chance[kept >= level - _SURE].sum()))
                for name, level in LEVELS.items()
            }
    return found
