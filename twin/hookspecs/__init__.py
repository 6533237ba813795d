"""What `twin` asks of plugins: one hook a kind of thing, each with a complete plugin that runs.

A plugin is a module named by an entry point in the group `twin`:

```toml
[project.entry-points.twin]
my-plugin = "my_plugin"
```

Hooks register and do no work: they return descriptors from `twin.api`, and `twin` calls what the
descriptors hold when a topology file uses them.  Every example below is a whole module; the tests
run each of them as it stands.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from twin.api import (
    Analysis,
    CarbonModel,
    Catalogue,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    HardwareModel,
    Reader,
    WeatherModel,
    WorkloadModel,
)
from twin.hookspecs.mark import hookspec as hookspec
from twin.hookspecs.plant import PlantSpecs
from twin.hookspecs.work import WorkSpecs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Descriptor

RETURNS: Mapping[str, tuple[type[Descriptor], ...]] = MappingProxyType(
    {
        "twin_hardware": (Catalogue, HardwareModel),
        "twin_energy": (EnergyModel,),
        "twin_cooling": (CoolingModel,),
        "twin_weather": (WeatherModel,),
        "twin_carbon": (CarbonModel,),
        "twin_financing": (FinancingModel,),
        "twin_workloads": (WorkloadModel,),
        "twin_analyses": (Analysis,),
        "twin_readers": (Reader,),
    }
)
"""Hook -> the descriptors that it returns any number of."""

COMPONENTS = "components"
"""Section of a topology file whose entries may name hardware models."""

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "twin_energy": "energy",
        "twin_cooling": "cooling",
        "twin_weather": "weather",
        "twin_carbon": "carbon",
        "twin_financing": "deals",
        "twin_workloads": "workloads",
        "twin_analyses": "analyses",
    }
)
"""Hook -> the section of a topology file whose entries name its models."""


class Specs(PlantSpecs, WorkSpecs):
    """The hooks.  A plugin implements any of them, with `@hookimpl` and without arguments."""
