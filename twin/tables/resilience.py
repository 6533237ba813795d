"""How long a site lives without the grid."""

from __future__ import annotations

from twin.tables.schema import Column, declare

SITE = Column("site", "str", "id of the site")

TABLES = (
    declare(
        "outage_survival",
        "One row per site and length of an outage of the grid: the chance to live through it.",
        SITE,
        Column("year", "i64", "calendar year in which it starts, at every step of it"),
        Column("duration_h", "f64", "length of the outage"),
        Column("survival_fraction", "f64", "chance that the critical load is served to its end, over all starts"),
        Column("energy_fraction", "f64", "the same if no machine failed: what fuel and storage allow"),
        Column("least_fraction", "f64", "the chance from the worst start"),
        Column("worst_start", "time", "that start"),
        Column(
            "unserved_kwh",
            "f64",
            "critical load not served in such an outage, mean over starts; the step where fuel ends counts in part",
        ),
    ),
    declare(
        "outage_starts",
        "One row per site and step in which an outage may start: how long the site lives.",
        SITE,
        Column("time", "time", "start of the outage"),
        Column(
            "survived_h",
            "f64",
            "served for so long if no machine fails, in parts of a step too; the longest looked at is a bound",
        ),
        Column("expected_h", "f64", "the same, expected over failures of machines"),
    ),
    declare(
        "grid_survival",
        "One row per site whose grid states `ride_through: energy` and time: how long it lives without its grid.",
        SITE,
        Column("lived_h", "f64", "time from the beginning of an outage to the loss of critical load"),
        Column(
            "chance_fraction",
            "f64",
            "chance of just that, over all starts of a year, with the load of everything in service",
        ),
        Column(
            "survival_fraction", "f64", "chance to live longer; who lives through all that was looked at has the last"
        ),
    ),
    declare(
        "ride_through",
        "One row per site: what the failure engine may take for the ride-through of its supply.",
        SITE,
        Column("least_h", "f64", "shortest survival over all starts, if no machine fails"),
        Column("mean_h", "f64", "mean survival, expected over failures of machines"),
        Column("bound_h", "f64", "longest outage that was looked at"),
        Column("first_hour_fraction", "f64", "chance to live through the first step"),
        Column(
            "expected_unserved_kwh",
            "f64",
            "of an outage with the stated chances of its length; null without",
            nullable=True,
        ),
        Column("expected_cost_usd", "f64", "that at the stated value of lost load; null without", nullable=True),
    ),
)
