"""First-party catalogue: accelerators, servers, racks, network equipment and the power chain; a chip of one's own.

Every figure carries its source and how sure it is; `catalogue.csv` is the whole of it.  `recalled`
was not read in a document; `unverified` is a rate of IEEE 493 that was recalled or read second-hand
and wants checking before anything hangs on it; `nominal` is a size and no product.
"""

from __future__ import annotations

from pathlib import Path

from twin.api import Analysis, Catalogue, HardwareModel, hookimpl
from twin_hardware import chip, custom_asic

DEFAULTS = {
    "breaker": "generic.breaker",
    "busway": "generic.busway",
    "genset": "generic.genset",
    "pdu": "generic.pdu",
    "rectifier": "generic.rectifier",
    "rpp": "generic.rpp",
    "switchboard": "generic.switchboard",
    "switchgear": "generic.switchgear",
    "tap": "generic.tap",
    "transformer": "generic.transformer",
    "ups": "generic.ups",
    "utility": "generic.utility",
}
"""Kind -> part that supplies failure rates, efficiencies and derating a file leaves out; never a capacity."""


@hookimpl
def twin_hardware() -> list[Catalogue | HardwareModel]:
    """The catalogue of this distribution, and what works out a chip of one's own."""
    return [
        Catalogue(
            name="hardware",
            doc="Accelerators, racks, network and power equipment, each figure with its source.",
            csv=Path(__file__).with_name("catalogue.csv"),
            defaults=DEFAULTS,
        ),
        custom_asic.MODEL,
    ]


@hookimpl
def twin_analyses() -> list[Analysis]:
    """Our own chip against buying."""
    return [chip.ANALYSIS]
