"""The order of work: load a topology, run the analyses it needs, keep what they give.

An analysis says which tables it requires and which it produces; this module sorts them, calls each
once, holds every frame against its declaration and hands it on.  It knows no engine by name.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from twin.api import AnalysisInputs
from twin.errors import PluginError, RefusedError, UsageError, one_of
from twin.loading import load_twinfile
from twin.registry import Registry, registry
from twin.results.provenance import provenance
from twin.results.results import Results
from twin.structure.compile import compile_structure
from twin.topology import expand
from twin.topology.read import read
from twin.topology.refused import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import networkx as nx

    from twin.api import Calendar
    from twin.registry import Provided
    from twin.structure.model import Structure
    from twin.topology.model import Topology

    Made = Mapping[str, list[pl.DataFrame]]

R = TypeVar("R")
SHARED_TABLES = ("checks", "uncertainty")
"""Tables that several analyses add rows to; every other table has one analysis that writes it."""

INPUT_TABLES = ("groups", "nodes", "edges", "assumptions")
"""Tables that come from the topology itself; `edges` and `nodes` are made when they are asked for."""


@dataclass(frozen=True)
class Twin:
    """A loaded topology: its groups, graph, frames and compiled structure, and the engines over them.

    Everything is computed when it is first asked for, and kept.
    """

    topology: Topology
    registry: Registry

    @property
    def calendar(self) -> Calendar:
        """The months of the run."""
        return self.topology.calendar

    @cached_property
    def structure(self) -> Structure:
        """The compiled system that every engine reads."""
        return compile_structure(self.topology)

    @cached_property
    def lifted(self) -> Structure:
        """The same system with representatives of containers that are alike; see `twin.structure.symmetry`."""
        return compile_structure(self.topology, lifted=True)

    @cached_property
    def horizons(self) -> dict[str, int]:
        """Months of calendar that each financing model of the file asks for, by `model 'name'`."""
        from twin.cost.horizon import needs  # noqa: PLC0415 - a run without deals does not need it

        return needs(self.topology, self.structure, self.registry)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[Any]:
        """The groups as a networkx graph: counts and attributes on nodes, suppliers point to consumers."""
        from twin.topology import graph  # noqa: PLC0415 - networkx is slow to import, and no analysis needs it

        return graph.group_graph(self.topology)

    def expanded(self) -> nx.DiGraph[Any]:
        """Every instance as a node of a read-only networkx graph whose adjacency is a view over arrays."""
        from twin.topology import graph  # noqa: PLC0415 - as above

        return graph.expanded(self.topology)

    @cached_property
    def groups(self) -> pl.DataFrame:
        """Table `groups`."""
        return expand.groups(self.topology)

    @cached_property
    def nodes(self) -> pl.DataFrame:
        """Table `nodes`: one row an instance."""
        return expand.nodes(self.topology)

    @cached_property
    def edges(self) -> pl.DataFrame:
        """Table `edges`: one row for each supplier and consumer wired together."""
        return expand.edges(self.topology)

    @cached_property
    def assumptions(self) -> pl.DataFrame:
        """Table `assumptions`: every attribute used, and where it came from."""
        return expand.assumptions(self.topology)

    def capacity(self, *, seed: int = 0) -> Results:
        """Run the capacity analysis and what it requires."""
        return self.run("capacity", seed=seed)

    def failure(self, *, seed: int = 0) -> Results:
        """Run the failure analysis and what it requires."""
        return self.run("failure", seed=seed)

    def energy(self, *, seed: int = 0) -> Results:
        """Run the energy analysis and what it requires."""
        return self.run("energy", seed=seed)

    def cost(self, *, seed: int = 0) -> Results:
        """Run the cost analysis and what it requires."""
        return self.run("cost", seed=seed)

    def evaluate(self, *, seed: int = 0) -> Results:
        """Run every analysis that the plugins provide; one that is `on_demand` when a table of its own is asked for."""
        analyses = self.registry.models("analyses")
        later = [name for name, provided in analyses.items() if _waits(provided.model)]
        return self._run([name for name in analyses if name not in later], seed, {}, later)

    def run(self, *names: str, seed: int = 0, given: Mapping[str, pl.DataFrame] | None = None) -> Results:
        """Run the named analyses and all that they require, each once.

        Args:
            names: names of analyses.
            seed: seed for what is drawn at random; kept in the provenance.
            given: tables that are known already, as from another run; the analyses that write them are not
                run for them.

        Returns:
            The tables they and their requirements wrote, with `groups`, `nodes`, `edges` and
            `assumptions` made when they are asked for.

        Raises:
            UsageError: an unknown analysis.
            RefusedError: an engine will not answer, and says why.
            PluginError: an analysis returned something other than it declares.
        """
        return self._run(names, seed, given or {})

    def gives(self, *names: str) -> tuple[str, ...]:
        """The tables that a run of these analyses has, without running them; of all where none is named."""
        analyses = self.registry.models("analyses")
        ran = _order(names or analyses, analyses)
        return (*INPUT_TABLES, *dict.fromkeys(table for name in ran for table in self._produces(name)))

    def _run(
        self, names: Iterable[str], seed: int, given: Mapping[str, pl.DataFrame], later: Sequence[str] = ()
    ) -> Results:
        known = dict(given)
        made: dict[str, list[pl.DataFrame]] = defaultdict(list, {table: [frame] for table, frame in known.items()})
        for name in _order(names, self.registry.models("analyses"), known):
            provided = self.registry.models("analyses")[name]
            written = self._placed(partial(self._run_one, provided, made, seed))
            for table, frame in written.items():
                if table not in known:
                    made[table].append(frame)
        frames = {table: parts[0] if len(parts) == 1 else pl.concat(parts) for table, parts in made.items()}
        on_demand = {table: partial(getattr, self, table) for table in INPUT_TABLES}
        for name in later:
            work = cache(partial(self._run, [name], seed, frames))
            on_demand |= {table: partial(_one_of, work, table) for table in self._produces(name)}
        return Results(frames, provenance(self.topology, self.registry, seed), on_demand)

    def _produces(self, name: str) -> tuple[str, ...]:
        produces: tuple[str, ...] = self.registry.models("analyses")[name].model.produces
        return produces

    def _placed(self, work: Callable[[], R]) -> R:
        """Do something with the models; what one refuses says where its entry stands in the file."""
        try:
            return work()
        except RefusedError as error:
            place(self.topology, error)
            raise

    def _run_one(self, provided: Provided, made: Made, seed: int) -> dict[str, pl.DataFrame]:
        analysis = provided.model
        inputs = AnalysisInputs(
            tables={name: self._table(name, made) for name in analysis.requires},
            twin=self,
            seed=seed,
            params=self._params(analysis.name, analysis.params),
        )
        return provided.call(inputs, required=analysis.produces)

    def _table(self, name: str, made: Made) -> pl.DataFrame:
        return getattr(self, name) if name in INPUT_TABLES else pl.concat(made[name])

    def _params(self, name: str, model: Any) -> Any:
        for entry in self.topology.section("analyses"):
            if entry.name == name:
                return entry.params
        return model()


def load(
    path: str | Path,
    *,
    scenario: str = "",
    overlays: Sequence[str] = (),
    plugins: Iterable[object] = (),
    trust: bool = False,
) -> Twin:
    """Read, check and resolve a topology file.

    Args:
        path: the YAML or JSON file.
        scenario: name of one of its scenarios to apply.
        overlays: `path=value` settings applied after the scenario.
        plugins: plugin modules beyond those installed, as in a test or a notebook.
        trust: run a `twinfile.py` beside the topology as a plugin.

    Raises:
        InputError: the file is wrong; carries all findings.
        PluginError: a plugin that the file needs is broken or clashes with another.
    """
    extra = list(plugins)
    if trust:
        extra += load_twinfile(Path(path).parent / "twinfile.py")
    return load_with(registry(tuple(extra)), Path(path), scenario=scenario, overlays=overlays)


def load_with(known: Registry, path: Path, *, scenario: str = "", overlays: Sequence[str] = ()) -> Twin:
    """Read, check and resolve a topology file with what a registry provides; as `load` otherwise."""
    return counted(read(path, known, scenario=scenario, overlays=tuple(overlays)), known)


def counted(topology: Topology, known: Registry) -> Twin:
    """A twin of a topology, with as many months as its deals need where the file does not count them."""
    made = Twin(topology, known)
    if topology.calendar.months:
        return made
    months = _months(made)
    longer = Twin(replace(topology, calendar=replace(topology.calendar, months=months)), known)
    # a structure counts months from the start of the calendar, wherever that ends: it need not be compiled again
    longer.__dict__["structure"] = replace(made.structure, topology=longer.topology)
    longer.__dict__["horizons"] = made.horizons
    return longer


def _months(made: Twin) -> int:
    from twin.cost.horizon import months  # noqa: PLC0415 - only a file that counts no months needs it

    return made._placed(lambda: months(made.topology.calendar, made.structure, made.horizons))  # noqa: SLF001 - a twin of ours


def _waits(analysis: Any) -> bool:
    """Whether an analysis can be left until a table of its own is asked for."""
    return bool(analysis.on_demand) and not {*analysis.produces} & {*SHARED_TABLES}


def _one_of(work: Callable[[], Results], table: str) -> pl.DataFrame:
    return work()[table]


def _order(names: Iterable[str], known: Mapping[str, Provided], given: Iterable[str] = ()) -> list[str]:
    """The named analyses and those they require, requirements first; nobody is needed for a table that is given."""
    writers: dict[str, list[str]] = defaultdict(list)
    for name, provided in known.items():
        for table in provided.model.produces:
            writers[table].append(name)
    for table, by in writers.items():
        if len(by) > 1 and table not in SHARED_TABLES:
            who = ", ".join(f"'{name}' of {known[name].plugin}" for name in by)
            raise PluginError(f"table '{table}' is written by several analyses: {who}; remove all but one of them")
    sorter: TopologicalSorter[str] = TopologicalSorter()
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in known:
            raise UsageError(f"there is no analysis '{name}'; {one_of(name, known)}")
        needs = [
            by
            for table in known[name].model.requires
            if table not in given
            for by in _writers(table, name, writers, known)
        ]
        sorter.add(name, *needs)
        waiting += needs
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise PluginError(f"analyses require each other's tables: {' → '.join(error.args[1])}") from error


def _writers(table: str, name: str, writers: Mapping[str, list[str]], known: Mapping[str, Provided]) -> list[str]:
    if table in INPUT_TABLES:
        return []
    if not writers.get(table):
        who = f"analysis '{name}' of {known[name].plugin}"
        raise PluginError(f"{who} requires the table '{table}', which nothing writes")
    return [by for by in writers[table] if by != name]
