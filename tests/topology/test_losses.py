"""Efficiency curves and losses as a file may state them."""

from __future__ import annotations

import pytest
from topology.fakes import findings, line_of, load

CURVE = "efficiency_25: 94 %, efficiency_50: 96 %, efficiency_75: 96.5 %, efficiency_100: 96 %"
FILE = """\
twin: 1
components:
  base: {kind: ups, capacity: 1 MW, COMPONENT}
sites:
  s:
    contains:
      grid: {kind: utility}
      ups: {GROUP, power: grid}
      rack: {kind: rack, load: 1 kW, idle_fraction: 30 %, power: ups, RACK}
"""


def text(group="use: base", component="", rack="note: x"):
    return (
        FILE.replace("GROUP", group).replace(", COMPONENT", f", {component}" if component else "").replace("RACK", rack)
    )


def ups(tmp_path, group, component="", overlays=()):
    group = load(tmp_path, text(group, component), overlays=overlays).groups["s/ups"]
    return {name: value.value for name, value in group.attributes.items() if "effic" in name or "loss" in name}


def test_a_curve_hides_the_efficiency_of_what_is_further_away(tmp_path):
    curve = {"efficiency_25": 0.94, "efficiency_50": 0.96, "efficiency_75": 0.965, "efficiency_100": 0.96}
    assert ups(tmp_path, f"use: base, {CURVE}", "efficiency: 90 %, no_load_loss: 3 kW") == pytest.approx(curve)
    assert ups(tmp_path, "use: base", CURVE) == pytest.approx(curve)


def test_an_efficiency_hides_the_curve_of_what_is_further_away(tmp_path):
    assert ups(tmp_path, "use: base, efficiency: 97 %", CURVE) == {"efficiency": 0.97}
    assert ups(tmp_path, "use: base", CURVE, overlays=("s/ups.efficiency=97 %",)) == {"efficiency": 0.97}


def test_one_point_of_a_curve_may_differ(tmp_path):
    assert ups(tmp_path, "use: base, efficiency_100: 95 %", CURVE)["efficiency_100"] == 0.95


def test_constant_losses_stand_beside_an_efficiency(tmp_path):
    stated = "use: base, efficiency: 99 %, no_load_loss: 2 kW, load_loss: 10 kW"
    assert ups(tmp_path, stated) == {"efficiency": 0.99, "no_load_loss": 2.0, "load_loss": 10.0}


UPS = "sites.s.contains.ups"
BROKEN = {
    "three points": (
        text("use: base, efficiency_25: 94 %, efficiency_50: 96 %, efficiency_75: 96 %"),
        f"{UPS}.efficiency_25",
        "has 3 of its 4 points",
        "add 'efficiency_100'",
    ),
    "no rating for a curve": (
        text(f"kind: ups, {CURVE}"),
        f"{UPS}.efficiency_25",
        "an efficiency curve without a rating",
        "add 'capacity:'",
    ),
    "no rating for a loss": (
        text("kind: ups, load_loss: 5 kW"),
        f"{UPS}.load_loss",
        "'load_loss' without a rating",
        "add 'capacity:'",
    ),
    "both in a group": (
        text(f"use: base, {CURVE}, no_load_loss: 1 kW"),
        f"{UPS}.no_load_loss",
        "beside the curve",
        "keep one",
    ),
    "both in a component": (
        text(component=f"{CURVE}, efficiency: 96 %"),
        "components.base.efficiency",
        "beside the curve",
        "keep one",
    ),
    "less input for more": (
        text("use: base, efficiency_25: 40 %, efficiency_50: 90 %, efficiency_75: 96 %, efficiency_100: 96 %"),
        f"{UPS}.efficiency_50",
        "less input at 50% of its rating than at 25%",
        "below 80 %",
    ),
    "above one": (text("use: base, efficiency_25: 194 %"), f"{UPS}.efficiency_25", "above 100 %", "at most 100 %"),
    "of a rack": (text(rack="no_load_loss: 1 kW"), "sites.s.contains.rack.no_load_loss", "a rack has no", "ups"),
    "cap below idle": (
        text(rack="power_cap: 20 %"),
        "sites.s.contains.rack.power_cap",
        "draws more when idle",
        "at least its 'idle",
    ),
    "oversubscribed below one": (
        text("use: base, oversubscription: 0.9"),
        f"{UPS}.oversubscription",
        "below 1",
        "at least 1",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_wrong_loss_is_named(name, tmp_path):
    broken, path, message, expected = BROKEN[name]
    found = [one for one in findings(tmp_path, broken) if one.path == path]
    assert len(found) == 1
    line = {"components": "  base:", "rack": "  rack:", "ups": "  ups:"}
    key = next(word for word in line if word in path.split("."))
    assert found[0].line == line_of(broken, line[key])
    assert message in found[0].message
    assert expected in found[0].expected
