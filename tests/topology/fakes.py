"""A registry without plugins behind it, and a good file: what the tests of the reader share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from twin.api import DealRef, FinancingModel, Money, Params, PartyRef, Power, Reader, SiteRef, WorkloadModel
from twin.errors import InputError
from twin.topology import instances
from twin.topology.read import read
from twin.topology.readers import read_csv, read_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from twin.errors import Finding
    from twin.topology.model import Topology

PLUGIN = "fake (fake-dist 1.0)"


class Step(Params):
    """A nested parameter model."""

    to: PartyRef
    amount: Money


class Lease(Params):
    """A deal with every sort of reference."""

    landlord: PartyRef
    tenant: PartyRef = "operator"
    rent: Money
    size: Power | None = None
    after: DealRef | None = None
    secured_on: tuple[DealRef, ...] = ()
    site: SiteRef | None = None
    steps: tuple[Step, ...] = ()
    shares: dict[PartyRef, float] = Field(default_factory=dict)


class Training(Params):
    """A workload."""

    accelerators: int


class Fragile(Params):
    """A model with a validator that fails on its own account."""

    number: int = 0

    def model_post_init(self, _: Any, /) -> None:
        if self.number == 13:
            raise TypeError("thirteen")


@dataclass(frozen=True)
class Figure:
    text: str
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    name: str
    kind: str
    figures: dict[str, Figure]
    doc: str = ""
    plugin: str = PLUGIN
    alternatives: dict[str, tuple[Figure, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Provided:
    model: Any
    plugin: str = PLUGIN


def _none(_: Any) -> dict[str, Any]:
    return {}


MODELS = {
    "deals": {
        "lease": Provided(FinancingModel("lease", "a lease", Lease, _none)),
        "fragile": Provided(FinancingModel("fragile", "fails", Fragile, _none)),
    },
    "workloads": {"training": Provided(WorkloadModel("training", "a run", Training, _none))},
    "analyses": {"capacity": Provided(WorkloadModel("capacity", "what it carries", Fragile, _none))},
}
PARTS = {
    "maker.rack": Part(
        "maker.rack", "rack", {"load": Figure("100 kW", "a page", "read"), "accelerators": Figure("64")}
    ),
    "maker.switch": Part("maker.switch", "leaf", {"capacity": Figure("51.2 Tbps"), "accelerators": Figure("1")}),
    "maker.odd": Part("maker.odd", "ups", {"capacity": Figure("many")}),
    "maker.slip": Part("maker.slip", "rack", {"laod": Figure("110 kW")}),
    "maker.raack": Part("maker.raack", "raack", {"load": Figure("110 kW")}),
    "taken": Part("taken", "ups", {}),
    "maker.half": Part("maker.half", "ups", {"mttr": Figure("8 h")}),
}
DEFAULTS = {
    "ups": Part(
        "generic.ups",
        "ups",
        {"efficiency": Figure("95 %"), "capacity": Figure("1 MW"), "mttr": Figure("6 h"), "cop": Figure("2")},
    ),
    "chiller": Part("generic.chiller", "chiller", {"cop": Figure("4")}),
}


@dataclass(frozen=True)
class Registry:
    parts: dict[str, Part] = field(default_factory=lambda: PARTS)
    defaults: dict[str, Part] = field(default_factory=lambda: DEFAULTS)
    readers: dict[str, Reader] = field(
        default_factory=lambda: {
            ".csv": Reader("csv", "", (".csv",), read_csv),
            ".parquet": Reader("parquet", "", (".parquet",), read_parquet),
        }
    )
    why: str = ""

    def models(self, section: str) -> dict[str, Provided]:
        return MODELS.get(section, {})

    def explain(self, _: str) -> str:
        return self.why


def load(
    folder: Path, text: str | bytes, scenario: str = "", overlays: tuple[str, ...] = (), **registry: Any
) -> Topology:
    """Write a file and read it."""
    path = folder / "x.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, Registry(**registry), scenario, overlays)  # type: ignore[arg-type] # a registry by its duck type


def refused(folder: Path, text: str, scenario: str = "", overlays: tuple[str, ...] = ()) -> list[str] | None:
    """What is wrong with a file as lines; None for nothing.  Anything but an InputError goes through."""
    try:
        load(folder, text, scenario, overlays)
    except InputError as error:
        return [str(finding) for finding in error.findings]
    return None


def findings(folder: Path, text: str, scenario: str = "", overlays: tuple[str, ...] = ()) -> list[Finding]:
    """The findings of a file; none for a good one."""
    try:
        load(folder, text, scenario, overlays)
    except InputError as error:
        return list(error.findings)
    return []


def line_of(text: str, part: str) -> int:
    """The line on which `part` stands, which must be on one line only."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if part in line]
    assert len(lines) == 1, f"{part!r} is on lines {lines}"
    return lines[0]


