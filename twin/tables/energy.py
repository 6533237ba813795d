"""What it draws, hour by hour, where that comes from, and what it costs."""

from __future__ import annotations

from twin.tables.schema import MONTH, TIME, Column, DType, declare

SITE = Column("site", "str", "id of the site")


def _weather(name: str, doc: str) -> Column:
    return Column(name, "f64", f"{doc}; null where no weather is known", nullable=True)


TABLES = (
    declare(
        "load_use",
        "One row per month and site: how much of the IT power in service the workloads draw.",
        MONTH,
        SITE,
        Column("it_kw", "f64", "IT power in service, at full use"),
        Column("utilisation_fraction", "f64", "share of it that is drawn while nothing is out of service"),
    ),
    declare(
        "load_shape",
        "One row per month, site and hour of the week, where a workload has a `profile`: how the IT load goes with it.",
        MONTH,
        SITE,
        Column("hour_of_week", "i64", "0 is Monday from midnight, 167 Sunday from 23:00, local standard time"),
        Column("load_ratio", "f64", "IT load in that hour over what the schedule has, before the month's mean is kept"),
    ),
    declare(
        "energy",
        "One row per month, site and stage: what the site draws.",
        MONTH,
        SITE,
        Column(
            "stage",
            "str",
            "it; power_chain (losses of transformers, UPS, busway); cooling and others as the cooling model names "
            "them; overhead where a model gives all that is not IT in one",
        ),
        Column("energy_kwh", "f64", "energy in the month"),
        Column("peak_kw", "f64", "peak of the stage in the month, with everything in service"),
    ),
    declare(
        "connection",
        "One row per month and site whose tariff states a `limit`: what it may draw, and the IT power that fits.",
        MONTH,
        SITE,
        Column("source", "str", "the tariff, and the supplies that are counted on"),
        Column("limit_kw", "f64", "what the connection carries"),
        Column("supply_kw", "f64", "what firm supplies behind the meter give in the tightest hour"),
        Column("time", "time", "the tightest hour: the first in which nothing is left at the usable IT power"),
        Column("it_kw", "f64", "IT power in service, at full use"),
        Column("load_kw", "f64", "what the site draws at that in the tightest hour, losses and cooling included"),
        Column("headroom_kw", "f64", "limit and supply less that; negative where it is too much"),
        Column(
            "usable_it_kw",
            "f64",
            "IT power at which the site draws as much as it may; null where none is in service",
            nullable=True,
        ),
    ),
    declare(
        "site_hours",
        "One row per step (an hour) and site: load, exchange with the grid, weather, water.",
        TIME,
        MONTH,
        SITE,
        Column("it_kw", "f64", "IT load, mean of the step"),
        Column("power_chain_kw", "f64", "losses of the power chain; 0 where they are in the overhead"),
        Column("overhead_kw", "f64", "cooling and everything else that is neither IT nor power chain"),
        Column("load_kw", "f64", "the three together: the load behind the meter"),
        Column("import_kw", "f64", "taken from the grid"),
        Column("export_kw", "f64", "given to the grid"),
        Column("unserved_kw", "f64", "load that is not served, where a price of that lets it"),
        Column(
            "marginal_usd_per_kwh",
            "f64",
            "what one more kWh of load would cost; null where nothing is dispatched",
            nullable=True,
        ),
        Column("pue_ratio", "f64", "load over IT load; null where there is no IT load", nullable=True),
        Column("water_l", "f64", "water that cooling uses on site in the step; null where not known", nullable=True),
        _weather("dry_bulb_c", "dry-bulb temperature"),
        _weather("wet_bulb_c", "wet-bulb temperature"),
    ),
    declare(
        "dispatch",
        "One row per step, site and unit of a supply: what it gives and takes.",
        TIME,
        MONTH,
        SITE,
        Column("supply", "str", "name of the entry in `energy:`"),
        Column("unit", "str", "unit of the supply"),
        Column("power_kw", "f64", "power given to the site, mean of the step"),
        Column("charge_kw", "f64", "power taken to charge storage"),
        Column("curtailed_kw", "f64", "power that was there and not taken"),
        Column("state_kwh", "f64", "energy stored at the end of the step; null for what stores none", nullable=True),
        Column("online_fraction", "f64", "share of its machines running; null where it is no matter", nullable=True),
        Column("fuel_kw", "f64", "fuel that it burns, kWh of heating value an hour; null where none", nullable=True),
    ),
    declare(
        "supply_units",
        "One row per site and unit of a supply: what it is.",
        SITE,
        Column("supply", "str", "name of the entry in `energy:`"),
        Column("unit", "str", "unit of the supply"),
        Column("kind", "str", "generator, contract, storage, interruptible or shift"),
        Column("capacity_kw", "f64", "the most it gives; null where it varies", nullable=True),
        Column("charge_kw", "f64", "the most it takes", nullable=True),
        Column("energy_kwh", "f64", "energy that it stores", nullable=True),
        Column("charge_efficiency_fraction", "f64", "energy stored over energy taken"),
        Column("discharge_efficiency_fraction", "f64", "energy given over energy drawn from store"),
        Column("machines", "i64", "machines that share the capacity"),
        Column("carbon_free", "bool", "whether it counts as carbon-free"),
        Column("fuel_kwh_per_kwh", "f64", "fuel of one more kWh at full load"),
        Column("fuel_kg_co2e_per_kwh", "f64", "emission of a kWh of fuel"),
        Column("fuel_store_kwh", "f64", "fuel kept on site; null for what comes by pipe", nullable=True),
        Column("mtbf_h", "f64", "mean running time between failures of one machine; null for never", nullable=True),
        Column("mttr_h", "f64", "mean time to repair one; null where not known", nullable=True),
        Column("start_failure_fraction", "f64", "probability that a machine does not start"),
        Column("on_outage", "bool", "whether it carries the site while the grid is out"),
        Column("embodied_kg_co2e_per_kwh", "f64", "emission of its making over what it gives in its life"),
    ),
    declare(
        "dispatch_summary",
        "One row per site with a supply and calendar year: what the dispatch costs, beside the optimum.",
        SITE,
        Column("year", "i64", "calendar year"),
        Column("method", "str", "optimum, or the rule for storage: price or peak"),
        Column("cost_usd", "f64", "cost of the dispatch as it sees prices"),
        Column("optimum_usd", "f64", "the least cost there is, a lower bound"),
        Column("gap_fraction", "f64", "cost above the optimum, over it"),
        Column("cfe_fraction", "f64", "hourly carbon-free score of the year, as in `carbon_free`"),
        Column("unserved_kwh", "f64", "load that is not served"),
        Column("both_ways_steps", "i64", "steps in which a store takes and gives at once"),
        Column("part_online_steps", "i64", "steps in which no whole number of machines runs"),
        Column("end_less_start_kwh", "f64", "energy in store at the end less that at the start"),
    ),
    declare(
        "energy_cost",
        "One row per month, site and line of an energy bill.",
        MONTH,
        SITE,
        Column("supply", "str", "name of the entry in `energy:`"),
        Column("line", "str", "line of the bill: energy_charge, demand_charge, fixed_charge, …"),
        Column("payer", "str", "party that pays"),
        Column("payee", "str", "party that is paid"),
        Column("amount_usd", "f64", "amount, never negative: a credit has payer and payee exchanged"),
        Column("what", "str", "which charge of the line, as 'summer on-peak'", nullable=True, optional=True),
        Column("quantity", "f64", "what is charged for", nullable=True, optional=True),
        Column("unit", "str", "of the quantity: kWh, kW, month, …", nullable=True, optional=True),
        Column("rate_usd", "f64", "amount over quantity", nullable=True, optional=True),
        Column(
            "buyer",
            "str",
            "who buys the energy: payer of the entry in `energy:`; what that party is paid is a credit",
            nullable=True,
            optional=True,
        ),
    ),
)

