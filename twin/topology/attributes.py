"""The attributes a component may have, declared as data: dimension, what it means, which kinds.

The reader checks a file against this list, the catalogue reader checks parts against it, and the
language reference is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

from twin.units import DIMENSIONS

CONTAINER_KINDS = ("site", "campus", "building", "hall", "room", "module", "row", "pod", "zone", "space")
"""Kinds of groups that contain others; a container without a kind takes its name where that is one of these."""

ROLLUP_KINDS = ("site", "campus", "building", "hall", "room", "module")
"""Containers that get rows of their own in `site_capacity` and `availability`."""

SOURCE_KINDS = ("utility", "genset", "solar", "wind", "battery", "fuel-cell", "gas-turbine")
"""Kinds that need no supplier on the power layer: they are where power comes from."""

REJECTION_KINDS = ("chiller", "dry-cooler", "cooling-tower", "crac", "heat-rejection")
"""Kinds that need no supplier on the cooling layer: they give heat to the outside."""

POWER_KINDS = (
    "transformer", "switchgear", "switchboard", "breaker", "ups", "pdu", "rpp", "busway", "tap", "ats", "sts",
    "rectifier", "power-shelf", "psu",
)  # fmt: skip
LIQUID_KINDS = ("cdu", "manifold")
AIR_KINDS = ("crah", "crac", "fan-wall", "rear-door")
NETWORK_KINDS = ("leaf", "spine", "core", "switch", "router", "optic", "nic")
SINK_KINDS = ("rack", "server", "storage", "load", "accelerator", "system")
"""Kinds that draw IT power and feed nobody."""

OTHER_KINDS = ("pump", "asset")
COOLING_KINDS = tuple(dict.fromkeys(LIQUID_KINDS + AIR_KINDS + REJECTION_KINDS))
_COMPUTE = ("rack", "server", "accelerator", "system")
_MOST_IN_ONE = 1e6
"""Most accelerators, ports and the like in one component: 20 million of these still add up in 64 bits."""

_RATED = SOURCE_KINDS + POWER_KINDS + COOLING_KINDS + NETWORK_KINDS + OTHER_KINDS + ("accelerator", "system")

KINDS = tuple(
    dict.fromkeys(
        SOURCE_KINDS
        + POWER_KINDS
        + LIQUID_KINDS
        + AIR_KINDS
        + REJECTION_KINDS
        + NETWORK_KINDS
        + SINK_KINDS
        + OTHER_KINDS
        + CONTAINER_KINDS
    )
)


NEVER_FAILS = "never fails"
"""What `assumptions` says of the `mtbf` of a component for which nobody gives one."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        name: key in a file.
        dimension: name of a dimension of `twin.units`; `text` for words.
        doc: what it means.
        least, most: bounds in the canonical unit; None for none.
        positive: zero is refused too.
        whole: only whole numbers.
        kinds: kinds that may have it; empty for every kind that is not a container.
        default: whether a kind's default part supplies it where a file leaves it out.  Sizes and
            prices are never guessed; how good and how reliable equipment is, may be.
        words: the only words that it takes; any where there are none.
        absent: what the engines take where nobody gives it, as a person reads it; empty where that
            is no assumption.
    """

    name: str
    dimension: str
    doc: str
    least: float | None = 0.0
    most: float | None = None
    positive: bool = False
    whole: bool = False
    kinds: tuple[str, ...] = ()
    default: bool = False
    absent: str = ""
    words: tuple[str, ...] = ()


_ALL = (
    Attribute(
        "capacity",
        "power",
        "rated output: kW of power, or kW of heat for cooling equipment; Gbit/s for network equipment",
        positive=True,
        kinds=_RATED,
        absent="no limit",
    ),
    Attribute(
        "derate",
        "fraction",
        "share of the rating that may be used continuously; where not given that of the default part of the kind, and "
        "100 % where there is none",
        most=1.0,
        positive=True,
        default=True,
        absent="100 %",
    ),
    Attribute(
        "efficiency",
        "fraction",
        "output over input, for losses that go with the load; where not given that of the default part of the kind, "
        "and 100 % where there is none or losses are stated as `no_load_loss`, `load_loss` or a curve",
        most=1.0,
        positive=True,
        default=True,
        absent="100 %",
    ),
    Attribute(
        "efficiency_25",
        "fraction",
        "efficiency at 25 % of the rating; with those at 50, 75 and 100 % the load-dependent curve of a data sheet",
        most=1.0,
        positive=True,
        kinds=POWER_KINDS,
    ),
    Attribute(
        "efficiency_50", "fraction", "efficiency at 50 % of the rating", most=1.0, positive=True, kinds=POWER_KINDS
    ),
    Attribute(
        "efficiency_75", "fraction", "efficiency at 75 % of the rating", most=1.0, positive=True, kinds=POWER_KINDS
    ),
    Attribute("efficiency_100", "fraction", "efficiency at the rating", most=1.0, positive=True, kinds=POWER_KINDS),
    Attribute("no_load_loss", "power", "loss at any load while in service", kinds=POWER_KINDS),
    Attribute("load_loss", "power", "loss at rated output that grows with the square of the load", kinds=POWER_KINDS),
    Attribute(
        "oversubscription",
        "ratio",
        "by how much the provisioned load may exceed the derated capacity, where power management can hold the "
        "loads to what they may draw (`power_cap`)",
        least=1.0,
        most=3.0,
        kinds=SOURCE_KINDS + POWER_KINDS,
    ),
    Attribute("load", "power", "own electrical load at full use, as on the nameplate; `power:` is the dependency"),
    Attribute(
        "provisioned",
        "fraction",
        "share of `load` that is provisioned and drawn at full use (100 % where not given)",
        most=1.0,
        positive=True,
        kinds=SINK_KINDS,
    ),
    Attribute(
        "power_cap",
        "fraction",
        "share of the provisioned load to which power management can hold it (not at all where not given)",
        most=1.0,
        positive=True,
        kinds=SINK_KINDS,
    ),
    Attribute(
        "idle_fraction", "fraction", "share of the draw at full use that is drawn when idle", most=1.0, kinds=_COMPUTE
    ),
    Attribute(
        "cop",
        "ratio",
        "heat moved per electricity used, for cooling equipment",
        positive=True,
        default=True,
        kinds=COOLING_KINDS,
        absent="no electricity but its own load",
    ),
    Attribute(
        "liquid_fraction", "fraction", "share of the heat that goes to liquid", most=1.0, default=True, kinds=SINK_KINDS
    ),
    Attribute("accelerators", "number", "accelerators in one", most=_MOST_IN_ONE, whole=True, kinds=_COMPUTE),
    Attribute(
        "mtbf", "duration", "mean operating time between failures", positive=True, default=True, absent=NEVER_FAILS
    ),
    Attribute("mttr", "duration", "mean time to repair", default=True),
    Attribute("failure_rate", "rate", "failures a year of operation; another way to say mtbf", default=True),
    Attribute("price", "money", "purchase price of one"),
    Attribute("bf16", "compute", "peak dense BF16 of one accelerator", kinds=_COMPUTE),
    Attribute("fp8", "compute", "peak dense FP8 of one accelerator", kinds=_COMPUTE),
    Attribute("fp4", "compute", "peak dense FP4 of one accelerator", kinds=_COMPUTE),
    Attribute("hbm", "memory", "high-bandwidth memory of one accelerator", kinds=_COMPUTE),
    Attribute("hbm_bandwidth", "memory_bandwidth", "memory bandwidth of one accelerator", kinds=_COMPUTE),
    Attribute("tdp", "power", "thermal design power of one accelerator", kinds=_COMPUTE),
    Attribute(
        "scaleup_domain", "number", "accelerators in one scale-up domain", most=_MOST_IN_ONE, whole=True, kinds=_COMPUTE
    ),
    Attribute(
        "scaleup_bandwidth",
        "bandwidth",
        "scale-up bandwidth of one accelerator, both directions together",
        kinds=_COMPUTE,
    ),
    Attribute("scaleout_bandwidth", "bandwidth", "scale-out bandwidth of one accelerator", kinds=_COMPUTE),
    Attribute("ports", "number", "network ports", most=_MOST_IN_ONE, whole=True),
    Attribute("port_bandwidth", "bandwidth", "rate of one port"),
    Attribute("space", "space", "height in rack units; of a rack, the height there is for what it holds"),
    Attribute("mass", "mass", "weight; of a rack, without what it holds where `holds` is given"),
    Attribute(
        "mass_limit", "mass", "weight that a rack may hold, or a hall or row may bear", kinds=("rack", *CONTAINER_KINDS)
    ),
    Attribute(
        "power_limit", "power", "most that one rack may draw, by its cords or taps", positive=True, kinds=("rack",)
    ),
    Attribute("rack_positions", "number", "positions for racks", most=_MOST_IN_ONE, whole=True, kinds=CONTAINER_KINDS),
    Attribute("tenant", "text", "party that has the use of it; holds for all inside", kinds=CONTAINER_KINDS),
    Attribute("operator", "text", "party that operates it; holds for all inside", kinds=CONTAINER_KINDS),
    Attribute(
        "country", "text", "country of a site, as US; the first part of the region where not given", kinds=("site",)
    ),
    Attribute(
        "failure_shape",
        "ratio",
        "shape of the Weibull distribution of the time to failure, of which `mtbf` is the mean; above 1 it ages "
        "(1, exponential, where not given)",
        positive=True,
        most=20.0,
    ),
    Attribute(
        "repair_cv",
        "ratio",
        "coefficient of variation of the time to repair, of which `mttr` is the mean: 0 always as long, else "
        "lognormal (exponential where not given)",
        most=20.0,
    ),
    Attribute(
        "rate_error_factor",
        "ratio",
        "how uncertain the failure rate is: 95 % over 50 % point of a lognormal distribution, the same draw for all "
        "of the group (certain where not given)",
        least=1.0,
        most=100.0,
    ),
    Attribute(
        "start_failure",
        "fraction",
        "probability of not starting when it is asked to carry load (0 % where not given)",
        most=1.0,
        kinds=_RATED,
    ),
    Attribute("start_time", "duration", "time from loss of supply to carrying load", default=True),
    Attribute(
        "ride_through",
        "text",
        "whose answer says which outages of this grid its site lives through: `energy`, of its fuel, storage and "
        "generating sets; without it every outage is felt by what the grid feeds",
        kinds=("utility",),
        words=("energy",),
    ),
    Attribute("runtime", "duration", "time it carries its load without supply", default=True),
    Attribute(
        "maintenance_interval",
        "duration",
        "time from one planned outage of it to the next; those of one group in one container take turns",
        positive=True,
        kinds=_RATED,
    ),
    Attribute("maintenance_duration", "duration", "length of one planned outage", positive=True, kinds=_RATED),
    Attribute(
        "beta",
        "fraction",
        "common cause: share of its failures that take down at least one more of its group in the same container "
        "(all of them, where there is no `gamma`)",
        most=1.0,
        kinds=_RATED,
    ),
    Attribute(
        "gamma",
        "fraction",
        "common cause, multiple Greek letters: share of the failures of at least two that take down a third",
        most=1.0,
        kinds=_RATED,
    ),
    Attribute(
        "delta",
        "fraction",
        "common cause, multiple Greek letters: share of the failures of at least three that take down a fourth",
        most=1.0,
        kinds=_RATED,
    ),
    *(
        Attribute(
            f"alpha_{size}",
            "fraction",
            f"common cause, alpha factors: share of all failure events that take down exactly {size} of the group in "
            "the same container",
            most=1.0,
            kinds=_RATED,
        )
        for size in (2, 3, 4)
    ),
    Attribute(
        "spares",
        "number",
        "parts kept in store for repairs, for the whole group together (always one at hand where not given)",
        most=_MOST_IN_ONE,
        whole=True,
    ),
    Attribute("spare_lead_time", "duration", "time until a part that was taken from the store is replaced"),
    Attribute(
        "repair_crews",
        "number",
        "repairs that can go on at once in it (as many as it takes where not given)",
        least=1.0,
        most=_MOST_IN_ONE,
        whole=True,
        kinds=CONTAINER_KINDS,
    ),
    Attribute(
        "chips_per_server", "number", "accelerators in one server", most=_MOST_IN_ONE, whole=True, kinds=_COMPUTE
    ),
    Attribute("launch", "text", "date of launch"),
    Attribute("maker", "text", "manufacturer"),
    Attribute("cooling_type", "text", "air, liquid or hybrid, as published"),
    Attribute("region", "text", "region of a site, as us-la", kinds=("site",)),
)
LOSSES = ("no_load_loss", "load_loss")
"""Losses that are stated as power, beside an efficiency or in its place."""

ATTRIBUTES: dict[str, Attribute] = {attribute.name: attribute for attribute in _ALL}


def dimension_of(attribute: Attribute, kind: str) -> str:
    """The dimension of an attribute on a kind: `capacity` of network equipment is a bandwidth."""
    return "bandwidth" if attribute.name == "capacity" and kind in NETWORK_KINDS else attribute.dimension


def column_of(attribute: Attribute, kind: str) -> str:
    """The column of a side table that holds an attribute: `load_kw`, `mtbf_h`, `accelerators`.

    The name carries the suffix of the canonical unit; numbers without a unit and words have none.
    """
    dimension = DIMENSIONS.get(dimension_of(attribute, kind))
    return attribute.name if dimension is None or dimension.bare else f"{attribute.name}_{dimension.suffix}"


def matters(attribute: Attribute, kind: str, given: Container[str]) -> bool:
    """Whether leaving the attribute out of a component of this kind makes the engines assume something.

    Args:
        attribute: the attribute, not among those given.
        kind: of the component.
        given: names of the attributes that it has.
    """
    if not attribute.absent or not fits(attribute, kind):
        return False
    if attribute.name == "mtbf":
        return "failure_rate" not in given
    if attribute.name == "derate":
        return "capacity" in given
    if attribute.name == "efficiency":
        # a curve has all losses in it, and who states losses as power has stated them
        return kind in POWER_KINDS and not any(name in given for name in ("efficiency_25", *LOSSES))
    return True


def fits(attribute: Attribute, kind: str) -> bool:
    """Whether a kind may have the attribute."""
    return kind in attribute.kinds if attribute.kinds else kind not in CONTAINER_KINDS
