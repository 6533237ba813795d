"""What may stand in the ledger, and what a plugin says of its own categories."""

from __future__ import annotations

import pytest

from twin.api import Category
from twin.cost.categories import ACCOUNTS, BILL, CATEGORIES, known
from twin.errors import PluginError


def test_every_category_stands_on_accounts_that_there_are():
    for name, category in CATEGORIES.items():
        assert category.name == name
        assert category.doc
        assert {category.paid, category.received} <= set(ACCOUNTS), name
    assert {BILL.paid, BILL.received} <= set(ACCOUNTS)


def test_every_account_is_used_by_a_category_or_says_what_it_holds():
    used = {account for category in CATEGORIES.values() for account in (category.paid, category.received)}
    assert set(ACCOUNTS) - used == {"lease_liability", "depreciation", "gains"}  # moved by no payment of their own
    assert all(account.doc for account in ACCOUNTS.values())


def test_money_lent_is_no_income_and_rent_is():
    assert (CATEGORIES["debt_draw"].paid, CATEGORIES["debt_draw"].received) == ("loans", "debt")
    assert ACCOUNTS[CATEGORIES["base_rent"].received].statement == "income"
    assert ACCOUNTS[CATEGORIES["capex"].paid].activity == "investing"


def test_a_declared_category_is_known_and_a_bad_one_names_what_is_wrong():
    own = Category("water_royalty", "by cubic metre")
    assert known([own], "model 'x'")["water_royalty"] == own
    with pytest.raises(PluginError, match=r"unknown account 'operating_costs'; did you mean 'operating_cost'"):
        known([Category("water_royalty", "w", paid="operating_costs")], "model 'x'")
    with pytest.raises(PluginError, match=r"'capex' otherwise than it is listed \('fixed_assets' to 'revenue'\)"):
        known([Category("capex", "w")], "model 'x'")
