"""The models of supplies as `energy:` names them."""

from __future__ import annotations

from twin.api import EnergyModel
from twin_energy.supplies import flexible, plants, ppa, solar, storage, thermal, wind

MODELS = (
    EnergyModel(
        "ppa-fixed",
        "A purchase agreement: energy called up to a capacity at a fixed price.",
        ppa.Ppa,
        ppa.run_called,
        resources=ppa.called,
    ),
    EnergyModel(
        "ppa-baseload",
        "A purchase agreement for a flat block, used or not.",
        ppa.Ppa,
        ppa.run_baseload,
        resources=ppa.baseload,
    ),
    EnergyModel(
        "ppa-as-produced",
        "A purchase agreement for what a plant gives, used or not.",
        ppa.AsProduced,
        ppa.run_as_produced,
        resources=ppa.as_produced,
    ),
    EnergyModel(
        "ppa-collar",
        "A purchase agreement as produced, at the market's price between a floor and a cap.",
        ppa.Collar,
        ppa.run_as_produced,
        resources=ppa.as_produced,
    ),
    EnergyModel(
        "ppa-cfd",
        "A contract for differences: strike less the market's price with basis, on a volume.",
        ppa.Cfd,
        ppa.run_cfd,
        resources=ppa.no_units,
    ),
    EnergyModel(
        "gas-turbine",
        "Gas turbines on site: heat rate by load, least load, starts, outages.",
        plants.GasTurbine,
        thermal.run,
        resources=thermal.resources,
    ),
    EnergyModel(
        "reciprocating-engine",
        "Gas engines on site: heat rate by load, least load, outages.",
        plants.Engine,
        thermal.run,
        resources=thermal.resources,
    ),
    EnergyModel(
        "fuel-cell",
        "Fuel cells on site: heat rate by load, least load, outages.",
        plants.FuelCell,
        thermal.run,
        resources=thermal.resources,
    ),
    EnergyModel(
        "backup-diesel",
        "Diesel generators on site that may run some hours of a year.",
        plants.Diesel,
        thermal.run,
        resources=thermal.resources,
    ),
    EnergyModel(
        "solar",
        "A photovoltaic plant on site, from the site's weather with pvlib.",
        solar.Solar,
        solar.run,
        resources=solar.resources,
    ),
    EnergyModel(
        "wind",
        "Wind turbines on site, from the site's weather and a power curve.",
        wind.Wind,
        wind.run,
        resources=wind.resources,
    ),
    EnergyModel(
        "storage", "A battery or another store on site.", storage.Storage, storage.run, resources=storage.resources
    ),
    EnergyModel(
        "interruptible",
        "Load that may be let off for some hours of a year.",
        flexible.Interruptible,
        flexible.run_interruptible,
        resources=flexible.interruptible,
    ),
    EnergyModel(
        "flexible-load",
        "Load that may be moved within its day.",
        flexible.FlexibleLoad,
        flexible.run_flexible,
        resources=flexible.flexible,
    ),
)
"""First-party models of supplies."""
