"""What simulation says of failure, how sure it is, and what uncertain rates do to it."""

from __future__ import annotations

from twin.tables.failure import AVAILABILITY
from twin.tables.schema import MONTH, Column, declare

TABLES = (
    declare(
        "simulation",
        "One row per month, scope, method and measure: an estimate and how sure it is.",
        MONTH,
        Column("scope", "str", "id of the site or hall"),
        Column("kind", "str", "site, building, hall or room"),
        Column(
            "method",
            "str",
            "steady: states of the long run; biased: the same with rare failures made frequent; sequential: histories",
        ),
        Column(
            "measure",
            "str",
            "fed: all of it is supplied; served: its IT load in service; at_least_x: so much of it in service; "
            "unserved: IT energy; outages: ends of fed; mean_outage: time until fed again",
        ),
        Column("unit", "str", "of the four figures that follow: fraction, kWh/year, 1/year or h"),
        Column("value", "f64", "the estimate; null where there was nothing to estimate it from", nullable=True),
        Column("half_width", "f64", "the truth lies so near to it with this confidence", nullable=True),
        Column("standard_error", "f64", "square root of the variance of the estimate", nullable=True),
        Column("resolution", "f64", "the most that one sample or history can add to it, seen or not", nullable=True),
        Column("confidence_fraction", "f64", "confidence of the half-width"),
        Column("samples", "i64", "samples, or histories"),
        Column("effective_samples", "i64", "samples without bias that would be as sure"),
        Column("simulated_h", "f64", "hours lived through in all histories together; null for states", nullable=True),
        Column("seed", "i64", "seed of the draws"),
        Column("stopped_by", "str", "half_width where the one asked for was reached; samples where all were drawn"),
    ),
    declare(
        "outage_durations",
        "One row per month, scope and limit: how many outages last at most so long, in histories.",
        MONTH,
        Column("scope", "str", "id of the site or hall"),
        Column("kind", "str", "site, building, hall or room"),
        Column("at_most_h", "f64", "limit; null for all outages", nullable=True),
        Column("outages", "i64", "outages seen that last at most so long"),
        Column("outages_per_year", "f64", "the same a year"),
        Column("share_fraction", "f64", "of all outages of the scope; null where there was none", nullable=True),
    ),
    declare(
        "uncertainty",
        "One row per month, scope and measure: the exact answer with failure rates drawn from what is known of them.",
        MONTH,
        Column("scope", "str", "id of the site or hall, or name of the workload"),
        Column("kind", "str", "site, building, hall, room or workload"),
        Column(
            "measure",
            "str",
            "fed, served, outages, lole, eens, eens_own, saifi, saidi, caidi and at_least_x of a scope; of a workload "
            "goodput, ettr, interruptions and delivered_days",
        ),
        Column("unit", "str", "of the six figures that follow: fraction, 1/year, h/year, kWh/year, 1/day, days or h"),
        Column("stated", "f64", "with the rates as stated"),
        Column("median", "f64", "half of the draws are below"),
        Column("low", "f64", "with `high`: two-sided bounds"),
        Column("high", "f64", "with `low`: two-sided bounds"),
        Column("least", "f64", "one-sided bound from below"),
        Column("most", "f64", "one-sided bound from above"),
        Column("coverage_fraction", "f64", "share of the distribution that bounds hold"),
        Column("confidence_fraction", "f64", "with this confidence (Wilks)"),
        Column("draws", "i64", "draws of the rates"),
        Column("seed", "i64", "seed of the draws"),
    ),
    declare(
        "availability_draws",
        "Table `availability` at full build for each draw of uncertain failure rates.",
        Column("draw", "i64", "number of the draw, from 0"),
        *AVAILABILITY.columns,
    ),
    declare(
        "rate_draws",
        "One row per draw and group: by what its failure rate as stated is multiplied.",
        Column("draw", "i64", "number of the draw, from 0"),
        Column("group", "str", "path of the group"),
        Column("rate_ratio", "f64", "failure rate drawn over the one stated; 1 where it is not uncertain"),
    ),
)
