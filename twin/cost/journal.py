"""The books of every party as debits by month, party and account: a credit is a negative debit.

Every payment is in them twice for each of its ends, against cash and against the account that its category
names.  What is no payment comes from the tables of the deals: interest added to a loan, book depreciation and
what is sold, lease accounting in place of rent as paid.  All that a party books in a month is zero in sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.cost.categories import BILL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Category

CASH = "cash"
JOURNAL = {
    "month": pl.Date(),
    "party": pl.String(),
    "deal": pl.String(),
    "account": pl.String(),
    "debit_usd": pl.Float64(),
}
RENT = "base_rent"
SOLD = ("salvage", "asset_sale")
OPERATING = ("operating lessee", "operating lessor")


def journal(done: Mapping[str, pl.DataFrame], categories: Mapping[str, Category], standard: str) -> pl.DataFrame:
    """All that is booked: `month, party, deal, account, debit_usd`.

    Args:
        done: the tables that the deals wrote.
        categories: those that may be in the ledger; a line of an energy bill beyond them is a cost.
        standard: which rows of `lease_accounting` count, asc842 or ifrs16.
    """
    flows = booked(done["cashflow"], categories)
    leases = done["lease_accounting"].filter(pl.col("standard") == standard)
    frames = [
        *payments(flows),
        *capitalised(done["debt"]),
        *written_off(done["depreciation"], flows),
        *leased(leases, flows),
    ]
    return pl.concat([pl.DataFrame(schema=JOURNAL), *(frame.select(list(JOURNAL)) for frame in frames)])


def booked(cashflow: pl.DataFrame, categories: Mapping[str, Category]) -> pl.DataFrame:
    """The ledger with the accounts `paid` and `received` of each payment."""
    names = list(categories)
    accounts = pl.DataFrame(
        {
            "category": names,
            "paid": [categories[name].paid for name in names],
            "received": [categories[name].received for name in names],
        },
        schema=dict.fromkeys(("category", "paid", "received"), pl.String()),
    )
    joined = cashflow.join(accounts, on="category", how="left", maintain_order="left")
    return joined.with_columns(pl.col("paid").fill_null(BILL.paid), pl.col("received").fill_null(BILL.received))


def payments(flows: pl.DataFrame) -> list[pl.DataFrame]:
    """Both ends of every payment, against cash."""
    amount = pl.col("amount_usd")
    ends = (
        ("payer", pl.col("paid"), amount),
        ("payer", pl.lit(CASH), -amount),
        ("payee", pl.col("received"), -amount),
        ("payee", pl.lit(CASH), amount),
    )
    return [
        flows.select("month", pl.col(end).alias("party"), "deal", account.alias("account"), debit.alias("debit_usd"))
        for end, account, debit in ends
    ]


def _book(frame: pl.DataFrame, party: str, *lines: tuple[str, pl.Expr]) -> list[pl.DataFrame]:
    """Lines of a party named in a column: account and debit."""
    return [
        frame.select(
            "month", pl.col(party).alias("party"), "deal", pl.lit(account).alias("account"), debit.alias("debit_usd")
        )
        for account, debit in lines
    ]


def capitalised(debt: pl.DataFrame) -> list[pl.DataFrame]:
    """Interest added to a loan: a cost of the month all the same."""
    added = pl.col("capitalised_usd")
    return [
        *_book(debt, "borrower", ("interest_expense", added), ("debt", -added)),
        *_book(debt, "lender", ("loans", added), ("interest_income", -added)),
    ]


def written_off(depreciation: pl.DataFrame, flows: pl.DataFrame) -> list[pl.DataFrame]:
    """Book depreciation, and a gain or loss where what is sold brings something other than its value."""
    own = depreciation.filter(pl.col("basis") == "book")
    sold = flows.filter(pl.col("category").is_in(list(SOLD)))
    keys = ["month", "deal", "party"]
    got = sold.group_by("month", "deal", pl.col("payee").alias("party")).agg(got=pl.col("amount_usd").sum())
    both = own.join(got, on=keys, how="left", maintain_order="left").with_columns(pl.col("got").fill_null(0.0))
    loss = pl.col("disposal_usd") - pl.col("got")
    return _book(
        both,
        "party",
        ("depreciation", pl.col("depreciation_usd")),
        ("fixed_assets", -pl.col("depreciation_usd")),
        ("gains", loss),
        ("fixed_assets", -loss),
    )


def leased(leases: pl.DataFrame, flows: pl.DataFrame) -> list[pl.DataFrame]:
    """Lease accounting in place of rent as paid, in the books of tenants and landlords."""
    keys = ["month", "deal", "party"]
    posted = pl.concat(
        [
            flows.filter(pl.col(account) == "right_of_use").select(
                "month", "deal", pl.col(end).alias("party"), posted=pl.col("amount_usd") * sign
            )
            for end, account, sign in (("payer", "paid", 1.0), ("payee", "received", -1.0))
        ]
    )
    before = posted.group_by(keys).agg(pl.col("posted").sum())
    tenants = leases.filter(pl.col("classification") != "operating lessor")
    tenants = tenants.join(before, on=keys, how="left", maintain_order="left").with_columns(
        pl.col("posted").fill_null(0.0), single=pl.col("classification").is_in(list(OPERATING))
    )
    split = ~pl.col("single")
    held = pl.col("right_of_use_usd") - pl.col("opening_right_of_use_usd") - pl.col("posted")
    income = pl.col("straight_line_usd") - pl.col("payment_usd")
    return [
        *_book(
            tenants,
            "party",
            ("lease_liability", pl.col("opening_liability_usd") - pl.col("liability_usd")),
            ("right_of_use", held),
            ("lease_cost", pl.col("straight_line_usd") + pl.col("variable_usd") - pl.col("cash_usd")),
            ("interest_expense", pl.col("interest_usd") * split),
            ("depreciation", pl.col("amortisation_usd") * split),
            ("gains", -pl.col("gain_usd")),
        ),
        *_book(
            leases.filter(pl.col("classification") == "operating lessor"),
            "party",
            ("lease_income", -income),
            ("deferred_rent", income),
        ),
    ]
