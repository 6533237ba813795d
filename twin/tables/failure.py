"""What breaks it, and what that does to the work."""

from __future__ import annotations

from twin.tables.schema import MONTH, Column, declare

TABLES = (
    declare(
        "availability",
        "One row per month of change and scope or class of racks: how often and how long it is down.",
        MONTH,
        Column("scope", "str", "id of the site or hall, or of the first rack of a class of alike racks"),
        Column("kind", "str", "site, building, hall, room, or the kind of the load"),
        Column("event", "str", "fed: all of it is supplied; in_service: supplied and itself working"),
        Column("count", "i64", "alike scopes or racks that this row stands for"),
        Column("availability_fraction", "f64", "long-run probability of the event, exact"),
        Column("outages_per_year", "f64", "expected number of times a year that the event ends"),
        Column("downtime_h_per_year", "f64", "expected hours a year without the event"),
        Column("mean_outage_h", "f64", "mean time until it is back; null where it never fails", nullable=True),
        Column("served_fraction", "f64", "expected share of the scope's IT load in service, own failures included"),
    ),
    declare(
        "contingency",
        "One row per set of interchangeable elements: what the failure of one of them takes down (N-1), at full build.",
        Column("element", "str", "id of the first element of the set"),
        Column("group", "str", "group of the set"),
        Column("kind", "str", "what it is"),
        Column("count", "i64", "elements in the set"),
        Column("elements_lost", "i64", "other elements that lose supply with it"),
        Column("racks_lost", "i64", "racks that lose supply"),
        Column("lost_it_kw", "f64", "IT load that loses supply"),
        Column("accelerators_lost", "i64", "accelerators that lose supply"),
        Column("outages_per_year", "f64", "expected failures a year of one element"),
        Column("mean_outage_h", "f64", "mean time to repair it; null where it never fails", nullable=True),
        Column("expected_kwh_lost_per_year", "f64", "IT energy lost a year to single failures of the whole set"),
    ),
    declare(
        "goodput",
        "One row per workload: what it asks for and how long it takes.",
        Column("workload", "str", "entry of `workloads:`"),
        Column("model", "str", "workload model"),
        Column("accelerators", "i64", "accelerators it runs on"),
        Column("peak_tflops", "f64", "their peak FLOP/s at the stated precision"),
        Column("mfu_fraction", "f64", "model FLOP/s utilisation while running"),
        Column("available_fraction", "f64", "expected share of its accelerators in service"),
        Column("nameplate_days", "f64", "days to finish with everything in service"),
        Column("delivered_days", "f64", "days to finish with the accelerators in service on average"),
    ),
)