ENTRY = Column("entry", "str", "name of the entry that serves the site")
_UNIT = Column("unit", "str", "unit of the supply, unique in its entry and site")
_CHARGE = Column("charge", "str", "name of the demand charge")
_PERIOD = Column("period", "str", "over which the largest import counts, as '2027-07 on-peak'")

OVERHEAD_HOURS = declare(
    "overhead_hours",
    "what a cooling model draws and the water it uses, one row a step, site and stage",
    TIME,
    SITE,
    Column("stage", "str", "name of the stage, as cooling_fans; neither it nor power_chain"),
    Column("power_kw", "f64", "mean power of the step"),
    Column("water_l", "f64", "water used in the step", nullable=True, optional=True),
)
WEATHER = declare(
    "weather",
    "a typical year, one row an entry and hour: 8760 of them from 1 January 00:00, local standard time",
    Column("entry", "str", "name of the entry of `weather:`"),
    Column("hour", "i64", "hour of a year of 365 days, from 0"),
    Column("dry_bulb_c", "f64", "dry-bulb temperature"),
    Column("dew_point_c", "f64", "dew point", nullable=True, optional=True),
    Column("wet_bulb_c", "f64", "wet-bulb temperature", nullable=True, optional=True),
    Column("pressure_pa", "f64", "station pressure", nullable=True, optional=True),
    Column("wind_m_per_s", "f64", "wind speed at 10 m", nullable=True, optional=True),
    Column("ghi_w_per_m2", "f64", "global horizontal irradiance", nullable=True, optional=True),
    Column("dni_w_per_m2", "f64", "direct normal irradiance", nullable=True, optional=True),
    Column("dhi_w_per_m2", "f64", "diffuse horizontal irradiance", nullable=True, optional=True),
    Column("latitude_deg", "f64", "of the station", nullable=True, optional=True),
    Column("longitude_deg", "f64", "of the station, east positive", nullable=True, optional=True),
    Column("elevation_m", "f64", "of the station", nullable=True, optional=True),
    Column("utc_offset_h", "f64", "local standard time less UTC", nullable=True, optional=True),
)
PRICES = declare(
    "prices",
    "what energy of a tariff costs in each step, for dispatch",
    TIME,
    SITE,
    ENTRY,
    Column("usd_per_kwh", "f64", "price of import"),
    Column(
        "export_usd_per_kwh", "f64", "what export is paid; null where it earns nothing", nullable=True, optional=True
    ),
)
DEMAND_PRICES = declare(
    "demand_prices",
    "what demand of a tariff costs, for dispatch: one row a charge and period",
    SITE,
    ENTRY,
    _CHARGE,
    _PERIOD,
    Column("usd_per_kw", "f64", "price of the largest import in the period"),
    Column("floor_kw", "f64", "demand that is billed at least"),
)
DEMAND_HOURS = declare(
    "demand_hours",
    "the steps of each charge and period of `demand_prices`",
    SITE,
    ENTRY,
    _CHARGE,
    _PERIOD,
    TIME,
)


