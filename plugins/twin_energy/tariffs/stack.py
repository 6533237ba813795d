"""The terms of many tariffs as flat arrays, one row a price: what the engine works on.

Rows are made once a tariff, then repeated for every account (a site with its tariff), so that the
engine never sees a tariff as an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from twin.api import RefusedError
from twin_energy.tariffs.check import held_by_contract
from twin_energy.tariffs.periods import charge_mask, in_months
from twin_energy.tariffs.readings import ENGINE, interval_of
from twin_energy.tariffs.words import MONTHS, Limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.charges import DemandCharge, EnergyBlock, EnergyCharge, Rider
    from twin_energy.tariffs.params import Tariff

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

COUNTS = ("period", "share", "order")
ALL = np.ones(len(MONTHS))


@dataclass(frozen=True, slots=True)
class Basis:
    """How the kW of a charge come about: measured where, by which ratchet, held by the contract or not."""

    mask: int
    interval: int
    ratchet: str
    contract: bool


START = Limit(0.0)
END = Limit(np.inf)
Ends = tuple[Limit, Limit]


class Row(NamedTuple):
    """One price.

    Attributes:
        tariff: index of the tariff.
        line: line of the bill.
        what: which charge it is.
        mask: index into `Stack.masks`.
        basis: place of its basis among those of the tariff; -1 where it has none.
        price: by month of the year, 12 values.
        charged: by month of the year, whether it is charged.
        low: limits at which a block begins, the largest counts.
        high: limits at which it ends, the least counts.
        counts: what fills the blocks, index into `COUNTS`.
    """

    tariff: int
    line: str
    what: str
    mask: int
    basis: int
    price: Floats
    charged: Bools
    low: Ends = (START, START)
    high: Ends = (END, END)
    counts: int = 0


class Rows:
    """Rows of one kind, and their columns as arrays."""

    def __init__(self) -> None:
        """No rows yet."""
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Put a row behind the others; those of one tariff follow each other."""
        self._rows.append(row)

    @property
    def tariff(self) -> list[int]:
        """Index of the tariff of each row."""
        return [row.tariff for row in self._rows]

    @property
    def basis(self) -> Ints:
        """Place of the basis of each row among those of its tariff."""
        return np.array([row.basis for row in self._rows], np.int64)

    @property
    def mask(self) -> Ints:
        """Index into `Stack.masks` of each row."""
        return np.array([row.mask for row in self._rows], np.int64)

    @property
    def counts(self) -> Ints:
        """What fills the blocks of each row, index into `COUNTS`."""
        return np.array([row.counts for row in self._rows], np.int64)

    def words(self, picked: Ints) -> tuple[list[str], list[str]]:
        """Line and name of the rows `picked`."""
        return [self._rows[row].line for row in picked], [self._rows[row].what for row in picked]

    def limits(self, which: Literal["low", "high"]) -> tuple[Floats, Bools, Bools]:
        """Value, per kW, daily: each of shape (rows, 2)."""
        given = np.array([getattr(row, which) for row in self._rows], float).reshape(-1, 2, 3)
        return given[..., 0], given[..., 1] > 0, given[..., 2] > 0

    def prices(self) -> Floats:
        """Shape (rows, 12)."""
        return np.array([row.price for row in self._rows], float).reshape(-1, len(MONTHS))

    def in_months(self) -> Bools:
        """Whether each is charged in a month of the year, shape (rows, 12)."""
        return np.array([row.charged for row in self._rows], bool).reshape(-1, len(MONTHS))


