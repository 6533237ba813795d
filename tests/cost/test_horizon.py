from __future__ import annotations

import pytest
from deals import START, deal, registry, structure

from twin.api import Calendar, RefusedError
from twin.cost.horizon import months, needs
from twin.errors import PluginError


def asked(made, horizon):
    return months(made.topology.calendar, made, needs(made.topology, made, registry(horizon)))


def count(*deals, horizon=None, racks=(("dc", 7, 1),)):
    made = structure(*deals, racks=racks, months=0)
    return asked(made, horizon)


def test_a_year_after_the_last_energisation_at_least():
    assert count() == 19
    assert count(racks=(("dc", -30, 1),)) == 12
    assert count(deal("x"), horizon=lambda _: 3) == 19


def test_what_never_comes_into_service_does_not_count():
    made = structure(racks=(("dc", 7, 1), ("dc", 30, 1)), months=0)
    made.classes.retired[:] = [40, 30]
    assert asked(made, None) == 19


def test_the_longest_wish_is_met():
    assert count(deal("x"), horizon=lambda _: 240) == 240


def test_a_model_is_asked_once_with_all_its_entries_and_no_months():
    seen = []

    def ask(inputs):
        seen.append(([entry.name for entry in inputs.entries], list(inputs.others), inputs.calendar))
        return 1

    count(deal("a"), deal("b"), horizon=ask)
    assert seen == [(["a", "b"], [], Calendar(START, 0))]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (1.5, "returned 1.5; a whole number of months"),
        (-1, "returned -1"),
        (True, "returned True"),
        (None, "returned None"),
    ],
)
def test_a_horizon_that_is_no_number_of_months(answer, says):
    with pytest.raises(PluginError, match=f"horizon of model 'fake' of plugin fakes {says}"):
        count(deal("x"), horizon=lambda _: answer)


def test_a_horizon_that_fails_is_named():
    with pytest.raises(PluginError, match="horizon of model 'fake' of plugin fakes failed: ZeroDivisionError"):
        count(deal("x"), horizon=lambda _: 1 // 0)


def test_no_calendar_is_longer_than_a_century():
    with pytest.raises(RefusedError, match="model 'fake' asks for 1,201 months from 2027-01"):
        count(deal("x"), horizon=lambda _: 1201)
