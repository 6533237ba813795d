"""What a dispatch is computed for: one site over a span of equal steps, as arrays.

Power is in kW and is the mean over a step; energy in kWh; prices in USD; `T` is the number of steps.
Arrays are float64 of shape `(T,)`.  `twin.energy.dispatch.held` refuses what could only give a wrong answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENGINE = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One plant, purchase contract or interruptible load: anything that covers load at a price.

    A plant of several equal machines is one generator; `minimum_fraction`, `online_fuel_kw` and `start_usd` say
    what running costs apart from output.  A generator that has none of the three may run anywhere between
    nothing and what is available.

    Attributes:
        entry: entry of `energy:`.
        unit: name of the unit in it.
        capacity_kw: rating of all machines together.
        available_kw: most that it gives, by step; machines that are out and what each of them gives less, together.
        usd_per_kwh: what a kWh costs apart from fuel, by step.
        fuel_usd_per_kwh: price of a kWh of fuel, by step.
        segments: pairs of the share of the rating that a segment reaches to, and the fuel that one more kWh takes in
            it (kWh/kWh, not falling from one segment to the next); the last reaches to 1.  They are those of every
            machine that runs: with three of four running each is three quarters as wide.
        online_fuel_kw: fuel of all machines running without output.
        minimum_fraction: least output of a running machine over its rating.
        machines: how many equal machines it has.
        start_usd: cost of starting all machines once.
        must_take: every available kWh is paid for, used or not.
        limit_kwh: most energy over the whole span, as permit hours times rating.
        carbon_free: counts towards the carbon-free score.
        renewable: what it does not give is curtailed, not saved.
        by_grid: it comes over the grid connection and shares the import limit.
        fuel_kg_co2e_per_kwh: emissions of a kWh of fuel.
    """

    entry: str
    unit: str
    capacity_kw: float
    available_kw: Floats
    usd_per_kwh: Floats
    fuel_usd_per_kwh: Floats
    segments: tuple[tuple[float, float], ...] = ((1.0, 0.0),)
    online_fuel_kw: float = 0.0
    minimum_fraction: float = 0.0
    machines: int = 1
    start_usd: float = 0.0
    must_take: bool = False
    limit_kwh: float = inf
    carbon_free: bool = False
    renewable: bool = False
    by_grid: bool = False
    fuel_kg_co2e_per_kwh: float = 0.0

    @property
    def committed(self) -> bool:
        """Whether it matters which machines run."""
        return self.minimum_fraction > 0 or self.online_fuel_kw > 0 or self.start_usd > 0

    @property
    def burns(self) -> bool:
        """Whether it uses fuel."""
        return self.online_fuel_kw > 0 or any(heat > 0 for _, heat in self.segments)

    def most_online(self) -> Floats:
        """Largest share of the machines that can run, by step: those whose power is not available cannot."""
        each = max(self.capacity_kw / self.machines, 1e-12)
        return np.minimum(np.ceil(self.available_kw / each - 1e-9), self.machines) / self.machines

    @property
    def counted(self) -> bool:
        """Whether what it burns depends on how many machines run."""
        return self.committed or len(self.segments) > 1

    def running(self) -> Floats:
        """Share of the machines that counts as running, by step, where running costs nothing: all that can."""
        return self.most_online() if self.counted else np.ones_like(self.available_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One store.

    Attributes:
        entry: entry of `energy:`.
        unit: name of the unit in it.
        discharge_kw: most that it gives, by step.
        charge_kw: most that it takes, by step.
        energy_kwh: what it holds.
        charge_efficiency: energy stored over energy taken.
        discharge_efficiency: energy given over energy released.
        usd_per_kwh: what a kWh given costs, by step (wear, a toll).
        start_fraction: what it holds at first over what it can; of no consequence where `cyclic`.
        cyclic: it ends with what it began with, and how much that is follows from the optimum.
    """

    entry: str
    unit: str
    discharge_kw: Floats
    charge_kw: Floats
    energy_kwh: float
    charge_efficiency: float
    discharge_efficiency: float
    usd_per_kwh: Floats
    start_fraction: float = 0.5
    cyclic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Load that may be moved within its calendar day.

    Attributes:
        entry: entry of `energy:`.
        unit: name of the unit in it.
        down_kw: most that may be taken away, by step.
        up_kw: most that may be added, by step.
        usd_per_kwh: what moving a kWh costs, by step of its taking away.
    """

    entry: str
    unit: str
    down_kw: Floats
    up_kw: Floats
    usd_per_kwh: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One demand charge over one period: a price on the largest import of its steps.

    Attributes:
        entry: the tariff.
        charge: name of the charge.
        period: name of the period, as `2027-06`.
        usd_per_kw: price of the period.
        floor_kw: demand that is billed in any case (a ratchet, a contract).
        steps: indices of its steps, int64, shape `(S,)`.
    """

    entry: str
    charge: str
    period: str
    usd_per_kw: float
    floor_kw: float
    steps: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One site over one span.

    Attributes:
        site: its id.
        time: start of every step, datetime64[us], shape `(T,)`.
        step_h: length of a step.
        load_kw: what the site draws.
        import_usd_per_kwh: price of energy from the grid.
        import_limit_kw: most from the grid, contracts that come by it among it; inf where nothing limits it.
        export_usd_per_kwh: what the grid pays.
        export_limit_kw: most into the grid.
        generators: plants, contracts, interruptible load.
        storages: stores.
        shifts: load that may be moved within a day.
        demand: demand charges.
        unserved_usd_per_kwh: price of load that is not served; None where all must be.
        carbon_usd_per_kg: price on every kg CO2e of the import and of fuel, inside the optimisation.
        import_kg_co2e_per_kwh: emissions of the grid.
        cfe_fraction: carbon-free score that must be reached over the span; None for no such bound.
        import_cfe_fraction: carbon-free share of the grid.
        cfe_usd_per_kwh: worth of a kWh of carbon-free score inside the optimisation; None where it has none.
        cfe_exact: the row of the score is an equation, so that a worth of it does not carry past `cfe_fraction`.
    """

    site: str
    time: NDArray[np.datetime64]
    step_h: float
    load_kw: Floats
    import_usd_per_kwh: Floats
    import_limit_kw: Floats
    export_usd_per_kwh: Floats
    export_limit_kw: Floats
    generators: tuple[Generator, ...] = ()
    storages: tuple[Storage, ...] = ()
    shifts: tuple[Shift, ...] = ()
    demand: tuple[Demand, ...] = ()
    unserved_usd_per_kwh: float | None = None
    carbon_usd_per_kg: float = 0.0
    import_kg_co2e_per_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    cfe_fraction: float | None = None
    import_cfe_fraction: Floats = field(default_factory=lambda: np.zeros(0))
    cfe_usd_per_kwh: float | None = None
    cfe_exact: bool = False

    @property
    def scored(self) -> bool:
        """Whether the carbon-free score is in the program."""
        return self.cfe_fraction is not None or self.cfe_usd_per_kwh is not None

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.time)

    def import_cost(self) -> Floats:
        """USD of a kWh from the grid, with the price on carbon."""
        if not self.carbon_usd_per_kg or not len(self.import_kg_co2e_per_kwh):
            return self.import_usd_per_kwh
        return self.import_usd_per_kwh + self.carbon_usd_per_kg * self.import_kg_co2e_per_kwh

    def fuel_cost(self, generator: Generator) -> Floats:
        """USD of a kWh of its fuel, with the price on carbon."""
        return generator.fuel_usd_per_kwh + self.carbon_usd_per_kg * generator.fuel_kg_co2e_per_kwh

    def days(self) -> NDArray[np.int64]:
        """Number of the calendar day of every step, from 0."""
        days: NDArray[np.int64] = self.time.astype("datetime64[D]").astype(np.int64)
        first: NDArray[np.int64] = days - days[0]
        return first


def at(system: System, step: int) -> str:
    """The step as a user names it: `campus at 2027-06-01T13:00`."""
    return f"{system.site} at {np.datetime_as_string(system.time[step], unit='m')}"
