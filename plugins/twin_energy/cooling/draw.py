"""What passes between the parts of a cooling plant: weather, a circuit's heat, and what the plant draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.weather.psychrometrics import saturation_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin_energy.weather.psychrometrics import Floats

COMPRESSOR = "cooling_compressor"
FANS = "cooling_fans"
PUMPS = "cooling_pumps"
REJECTION = "heat_rejection"
HUMIDIFICATION = "humidification"
LIGHTING = "lighting"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Air:
    """The weather of every hour: one array each of the same shape.

    Attributes:
        dry_bulb_c: dry bulb.
        wet_bulb_c: wet bulb.
        humidity_ratio: kg of water per kg of dry air.
        pressure_pa: of the air.
    """

    dry_bulb_c: Floats
    wet_bulb_c: Floats
    humidity_ratio: Floats
    pressure_pa: Floats

    @classmethod
    def of(cls, dry_bulb_c: Floats, dew_point_c: Floats, wet_bulb_c: Floats, pressure_pa: Floats) -> Air:
        """From the columns of a weather table."""
        return cls(dry_bulb_c, wet_bulb_c, saturation_ratio(dew_point_c, pressure_pa), pressure_pa)


@dataclass(frozen=True, slots=True)
class Heat:
    """Heat that a circuit takes away in every hour, and the most it is built for.

    Attributes:
        now_kw: in the hour.
        design_kw: what the circuit is built for, not less than `now_kw`.
    """

    now_kw: Floats
    design_kw: Floats

    def __add__(self, other: Heat) -> Heat:
        """Both on one circuit."""
        return Heat(self.now_kw + other.now_kw, self.design_kw + other.design_kw)

    def share(self) -> Floats:
        """Load over design load; 0 where nothing is built."""
        out = np.zeros_like(self.now_kw)
        return np.divide(self.now_kw, self.design_kw, out=out, where=self.design_kw > 0.0)


@dataclass(frozen=True, slots=True)
class Draw:
    """What a part of a plant draws in every hour.

    Attributes:
        power_kw: stage -> electrical power.
        water_l_per_h: stage -> water taken from the supply.
        rejected_kw: heat that leaves the site; of a closed balance it is the heat taken in and all power.
    """

    power_kw: Mapping[str, Floats] = field(default_factory=dict)
    water_l_per_h: Mapping[str, Floats] = field(default_factory=dict)
    rejected_kw: Floats | float = 0.0

    def __add__(self, other: Draw) -> Draw:
        """Both together, stage by stage."""
        return Draw(
            _sum(self.power_kw, other.power_kw),
            _sum(self.water_l_per_h, other.water_l_per_h),
            self.rejected_kw + other.rejected_kw,
        )


def _sum(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, Floats]:
    total = dict(one)
    for stage, value in other.items():
        total[stage] = total[stage] + value if stage in total else value
    return total
