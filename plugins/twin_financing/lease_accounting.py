"""Tables `lease_accounting` and `lease_tests`: a lease in the books of its tenant and its landlord."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_financing import lease_books, terms
from twin_financing.lease_books import Event
from twin_financing.lease_roll import NAME, YEAR, prepayment_credit, roll

if TYPE_CHECKING:
    from twin.api import Entry, FinancingInputs
    from twin_financing.lease_accounting_params import AccountingParams, Standard
    from twin_financing.lease_params import LeaseParams
    from twin_financing.terms import Floats

AMOUNTS = (
    "opening_liability",
    "liability_addition",
    "interest",
    "payment",
    "liability",
    "opening_right_of_use",
    "right_of_use_addition",
    "amortisation",
    "right_of_use",
    "straight_line",
    "variable",
    "gain",
    "cash",
    "deferred_rent",
)
LEASE_ACCOUNTING = {
    "month": pl.Date(),
    **dict.fromkeys(("deal", "party", "standard", "classification"), pl.String()),
    **{f"{name}_usd": pl.Float64() for name in AMOUNTS},
}
LEASE_TESTS = {**dict.fromkeys(("deal", "test", "got", "wanted"), pl.String()), "met": pl.Boolean()}

MAJOR_PART = 0.75
SUBSTANTIALLY_ALL = 0.90
"""Thresholds that ASC 842-10-55-2 calls one reasonable approach."""


@dataclass(frozen=True)
class _Lease:
    """One lease and what its accounting is worked out from."""

    entry: Entry[LeaseParams]
    inputs: FinancingInputs
    rent: Floats

    @cached_property
    def _seen(self) -> dict[tuple[int, int, bool], Floats]:
        return {}

    @property
    def params(self) -> LeaseParams:
        return self.entry.params

    @property
    def accounting(self) -> AccountingParams:
        found = self.params.accounting
        if found is None:  # asked for by `table`, which is called where there is one
            raise TypeError
        return found

    def term(self, certain: int) -> int:
        """Months of the lease term, given how many renewals the tenant is certain of."""
        return int(self.params.term + sum(self.params.renewals[:certain]))

    def payments(self, certain: int, known_years: int, *, changed: bool) -> Floats:
        """Fixed payments by phase and age: the index as it was known, the contract changed or not yet."""
        key = (certain, known_years, changed)
        if key not in self._seen:
            update: dict[str, object] = {"renewals_exercised": certain, "termination": None}
            if self.params.index is not None:
                path = (*(self._rise(year) for year in range(known_years)), 0.0)
                update["index"] = self.params.index.model_copy(update={"path": path})
            if not changed:
                update["modification"] = None
            params = self.params.model_copy(update=update)
            lease = roll(self.entry.name, params, self.inputs.phases, self.inputs.calendar)
            due = lease.rent_usd * params.take_or_pay - prepayment_credit(params, lease)
            take = np.arange(self.term(certain))[None, :] - lease.age[:, :1]
            self._seen[key] = np.take_along_axis(due, take, axis=1)
        return self._seen[key]

    def _rise(self, year: int) -> float:
        path = self.params.index.path if self.params.index else (0.0,)
        return path[min(year, len(path) - 1)]


def tables(entry: Entry[LeaseParams], inputs: FinancingInputs, rent: Floats) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `lease_accounting` and `lease_tests` of one lease.

    Args:
        entry: the lease; its parameters have `accounting`.
        inputs: as its model is given.
        rent: base rent in the ledger by month of the calendar; what of it is not fixed is variable.

    Raises:
        RefusedError: a reassessment comes after the term that it is to change.
    """
    lease = _Lease(entry, inputs, rent)
    tests = _tests(lease)
    finance = any(met for *_, met in tests)
    frames = []
    for standard in lease.accounting.standards:
        operating = standard == "asc842" and not finance
        kind = "lessee" if standard == "ifrs16" else f"{'operating' if operating else 'finance'} lessee"
        frames.append(_tenants(lease, standard, kind, operating=operating))
        # A sale by the landlord (sales-type) is not modelled: it is an operating lessor whatever the tenant is.
        frames.append(_landlords(lease, standard))
    rows = [(entry.name, *test) for test in tests]
    return terms.together(frames, LEASE_ACCOUNTING), pl.DataFrame(rows, schema=LEASE_TESTS, orient="row")


def _tests(lease: _Lease) -> list[tuple[str, str, str, bool]]:
    """The tests of ASC 842-10-25-2: one that is met makes it a finance lease; what is not known is not met."""
    given, params = lease.accounting, lease.params
    paid = lease.payments(params.certain, 0, changed=False)
    value = sum(lease_books.present_value(phase, given.rate / YEAR) for phase in paid)
    life = None if given.economic_life is None else lease.term(params.certain) / given.economic_life
    share = None if given.fair_value is None else value / given.fair_value
    special = params.kind == "build-to-suit" if given.specialised is None else given.specialised
    return [
        ("transfer", *_yes(given.transfers_ownership, "ownership passes to the tenant")),
        ("purchase_option", *_yes(given.purchase_option_certain, "the tenant is reasonably certain to buy")),
        ("term", *_at_least(life, MAJOR_PART, "of the economic life")),
        ("present_value", *_at_least(share, SUBSTANTIALLY_ALL, "of the fair value")),
        ("specialised", *_yes(special, "of no use to anybody else at the end")),
    ]


def _yes(met: bool, wanted: str) -> tuple[str, str, bool]:
    return "yes" if met else "no", wanted, met


