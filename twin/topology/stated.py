"""What a file states besides its groups: links, parties, entries of models, demands, assertions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Params


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a file; line and column count from 1, 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`file:line`, as the `assumptions` table shows it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Link:
    """A network link between two sites."""

    name: str
    between: tuple[str, str]
    capacity_gbps: float
    length_km: float
    where: Where


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who pays or is paid."""

    name: str
    role: str
    where: Where
    rating: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One entry of a section that names models, or a component with a model, validated.

    Attributes:
        section: deals, energy, cooling, weather, carbon, workloads, analyses or components.
        name: its name, unique in the section.
        model: name of the model.
        params: the validated parameters.
        given: path of each parameter the file or an overlay states, and of what is in it, as `relet.downtime` or
            `tranches[1].rate` -> its text.
        overlaid: those of them that a scenario or `--set` gave, in whole or in part.
        offer: the offer that a deal belongs to; empty where it is one of the file.
        refers: names of other deals that it refers to.
        where: place in the file.
        places: the places of the same.
        files: files beside the topology that its parameters name.
    """

    section: str
    name: str
    model: str
    params: Params
    given: Mapping[str, str]
    refers: tuple[str, ...]
    where: Where
    overlaid: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    offer: str = ""
    doc: str = ""
    source: str = ""
    note: str = ""
    places: Mapping[str, Where] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demand:
    """What is wanted by month: power, accelerators or compute, at one place or in the whole topology.

    Attributes:
        name: of the entry.
        metric: it_power (kW), accelerators (number) or compute (TFLOP/s).
        scope: id of the site, hall or other instance that must meet it; `""` for the whole topology.
        precision: bf16, fp8 or fp4 for compute; `""` otherwise.
        steps: (month index, value) in ascending months; each holds until the next, and before the first
            nothing is wanted.
        where: place in the file.
        doc, source, note: as the file states them.
    """

    name: str
    metric: str
    scope: str
    precision: str
    steps: tuple[tuple[int, float], ...]
    where: Where
    doc: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assertion:
    """Something that must hold of the topology, as an item of `assertions` states it.

    Attributes:
        check: max-utilisation, residency, dedicated-tenancy, operator-share or redundancy.
        params: by key, checked and resolved: selectors as text, shares as fractions, names as tuples.
        where: place in the file.
        doc, source, note: as the file states them.
    """

    check: str
    params: Mapping[str, object]
    where: Where
    doc: str = ""
    source: str = ""
    note: str = ""
