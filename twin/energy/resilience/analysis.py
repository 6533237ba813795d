"""The analysis `resilience`: how long each site lives when its grid fails, from every hour of a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin import tables
from twin.api import Analysis, AnalysisInputs, Duration, Fraction, MoneyPerEnergy, Params
from twin.energy.read import Hours, read
from twin.energy.resilience.fleet import Fleet, Store, fleet
from twin.energy.resilience.outage import Survival, survive

if TYPE_CHECKING:
    from typing import Self

_SUM = 1e-6


class ResilienceParams(Params):
    """Parameters of the analysis `resilience`.

    Attributes:
        durations: lengths of an outage; each counts in whole steps, upwards.
        probabilities: chance of each length, for the expected cost; together 100 %.
        critical: share of the load that must be served.
        lost_load: what a kWh of critical load that is not served costs.
    """

    durations: Annotated[tuple[Duration, ...], Field(min_length=1)] = (1.0, 4.0, 8.0, 24.0, 72.0)
    probabilities: tuple[Fraction, ...] = ()
    critical: Fraction = 1.0
    lost_load: MoneyPerEnergy | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        if min(self.durations) <= 0:
            raise ValueError("an outage that does not last; write durations as '8 h'")
        if max(self.durations) > _LONGEST_H:
            raise ValueError(f"an outage of more than {_LONGEST_H:g} h; the longest that is looked at is two weeks")
        if self.probabilities and len(self.probabilities) != len(self.durations):
            raise ValueError(
                f"{len(self.probabilities)} probabilities for {len(self.durations)} durations; give one each"
            )
        if self.probabilities and abs(sum(self.probabilities) - 1.0) > _SUM:
            raise ValueError(f"the probabilities sum to {sum(self.probabilities):.4g}; they are 100 % together")
        return self


_LONGEST_H = 336.0


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `outage_survival`, `outage_starts` and `ride_through`."""
    hours, params = read(inputs.twin.calendar, inputs.tables), inputs.params
    year = last_year(hours)
    made: dict[str, list[pl.DataFrame]] = {name: [tables.table(name).empty()] for name in _TABLES}
    for number, site in enumerate(hours.sites):
        need = hours.kw["load_kw"][number][year] * params.critical
        if not need.any():
            continue
        own = in_year(fleet(hours, number, inputs.twin.structure), year)
        made["checks"] += _endless(site, own)
        step_h = hours.steps.step_h
        lengths = [max(1, int(np.ceil(length / step_h - 1e-9))) for length in params.durations]
        found = survive(need, own, max(lengths), step_h)
        lost = _lost(need, found, step_h)
        time = hours.steps.time[year]
        made["outage_survival"].append(_survival(site, time, found, lengths, lost, step_h))
        made["outage_starts"].append(_starts(site, time, found, step_h))
        made["ride_through"].append(_ride(site, found, lengths, lost, params, step_h))
    return {name: pl.concat(frames) for name, frames in made.items()}


def _endless(site: str, own: Fleet) -> list[pl.DataFrame]:
    """A row of `checks` for machines of which nobody says how much fuel is on site."""
    names = [one.name for one in own.machines if one.store_kwh == np.inf]
    if not names:
        return []
    row = {
        "check": "fuel_on_site",
        "scope": site,
        "ok": True,
        "got": f"no store of fuel stated for {', '.join(names)}",
        "wanted": "'runtime' of a generating set, or the fuel store of a supply",
        "message": "their fuel is taken to last through every outage, as from a pipe or by delivery",
    }
    return [pl.DataFrame([row], schema=tables.table("checks").schema())]


_TABLES = ("outage_survival", "outage_starts", "ride_through", "checks")


def last_year(hours: Hours) -> slice:
    """The steps of the last twelve months, or of all where there are fewer."""
    months = hours.steps.calendar.months
    return slice(int(hours.steps.starts[max(0, months - 12)]), len(hours.steps))


def in_year(own: Fleet, year: slice) -> Fleet:
    """The fleet in some steps."""
    store = own.store
    cut = Store(store.energy_kwh, store.state_kwh[year], store.discharge_kw, store.charge_kw, store.efficiency)
    return Fleet(own.machines, cut, own.free_kw[year])


def _lost(need: np.ndarray[tuple[int, ...], np.dtype[np.float64]], found: Survival, step_h: float) -> pl.Series:
    """Mean over starts of the critical load not served within 1, 2, … steps; what falls stays down until the end."""
    # row `step` of the windows is the load that many steps after each start, the year going on as it began
    steps = len(found.share)
    ahead = np.lib.stride_tricks.sliding_window_view(np.resize(need, len(need) + steps - 1), len(need))
    return pl.Series(np.cumsum(np.einsum("st,st->s", ahead, 1 - found.share) / len(need)) * step_h)


def _survival(
    site: str,
    time: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]],
    found: Survival,
    lengths: list[int],
    lost: pl.Series,
    step_h: float,
) -> pl.DataFrame:
    rows = []
    for length in dict.fromkeys(lengths):
        chance = found.chance[length - 1]
        worst = int(np.argmin(chance))
        rows.append(
            {
                "site": site,
                "year": int(time[-1].astype("datetime64[Y]").astype(np.int64)) + 1970,
                "duration_h": length * step_h,
                "survival_fraction": float(chance.mean()),
                "energy_fraction": float((found.survived_h >= length * step_h - 1e-9).mean()),
                "least_fraction": float(chance[worst]),
                "worst_start": time[worst].astype("datetime64[us]").item(),
                "unserved_kwh": float(lost[length - 1]),
            }
        )
    return pl.DataFrame(rows, schema=tables.table("outage_survival").schema())


def _starts(
    site: str, time: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]], found: Survival, step_h: float
) -> pl.DataFrame:
    columns = {
        "site": [site] * len(time),
        "time": time.astype("datetime64[us]"),
        "survived_h": found.survived_h,
        "expected_h": found.share.sum(axis=0) * step_h,
    }
    return tables.table("outage_starts").frame(columns)


def _ride(
    site: str, found: Survival, lengths: list[int], lost: pl.Series, params: ResilienceParams, step_h: float
) -> pl.DataFrame:
    expected = None
    if params.probabilities:
        expected = sum(
            chance * float(lost[length - 1]) for chance, length in zip(params.probabilities, lengths, strict=True)
        )
    cost = None if expected is None or params.lost_load is None else expected * params.lost_load
    row = {
        "site": site,
        "least_h": float(found.survived_h.min()),
        "mean_h": float(found.share.sum(axis=0).mean()) * step_h,
        "bound_h": len(found.chance) * step_h,
        "first_hour_fraction": float(found.chance[0].mean()),
        "expected_unserved_kwh": expected,
        "expected_cost_usd": cost,
    }
    return pl.DataFrame([row], schema=tables.table("ride_through").schema())


ANALYSIS = Analysis(
    name="resilience",
    doc="How long each site lives on its fuel, storage and machines when the grid fails, from every hour.",
    params=ResilienceParams,
    run=run,
    requires=("site_hours", "dispatch", "supply_units"),
    produces=_TABLES,
)
"""The engine, registered as anybody's analysis is."""
