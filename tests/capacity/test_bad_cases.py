"""What a planner gets wrong: the finding says where it is, what is wrong and what would be right."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from twin.cli.main import run
from twin.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED

HEAD = """\
twin: 1
name: bad
calendar: {start: 2027-01-01, months: 60}
"""


@pytest.fixture
def call(tmp_path, capfdbinary, monkeypatch):
    """Write a file, run a command on it; gives exit status, stdout and stderr."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run_it(text, command, *options):
        path = tmp_path / "bad.yaml"
        path.write_text(HEAD + textwrap.dedent(text).lstrip("\n"))
        capfdbinary.readouterr()
        status = run([command, str(path), *options])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return SimpleNamespace(status=status, out=out.decode(), err=err.decode())

    return run_it


@dataclass(frozen=True)
class Refused:
    """A file that is not read: a finding on the line that is marked with `#!`, with these words in it."""

    text: str
    words: tuple[str, ...]


REFUSED = {
    "an unfed rack": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[4]: {kind: rack, load: 60 kW}  #!
        """,
        ("rack 's/rack' is fed by nobody", "add 'power: {from: …}'"),
    ),
    "an unfed UPS": Refused(
        """
        sites:
          s:
            contains:
              ups[4]: {kind: ups, capacity: 1 MW}  #!
              rack[4]: {kind: rack, load: 60 kW, power: ups}
        """,
        ("ups 's/ups' is fed by nobody", "add 'power: {from: …}'"),
    ),
    "more needed than picked": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups[4]: {kind: ups, capacity: 1 MW, power: grid}
              rack[4]: {kind: rack, load: 60 kW, power: {from: ups, pick: 2, need: 3}}  #!
        """,
        ("sites.s.contains.rack[4].power.need", "3", "2"),
    ),
    "unlike suppliers dealt to several": Refused(
        """
        sites:
          s:
            contains:
              a: {kind: utility, capacity: 60 kW}
              b: {kind: utility, capacity: 150 kW}
              c: {kind: utility, capacity: 100 kW}
              d: {kind: utility, capacity: 240 kW}
              rack[5]: {kind: rack, load: 70 kW, power: {from: [a, b, c, d], pick: 3}}  #!
        """,
        ("how many power suppliers 's/rack' needs cannot be derived", "state 'need:'"),
    ),
    "more picked than there are": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups[2]: {kind: ups, capacity: 1 MW, power: grid}
              rack[4]: {kind: rack, load: 60 kW, power: {from: ups, pick: 3}}  #!
        """,
        ("sites.s.contains.rack[4].power", "3", "2"),
    ),
    "a cooling loop with no heat rejection": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              chiller: {kind: chiller, capacity: 1 MW, power: grid}
              cdu[2]: {kind: cdu, capacity: 1 MW, power: grid}  #!
              rack[4]: {kind: rack, load: 60 kW, power: grid, cooling: cdu}
        """,
        ("nobody takes the heat of cdu 's/cdu'", "add 'cooling: {from: …}'"),
    ),
    "a cooling loop that goes round": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              cdu[2]: {kind: cdu, capacity: 1 MW, power: grid, cooling: manifold}  #!
              manifold: {kind: manifold, cooling: cdu}
              rack[4]: {kind: rack, load: 60 kW, power: grid, cooling: cdu}
        """,
        ("a loop: each is fed by the next", "s/cdu ← s/manifold ← s/cdu", "take one of these dependencies away"),
    ),
    "a curve with a missing point": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups: {kind: ups, capacity: 1 MW, power: grid, efficiency_25: 93 %, efficiency_50: 95 %,  #!
                    efficiency_100: 95 %}
              rack[4]: {kind: rack, load: 60 kW, power: ups}
        """,
        ("efficiency_75",),
    ),
    "a curve without a rating": Refused(
        """
        components:
          curve: {kind: ups, efficiency_25: 93 %, efficiency_50: 95 %, efficiency_75: 95 %, efficiency_100: 95 %}  #!
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups: {use: curve, power: grid}
              rack[4]: {kind: rack, load: 60 kW, power: ups}
        """,
        ("capacity",),
    ),
    "a curve and a constant": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups:
                kind: ups
                capacity: 1 MW
                efficiency: 96 %  #!
                efficiency_25: 93 %
                efficiency_50: 95 %
                efficiency_75: 95 %
                efficiency_100: 95 %
                power: grid
              rack[4]: {kind: rack, load: 60 kW, power: ups}
        """,
        ("efficiency",),
    ),
    "a curve that gives more for less": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              ups:
                kind: ups
                capacity: 1 MW
                efficiency_25: 40 %
                efficiency_50: 95 %  #!
                efficiency_75: 95 %
                efficiency_100: 95 %
                power: grid
              rack[4]: {kind: rack, load: 60 kW, power: ups}
        """,
        ("efficiency",),
    ),
    "a load loss without a rating": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              tx: {kind: transformer, load_loss: 10 kW, power: grid}  #!
              rack[4]: {kind: rack, load: 60 kW, power: tx}
        """,
        ("load_loss", "capacity"),
    ),
    "a ramp beside a list of dates": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[2]:
                kind: rack
                load: 60 kW
                power: grid
                energised: [2027-01-01, 2027-03-01]
                ramp: 6 months  #!
        """,
        ("ramp",),
    ),
    "retired before it is energised": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[2]:
                kind: rack
                load: 60 kW
                power: grid
                energised: 2028-01-01
                retired: 2027-06-01  #!
        """,
        ("retired", "2027-06", "2028-01"),
    ),
    "refreshed before it is energised": Refused(
        """
        components:
          next: {kind: rack, load: 130 kW}
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[2]:
                kind: rack
                load: 60 kW
                power: grid
                energised: 2028-01-01
                refresh: {date: 2027-06-01, use: next}  #!
        """,
        ("refresh", "2027-06", "2028-01"),
    ),
    "a demand at a site that there is not": Refused(
        """
        sites:
          south:
            contains:
              grid: {kind: utility}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        demand:
          wanted: {power: {2027-06-01: 1 MW}, at: suoth}  #!
        """,
        ("suoth", "south"),
    ),
    "a demand in two measures": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        demand:
          wanted: {power: {2027-06-01: 1 MW}, accelerators: {2027-06-01: 100}}  #!
        """,
        ("demand.wanted", "power", "accelerators"),
    ),
    "oversubscription below one": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW, oversubscription: 0.8}  #!
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        """,
        ("oversubscription", "0.8", "1"),
    ),
    "more provisioned than the nameplate": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW}
              rack[2]: {kind: rack, load: 60 kW, provisioned: 120 %, power: grid}  #!
        """,
        ("provisioned", "120 %"),
    ),
    "a rack that feeds others": Refused(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW}
              rack: {kind: rack, load: 60 kW, power: grid}
              node[4]: {kind: server, load: 10 kW, power: rack}  #!
        """,
        ("rack",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_wrong_is_refused_with_the_place_and_the_remedy(call, name):
    case = REFUSED[name]
    done = call(case.text, "validate")
    assert done.status == EXIT_BAD_INPUT, done.out
    marked = (HEAD + textwrap.dedent(case.text).lstrip("\n")).splitlines()
    line = next(number for number, text in enumerate(marked, start=1) if "#!" in text)
    findings = [text for text in done.err.splitlines() if f"bad.yaml:{line}:" in text]
    assert findings, done.err
    assert any(all(word in text for word in case.words) for text in findings), findings
    assert all("; " in text for text in findings), findings  # what would be right comes after it


@dataclass(frozen=True)
class Failing:
    """A file that is read and does not hold: a failed check whose message, with its subject, has these words."""

    text: str
    check: str
    words: tuple[str, ...]


FAILING = {
    "a feed smaller than one rack": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              pdu[4]: {kind: pdu, capacity: 100 kW, derate: 100 %, efficiency: 100 %, power: grid}
              rack[3]: {kind: rack, load: 132 kW, power: {from: pdu, pick: 2, need: 1}}
        """,
        "",
        ("pdu", "132", "100"),
    ),
    "a demand that no phase meets": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW}
              hall[2]:
                energised: [2027-03-01, 2027-09-01]
                contains:
                  rack[4]: {kind: rack, load: 100 kW, power: grid}
        demand:
          wanted: {power: {2027-06-01: 0.3 MW, 2028-01-01: 2 MW}}
        """,
        "demand",
        ("no phase meets it", "800 kW", "2027-09"),
    ),
    "a demand that is met late": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 1 MW}
              hall[2]:
                energised: [2027-03-01, 2027-09-01]
                contains:
                  rack[4]: {kind: rack, load: 100 kW, accelerators: 72, power: grid}
        demand:
          wanted: {accelerators: {2027-06-01: 500}}
        """,
        "demand",
        ("2027-06", "2027-09"),
    ),
    "over its rating": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 100 kW}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        """,
        "rating",
        ("s/grid", "120", "100"),
    ),
    "oversubscription that nothing holds back": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility, capacity: 100 kW, oversubscription: 1.3}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        """,
        "",
        ("s/grid", "power_cap"),
    ),
    "data in a country that nobody states": Failing(
        """
        sites:
          s:
            contains:
              grid: {kind: utility}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        assertions:
          - {check: residency, sites: [s], countries: [US]}
        """,
        "residency",
        ("s", "country"),
    ),
    "data in the wrong country": Failing(
        """
        sites:
          s:
            region: ca-qc
            contains:
              grid: {kind: utility}
              rack[2]: {kind: rack, load: 60 kW, power: grid}
        assertions:
          - {check: residency, sites: [s], countries: [US]}
        """,
        "residency",
        ("s", "CA", "US"),
    ),
    "more racks than positions": Failing(
        """
        sites:
          s:
            rack_positions: 3
            contains:
              grid: {kind: utility, capacity: 1 MW}
              rack[4]: {kind: rack, load: 60 kW, power: grid}
        """,
        "",
        ("s", "3", "4", "position"),
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_plan_that_does_not_hold_fails_a_check_with_the_node_and_the_remedy(call, name):
    case = FAILING[name]
    done = call(case.text, "capacity", "--format", "json", "--table", "checks")
    assert done.status == EXIT_CHECK_FAILED, done.err
    rows = json.loads(done.out)
    rows = rows if isinstance(rows, list) else rows["checks"]
    failed = [row for row in rows if not row["ok"] and case.check in row["check"]]
    said = [" ".join(str(value) for value in row.values()) for row in failed]
    assert any(all(word in text for word in case.words) for text in said), rows