class Stack:
    """All rows of all tariffs.

    Attributes:
        energy: prices of energy drawn, and of riders on it.
        export: prices of energy fed in.
        demand: prices of demand, and of riders on it.
        bases: bases of each tariff in order.
        masks: shape (masks, 12, cells).
    """

    def __init__(self, tariffs: Sequence[Tariff], slots: int, step_h: float) -> None:
        """Lay out the rows.

        Args:
            tariffs: the tariffs.
            slots: slots of a day of the readings; 0 where a month is one cell.
            step_h: length of a step of the load.
        """
        self.slots, self.step_h = slots, step_h
        self.energy, self.export, self.demand = Rows(), Rows(), Rows()
        self.bases: list[list[Basis]] = []
        self._masks: dict[bytes, int] = {}
        self._shapes: list[Bools] = []
        for number, tariff in enumerate(tariffs):
            self.bases.append([])
            self._tariff(number, tariff)

    @property
    def masks(self) -> Bools:
        """Every mask that a row names."""
        return np.array(self._shapes, bool)

    def _mask(self, tariff: Tariff, names: tuple[str, ...] | str, months: Sequence[int]) -> int:
        if self.slots:
            try:
                shape = charge_mask(tariff, names, months, self.slots).reshape(len(MONTHS), -1)
            except ValueError as error:
                raise RefusedError(ENGINE, str(error), "let it change on the hour") from error
        else:
            shape = in_months(months)[:, None]
        key = shape.tobytes()
        if key not in self._masks:
            self._masks[key] = len(self._shapes)
            self._shapes.append(shape)
        return self._masks[key]

    def _basis(self, number: int, tariff: Tariff, period: tuple[str, ...] | str, ratchet: str, *, held: bool) -> int:
        measured = (tariff.ratchets[ratchet].period or period) if ratchet else period
        wanted = Basis(self._mask(tariff, measured, ()), interval_of(tariff, self.step_h), ratchet, held)
        known = self.bases[number]
        if wanted not in known:
            known.append(wanted)
        return known.index(wanted)

    def _tariff(self, number: int, tariff: Tariff) -> None:
        for charge in tariff.energy:
            self._energy(number, tariff, charge)
        for demand in tariff.demand:
            self._demand(number, tariff, demand)
        for rider in tariff.riders:
            self._rider(number, tariff, rider)

    def _energy(self, number: int, tariff: Tariff, charge: EnergyCharge) -> None:
        charged = in_months(charge.months)
        mask = self._mask(tariff, charge.period, charge.months)
        name = charge.what or _named(charge.period) or ("" if charge.blocks else "all hours")
        for low, high, price, label in _blocks(charge):
            hours_use = any(limit.per_kw for limit in (*low, *high))
            basis = self._basis(number, tariff, (), charge.ratchet, held=False) if hours_use else -1
            what = ", ".join(part for part in (name, label) if part)
            counts = COUNTS.index(charge.counts) if charge.blocks else 0
            self.energy.add(Row(number, "energy_charge", what, mask, basis, price, charged, low, high, counts))
        if charge.export:
            price = np.full(len(MONTHS), charge.export)
            self.export.add(Row(number, "export_credit", name or "export", mask, -1, price, charged))

    def _demand(self, number: int, tariff: Tariff, charge: DemandCharge) -> None:
        charged = in_months(charge.months)
        held = tariff.contract is not None and held_by_contract(charge)
        basis = self._basis(number, tariff, charge.period, charge.ratchet, held=held)
        mask = self._mask(tariff, charge.period, charge.months)
        name = charge.what or _named(charge.period)
        if not charge.blocks:
            price = _by_month(charge.price, charge.monthly)
            self.demand.add(Row(number, "demand_charge", name or "all hours", mask, basis, price, charged))
        low = START
        for block in charge.blocks:
            high = END if block.up_to is None else Limit(block.up_to)
            what = ", ".join(part for part in (name, _span(low, high, "kW")) if part)
            ends = ((low, START), (high, END))
            self.demand.add(Row(number, "demand_charge", what, mask, basis, block.price * ALL, charged, *ends))
            low = high

    def _rider(self, number: int, tariff: Tariff, rider: Rider) -> None:
        charged = in_months(rider.months)
        if rider.energy is not None:
            mask = self._mask(tariff, (), rider.months)
            self.energy.add(Row(number, "rider", rider.what, mask, -1, rider.energy * ALL, charged))
        if rider.demand is not None:
            basis = self._basis(number, tariff, (), rider.ratchet, held=tariff.contract is not None)
            mask = self._mask(tariff, (), rider.months)
            self.demand.add(Row(number, "rider", rider.what, mask, basis, rider.demand * ALL, charged))


def _by_month(price: float | None, monthly: Sequence[float]) -> Floats:
    return np.array(monthly, float) if monthly else np.full(len(MONTHS), float(price or 0.0))


def _named(period: tuple[str, ...] | str) -> str:
    return period if isinstance(period, str) else " and ".join(period)


def _blocks(charge: EnergyCharge) -> Iterator[tuple[Ends, Ends, Floats, str]]:
    """Where each price of a charge begins and ends; a block in a block has two limits on either side."""
    if not charge.blocks:
        yield (START, START), (END, END), _by_month(charge.price, charge.monthly), ""
        return
    low = START
    for block in charge.blocks:
        high = block.up_to or END
        yield from _steps(block, low, high)
        low = high


def _steps(block: EnergyBlock, low: Limit, high: Limit) -> Iterator[tuple[Ends, Ends, Floats, str]]:
    label = _span(low, high, "kWh")
    if not block.blocks:
        yield (low, START), (high, END), float(block.price or 0.0) * ALL, label
    begin = START
    for step in block.blocks:
        end = step.up_to or END
        yield (low, begin), (high, end), step.price * ALL, f"{label}, {_span(begin, end, 'kWh')}"
        begin = end


def _span(low: Limit, high: Limit, unit: str) -> str:
    if high.value == np.inf:
        return f"over {_shown(low, unit)}" if low.value > 0 else f"all {unit}"
    return f"{low.value:,g} to {_shown(high, unit)}"


def _shown(limit: Limit, unit: str) -> str:
    return f"{limit.value:,g} {unit}" + ("/kW" if limit.per_kw else "") + ("/day" if limit.daily else "")