def _may(name: str, doc: str, dtype: DType = "f64") -> Column:
    return Column(name, dtype, doc, nullable=True, optional=True)


RESOURCES = declare(
    "resources",
    "the units of a supply; a column left out, or a null, is what stands in brackets",
    SITE,
    ENTRY,
    _UNIT,
    Column(
        "kind",
        "str",
        "generator, storage, contract (energy that comes by the grid), interruptible (load let off) or shift (load "
        "moved within its day)",
    ),
    Column("capacity_kw", "f64", "the most it gives", nullable=True),
    _may("usd_per_kwh", "cost of a kWh that it gives, apart from fuel; may be negative (0)"),
    _may("must_take", "whether every available kWh is paid for, used or not (no)", "bool"),
    _may("minimum_fraction", "least output of a running machine over its rating (0)"),
    _may("charge_kw", "the most that storage takes, or that a shift adds to the load"),
    _may("energy_kwh", "energy that storage holds"),
    _may("charge_efficiency", "energy stored over energy taken (1)"),
    _may("discharge_efficiency", "energy given over energy drawn from store (1)"),
    _may("start_fraction", "state of charge at the start (0.5)"),
    _may("cyclic", "whether storage ends a year as it started (yes)", "bool"),
    _may("renewable", "whether what it does not give is curtailed, not saved (no)", "bool"),
    _may("carbon_free", "whether it counts as carbon-free energy (no)", "bool"),
    _may("fuel_kwh_per_kwh", "fuel energy of one more kWh (0)"),
    _may("fuel_kg_co2e_per_kwh", "emission of a kWh of fuel (0)"),
    _may("fuel_usd_per_kwh", "price of a kWh of fuel (0)"),
    _may("online_fuel_kw", "fuel of all machines running without output (0)"),
    _may("start_usd", "cost of starting all machines once (0)"),
    _may("machines", "machines that share the capacity equally (1)", "i64"),
    _may("limit_kwh_per_year", "most energy a calendar year, as permit hours times rating (no limit)"),
    _may("fuel_store_kwh", "fuel energy kept on site; without it fuel comes by pipe and does not run out"),
    _may("mtbf_h", "mean running time between failures of one machine (never fails)"),
    _may("mttr_h", "mean time to repair one"),
    _may("start_failure_fraction", "probability that a machine does not start (0)"),
    _may("on_outage", "whether it carries the site while the grid is out (no for a contract, else yes)", "bool"),
    _may("embodied_kg_co2e_per_kwh", "emission of its making over what it gives in its life (0)"),
)
RESOURCE_HOURS = declare(
    "resource_hours",
    "what varies with the step; without a column, or where it is null, the constant of `resources` holds",
    TIME,
    SITE,
    ENTRY,
    _UNIT,
    _may("available_kw", "the most it gives in the step"),
    _may("usd_per_kwh", "cost of a kWh in the step"),
    _may("fuel_usd_per_kwh", "price of a kWh of fuel in the step"),
    _may("charge_kw", "the most it takes in the step"),
)
RESOURCE_SEGMENTS = declare(
    "resource_segments",
    "the fuel of a generator by load, in place of `fuel_kwh_per_kwh`: one row a segment",
    SITE,
    ENTRY,
    _UNIT,
    Column("to_fraction", "f64", "share of the rating that the segment reaches to; 1 for the last"),
    Column("fuel_kwh_per_kwh", "f64", "fuel of one more kWh in it, not falling from one to the next"),
)
OF_TARIFFS = (PRICES, DEMAND_PRICES, DEMAND_HOURS)
OF_SUPPLIES = (RESOURCES, RESOURCE_HOURS, RESOURCE_SEGMENTS)
GRID_CARBON = declare(
    "grid_carbon",
    "what a kWh from the grid emits, one row an entry and hour: 8760 of them from 1 January 00:00, local standard time",
    Column("entry", "str", "name of the entry of `carbon:`"),
    Column("hour", "i64", "hour of a year of 365 days, from 0"),
    Column("kg_co2e_per_kwh", "f64", "average emission of the hour's generation"),
    Column("carbon_free_fraction", "f64", "share of the hour's generation that is carbon-free"),
    Column(
        "residual_kg_co2e_per_kwh", "f64", "what is left when claimed energy is taken out", optional=True, nullable=True
    ),
    Column("water_l_per_kwh", "f64", "water consumed where the energy is made", optional=True, nullable=True),
)
EXCHANGED = (*OF_TARIFFS, *OF_SUPPLIES, OVERHEAD_HOURS, WEATHER, GRID_CARBON)
"""Tables that models and the energy engine exchange; no result holds them."""
