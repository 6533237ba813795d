"""What the energy emits, how much of it is carbon-free, and the water that is used for it."""

from __future__ import annotations

from twin.tables.schema import MONTH, Column, declare

SITE = Column("site", "str", "id of the site")

TABLES = (
    declare(
        "carbon",
        "One row per month, site, method and source: emissions.",
        MONTH,
        SITE,
        Column(
            "method",
            "str",
            "location (what the grid emits on average in each hour), market (contracts as they say, the rest at "
            "the residual mix), embodied (of equipment and building, over their lifetimes), or avoided (what the grid "
            "would have emitted for the carbon-free energy used; beside the others and no part of them)",
        ),
        Column("source", "str", "grid, the name of a supply, accelerators, racks, building"),
        Column("scope", "i64", "of the GHG protocol: 1 for fuel burnt on site, 2 for electricity, 3 for embodied"),
        Column("energy_kwh", "f64", "energy that it is of; null for embodied", nullable=True),
        Column("emission_kg_co2e", "f64", "emission in the month"),
    ),
    declare(
        "carbon_free",
        "One row per month and site: how much of the load carbon-free energy covers.",
        MONTH,
        SITE,
        Column("load_kwh", "f64", "load"),
        Column("matched_kwh", "f64", "load covered in its own step by carbon-free supplies and what they stored"),
        Column("grid_kwh", "f64", "carbon-free part of the rest that the grid gives, hour by hour"),
        Column("cfe_fraction", "f64", "hourly 24/7 score: the two over the load", nullable=True),
        Column("supply_kwh", "f64", "carbon-free energy of the supplies, matched or not"),
        Column("volume_fraction", "f64", "that over the load: what matching by volume would claim", nullable=True),
    ),
    declare(
        "cfe_tradeoff",
        "One row per site and carbon-free score asked for: the least cost that reaches it, in one year.",
        SITE,
        Column("year", "i64", "calendar year"),
        Column("target_fraction", "f64", "score asked for; null for the cheapest dispatch", nullable=True),
        Column("cfe_fraction", "f64", "score reached: no dispatch reaches it for less"),
        Column("highest_fraction", "f64", "the highest score that any dispatch reaches"),
        Column("cost_usd", "f64", "cost of the dispatch as it sees prices"),
        Column("marginal_usd_per_kwh", "f64", "what one more kWh of carbon-free energy costs: the dual of the score"),
        Column("added_usd_per_kwh", "f64", "cost above the cheapest over the carbon-free energy gained", nullable=True),
        Column("emission_kg_co2e", "f64", "of the import and of fuel"),
        Column("warm", "bool", "whether it was solved from an optimum before"),
    ),
    declare(
        "water",
        "One row per month and site: water used.",
        MONTH,
        SITE,
        Column("site_l", "f64", "on site, for cooling; null where the cooling model does not say", nullable=True),
        Column("source_l", "f64", "where the grid's energy is made; null where not known", nullable=True),
        Column("wue_l_per_kwh", "f64", "water on site over IT energy (WUE)", nullable=True),
        Column("wue_source_l_per_kwh", "f64", "both over IT energy", nullable=True),
    ),
)
