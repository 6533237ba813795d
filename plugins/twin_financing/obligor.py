"""From when a party may default on what it has agreed to: one month for it, whichever of its deals asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin_financing import terms
from twin_financing.backstop_params import BackstopParams
from twin_financing.chip_lease_params import ChipLeaseParams
from twin_financing.lease_params import LeaseParams
from twin_financing.lease_roll import first_commencement

if TYPE_CHECKING:
    from twin.api import FinancingInputs


def may_default_from(party: str, inputs: FinancingInputs) -> int:
    """Month index of the first commencement of any lease of the party, buildings or chips; 0 at the least.

    A default is an event of the party and not of a deal, so the probabilities of all its guarantees count from the
    same month.

    Args:
        party: tenant of leases, lessee of chips.
        inputs: as a model is given; its own entries and all others count.
    """
    starts = [
        _start(name, params, inputs)
        for name, params in (
            *((entry.name, entry.params) for entry in inputs.entries),
            *((name, entry.params) for name, entry in inputs.others.items()),
        )
        if (isinstance(params, LeaseParams) and params.tenant == party)
        or (isinstance(params, ChipLeaseParams) and params.lessee == party)
    ]
    return max(min(starts, default=0), 0)


def refuse_contradiction(model: str, deal: str, party: str, per_year: float, inputs: FinancingInputs) -> None:
    """Refuse a probability of default that another guarantee of the same party does not share.

    Raises:
        RefusedError: both deals, by name.
    """
    for entry in (*inputs.entries, *inputs.others.values()):
        other = _stated(entry.params, party)
        if entry.name != deal and other is not None and other != per_year:
            raise terms.refuse(
                model,
                deal,
                f"it has '{party}' default with {per_year:.3g} a year and '{entry.name}' with {other:.3g}, "
                "and a default is an event of the party",
                "state the same `default_probability` in both",
            )


def _stated(params: Any, party: str) -> float | None:
    """The probability of default of a party that a deal states; None where it states none."""
    if isinstance(params, BackstopParams) and params.obligor == party:
        return params.default_probability
    if isinstance(params, ChipLeaseParams) and params.lessee == party and params.support is not None:
        return params.support.default_probability
    return None


def _start(name: str, params: LeaseParams | ChipLeaseParams, inputs: FinancingInputs) -> int:
    if isinstance(params, LeaseParams):
        return first_commencement(name, params, inputs.phases, inputs.calendar)
    if params.amount is not None:
        return 0 if params.start is None else inputs.calendar.index(params.start)
    month = terms.month_indices(inputs.calendar, terms.at_site(inputs.parts, params.site)["month"])
    return int(month.min()) if len(month) else 0
