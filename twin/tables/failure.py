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
        "One row per set of alike losses of one element (N-1), or of two that lose more than either alone (N-2), at "
        "full build; the largest expected loss first.",
        Column(
            "event",
            "str",
            "failure, maintenance, failure+failure, or maintenance+failure: the second element fails "
            "while the first is out for maintenance",
        ),
        Column("element", "str", "id of the first element of the set"),
        Column("group", "str", "its group"),
        Column("kind", "str", "what it is"),
        Column("second_element", "str", "id of the element lost with it; null where it is one", nullable=True),
        Column("second_group", "str", "group of the second; null where it is one", nullable=True),
        Column("count", "i64", "elements, or pairs of them, in the set"),
        Column("elements_lost", "i64", "other elements that lose supply"),
        Column("racks_lost", "i64", "racks that lose supply"),
        Column("lost_it_kw", "f64", "IT load that loses supply"),
        Column("added_it_kw", "f64", "of it, what no element of the set takes down alone; all where it is one"),
        Column("accelerators_lost", "i64", "accelerators that lose supply"),
        Column("lost_usd_per_h", "f64", "what they are worth at `accelerator_hour_price`; null without", nullable=True),
        Column("outages_per_year", "f64", "how often a year one element fails, or one pair comes to be down at once"),
        Column("mean_outage_h", "f64", "how long that lasts on average; null where it never happens", nullable=True),
        Column("expected_kwh_lost_per_year", "f64", "IT energy lost a year to the whole set: `added_it_kw` at a time"),
        Column("expected_usd_lost_per_year", "f64", "what that costs; null without a price", nullable=True),
    ),
    declare(
        "cut_sets",
        "One row per scope or class of racks and set of alike minimal cut sets: all elements of one down leave some of "
        "it unfed, and all but one of them do not.",
        Column("scope", "str", "id of the site or hall, or of the first rack of a class of alike racks"),
        Column("kind", "str", "site, building, hall, room, or the kind of the load"),
        Column("count", "i64", "alike scopes or racks that this row stands for"),
        Column("order", "i64", "elements in one cut set"),
        Column("elements", "str", "ids of the elements of the first of the cut sets, joined by ' + '"),
        Column("groups", "str", "their groups, joined by ' + '"),
        Column("cut_sets", "i64", "how many such cut sets one scope or rack has"),
        Column("probability_fraction", "f64", "long-run probability that all elements of one are down"),
        Column("occurrences_per_year", "f64", "expected number of times a year that one comes about"),
    ),
    declare(
        "importance",
        "One row per scope and set of alike elements: how much one of them matters to all of the scope being fed.",
        Column("scope", "str", "id of the site or hall"),
        Column("scope_count", "i64", "alike scopes that this row stands for"),
        Column("element", "str", "id of the first element of the set"),
        Column("group", "str", "its group"),
        Column("kind", "str", "what it is"),
        Column("count", "i64", "elements of the set that matter to one such scope"),
        Column("birnbaum_fraction", "f64", "probability of an outage with it down, less that with it working"),
        Column(
            "criticality_fraction", "f64", "share of the downtime that would not be if it never failed", nullable=True
        ),
        Column(
            "fussell_vesely_fraction",
            "f64",
            "share of the downtime with a minimal cut set down that it is in, by those up to `order`",
            nullable=True,
        ),
        Column("diagnostic_fraction", "f64", "probability that it is down in an outage", nullable=True),
        Column("risk_achievement_ratio", "f64", "downtime with it always down over downtime now", nullable=True),
        Column(
            "risk_reduction_ratio",
            "f64",
            "downtime now over downtime if it never failed; null where none would be left",
            nullable=True,
        ),
        Column("lost_it_kw", "f64", "mean IT load out of service that would not be if it never failed"),
        Column(
            "lost_accelerator_h_per_year", "f64", "accelerator-hours a year lost that would not be if it never failed"
        ),
        Column(
            "lost_usd_per_year", "f64", "what these are worth at `accelerator_hour_price`; null without", nullable=True
        ),
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
