"""The optimum of a system with HiGHS, kept so that a change of figures is solved from the last optimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.energy.dispatch import formulate as made
from twin.energy.dispatch.flows import Flows
from twin.energy.dispatch.formulate import KW, formulate
from twin.energy.dispatch.held import hold
from twin.energy.dispatch.highs import quiet
from twin.energy.dispatch.system import ENGINE, at
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.energy.dispatch.program import Name, Program
    from twin.energy.dispatch.system import Floats, System

SHOWN = 5
"""How many steps a refusal names."""
SHORT_KW = 1e-2
"""A shortfall below this is one of tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The optimum of a system.

    Attributes:
        system: what it was found for.
        flows: the dispatch.
        objective_usd: its cost.
        marginal_usd_per_kwh: what one more kWh of load in a step would cost.
        cfe_usd_per_kwh: what one more kWh of carbon-free score would cost: the dual of its row, and what it is worth
            in the objective; 0 where no score is asked for.
        warm: whether it was solved from an earlier optimum.
        iterations: simplex iterations.
    """

    system: System
    flows: Flows
    objective_usd: float
    marginal_usd_per_kwh: Floats
    cfe_usd_per_kwh: float
    warm: bool
    iterations: int


class DispatchModel:
    """One system's linear program, loaded into HiGHS once.

    ```python
    model = DispatchModel(system)
    base = model.solve()
    dear = model.resolve(import_usd_per_kwh=system.import_usd_per_kwh * 1.2)
    ```

    HiGHS runs on one thread with a fixed seed: the same calls in the same order give the same dispatch.  Where
    several dispatches cost the same, which one is found may depend on what was solved before.
    """

    def __init__(self, system: System) -> None:
        """Write the program of `system` and load it.

        Raises:
            RefusedError: what `twin.energy.dispatch.held.hold` refuses.
        """
        hold(system)
        self.system = system
        self._load(formulate(system))

    def _load(self, program: Program) -> None:
        import highspy  # noqa: PLC0415 - a heavy import, and only sites with a supply need it

        self._program = program
        self._highs = quiet()
        self._solved = False
        matrix = program.matrix
        rows, columns = matrix.shape
        status = self._highs.passModel(
            columns,
            rows,
            matrix.nnz,
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            program.offset,
            program.cost,
            program.lower,
            program.upper,
            program.row_lower,
            program.row_upper,
            matrix.indptr.astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data,
            np.zeros(columns, dtype=np.int32),
        )
        if status == highspy.HighsStatus.kError:
            raise RefusedError(ENGINE, f"HiGHS does not take the program of {self.system.site}", "report this as a bug")

    def resolve(self, **changes: Any) -> Solution:
        """The optimum after changes of fields of the system; warm where its structure stays as it was.

        Prices, limits, loads, available power and ratings of what has no minimum output only change costs, bounds
        and right-hand sides: HiGHS goes on from the last optimum.  Efficiencies, segments and more units change the
        matrix: the program is written anew, and `Solution.warm` is false.

        Raises:
            RefusedError: as `solve`, and what `hold` refuses.
        """
        return self.resolve_to(replace(self.system, **changes))

    def resolve_to(self, system: System) -> Solution:
        """As `resolve`, for a whole system."""
        hold(system)
        self.system = system
        self._update(formulate(system))
        return self.solve()

    def _update(self, program: Program) -> None:
        """Hand on what differs between the program that HiGHS holds and this one."""
        if program.columns.keys() != self._program.columns.keys() or not program.same_matrix(self._program):
            self._load(program)
            return
        old, self._program = self._program, program
        changed = np.flatnonzero(program.cost != old.cost).astype(np.int32)
        self._highs.changeColsCost(len(changed), changed, program.cost[changed])
        changed = np.flatnonzero((program.lower != old.lower) | (program.upper != old.upper)).astype(np.int32)
        self._highs.changeColsBounds(len(changed), changed, program.lower[changed], program.upper[changed])
        lower, upper = program.row_lower, program.row_upper
        changed = np.flatnonzero((lower != old.row_lower) | (upper != old.row_upper)).astype(np.int32)
        change: Any = self._highs
        change.changeRowsBounds(len(changed), changed, lower[changed], upper[changed])  # the stubs lack it
        self._highs.changeObjectiveOffset(program.offset)

    def pin(self, name: Name, values: Floats) -> None:
        """Hold a block of columns at these values until `unpin` or the next `resolve`."""
        place = self._program.columns[name]
        program = replace(self._program, lower=self._program.lower.copy(), upper=self._program.upper.copy())
        program.lower[place] = values
        program.upper[place] = values
        self._update(program)

    def unpin(self) -> None:
        """Let go of every block that `pin` holds."""
        self._update(formulate(self.system))

    def solve(self) -> Solution:
        """The optimum.

        Raises:
            RefusedError: load cannot be served, naming the steps and what is missing; a carbon-free score out of
                reach, naming the highest; HiGHS stops for another reason.
        """
        solution = self.attempt()
        if solution is None:
            raise self._refusal()
        return solution

    def attempt(self) -> Solution | None:
        """As `solve`, and None where there is no dispatch at all."""
        status = self._run()
        if status == "Infeasible":
            return None
        if status != "Optimal":
            raise RefusedError(
                ENGINE, f"HiGHS ends with '{status}' for {self.system.site}", "check prices and limits for extremes"
            )
        warm, self._solved = self._solved, True
        info = self._highs.getInfo()
        solved = self._highs.getSolution()
        values = np.clip(np.asarray(solved.col_value), self._program.lower, self._program.upper)
        duals = np.asarray(solved.row_dual)
        rows = self._program.rows
        per_kwh = duals[rows[made.BALANCE]] / (KW * self.system.step_h)
        score = self.system.cfe_usd_per_kwh or 0.0
        if made.SCORE in rows:
            score += float(duals[rows[made.SCORE]][0]) / (KW * self.system.step_h)
        return Solution(
            system=self.system,
            flows=_flows(self.system, self._program, values),
            objective_usd=float(info.objective_function_value),
            marginal_usd_per_kwh=per_kwh,
            cfe_usd_per_kwh=score,
            warm=warm,
            iterations=int(info.simplex_iteration_count),
        )

    def _run(self) -> str:
        self._highs.run()
        return str(self._highs.modelStatusToString(self._highs.getModelStatus()))

    def _refusal(self) -> RefusedError:
        """Say what is missing: the least energy that cannot be served, found by letting all load go unserved."""
        program = self._program
        place = program.columns[made.UNSERVED]
        elastic = replace(program, cost=np.zeros_like(program.cost), upper=program.upper.copy(), offset=0.0)
        elastic.cost[place] = 1.0
        elastic.upper[place] = inf
        self._load(elastic)
        feasible = self._run() == "Optimal"
        short = np.asarray(self._highs.getSolution().col_value)[place] * KW
        self._load(program)
        if feasible and (short > SHORT_KW).any():
            return _short(self.system, short)
        if made.SCORE in program.rows:
            return self._out_of_reach()
        return RefusedError(
            ENGINE,
            f"what must run at {self.system.site} is more than it can use, store or export",
            "lower the minimum output or allow export",
        )

    def highest_score(self) -> float:
        """The highest carbon-free score there is, for a system that asks for some score."""
        program = self._program
        row = program.rows[made.SCORE]
        lower, upper = program.row_lower.copy(), program.row_upper.copy()
        free = replace(program, row_lower=lower, row_upper=upper, cost=np.zeros_like(program.cost), offset=0.0)
        lower[row], upper[row] = -inf, inf
        free.cost[:] = -program.matrix[[row.start], :].toarray()[0]
        self._load(free)
        self._run()
        best = -float(self._highs.getInfo().objective_function_value) * KW / float(self.system.load_kw.sum())
        self._load(program)
        return best

    def _out_of_reach(self) -> RefusedError:
        return out_of_reach(self.system.site, (self.system.cfe_fraction or 0.0,), self.highest_score())


def out_of_reach(site: str, wanted: Sequence[float], best: float) -> RefusedError:
    """The refusal of carbon-free scores that no dispatch reaches, with the highest that one does."""
    named = ", ".join(f"{each:.1%}" for each in wanted)
    return RefusedError(
        ENGINE,
        f"{site} cannot reach a carbon-free score of {named}; the highest is {best:.1%}",
        "ask for less, or add carbon-free supply or storage",
    )


def _short(system: System, short: Floats) -> RefusedError:
    """The refusal that names the steps in which load cannot be served."""
    steps = np.flatnonzero(short > SHORT_KW)
    named = ", ".join(f"{at(system, int(step)).split(' at ')[1]} ({short[step]:,.0f} kW)" for step in steps[:SHOWN])
    more = f" and {len(steps) - SHOWN} more steps" if len(steps) > SHOWN else ""
    energy = float(short.sum()) * system.step_h
    return RefusedError(
        ENGINE,
        f"{system.site} cannot serve its load in {len(steps)} of {system.steps} steps, {energy:,.0f} kWh at the least: "
        f"{named}{more}",
        "raise the import limit, add supply, or give unserved energy a price",
    )


def _flows(system: System, program: Program, values: Floats) -> Flows:
    """What the columns say, in kW."""

    def of(what: str, number: int) -> Floats:
        return values[program.columns[what, number, 0]] * KW

    powers, online = [], []
    for number, generator in enumerate(system.generators):
        parts = [values[program.columns["power", number, part]] for part in range(len(generator.segments))]
        powers.append(np.sum(parts, axis=0) * KW)
        running = program.columns.get(("online", number, 0))
        online.append(generator.running() if running is None else values[running])
    bought, sold = values[program.columns[made.IMPORT]] * KW, values[program.columns[made.EXPORT]] * KW
    # bought and sold at the same price in one step is nothing bought and nothing sold
    through = np.minimum(bought, sold)
    stores, shifts = range(len(system.storages)), range(len(system.shifts))
    return Flows(
        import_kw=bought - through,
        export_kw=sold - through,
        unserved_kw=values[program.columns[made.UNSERVED]] * KW,
        power_kw=tuple(powers),
        online=tuple(online),
        charge_kw=tuple(of("charge", number) for number in stores),
        discharge_kw=tuple(of("discharge", number) for number in stores),
        state_kwh=tuple(of("state", number) for number in stores),
        down_kw=tuple(of("down", number) for number in shifts),
        up_kw=tuple(of("up", number) for number in shifts),
    )
