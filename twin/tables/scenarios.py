"""What if: solved for, drawn at random, shocked, and offers side by side."""

from __future__ import annotations

from twin.tables.schema import Column, declare

TABLES = (
    declare(
        "solution",
        "One row: the value of a setting for which a measure comes to what is wanted.",
        Column("setting", "str", "path that is varied, as in `--set`"),
        Column("value", "str", "value found, as a file states it"),
        Column("was", "str", "value that the file states; empty where it states none"),
        Column("measure", "str", "what is aimed at, as `irr(hut8)`"),
        Column("unit", "str", "of the figures of the measure"),
        Column("wanted", "f64", "what the measure should be"),
        Column("reached", "f64", "what it is with the value found"),
        Column("before", "f64", "what it is with the value of the file; null where it has none", nullable=True),
        Column("evaluations", "i64", "how often the money was worked out"),
    ),
    declare(
        "risk",
        "One row per party: what defaults, prices and delay do to its present value, over all scenarios.",
        Column("party", "str", "name of the party; `market` lets the site again after a default"),
        Column("role", "str", "role of the party; 'external' where the file does not declare it"),
        Column("npv_usd", "f64", "net present value of the ledger, in which everybody does as contracted"),
        Column("mean_npv_usd", "f64", "its mean over the scenarios"),
        Column("standard_error_usd", "f64", "of that mean"),
        Column("worse_fraction", "f64", "share of the scenarios in which the party is worse off than in the ledger"),
        Column("expected_loss_usd", "f64", "mean of what it is worse off by, zero where it is better off"),
        Column("var_95_usd", "f64", "loss that 95 % of the scenarios do not exceed; negative for a gain"),
        Column("cvar_95_usd", "f64", "mean of the losses in the worst 5 %"),
        Column("var_99_usd", "f64", "loss that 99 % of the scenarios do not exceed"),
        Column("cvar_99_usd", "f64", "mean of the losses in the worst 1 %"),
        Column("cvar_99_error_usd", "f64", "standard error of that mean"),
        Column(
            "npv_change_when_called_usd",
            "f64",
            "mean change of its present value in scenarios in which a guarantee is called; null where none is",
            nullable=True,
        ),
        Column("scenarios", "i64", "scenarios drawn"),
        Column("seed", "i64", "seed of the draws"),
    ),
    declare(
        "risk_events",
        "One row per event and whom it befalls: how likely it is over the calendar, and what it comes to.",
        Column(
            "event",
            "str",
            "default, backstop_called, backstop_not_honoured (the guarantor is in default itself), dscr_below_lock_up, "
            "dscr_below_default, payment_missed (some month's service is not paid in full), not_repaid, delay",
        ),
        Column("subject", "str", "party or deal"),
        Column("probability_fraction", "f64", "share of the scenarios in which it happens"),
        Column("standard_error_fraction", "f64", "of that share"),
        Column("exact_fraction", "f64", "the same in closed form, where there is one", nullable=True),
        Column(
            "mean_usd", "f64", "its amount, undiscounted, over all scenarios; null where it has none", nullable=True
        ),
        Column("standard_error_usd", "f64", "of that mean; null as above", nullable=True),
        Column("when_it_happens_usd", "f64", "mean amount where it happens; null where it never does", nullable=True),
    ),
    declare(
        "loan_risk",
        "One row per loan, and tranche paid from a sale of chips: how likely it is not paid, and what is then lost.",
        Column("deal", "str", "entry of `deals:`"),
        Column("tranche", "str", "tranche that has a claim on chips; null for a loan", nullable=True),
        Column("borrower", "str", "party that owes"),
        Column("lender", "str", "party that is owed"),
        Column(
            "missed_fraction",
            "f64",
            "share of the scenarios in which a month's service is not paid in full; for a tranche, in which the lessee "
            "of the chips defaults while something is owed",
        ),
        Column("standard_error_fraction", "f64", "of that share"),
        Column(
            "exposure_usd",
            "f64",
            "exposure at default: mean present value of what is owed at the start of the month in which that first "
            "happens; null where it never does",
            nullable=True,
        ),
        Column("lgd_fraction", "f64", "loss given default, as a share of that exposure; null as above", nullable=True),
        Column(
            "lgd_usd",
            "f64",
            "the same in dollars: mean present value of service that is not paid; for a tranche, of what the sale and "
            "the guarantor leave owed; null as above",
            nullable=True,
        ),
        Column("expected_loss_usd", "f64", "missed_fraction x exposure_usd x lgd_fraction"),
        Column("standard_error_usd", "f64", "of that"),
        Column("not_repaid_fraction", "f64", "share of the scenarios in which something is owed at the end"),
    ),
    declare(
        "shock",
        "One row per shock and party: who bears it.",
        Column("shock", "str", "what happens, as `delay=6 months`"),
        Column("party", "str", "name of the party"),
        Column("role", "str", "role of the party; 'external' where the file does not declare it"),
        Column("npv_before_usd", "f64", "net present value as the file is"),
        Column("npv_after_usd", "f64", "net present value with the shock"),
        Column("npv_change_usd", "f64", "what the party gains or loses; zero in sum over all parties"),
        Column("net_change_usd", "f64", "the same, undiscounted"),
        Column(
            "category",
            "str",
            "category of payment that changes most for it; null for a default and for none",
            nullable=True,
        ),
        Column(
            "category_change_usd",
            "f64",
            "by how much, as a present value, in the party's favour; null as above",
            nullable=True,
        ),
    ),
    declare(
        "shock_effects",
        "One row per shock, deal or user, and figure: what the shock does to it.",
        Column("shock", "str", "what happens, as `delay=6 months`"),
        Column("subject", "str", "deal or party"),
        Column(
            "measure",
            "str",
            "least_dscr, lock_up (months with cover below it), missed (months with service unpaid), overdue at the "
            "end, guaranteed (at the most), expected_loss of a guarantee, claimed on it, unit_cost delivered",
        ),
        Column("unit", "str", "of the two figures"),
        Column("before", "f64", "as the file is; null where there is no such figure", nullable=True),
        Column("after", "f64", "with the shock; null as above", nullable=True),
        Column("holds", "bool", "whether the covenant holds with the shock; null where there is none", nullable=True),
    ),
    declare(
        "offers",
        "One row per offer: what it costs its user, and how it stands against another.",
        Column("offer", "str", "name of the offer"),
        Column("paid_usd", "f64", "all that the user pays, to its lenders too"),
        Column("net_cost_usd", "f64", "the same less all it is paid"),
        Column("npv_usd", "f64", "net present value to the user, at the file's discount rate, with its loans"),
        Column("cost_pv_usd", "f64", "present value of the cost of its hours: without loans, as in unit_cost"),
        Column(
            "peak_funding_usd",
            "f64",
            "most that they have cost ahead of those delivered so far, at the offer's own cost of an hour",
        ),
        Column("usd_per_accelerator_h", "f64", "levelised cost at nameplate"),
        Column("usd_per_delivered_accelerator_h", "f64", "levelised cost of what is delivered"),
        Column("against", "str", "offer that it is measured against"),
        Column(
            "break_even_fraction",
            "f64",
            "use above which it is cheaper than that offer, which is paid by the hour used; null where it never is, or "
            "does not apply",
            nullable=True,
        ),
        Column(
            "break_even",
            "date",
            "month from which its hours have cost less in all, for good; null for never, or where they never cost more",
            nullable=True,
        ),
    ),
    declare(
        "offer_cash",
        "One row per offer and calendar year: cash of its user.",
        Column("offer", "str", "name of the offer"),
        Column("year", "i64", "calendar year"),
        Column("paid_usd", "f64", "what the user pays"),
        Column("received_usd", "f64", "what it is paid"),
        Column("delivered_accelerator_h", "f64", "accelerator-hours of the file, or as good, that arrive"),
    ),
    declare(
        "offer_bridge",
        "One row per pair of offers and reason: why one costs more than the other; the reasons sum to the difference.",
        Column("from_offer", "str", "offer to start from"),
        Column("to_offer", "str", "offer to end at"),
        Column("reason", "str", "category of cost, or delivered_hours: the same cost over more or fewer hours"),
        Column("change_usd", "f64", "by how much the present value of the cost rises: cost_pv_usd of offers"),
        Column("change_usd_per_h", "f64", "by how much the levelised cost of a delivered accelerator-hour rises"),
    ),
)
