from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from deals import deal, registry, schedule, structure

from twin import tables
from twin.api import AnalysisInputs
from twin.cost.analysis import CostParams, run, twin_analyses
from twin.cost.horizon import needs

MONTHS = 3


def analyse(made, **models):
    known = registry(**models)
    twin = SimpleNamespace(
        topology=made.topology,
        structure=made,
        calendar=made.topology.calendar,
        registry=known,
        horizons=needs(made.topology, made, known),
    )
    given = {"schedule": schedule(MONTHS, dc=80)} | {
        name: tables.table(name).empty() for name in ("energy_cost", "goodput")
    }
    return run(AnalysisInputs(given, twin, 0, CostParams()))


def test_it_writes_what_it_declares():
    (analysis,) = twin_analyses()
    got = analyse(structure(deal("rent"), months=MONTHS))
    assert set(got) == set(analysis.produces)
    for name, frame in got.items():
        tables.check(name, frame, "cost")
    assert got["cashflow"].height == MONTHS
    assert got["checks"]["ok"].all()
    metrics = {row["party"]: row for row in got["party_metrics"].iter_rows(named=True)}
    assert metrics["lab"]["net_usd"] == -300.0
    assert metrics["owner"]["npv_usd"] == pytest.approx(sum(100 * 1.1 ** (-t / 12) for t in range(3)))


@pytest.mark.parametrize("parties", [True, False])
def test_a_file_without_deals_has_an_empty_ledger(parties):
    made = structure(months=MONTHS)
    if not parties:
        made = replace(made, topology=replace(made.topology, parties={}))
    got = analyse(made)
    assert got["cashflow"].is_empty()
    assert got["unit_cost"].is_empty()
    assert got["party_metrics"].height == (3 if parties else 0)
    assert got["checks"]["ok"].to_list() == [True]
