"""The categories of the ledger, and what a payment of each is in the books of both its ends.

A payment debits the account `paid` of its payer and credits the account `received` of its payee, each
against cash.  The account says in which statement the other side of the payment stands and under which
activity of the cash flow statement the cash does.  Every account is kept as a debit balance, so the
balances of a party, cash among them, are zero in sum after every payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twin.api import Category
from twin.errors import PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Statement = Literal["income", "assets", "liabilities", "equity"]
Activity = Literal["operating", "investing", "financing", "tax"]


@dataclass(frozen=True, slots=True)
class Account:
    """A line of the income statement or the balance sheet.

    Attributes:
        name: as a category names it.
        statement: where it stands: income, assets, liabilities or equity.
        activity: of the cash flow statement, for cash that comes or goes against it.
        doc: what is in it.
    """

    name: str
    statement: Statement
    activity: Activity
    doc: str


ACCOUNTS = {
    account.name: account
    for account in (
        Account("revenue", "income", "operating", "sales, fees and credits received"),
        Account("lease_income", "income", "operating", "rent earned by a landlord"),
        Account(
            "operating_cost", "income", "operating", "energy, operation, taxes on property, fees and credits given"
        ),
        Account("lease_cost", "income", "operating", "rent of a tenant"),
        Account("depreciation", "income", "operating", "book depreciation, and amortisation of a right of use"),
        Account("gains", "income", "operating", "on what is sold, or given up of a lease; a loss is negative"),
        Account("interest_income", "income", "operating", "interest and financing fees earned"),
        Account("interest_expense", "income", "operating", "interest and financing fees borne"),
        Account("income_tax", "income", "tax", "tax on income, credits negative"),
        Account("fixed_assets", "assets", "investing", "buildings, plant and racks, at cost less book depreciation"),
        Account("right_of_use", "assets", "operating", "what a tenant may use, less its amortisation"),
        Account(
            "deferred_rent", "assets", "operating", "a landlord's lease income less rent received; may be negative"
        ),
        Account("deposits_paid", "assets", "operating", "security deposits given"),
        Account("reserves", "assets", "financing", "cash held in a reserve account for a lender"),
        Account("loans", "assets", "investing", "loans given"),
        Account("investments", "assets", "investing", "equity held in other parties"),
        Account("deposits_held", "liabilities", "operating", "security deposits taken"),
        Account("reserves_held", "liabilities", "financing", "cash of a borrower held in a reserve account"),
        Account("lease_liability", "liabilities", "financing", "present value of rent still owed by a tenant"),
        Account("debt", "liabilities", "financing", "loans taken"),
        Account("equity", "equity", "financing", "paid in by owners, less what was paid out to them"),
    )
}
"""Account -> where it stands; cash and retained earnings are not among them, as they follow."""


def _cost(name: str, doc: str) -> Category:
    return Category(name, doc, "operating_cost", "revenue")


def _credit(name: str, doc: str) -> Category:
    return Category(name, doc, "revenue", "operating_cost")


def _financing(name: str, doc: str) -> Category:
    return Category(name, doc, "interest_expense", "interest_income")


CATEGORIES: Mapping[str, Category] = {
    category.name: category
    for category in (
        _cost("energy_charge", "energy drawn, by kWh"),
        _cost("demand_charge", "the highest demand of a month, by kW"),
        _cost("fixed_charge", "a tariff's charge by month"),
        Category("base_rent", "rent of a lease", "lease_cost", "lease_income"),
        _cost("variable_rent", "rent of a lease beyond what is fixed: a change of an index"),
        _cost("pass_through", "operation, taxes and insurance that a lease passes on"),
        _cost("power_pass_through", "metered energy that a landlord buys and passes on"),
        _credit("sla_credit", "credit by a landlord for availability below what is promised"),
        _credit("delay_credit", "credit by a landlord for delivery after the date of the contract"),
        _cost("termination_fee", "paid to end a lease before its term"),
        Category("security_deposit", "deposit of a tenant", "deposits_paid", "deposits_held"),
        Category("deposit_return", "a deposit given back", "deposits_held", "deposits_paid"),
        Category(
            "tenant_allowance", "a landlord's contribution to a tenant's fit-out", "deferred_rent", "right_of_use"
        ),
        Category("tenant_prepayment", "rent paid ahead, later credited", "right_of_use", "deferred_rent"),
        Category("initial_direct_costs", "what it costs a tenant to obtain a lease", "right_of_use", "revenue"),
        _cost("operating_cost", "operation of a site"),
        _cost("maintenance", "upkeep of equipment"),
        _cost("insurance", "premiums"),
        _cost("property_tax", "tax on property"),
        _cost("service_fee", "a service between parties"),
        _cost("fee", "any other fee between parties"),
        _cost("revenue_share", "a share of somebody's revenue"),
        _cost("cloud_rental", "accelerator-hours rented from a cloud"),
        _cost("cloud_upfront", "accelerator-hours reserved and paid ahead; a cost when paid"),
        _cost("cloud_shortfall", "what a spending commitment exceeds the use by"),
        _cost("compute_revenue", "accelerator-hours sold to customers"),
        _cost("guarantee_fee", "fee of a guarantor"),
        _cost("guarantee_payment", "paid by a guarantor in place of the obligor"),
        _cost("residual_value_payment", "paid under a guarantee of a residual value"),
        Category("capex", "equipment, buildings and land bought", "fixed_assets", "revenue"),
        Category("salvage", "equipment sold", "fixed_assets", "fixed_assets"),
        Category(
            "asset_sale", "equipment or a building sold, as in a sale and leaseback", "fixed_assets", "fixed_assets"
        ),
        Category("nre", "design of own silicon, spread over its use", "fixed_assets", "revenue"),
        Category("debt_draw", "paid out by a lender", "loans", "debt"),
        Category("principal", "repaid to a lender", "debt", "loans"),
        _financing("interest", "interest paid in cash"),
        _financing("commitment_fee", "fee on what a lender holds ready and nobody has drawn"),
        _financing("upfront_fee", "fee of a lender at closing"),
        _financing("agency_fee", "fee of the agent of lenders"),
        Category("reserve_funding", "paid into a reserve account", "reserves", "reserves_held"),
        Category("reserve_release", "paid out of a reserve account", "reserves_held", "reserves"),
        Category("equity_contribution", "paid in by an owner", "investments", "equity"),
        Category("distribution", "paid out to an owner", "equity", "investments"),
        Category("preferred_contribution", "paid in for preferred equity", "investments", "equity"),
        Category("preferred_dividend", "dividend on preferred equity", "equity", "interest_income"),
        Category("redemption", "preferred equity bought back", "equity", "investments"),
        Category("income_tax", "tax on income paid", "income_tax", "revenue"),
        Category("tax_credit", "tax on income given back or credited", "operating_cost", "income_tax"),
    )
}
"""Category -> what a payment of it is.  A plugin adds its own in `FinancingModel(categories=...)`."""

BILL = _cost("bill", "a line of an energy bill that has no entry of its own")
"""How the lines of `energy:` are treated that are not listed: what one buys of a utility is a cost."""


def known(own: Iterable[Category], who: str) -> Mapping[str, Category]:
    """The categories that a model may write: those listed, and its own.

    Args:
        own: what the model declares.
        who: the model and its plugin, for the message.

    Raises:
        PluginError: one names an account that there is not, or redefines a listed category.
    """
    found = dict(CATEGORIES)
    for category in own:
        for account in (category.paid, category.received):
            if account not in ACCOUNTS:
                raise PluginError(
                    f"{who} declares category '{category.name}' on an unknown account '{account}'; "
                    f"{one_of(account, ACCOUNTS)}"
                )
        if CATEGORIES.get(category.name, category) != category:
            listed = CATEGORIES[category.name]
            raise PluginError(
                f"{who} declares category '{category.name}' otherwise than it is listed "
                f"('{listed.paid}' to '{listed.received}'); give it another name, or leave it out"
            )
        found[category.name] = category
    return found


_CAPITAL = (
    "debt",
    "loans",
    "reserves",
    "reserves_held",
    "equity",
    "investments",
    "interest_expense",
    "interest_income",
)


def financing(name: str) -> bool:
    """Whether a category is between somebody and its lenders or owners; one that a plugin declares is not."""
    category = CATEGORIES.get(name)
    return category is not None and category.paid in _CAPITAL and category.received in _CAPITAL
