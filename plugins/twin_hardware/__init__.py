"""First-party catalogue: accelerators, servers, racks, network equipment and the power chain.

Every figure carries its source and how sure it is; `catalogue.csv` is the whole of it.  `recalled`
was not read in a document; `unverified` is a rate of IEEE 493 that was recalled or read second-hand
and wants checking before anything hangs on it; `nominal` is a size and no product.
"""

from __future__ import annotations

from pathlib import Path

from twin.api import Catalogue, hookimpl

DEFAULTS = {
    "busway": "generic.busway",
    "genset": "generic.genset",
    "pdu": "generic.pdu",
    "rectifier": "generic.rectifier",
    "switchboard": "generic.switchboard",
    "switchgear": "generic.switchgear",
    "transformer": "generic.transformer",
    "ups": "generic.ups",
    "utility": "generic.utility",
}
"""Kind -> part that supplies failure rates and efficiencies a file leaves out; never a capacity."""


@hookimpl
def twin_hardware() -> list[Catalogue]:
    """The catalogue of this distribution."""
    return [
        Catalogue(
            name="hardware",
            doc="Accelerators, racks, network and power equipment, each figure with its source.",
            csv=Path(__file__).with_name("catalogue.csv"),
            defaults=DEFAULTS,
        )
    ]
