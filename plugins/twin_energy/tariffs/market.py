"""Energy at a price of its own for every step: the sum over steps, and the mean price that it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.api import RefusedError
from twin_energy.tariffs.lines import Lines
from twin_energy.tariffs.readings import ENGINE
from twin_energy.tariffs.series import prices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin_energy.tariffs.case import Case
    from twin_energy.tariffs.readings import Load

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def buyers(case: Case) -> Ints:
    """The accounts that buy at a series."""
    return np.flatnonzero([case.tariffs[of].market is not None for of in case.of]).astype(np.int64)


def price_series(case: Case, load: Load, account: int) -> tuple[Floats, Floats | None]:
    """What energy costs an account in every step, and what export is paid, before growth, USD/kWh."""
    market = case.tariffs[case.of[account]].market
    if market is None:
        return np.zeros(len(load.time)), None
    try:
        buy, sell = prices_of(case.tables(market.file), market.file, load)
    except RefusedError as error:
        reason = f"{error.reason} ('market' of entry '{case.entries[account]}')"
        raise RefusedError(error.engine, reason, error.remedy) from error
    return buy * market.factor, None if sell is None else sell * market.factor


def market_lines(case: Case, *, export: bool) -> list[Lines]:
    """One line a buyer and month; of export where `export` is set.

    Raises:
        RefusedError: only months are known, or a series is not whole.
    """
    used = buyers(case)
    if not len(used):
        return []
    load = case.load
    if load is None:
        raise RefusedError(ENGINE, "a price series needs the hours of the load", "run it where there are hours")
    power = load.export_kw if export else load.import_kw
    if power is None:
        return []
    kwh, amount = np.zeros((len(used), len(load.starts))), np.zeros((len(used), len(load.starts)))
    known: dict[int, Floats | None] = {}
    what = []
    for place, account in enumerate(used):  # one an account that buys at a series, not one an hour
        tariff = int(case.of[account])
        if tariff not in known:
            known[tariff] = price_series(case, load, int(account))[int(export)]
        series = known[tariff]
        market = case.tariffs[tariff].market
        what.append(market.what if market else "")
        if series is not None:
            energy = power[case.sites[account]] * load.step_h
            kwh[place] = np.add.reduceat(energy, load.starts)
            amount[place] = np.add.reduceat(energy * series, load.starts)
    amount *= case.growth[case.of[used]] * (-1 if export else 1)
    rate = np.divide(amount, kwh, out=np.zeros_like(amount), where=kwh > 0)
    line = ["export_credit" if export else "energy_charge"] * len(used)
    return [Lines(used, line, what, "kWh", kwh, rate, amount, kwh > 0)]
