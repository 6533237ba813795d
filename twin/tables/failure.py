"""What breaks it, and what that does to the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.tables.schema import MONTH, Column, declare

if TYPE_CHECKING:
    from twin.tables.schema import DType


def _more(name: str, doc: str, dtype: DType = "f64") -> Column:
    """A column of `goodput` that a workload model need not give."""
    return Column(name, dtype, f"{doc}; null where the model does not say", nullable=True, optional=True)


AVAILABILITY = declare(
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
)

COMMON_CAUSE = "common cause"
"""Event of a row of `contingency` in which several elements of a group fail at once."""

COMMON_CAUSE_AND_FAILURE, TWO_COMMON_CAUSES = "common cause+failure", "common cause+common cause"
"""The same beside a failure of one element, and beside another common cause."""

TABLES = (
    AVAILABILITY,
    declare(
        "capacity_outage",
        "One row per month of change, site and amount: how likely, how often and how long exactly so much is out.",
        MONTH,
        Column("site", "str", "id of the site"),
        Column("measure", "str", "what is counted: racks, accelerators or it_kw (IT load), own failures included"),
        Column("in_service_fraction", "f64", "share of it that is fed and working"),
        Column("racks_lost", "i64", "racks out of service; null where something else is counted", nullable=True),
        Column("accelerators_lost", "i64", "accelerators out of service; null as above", nullable=True),
        Column("lost_it_kw", "f64", "IT load out of service; null as above", nullable=True),
        Column("probability_fraction", "f64", "long-run probability that exactly so much is lost"),
        Column("at_least_lost_fraction", "f64", "long-run probability that so much or more is lost"),
        Column("times_per_year", "f64", "expected number of times a year that the loss reaches this; 0 for no loss"),
        Column("mean_duration_h", "f64", "mean time for which it is reached; null where it never is", nullable=True),
        Column(
            "step_kw", "f64", "IT load of each kind is rounded to whole multiples of it; null as above", nullable=True
        ),
    ),
    declare(
        "reliability",
        "One row per month of change and site, building or hall: reliability indices, racks as customers.",
        MONTH,
        Column("scope", "str", "id of the site, building, hall or room"),
        Column("kind", "str", "what it is"),
        Column("racks", "i64", "racks in service when nothing fails"),
        Column("it_kw", "f64", "IT load when nothing fails"),
        Column("lole_h_per_year", "f64", "loss of load expectation: hours a year in which some load has no supply"),
        Column("lolf_per_year", "f64", "loss of load frequency: how many times a year that begins"),
        Column("eens_kwh_per_year", "f64", "expected IT energy not supplied, for want of supply"),
        Column("eens_own_kwh_per_year", "f64", "expected IT energy not supplied, the loads' own failures included"),
        Column("saifi_per_year", "f64", "interruptions of supply a rack and year; null without racks", nullable=True),
        Column("saidi_h_per_year", "f64", "hours without supply a rack and year; null without racks", nullable=True),
        Column("caidi_h", "f64", "mean length of an interruption of a rack; null where there is none", nullable=True),
        *(
            Column(
                f"{name}_fraction", "f64", f"probability that {what} of the accelerators are in service", nullable=True
            )
            for name, what in (
                ("p_all", "all"),
                ("p_99", "at least 99 %"),
                ("p_95", "at least 95 %"),
                ("p_90", "at least 90 %"),
                ("p_50", "at least 50 %"),
            )
        ),
    ),
    declare(
        "contingency",
        "One row per set of alike losses of one element or by one common cause (N-1), or by two of these that lose "
        "more than either alone (N-2), at full build; the largest expected loss first.",
        Column(
            "event",
            "str",
            "failure: an element by itself; common cause: several of its group at once; maintenance; failure+failure; "
            "common cause+failure; common cause+common cause; or maintenance+failure: the second element fails while "
            "the first is out for maintenance",
        ),
        Column("element", "str", "id of the first element of the set"),
        Column("group", "str", "its group"),
        Column("kind", "str", "what it is"),
        Column(
            "second_element",
            "str",
            "id of the element lost with it, the first of a common cause; null where it is one event",
            nullable=True,
        ),
        Column("second_group", "str", "group of the second; null where it is one", nullable=True),
        Column(
            "elements_failed", "i64", "elements that the event itself takes out: one, two, or all of its common causes"
        ),
        Column("count", "i64", "elements, common causes, or pairs of these, in the set"),
        Column("elements_lost", "i64", "other elements that lose supply"),
        Column("racks_lost", "i64", "racks that lose supply"),
        Column("lost_it_kw", "f64", "IT load that loses supply"),
        Column("added_it_kw", "f64", "of it, what neither of a pair takes down alone; all where it is one event"),
        Column("accelerators_lost", "i64", "accelerators that lose supply"),
        Column("lost_usd_per_h", "f64", "what they are worth at `accelerator_hour_price`; null without", nullable=True),
        Column(
            "outages_per_year",
            "f64",
            "how often a year one element fails by itself, one common cause comes, or one pair is down at once",
        ),
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
        Column(
            "probability_fraction",
            "f64",
            "long-run probability that all elements of one are down, were they independent",
        ),
        Column(
            "occurrences_per_year", "f64", "expected number of times a year that one comes about, were they independent"
        ),
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
        Column(
            "diagnostic_fraction",
            "f64",
            "probability that it is down by its own failures in an outage; common causes are not counted",
            nullable=True,
        ),
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
        "One row per workload: what it asks for, how often it is interrupted, and how long it takes.",
        Column("workload", "str", "entry of `workloads:`"),
        Column("model", "str", "workload model"),
        Column("accelerators", "i64", "accelerators it runs on"),
        Column("peak_tflops", "f64", "their peak FLOP/s at the stated precision"),
        Column("mfu_fraction", "f64", "model FLOP/s utilisation while running"),
        Column("available_fraction", "f64", "expected share of its accelerators in service, without spares"),
        Column("nameplate_days", "f64", "days to finish with everything in service and no interruption"),
        Column(
            "delivered_days",
            "f64",
            "days to finish with the capacity it has on average, and with interruptions and checkpoints where the "
            "workload says how it handles them",
        ),
        _more("spare_accelerators", "accelerators held back for it", "i64"),
        _more(
            "capacity_fraction",
            "expected share of its peak that it has the use of: spares help, waiting counts as none",
        ),
        _more("running_fraction", "share of the time that it has enough accelerators to run"),
        _more("interruptions_per_day", "expected interruptions a day of the calendar"),
        _more("mttf_h", "mean time to an interruption while it runs; null also where none is known of"),
        _more("checkpoint_interval_h", "training between two checkpoints; null also where it writes none"),
        _more("ettr_fraction", "effective training time ratio: kept progress over the time that it runs, exact"),
        _more("ettr_kokolis_fraction", "the same by the approximation of Kokolis et al., to compare"),
        _more("goodput_fraction", "capacity times effective training time ratio: useful work over that at nameplate"),
        _more(
            "wasted_accelerator_h_per_year",
            "accelerator-hours a year of its accelerators and spares that bring no progress: the sum of `goodput_loss`",
        ),
    ),
    declare(
        "goodput_loss",
        "One row per workload and cause: the accelerator-hours that bring no progress, in a year of running it.",
        Column("workload", "str", "entry of `workloads:`"),
        Column(
            "cause",
            "str",
            "what interrupts it: racks by name of the group, a part in them, supply, or as the workload names it, "
            "or checkpoints, fewer accelerators, waiting, spares",
        ),
        Column("kind", "str", "interruption, checkpoint or capacity"),
        Column("events_per_year", "f64", "interruptions or checkpoints a year; null for capacity", nullable=True),
        Column("restart_accelerator_h_per_year", "f64", "lost to detection and restart"),
        Column("lost_accelerator_h_per_year", "f64", "lost in all, with the progress that has to be made again"),
        Column(
            "lost_usd_per_year", "f64", "at the workload's price of an accelerator-hour; null without", nullable=True
        ),
    ),
)
