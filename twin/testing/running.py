"""A model called as `twin` calls it, and what it returns held against the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.api import (
    Analysis,
    CarbonModel,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    HardwareModel,
    WeatherModel,
    WorkloadModel,
)
from twin.cost.run import WRITTEN
from twin.errors import PluginError
from twin.registry import Provided
from twin.tables import energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from twin.api import Model

RETURNS: Mapping[type[Model], tuple[tuple[str, ...], tuple[str, ...]]] = {
    CarbonModel: (("grid_carbon",), ()),
    CoolingModel: ((), ()),
    EnergyModel: (("energy_cost",), ()),
    FinancingModel: (WRITTEN[:1], WRITTEN[1:]),
    WorkloadModel: (("goodput",), ("goodput_loss",)),
    HardwareModel: (("figures",), ()),
    WeatherModel: (("weather",), ()),
}
"""Class of model -> tables that it has to return, and tables that it may return besides."""

COOLING = ("energy", "overhead_hours")
"""Tables of which a cooling model returns one."""


def run_model(model: Model, inputs: Any) -> dict[str, pl.DataFrame]:
    """Call a model as `twin` does and hold what it returns against the tables.

    Args:
        model: the descriptor.
        inputs: what its `run` takes; see the builders above, or `AnalysisInputs`.

    Returns:
        The frames by table, columns in the declared order.

    Raises:
        PluginError: it failed, returned tables other than its kind does, a frame that is not as
            declared, or something else when it was called again.
    """
    analysis = (model.produces, ()) if isinstance(model, Analysis) else None
    required, optional = analysis or next(want for kind, want in RETURNS.items() if isinstance(model, kind))
    provided = Provided(model, "under test", "under test", "")
    first, second = (_called(provided, inputs, required, optional) for _ in range(2))
    for name, frame in first.items():
        if name not in second or not frame.equals(second[name]):
            raise PluginError(f"{provided.who} returned another table '{name}' when it was called again")
    return first


def _called(
    provided: Provided, inputs: Any, required: Iterable[str], optional: Iterable[str]
) -> dict[str, pl.DataFrame]:
    """What one call gives; of a tariff or supply also what it tells dispatch."""
    either = COOLING if isinstance(provided.model, CoolingModel) else ()
    made = provided.call(inputs, tuple(required), tuple(optional), either=either)
    if isinstance(provided.model, EnergyModel):
        for door, own in (("prices", energy.OF_TARIFFS), ("resources", energy.OF_SUPPLIES)):
            if getattr(provided.model, door) is not None:
                first, *rest = (table.name for table in own)
                made |= provided.call(inputs, (first,), tuple(rest), door=door)
    return made
