"""Outages of the grid that a site lives through: how often it is lost all the same, and for how long.

An outage begins `w` times a year and lasts D; the site lives T on its fuel, storage and generating sets, which the
energy analysis gives as chances by length (table `grid_survival`), independent of D.  It is lost from T until the
grid is back, if that is later:

    losses a year = w P(D > T)          share of time lost = w E[(D - T)+] / 8760

Who lives through all that was looked at is taken to be lost after it.  D is exponential with the mean `mttr`,
always as long (`repair_cv: 0`) or lognormal, as in the simulation:

    exponential   P(D > t) = exp(-t / m)                    E[(D - t)+] = m exp(-t / m)
    fixed         P(D > t) = 1 for t < m                    E[(D - t)+] = (m - t)+
    lognormal     P(D > t) = N(d - s)                       E[(D - t)+] = m N(d) - t N(d - s)
                  s^2 = ln(1 + cv^2), d = (ln(m / t) + s^2 / 2) / s

A loss takes the generating sets of the site down with the grid: they are spent.  While the grid is there, or the site
lives without it, they fail and carry load as they always do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from twin.errors import RefusedError
from twin.structure.model import Ride
from twin.tables import table
from twin.topology import instances
from twin.topology.riding import ATTRIBUTE, GRID, SETS
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import polars as pl

    from twin.structure.model import Elements, Floats, Ints, Structure

_SAME = 1e-12


def riding(structure: Structure, survival: pl.DataFrame) -> Structure:
    """The structure with the grids that ask for it riding through.

    Args:
        structure: the compiled system.
        survival: table `grid_survival`.

    Raises:
        RefusedError: sites that are alike and do not live equally long, or of which the table says nothing.
    """
    topology = structure.topology
    paths = [path for path in structure.groups if topology.attribute(path, ATTRIBUTE) is not None]
    rides = tuple(Ride(grid, sets, *_times(survival, path)) for path in paths for grid, sets in _grids(structure, path))
    return replace(structure, rides=rides) if rides else structure


def lost(ride: Ride, mean_h: float, spread: float) -> tuple[float, float]:
    """P(D > T), and E[(D - T)+] over E[D].

    Args:
        ride: how long the site lives.
        mean_h: mean length of an outage.
        spread: coefficient of variation of it; NaN for exponential.
    """
    longer, rest = _beyond(ride.after_h, mean_h, spread)
    return float(ride.chance @ longer), float(ride.chance @ rest) / mean_h


def felt(structure: Structure, unavailability: Floats, per_year: Floats, of: Ints) -> tuple[Floats, Floats]:
    """Unavailability and failures a year with outages that are lived through taken off.

    Args:
        structure: the compiled system.
        unavailability: of whatever there is.
        per_year: how often each begins.
        of: for each of the `rides` of the structure, the number of what is its outage.
    """
    down, often = unavailability.copy(), per_year.copy()
    for number, ride in zip(of.tolist(), structure.rides, strict=True):
        if often[number] > 0.0 and down[number] > 0.0:
            mean = float(down[number] / often[number]) * HOURS_PER_YEAR
            times, share = lost(ride, mean, float(structure.elements.behaviour.repair_cv[ride.element]))
            down[number] *= share
            often[number] *= times
    return down, often


def felt_elements(structure: Structure) -> Elements:
    """The elements as what they feed feels them."""
    elements = structure.elements
    of = np.array([ride.element for ride in structure.rides], dtype=np.int64)
    down, often = felt(structure, elements.unavailability, elements.failures_per_year, of)
    return replace(elements, unavailability=down, failures_per_year=often)


def checks(structure: Structure) -> pl.DataFrame:
    """A row of `checks` for each grid that is lived through: what is left of its outages."""
    elements = structure.elements
    rows = []
    for ride in structure.rides:
        down, often = float(elements.unavailability[ride.element]), float(elements.failures_per_year[ride.element])
        if down <= 0.0 or often <= 0.0:
            continue
        spread = float(elements.behaviour.repair_cv[ride.element])
        mean = down / often * HOURS_PER_YEAR
        times, _ = lost(ride, mean, spread)
        longest = float(ride.after_h[-1])
        beyond = float(_beyond(ride.after_h[-1:], mean, spread)[0][0])
        group = structure.groups[int(elements.group[ride.element])]
        rows.append(
            {
                "check": "grid_ride_through",
                "scope": instances.ids(structure.topology, group, [int(elements.local[ride.element])])[0],
                "ok": True,
                "got": f"{often * times:.4g} of {often:.4g} outages a year felt",
                "wanted": "what its site lives through, by the energy analysis",
                "message": f"the site lives {longest:g} h at the most, as far as was looked, and {beyond:.2g} of the "
                "outages are longer than that",
            }
        )
    return table("checks").frame({name: [row[name] for row in rows] for name in table("checks").names})


def _beyond(after: Floats, mean: float, spread: float) -> tuple[Floats, Floats]:
    """P(D > t) and E[(D - t)+] at each time."""
    if np.isnan(spread):
        longer = np.exp(-after / mean)
        return longer, mean * longer
    if spread == 0.0:
        return (after < mean).astype(np.float64), np.maximum(mean - after, 0.0)
    sigma = float(np.sqrt(np.log1p(spread**2)))
    with np.errstate(divide="ignore"):
        d = (np.log(mean / after) + sigma**2 / 2) / sigma
    longer = ndtr(d - sigma)
    return longer, np.maximum(mean * ndtr(d) - after * longer, 0.0)


def _times(survival: pl.DataFrame, path: str) -> tuple[Floats, Floats]:
    """Times to live and their chances."""
    root = path.partition("/")[0]
    own = survival.filter(survival["site"].str.split("[").list.first() == root)
    if not own.height:
        raise RefusedError(
            "failure",
            f"'{path}' is to ride through its outages and table 'grid_survival' says nothing of its site",
            f"leave '{ATTRIBUTE}' out",
        )
    parts = own.partition_by("site", maintain_order=True)
    first, *others = (part.sort("lived_h").select("lived_h", "chance_fraction") for part in parts)
    for other in others:
        if other.height != first.height or not np.allclose(other.to_numpy(), first.to_numpy(), rtol=0.0, atol=_SAME):
            raise RefusedError(
                "failure",
                f"the sites '{root}' are alike and live differently long without their grid",
                "write them as sites of their own",
            )
    return first["lived_h"].to_numpy(), first["chance_fraction"].to_numpy()


def _grids(structure: Structure, path: str) -> list[tuple[int, Ints]]:
    """Every grid of a group with the generating sets of its site."""
    topology, elements = structure.topology, structure.elements
    root = path.partition("/")[0]
    kinds = np.array([topology.groups[name].kind for name in structure.groups], dtype=object)[elements.group]
    of_root = np.array([name.partition("/")[0] == root for name in structure.groups], dtype=bool)[elements.group]
    grids, sets = np.flatnonzero(of_root & (kinds == GRID)), np.flatnonzero(of_root & (kinds == SETS))
    at = {
        name: instances.ancestor_locals(topology, structure.groups[name], root, elements.local[elements.group == name])
        for name in np.unique(elements.group[np.concatenate([grids, sets])]).tolist()
    }
    site = np.full(len(elements), -1)
    for name, locals_ in at.items():
        site[elements.group == name] = locals_
    return [(grid, sets[site[sets] == site[grid]]) for grid in grids.tolist()]