GOOD = """\
twin: 1
name: good
doc: every section once
calendar: {start: 2027-04-01, months: 180}
discount: 8 %/year
sources: [https://example.org/a]
components:
  hall-ups: {kind: ups, capacity: 2.5 MW, efficiency: 96 %, mtbf: 250000 h, mttr: 8 h}
  big-rack: {kind: rack, load: 132 kW, accelerators: 72, liquid_fraction: 85 %}
sites:
  bend:
    region: us-la
    contains:
      grid[2]: {kind: utility, capacity: 330 MW}
      genset[130]: {kind: genset, capacity: 3 MW}
      chiller[4]: {kind: chiller, capacity: 100 MW, cop: 5, power: grid}
      hall[5]:
        energised: [2027-06-01, 2027-08-01, 2027-10-01, 2027-11-01, 2027-12-01]
        contains:
          ups[23]: {use: hall-ups, power: {from: [grid, genset]}}
          cdu[46]: {kind: cdu, capacity: 1.3 MW, load: 10 kW, power: {from: ups, need: 1}, cooling: chiller}
          crah[4]: {kind: crah, capacity: 1 MW, power: ups, cooling: chiller}
          leaf[4]: {kind: leaf, capacity: 51.2 Tbps}
          row[20]:
            contains:
              rack[16]:
                use: big-rack
                power: {from: ups, pick: 4, need: 3, redundancy: 4N/3}
                cooling: [cdu, crah]
                network: {to: leaf, lanes: 72 x 400 Gbps}
  lake:
    contains:
      feed: {kind: utility}
links: [{between: [bend, lake], capacity: 12.8 Tbps, length: 2100 km}]
parties:
  hut: {role: landlord}
  goog: {role: guarantor, rating: AA+}
deals:
  - {model: lease, landlord: hut, rent: $1M, site: bend}
  - {model: lease, name: second, landlord: hut, tenant: goog, rent: $2M, after: lease, secured_on: [lease]}
workloads:
  pretrain: {model: training, accelerators: 1000}
analyses:
  capacity: {number: 2}
scenarios:
  late:
    doc: two halls late
    set:
      bend/hall[4..5].energised: 2028-06-01
      bend/**/rack.power.need: 2
      deals.lease.rent: $3M
"""

RICH = (
    GOOD.replace(
        "      feed: {kind: utility}\n",
        """\
      feed: {kind: utility, oversubscription: 1.2}
      ups: {kind: ups, capacity: 1 MW, efficiency_25: 94 %, efficiency_50: 96 %, efficiency_75: 96 %,
            efficiency_100: 95 %, power: feed}
      room[2]:
        tenant: goog
        rack_positions: 40
        mass_limit: 60 t
        energised: 2027-06-01
        ramp: 6 months
        retired: [2037-01-01, 2038-01-01]
        contains:
          pod[4]:
            kind: rack
            holds: {box: 4, own-switch: 1}
            power: ups
            ramp: 3 months
            power_cap: 80 %
            refresh:
              - {after: 3 years, use: big-rack, downtime: 1 month}
              - {date: 2034-01-01, load: 140 kW, retired: 2036-01-01}
""",
    )
    .replace(
        "  big-rack:",
        "  box: {kind: server, load: 10 kW, accelerators: 8, price: $300k}\n"
        "  own-switch: {kind: leaf, load: 2 kW}\n  big-rack:",
    )
    .replace(
        "scenarios:\n",
        """\
demand:
  training: {accelerators: {2027-06-01: 500, 2028-01-01: 1000}, at: bend, source: a plan}
  peak: {compute: {2027-06-01: 3e20 FLOPS}, precision: bf16}
assertions:
  - {check: max-utilisation, of: kind=ups, most: 90 %, state: normal}
  - {check: residency, countries: [US], sites: [bend]}
  - {check: dedicated-tenancy, at: lake/room, tenant: goog}
  - {check: operator-share, most: 60 %, of: power}
  - {check: redundancy, of: bend/**/rack, layer: power, least: N+1}
scenarios:
  long: {set: {lake/room.retired: 2040-01-01, 'lake/room[2]/pod.energised': 2028-01-01, lake/room/pod.ramp: 1 year}}
""",
    )
)
"""The good file with every section and key that has no place in it."""

CAMPUS = """\
twin: 1
calendar: {start: 2027-01-01, months: 24}
sites:
  campus:
    country: US
    operator: op
    contains:
      grid: {kind: utility, capacity: 9 MW}
      hall[2]:
        tenant: lab
        rack_positions: 40
        mass_limit: 80 t
        contains:
          ups[2]: {kind: ups, capacity: 2 MW, power: grid}
          rack[4]: {kind: rack, load: 100 kW, power: {from: ups, redundancy: 2N}}
  annex: {contains: {genset: {kind: genset}}}
parties: {guest: {role: tenant}, lab: {role: tenant}, op: {role: owner}}
"""
"""A site and two halls with attributes of their own."""

LIVES = """\
twin: 1
calendar: {start: 2027-01-01, months: 120}
components:
  new: {kind: rack, load: 200 kW, accelerators: 144}
sites:
  s:
    contains:
      grid: {kind: utility}
      hall[2]:
        energised: [2027-01-01, 2027-09-01]
        contains:
          rack[4]:
            kind: rack
            load: 100 kW
            power: grid
            MORE
"""
"""Two halls that come at different times; what is said of the racks in them stands for MORE."""


def lived(folder: Path, *more: str, overlays: tuple[str, ...] = ()) -> Topology:
    """`LIVES` with lines on its racks."""
    return load(folder, LIVES.replace("MORE", "\n            ".join(more)), overlays=overlays)


def months(topology: Topology, path: str) -> list[list[int]]:
    """The months in which every instance of a group comes into service, and in which it retires."""
    every = np.arange(topology.groups[path].total)
    return [found.tolist() for found in instances.service_months(topology, path, every)]
