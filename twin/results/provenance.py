"""What a run was made from: files, overlays, seed, versions and plugins."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.registry import Registry
    from twin.topology.model import Topology

_COUNTED = ("twin", "polars", "numpy", "networkx", "pydantic")


@cache
def versions() -> Mapping[str, str]:
    """Versions of `twin`, Python and the libraries that a number may depend on, by name."""
    found = {"python": platform.python_version()}
    for name in _COUNTED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run was made from; two runs with equal provenance give equal tables.

    Attributes:
        topology: name of the topology.
        files: every file read -> its SHA-256, in hexadecimal.
        scenario: name of the scenario applied; empty for none.
        overlays: `path=value` applied after it, as written.
        seed: seed of what is drawn at random.
        versions: of twin, python, polars, numpy, networkx and pydantic.
        plugins: name of each plugin that was active -> its distribution and version, as `twin 0.1.0`.
        created: when the run was made, UTC; two runs that differ in this alone are equal.
    """

    topology: str
    files: Mapping[str, str]
    scenario: str = ""
    overlays: tuple[str, ...] = ()
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=versions)
    plugins: Mapping[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        return asdict(self) | {"overlays": list(self.overlays), "created": self.created.isoformat(timespec="seconds")}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Provenance:
        """Read back what `to_dict` gave.

        Raises:
            UsageError: something else.
        """
        try:
            known = {name: found[name] for name in (each.name for each in fields(cls))}
            when = datetime.fromisoformat(known["created"])
            return cls(**known | {"overlays": tuple(known["overlays"]), "created": when})
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the provenance of these results cannot be read ({error}); evaluate again") from error


def provenance(topology: Topology, registry: Registry, seed: int) -> Provenance:
    """The provenance of a run of `topology` with the plugins of `registry`."""
    return Provenance(
        topology=topology.name,
        files=dict(topology.files),
        scenario=topology.scenario,
        overlays=topology.overlays,
        seed=seed,
        plugins={
            plugin.name: f"{plugin.distribution} {plugin.version}".rstrip()
            for plugin in registry.plugins
            if plugin.state == "active"
        },
    )
