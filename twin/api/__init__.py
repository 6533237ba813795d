"""The plugin author's door: everything a plugin imports, and nothing else of `twin`.

A plugin is a module named by an entry point in the group `twin`.  Its hooks (see
`twin.hookspecs`) return the descriptors below and do no work.  A descriptor is a name, one line of
documentation, a pydantic model of parameters and one function over polars frames, which `twin`
calls once for all entries of a topology file that use the model.

Parameter types read quantity strings: a field of type `Power` takes `"2.5 MW"` from the file and
holds 2500.0; see the reference for the whole list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.api import deprecation
from twin.api.calendar import Calendar, at_sites, month_index
from twin.api.deprecation import TwinDeprecationWarning
from twin.api.descriptors import FIGURES as FIGURES
from twin.api.descriptors import (
    Analysis,
    CarbonModel,
    Catalogue,
    Category,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    HardwareModel,
    Part,
    Reader,
    WeatherModel,
    WorkloadModel,
)
from twin.api.descriptors import Descriptor as Descriptor
from twin.api.descriptors import Hook as Hook
from twin.api.descriptors import Model as Model
from twin.api.descriptors import Tables as Tables
from twin.api.door import API_VERSION, EXTERNAL_PARTIES, hookimpl
from twin.api.door import PROJECT as PROJECT
from twin.api.inputs import (
    AnalysisInputs,
    CarbonInputs,
    CoolingInputs,
    EnergyInputs,
    Entry,
    FinancingInputs,
    HardwareInputs,
    WeatherInputs,
    WorkloadInputs,
)
from twin.api.inputs import no_weather as no_weather
from twin.errors import Finding, InputError, PluginError, RefusedError, TwinError
from twin.losses import FIRST, PRO_RATA, claims, in_turn, owing, shortfall, unpaid
from twin.parameters import (
    Area,
    Bandwidth,
    Carbon,
    Compute,
    ComputePerPower,
    Date,
    DealRef,
    DefectDensity,
    Duration,
    Energy,
    EnergyPrice,
    FileRef,
    Fraction,
    Length,
    Mass,
    MassPerPower,
    Memory,
    MemoryBandwidth,
    Money,
    MoneyPerEnergy,
    MoneyPerHour,
    MoneyPerMass,
    MoneyPerPower,
    MoneyPerPowerMonth,
    MoneyPerTime,
    Params,
    PartyRef,
    Power,
    PowerByDate,
    Pressure,
    Quantity,
    Rate,
    Ratio,
    Reference,
    SiteRef,
    Temperature,
    TemperatureDifference,
    Term,
    Volume,
    WaterPerEnergy,
    WeekProfile,
    Work,
)
from twin.tables import Column, Table

__all__ = [
    "API_VERSION",
    "EXTERNAL_PARTIES",
    "FIRST",
    "PRO_RATA",
    "Analysis",
    "AnalysisInputs",
    "Area",
    "Bandwidth",
    "Calendar",
    "Carbon",
    "CarbonInputs",
    "CarbonModel",
    "Catalogue",
    "Category",
    "Column",
    "Compute",
    "ComputePerPower",
    "CoolingInputs",
    "CoolingModel",
    "Date",
    "DealRef",
    "DefectDensity",
    "Duration",
    "Energy",
    "EnergyInputs",
    "EnergyModel",
    "EnergyPrice",
    "Entry",
    "FileRef",
    "FinancingInputs",
    "FinancingModel",
    "Finding",
    "Fraction",
    "HardwareInputs",
    "HardwareModel",
    "InputError",
    "Length",
    "Mass",
    "MassPerPower",
    "Memory",
    "MemoryBandwidth",
    "Money",
    "MoneyPerEnergy",
    "MoneyPerHour",
    "MoneyPerMass",
    "MoneyPerPower",
    "MoneyPerPowerMonth",
    "MoneyPerTime",
    "Params",
    "Part",
    "PartyRef",
    "PluginError",
    "Power",
    "PowerByDate",
    "Pressure",
    "Quantity",
    "Rate",
    "Ratio",
    "Reader",
    "Reference",
    "RefusedError",
    "SiteRef",
    "Table",
    "Temperature",
    "TemperatureDifference",
    "Term",
    "TwinDeprecationWarning",
    "TwinError",
    "Volume",
    "WaterPerEnergy",
    "WeatherInputs",
    "WeatherModel",
    "WeekProfile",
    "Work",
    "WorkloadInputs",
    "WorkloadModel",
    "at_sites",
    "claims",
    "hookimpl",
    "in_turn",
    "month_index",
    "owing",
    "shortfall",
    "unpaid",
]

if not TYPE_CHECKING:  # a name that is not there is an error to mypy, and not of any type

    def __getattr__(name: str) -> object:
        """An old name of the door, with a warning."""
        return deprecation.name(name)