def _at_least(got: float | None, least: float, what: str) -> tuple[str, str, bool]:
    return (
        "not known" if got is None else f"{got:.1%}",
        f"at least {least:.0%} {what}",
        got is not None and got >= least,
    )


def _events(lease: _Lease, phase: int, start: int, *, index: bool) -> list[Event]:
    """When a phase is measured, and with what: at commencement and whenever something changes."""
    given, params, calendar = lease.accounting, lease.params, lease.inputs.calendar
    certain, rate = params.certain, given.rate
    steps = {calendar.index(step.at) - start: step for step in given.reassessments}
    for age in sorted(age for age in steps if age <= 0):
        certain, rate = steps[age].renewals_certain, steps[age].rate
    change = None if params.modification is None else calendar.index(params.modification.at) - start
    end = None if params.termination is None else calendar.index(params.termination) - start
    ages = {0, *(age for age in steps if age > 0), *(() if change is None else (change,))}
    if index and params.index is not None:
        ages |= set(range(YEAR, lease.term(len(params.renewals)), YEAR))
    events: list[Event] = []
    for age in sorted(age for age in ages if end is None or age < end):
        if age in steps:
            _refuse_late(lease, age, certain)
            certain, rate = steps[age].renewals_certain, steps[age].rate
        if age >= lease.term(certain):
            continue
        kept = 1.0
        if age == change and params.modification is not None:
            rate, kept = params.modification.rate or 0.0, params.modification.capacity_kept
        known = age // YEAR if index or age in steps or age == change else 0
        paid = lease.payments(certain, known, changed=change is not None and age >= change)[phase, age:]
        events.append(Event(age, paid, rate / YEAR, kept))
    if end is not None:
        events.append(Event(end, np.zeros(1), 0.0, 0.0))
    return events


def _refuse_late(lease: _Lease, age: int, certain: int) -> None:
    if age > 0 and age >= lease.term(certain):
        raise terms.refuse(
            NAME,
            lease.entry.name,
            f"a reassessment comes {age} months after commencement, when the lease term of {lease.term(certain)} "
            "months is over",
            "let it be in a month within the term that it changes",
        )


def _extra(lease: _Lease, kw: Floats) -> tuple[Floats, Floats]:
    """Paid ahead less incentives, and direct costs, one entry a phase."""
    ahead = kw * (lease.params.tenant_prepayment - lease.params.tenant_allowance)
    return ahead, lease.accounting.initial_direct_costs * kw / kw.sum()


def _tenants(lease: _Lease, standard: Standard, kind: str, *, operating: bool) -> pl.DataFrame:
    contract = roll(lease.entry.name, lease.params, lease.inputs.phases, lease.inputs.calendar)
    ahead, direct = _extra(lease, contract.kw)
    total: dict[str, Floats] = {}
    for phase, start in enumerate(contract.start.tolist()):
        events = _events(lease, phase, start, index=standard == "ifrs16")
        made = lease_books.books(events, float(ahead[phase] + direct[phase]), operating=operating)
        columns = {
            "opening_liability": np.append(0.0, made.liability[:-1]),
            "liability_addition": made.addition,
            "interest": made.interest,
            "payment": made.payment,
            "liability": made.liability,
            "opening_right_of_use": np.append(0.0, made.right_of_use[:-1]),
            "right_of_use_addition": made.right_of_use_addition,
            "amortisation": made.amortisation,
            "right_of_use": made.right_of_use,
            "straight_line": made.cost * operating,
            "gain": made.gain,
        }
        _add(total, columns, start, lease.inputs.calendar.months)
    return _frame(lease, lease.params.tenant, standard, kind, total)


def _landlords(lease: _Lease, standard: Standard) -> pl.DataFrame:
    contract = roll(lease.entry.name, lease.params, lease.inputs.phases, lease.inputs.calendar)
    ahead, _ = _extra(lease, contract.kw)
    total: dict[str, Floats] = {}
    for phase, start in enumerate(contract.start.tolist()):
        events = _events(lease, phase, start, index=False)
        income, deferred = lease_books.straight_line(events, float(ahead[phase]))
        paid = np.concatenate([e.payments[: n - e.at] for e, n in zip(events, _ends(events), strict=True)])
        columns = {"straight_line": income, "deferred_rent": deferred, "payment": paid}
        _add(total, columns, start, lease.inputs.calendar.months)
    return _frame(lease, lease.params.landlord, standard, "operating lessor", total)


def _ends(events: list[Event]) -> list[int]:
    return [event.at for event in events[1:]] + [events[-1].at + len(events[-1].payments)]


def _add(total: dict[str, Floats], columns: dict[str, Floats], start: int, months: int) -> None:
    for name, values in columns.items():
        total[name] = total.get(name, 0.0) + terms.place(start, values, months)


def _frame(lease: _Lease, party: str, standard: str, kind: str, total: dict[str, Floats]) -> pl.DataFrame:
    calendar = lease.inputs.calendar
    nothing = np.zeros(calendar.months)
    total |= {"cash": lease.rent, "variable": lease.rent - total["payment"]}
    total["variable"][np.abs(total["variable"]) < 1e-9 * max(float(np.max(lease.rent, initial=0.0)), 1.0)] = 0.0
    frame = pl.DataFrame({f"{name}_usd": total.get(name, nothing) for name in AMOUNTS})
    words = {"deal": lease.entry.name, "party": party, "standard": standard, "classification": kind}
    return (
        frame.with_columns(pl.Series("month", calendar.dates(), dtype=pl.Date))
        .filter(pl.any_horizontal(pl.exclude("month") != 0))
        .with_columns(pl.lit(word, pl.String).alias(name) for name, word in words.items())
        .select(list(LEASE_ACCOUNTING))
    )
