"""How loans are sized, what cash goes to in which order, what is written off, what a deal comes to."""

from __future__ import annotations

from twin.tables.schema import MONTH, Column, declare

_LIMITS = (
    ("dscr", "that the cash flow covers at the ratio asked for"),
    ("ltc", "that the share of the cost allows"),
    ("ltv", "that the share of the value allows"),
    ("commitment", "that is committed"),
)

TABLES = (
    declare(
        "debt_sizing",
        "One row per loan and tranche: how large it may be by each limit, and which of them binds.",
        Column("deal", "str", "entry of `deals:`"),
        Column("tranche", "str", "tranche of a deal that has several; null where it is one loan", nullable=True),
        Column("debt_usd", "f64", "all that is lent, interest added to the balance not counted"),
        Column("binding", "str", "the limit that binds: principal, dscr, ltc, ltv, commitment, advance_rate or cost"),
        *(
            Column(f"by_{name}_usd", "f64", f"most {doc}; null where it is no limit", nullable=True)
            for name, doc in _LIMITS
        ),
        Column("cost_usd", "f64", "all that is to be funded; null where no deal says what", nullable=True),
        Column("construction_interest_usd", "f64", "interest before repayment starts: paid, funded or added"),
        Column("fees_usd", "f64", "fees before repayment starts"),
        Column("reserve_usd", "f64", "debt service reserve when repayment starts"),
        Column("equity_usd", "f64", "cost that is not lent; null where no deal says what is funded", nullable=True),
        Column("unlimited_usd", "f64", "what the limits would allow if no more than the cost were no limit"),
        Column("message", "str", "the binding limit in words, and the next one"),
    ),
    declare(
        "waterfall",
        "One row per month, deal and step: what the cash of the month goes to, in order.",
        MONTH,
        Column("deal", "str", "entry of `deals:`"),
        Column("step", "i64", "1 is paid first"),
        Column("use", "str", "interest, principal, reserve, sweep, return_of_capital, promote, …"),
        Column("party", "str", "who gets it"),
        Column("available_usd", "f64", "cash before the step; never below zero"),
        Column("due_usd", "f64", "what the step asks for"),
        Column("paid_usd", "f64", "what it gets of that cash"),
        Column("left_usd", "f64", "available less paid"),
        Column("short_usd", "f64", "due less paid"),
    ),
    declare(
        "depreciation",
        "One row per month and deal: what is written off, in the books or for tax.",
        MONTH,
        Column("deal", "str", "entry of `deals:`"),
        Column("party", "str", "owner"),
        Column("basis", "str", "book or tax"),
        Column("method", "str", "straight-line, macrs-5, …, units-of-production"),
        Column("addition_usd", "f64", "put into service in the month"),
        Column("depreciation_usd", "f64", "written off in the month"),
        Column("disposal_usd", "f64", "value that leaves with what is sold or replaced"),
        Column("closing_usd", "f64", "cost not written off at the end of the month"),
    ),
    declare(
        "deal_figures",
        "One row per figure of a deal that is no payment: a gain, a subsidy, an implicit rate, a unit cost.",
        Column("deal", "str", "entry of `deals:`"),
        Column("figure", "str", "what it is: gain, lessor_irr, subsidy, unit_cost, …"),
        Column("value", "f64", "how much; null where it does not exist", nullable=True),
        Column("unit", "str", "of the value"),
        Column("note", "str", "how it is found, or why there is none"),
    ),
)
