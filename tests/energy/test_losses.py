"""One rule for the losses of a supplier, whoever reads it: capacity, energy, the failure of its feed."""

from __future__ import annotations

import pytest

import twin

FILE = """\
twin: 1
name: losses
calendar: {start: 2027-01-01, months: 1}
components:
  own: {kind: transformer, capacity: 2 MW, COMPONENT}
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 3 MW, mtbf: 8750 h, mttr: 10 h}
      tx: {capacity: 2 MW, TX, power: grid}
      rack[10]: {kind: rack, load: 100 kW, power: tx}
"""
SPLIT = "no_load_loss: 2 kW, load_loss: 8 kW"
TWO = 2 + 8 * 0.5**2
"""kW lost at half of the rating."""


def text(tx, component="note: x"):
    return FILE.replace("TX", tx).replace("COMPONENT", component)


@pytest.mark.parametrize(
    ("tx", "component", "drawn"),
    [
        # no efficiency of a catalogue beside losses that the file states: they are all there is
        (f"kind: transformer, {SPLIT}", "note: x", 1000 + TWO),
        (f"use: own, {SPLIT}", "note: x", 1000 + TWO),
        ("use: own", SPLIT, 1000 + TWO),
        (f"use: generic.transformer, {SPLIT}", "note: x", 1000 + TWO),
        ("kind: transformer, no_load_loss: 2 kW", "note: x", 1002),
        # one that the file states as well is the part that goes with the load
        (f"kind: transformer, efficiency: 99 %, {SPLIT}", "note: x", 1000 / 0.99 + TWO),
        (f"use: own, {SPLIT}", "efficiency: 99 %", 1000 / 0.99 + TWO),
        # and without losses the default of the kind is what is lost
        ("kind: transformer", "note: x", 1000 / 0.995),
        # a part that states both means both, also where the file corrects one of them
        ("use: hpe.frontier-rectifier, no_load_loss: 2 kW", "note: x", 1000 / 0.96 + 2),
    ],
)
def test_losses_are_counted_once_in_every_answer(tmp_path, tx, component, drawn):
    path = tmp_path / "losses.yaml"
    path.write_text(text(tx, component))
    model = twin.load(path)
    supplied = model.capacity()["capacity"]
    assert supplied.filter(group="s/grid")["load_kw"].to_list() == pytest.approx([drawn])
    lost = model.energy()["energy"].filter(stage="power_chain")
    assert lost["peak_kw"].to_list() == pytest.approx([drawn - 1000])


def test_failure_counts_on_the_same_losses(tmp_path):
    """The feed carries 1,000 kW and 4 kW of losses at 1,006 kW; with an efficiency of 99.5 % besides it would not."""
    path = tmp_path / "losses.yaml"
    path.write_text(text(f"kind: transformer, {SPLIT}").replace("3 MW", "1006 kW"))
    [row] = twin.load(path).failure()["checks"].filter(check="supply_within_rating").rows(named=True)
    assert row["ok"], row


def test_a_default_that_nobody_takes_is_no_assumption(tmp_path):
    path = tmp_path / "losses.yaml"
    path.write_text(text(f"kind: transformer, {SPLIT}"))
    assumed = twin.load(path).assumptions
    assert assumed.filter(owner="s/tx", attribute="efficiency").is_empty()
