"""Which supply serves a site's load, step by step, at the least cost.

One linear program a site and calendar year, handed to HiGHS as arrays; docs/explanation/dispatch.md writes it out.
`dispatch` takes and gives frames; `DispatchModel` is the program of one site, for who varies its figures.
"""

from twin.energy.dispatch.dispatch import Dispatched, dispatch
from twin.energy.dispatch.frames import Market, Resources
from twin.energy.dispatch.solver import DispatchModel, Solution
from twin.energy.dispatch.system import Demand, Generator, Shift, Storage, System

__all__ = [
    "Demand",
    "DispatchModel",
    "Dispatched",
    "Generator",
    "Market",
    "Resources",
    "Shift",
    "Solution",
    "Storage",
    "System",
    "dispatch",
]
