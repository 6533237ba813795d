"""Whether what models return fits the sites, months and steps that they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.errors import PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from twin.energy.steps import Floats, Ints, Steps

KEYS = ("month", "site")
_OWN_STAGES = ("it", "power_chain", "network")


def hold_overhead(frame: pl.DataFrame, load: pl.DataFrame, who: str) -> pl.DataFrame:
    """Rows of table `energy` that a cooling model returned, one for each row of its load.

    Raises:
        PluginError: another stage than overhead, rows missing or extra, or a negative figure.
    """
    stages = frame.filter(pl.col("stage") != "overhead")["stage"].unique().sort().to_list()
    if stages:
        raise PluginError(f"{who} returned energy of the stage '{stages[0]}'; a cooling model gives stage 'overhead'")
    if not frame.select(KEYS).sort(KEYS).equals(load.select(KEYS).sort(KEYS)):
        raise PluginError(
            f"{who} returned {frame.height} rows of energy; one for each of the {load.height} months and sites "
            f"that it was given is wanted"
        )
    _not_negative(frame, "energy_kwh", who, "month")
    _not_negative(frame, "peak_kw", who, "month")
    return frame


def hold_overhead_hours(
    frame: pl.DataFrame, steps: Steps, sites: Sequence[str], who: str
) -> dict[str, tuple[Floats, Floats]]:
    """Stage -> power and water, (sites, steps) each, that a cooling model returned; water is NaN where it says none.

    Raises:
        PluginError: a stage that is the core's own, a site that it was not given, steps missing, doubled or strange,
            or a negative figure; names the hour.
    """
    own = frame.filter(pl.col("stage").is_in(list(_OWN_STAGES)))
    if own.height:
        raise PluginError(f"{who} returned hours of the stage '{own['stage'][0]}'; that is worked out for it")
    _not_negative(frame, "power_kw", who, "time")
    _not_negative(frame, "water_l", who, "time")
    made = {}
    for (stage,), part in frame.group_by("stage", maintain_order=True):
        site, step = place(part, steps, sites, f"{who} returned overhead_hours of the stage '{stage}'")
        power, water = np.zeros((len(sites), len(steps))), np.full((len(sites), len(steps)), np.nan)
        power[site, step] = part["power_kw"].to_numpy()
        water[site, step] = part["water_l"].cast(pl.Float64).to_numpy()
        made[str(stage)] = (power, water)
    if not made:
        raise PluginError(f"{who} returned no rows of overhead_hours; one for each step, site and stage is wanted")
    return made


def place(
    frame: pl.DataFrame, steps: Steps, sites: Sequence[str], what: str, *, whole: bool = True
) -> tuple[Ints, Ints]:
    """Site and step of every row of a frame with `time, site`.

    Args:
        frame: the rows.
        steps: of the calendar.
        sites: ids, in the order of the arrays to fill.
        what: who returned what, for messages.
        whole: whether every site and step must be there.

    Raises:
        PluginError: a site or time that is not among them, one twice, or one missing; the hour is named.
    """
    number = {site: index for index, site in enumerate(sites)}
    strange = frame.filter(~pl.col("site").is_in(list(sites)))
    if strange.height:
        raise PluginError(f"{what} for site '{strange['site'][0]}', which it was not given")
    site = frame["site"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    time = frame["time"].cast(pl.Datetime("us")).to_numpy()
    step = np.searchsorted(steps.time, time)
    known = (step < len(steps)) & (steps.time[np.minimum(step, len(steps) - 1)] == time)
    if not known.all():
        when = str(time[~known][0])[:16].replace("T", " ")
        raise PluginError(f"{what} at {when}, which is no step of the calendar; steps start every {steps.step_h:g} h")
    count = np.bincount(site * len(steps) + step, minlength=len(sites) * len(steps))
    wrong = np.flatnonzero(count != 1) if whole else np.flatnonzero(count > 1)
    if len(wrong):
        at = f"site '{sites[wrong[0] // len(steps)]}' at {steps.when(int(wrong[0] % len(steps)))}"
        twice = "twice" if count[wrong[0]] else "nothing"
        rows = f"{len(frame):,} rows; {len(sites) * len(steps):,} are wanted" if whole else "one row a step is wanted"
        raise PluginError(f"{what} with {twice} for {at} ({rows})")
    return site, step


def hold_entries(frame: pl.DataFrame, load: pl.DataFrame, what: str) -> None:
    """Every row is of a site and entry that the model was given.

    Raises:
        PluginError: another site or entry.
    """
    keys = ["site", "entry"]
    strange = frame.join(load.select(keys).unique(), on=keys, how="anti")
    if strange.height:
        row = strange.row(0, named=True)
        raise PluginError(f"{what} of entry '{row['entry']}' for site '{row['site']}', which it was not given")


def hold_bill(frame: pl.DataFrame, load: pl.DataFrame, parties: Collection[str], who: str) -> pl.DataFrame:
    """Rows of table `energy_cost` that an energy model returned for the sites of its load.

    Raises:
        PluginError: a month, site or entry that it was not given, an unknown party, one that pays
            itself, or a negative amount.
    """
    keys = {"month": "month", "site": "site", "supply": "entry"}
    strange = frame.join(load, left_on=list(keys), right_on=list(keys.values()), how="anti")
    if strange.height:
        row = strange.row(0, named=True)
        raise PluginError(
            f"{who} billed supply '{row['supply']}' for site '{row['site']}' in {row['month']}, which it was not given"
        )
    for column in ("payer", "payee"):
        unknown = frame.filter(~pl.col(column).is_in(list(parties)))[column]
        if len(unknown):
            raise PluginError(f"{who} billed a {column} '{unknown[0]}', who is no party; {one_of(unknown[0], parties)}")
    own = frame.filter(pl.col("payer") == pl.col("payee"))
    if own.height:
        raise PluginError(f"{who} lets '{own['payer'][0]}' pay itself; name two different parties")
    _not_negative(frame, "amount_usd", who, "month", "; a credit has payer and payee exchanged")
    return frame


def with_buyer(frame: pl.DataFrame, payers: Mapping[str, str], own: Collection[str]) -> pl.DataFrame:
    """Rows of table `energy_cost` with the party whose energy it is, so that a credit can be told from a cost.

    That is the payer of the entry.  In a row between two others it is the payer, unless that party is external and
    the payee is not.

    Args:
        frame: the rows.
        payers: entry -> its payer, for entries whose parameters name one.
        own: the parties that the file declares.
    """
    named = pl.col("supply").replace_strict(dict(payers), default=None, return_dtype=pl.String)
    declared = list(own)
    credit = ~pl.col("payer").is_in(declared) & pl.col("payee").is_in(declared)
    other = pl.when(credit).then(pl.col("payee")).otherwise(pl.col("payer"))
    among = (named == pl.col("payer")) | (named == pl.col("payee"))
    return frame.with_columns(pl.when(among).then(named).otherwise(other).alias("buyer"))


def _not_negative(frame: pl.DataFrame, column: str, who: str, when: str, hint: str = "; from 0 is wanted") -> None:
    low = frame.filter(pl.col(column) < 0)
    if low.height:
        row = low.row(0, named=True)
        at = str(row[when])[:16]
        raise PluginError(f"{who} returned a negative '{column}' ({row[column]:g}) for '{row['site']}' at {at}{hint}")
