"""Open-PSA models: every construct on its own, SCRAM's own models against SCRAM, and hostile files."""

from __future__ import annotations

import subprocess

import pytest
from interop import scram

from twin.errors import InputError, UsageError
from twin.failure.exact import FaultTree
from twin.interop.open_psa import read_open_psa

TREE = """<?xml version="1.0"?>
<opsa-mef>
  <define-fault-tree name="F">
    <define-gate name="T"><or><event name="x"/><event name="z"/></or></define-gate>
    {more}
  </define-fault-tree>
  <model-data>
    <define-basic-event name="z"><float value="0"/></define-basic-event>
    <define-basic-event name="x">{x}</define-basic-event>
    {data}
  </model-data>
</opsa-mef>
"""


@pytest.fixture
def model(tmp_path):
    def read(x='<float value="0.25"/>', more="", data="", **options):
        path = tmp_path / "model.xml"
        path.write_text(TREE.format(x=x, more=more, data=data))
        return read_open_psa([path], **options)

    return read


def probability(model, top="T") -> float:
    return FaultTree(model.gates, model.events).top_event(top)["probability"].item()


def said_of(model, *args, **options) -> str:
    with pytest.raises(InputError) as caught:
        model(*args, **options)
    return str(caught.value)


TIME = "<system-mission-time/>"


def f(*values: float) -> str:
    return "".join(f'<float value="{value}"/>' for value in values)


EXPRESSIONS = {
    "exponential": (f"<exponential>{f(1e-5)}{TIME}</exponential>", 0.0838727),
    "GLM": (f"<GLM>{f(0.1, 1e-5, 0.1)}{TIME}</GLM>", 9.999e-05),
    "Weibull": (f"<Weibull>{f(10000, 2, 100)}{TIME}</Weibull>", 0.527613),
    "periodic test, repaired at once": (f"<periodic-test>{f(1e-5, 700, 100)}{TIME}</periodic-test>", 0.00259662),
    "periodic test, repaired at a rate": (
        f"<periodic-test>{f(1e-5, 0.01, 700, 100)}{TIME}</periodic-test>",
        0.00310824,
    ),
    "uniform": (f"<uniform-deviate>{f(0.1, 0.3)}</uniform-deviate>", 0.2),
    "lognormal by error factor": (f"<lognormal-deviate>{f(0.1, 3, 0.95)}</lognormal-deviate>", 0.1),
    "lognormal by mu and sigma": (f"<lognormal-deviate>{f(-2, 0.3)}</lognormal-deviate>", 0.141564),
    "gamma": (f"<gamma-deviate>{f(2, 0.1)}</gamma-deviate>", 0.2),
    "histogram": (f"<histogram>{f(0)}<bin>{f(0.1, 2)}</bin><bin>{f(0.4, 1)}</bin></histogram>", 0.116667),
    "sub": (f"<sub>{f(1, 0.3, 0.2)}</sub>", 0.5),
    "div": (f"<div>{f(1, 4, 2)}</div>", 0.125),
    "mean": (f"<mean>{f(0.1, 0.4)}</mean>", 0.25),
    "min": (f"<min>{f(0.1, 0.4)}</min>", 0.1),
    "mod": (f"<div><mod>{f(7, 4)}</mod>{f(10)}</div>", 0.3),
    "pow": (f"<pow>{f(0.5, 3)}</pow>", 0.125),
    "neg": (f"<add>{f(1)}<neg>{f(0.7)}</neg></add>", 0.3),
    "pi": (f"<div><pi/>{f(10)}</div>", 0.314159),
    "log10": (f"<log10>{f(1.2)}</log10>", 0.0791812),
    "ite": (f"<ite><lt>{f(1, 2)}</lt>{f(0.1, 0.2)}</ite>", 0.1),
    "switch": (
        f'<switch><case><bool value="false"/>{f(0.1)}</case><case>{f(1, 0.15)}</case>{f(0.2)}</switch>',
        0.15,
    ),
    "parameter": ('<parameter name="q"/>', 0.25),
}
"""Expression -> what Debian scram 0.16.2 prints for it at 8,760 h, six figures."""


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_are_what_scram_makes_of_them(model, name) -> None:
    text, wanted = EXPRESSIONS[name]
    data = f'<define-parameter name="q">{f(0.25)}</define-parameter>'
    assert probability(model(text, data=data)) == pytest.approx(wanted, rel=5e-6)


def test_deviates_count_with_their_mean(model) -> None:
    """Of the definitions; scram refuses these two, as a sample may leave 0..1."""
    assert probability(model(f"<normal-deviate>{f(0.1, 0.03)}</normal-deviate>")) == pytest.approx(0.1)
    assert probability(model(f"<beta-deviate>{f(2, 5)}</beta-deviate>")) == pytest.approx(2.0 / 7.0)


def test_the_mission_time_is_an_option(model) -> None:
    text = EXPRESSIONS["exponential"][0]
    assert probability(model(text, mission_time_h=100.0)) == pytest.approx(0.0009995, rel=1e-6)
    with pytest.raises(UsageError, match="mission time"):
        model(text, mission_time_h=float("nan"))


def test_a_test_whose_repair_is_as_quick_as_its_failures_has_its_limit(model) -> None:
    """At equal rates the formula is a limit: it joins what lies on both sides."""

    def at(repair: float) -> float:
        return probability(model(f"<periodic-test>{f(1e-3, repair, 700, 100)}{TIME}</periodic-test>"))

    assert at(1e-3) == pytest.approx((at(1e-3 * 0.999) + at(1e-3 * 1.001)) / 2.0, rel=1e-6)


def test_formulas_nest_and_constants_and_house_events_are_fixed(model) -> None:
    more = """
    <define-gate name="G"><and>
      <or><event name="x"/><not><basic-event name="y"/></not></or>
      <atleast min="2"><event name="x"/><event name="y"/><house-event name="h"/></atleast>
      <constant value="true"/>
    </and></define-gate>
    <define-gate name="P"><gate name="G"/></define-gate>
    <define-gate name="C"><cardinality min="1" max="1"><event name="x"/><event name="y"/></cardinality></define-gate>
    <define-gate name="I"><imply><event name="x"/><event name="y"/></imply></define-gate>
    <define-house-event name="h"><constant value="true"/></define-house-event>
    <define-basic-event name="y"><float value="0.5"/></define-basic-event>"""
    read = model(more=more)
    assert probability(read, "G") == pytest.approx(0.25)
    assert probability(read, "P") == pytest.approx(0.25)
    assert probability(read, "C") == pytest.approx(0.25 * 0.5 + 0.75 * 0.5)
    assert probability(read, "I") == pytest.approx(1.0 - 0.25 * 0.5)
    assert FaultTree(read.gates, read.events).importance("G")["event"].sort().to_list() == ["x", "y"]


def test_private_names_hold_in_their_component_alone(model) -> None:
    more = """
    <define-gate name="U"><gate name="c.G"/></define-gate>
    <define-gate name="W"><gate name="F.c.G"/></define-gate>
    <define-component name="c" role="private">
      <define-gate name="G"><or><event name="y"/></or></define-gate>
      <define-basic-event name="y"><parameter name="q"/></define-basic-event>
      <define-parameter name="q"><float value="0.1"/></define-parameter>
      <define-gate name="open" role="public"><event name="y"/></define-gate>
    </define-component>"""
    data = '<define-parameter name="q"><float value="0.9"/></define-parameter>'
    read = model(more=more, data=data)
    assert probability(read, "U") == pytest.approx(0.1)
    assert probability(read, "W") == pytest.approx(0.1)
    assert probability(read, "open") == pytest.approx(0.1)
    assert "F.c.y" in read.events["event"].to_list()
    assert "<event> is not defined (got y)" in said_of(
        model, more=more + '<define-gate name="V"><event name="y"/></define-gate>'
    )


GROUP = """
<define-gate name="all"><and><event name="p"/><event name="r"/><event name="s"/></and></define-gate>
<define-CCF-group name="pumps" model="{model}">
  <members><basic-event name="p"/><basic-event name="r"/><basic-event name="s"/></members>
  <distribution><float value="0.1"/></distribution>
  {factors}
</define-CCF-group>"""


def group(kind: str, *factors: tuple[int | None, float]) -> str:
    made = "".join(f"<factor{f' level={chr(34)}{n}{chr(34)}' if n else ''}>{f(value)}</factor>" for n, value in factors)
    return GROUP.format(model=kind, factors=f"<factors>{made}</factors>" if len(factors) > 1 else made)


def test_common_cause_groups_are_expanded(model) -> None:
    read = model(more=group("beta-factor", (3, 0.2)))
    assert probability(read, "all") == pytest.approx(1.0 - 0.98 * (1.0 - 0.08**3))
    assert "[p r s]" in read.events["event"].to_list()
    alone = model(more=group("beta-factor", (None, 0.2)), common_cause=False)
    assert probability(alone, "all") == pytest.approx(1e-3)
    assert model(more=group("MGL", (2, 0.2), (None, 0.1))).events.height == 2 + 7


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (group("beta-factor", (2, 0.2)), "factor has a wrong level (got 2); 3..3"),
        (group("gamma-factor", (3, 0.2)), "there is no model of common cause 'gamma-factor'"),
        (group("phi-factor", (1, 0.2), (2, 0.2)), "they must sum to 1"),
        (
            group("beta-factor", (3, 0.2)) + '<define-basic-event name="p"><float value="0.1"/></define-basic-event>',
            "has a member whose probability is given twice (got p)",
        ),
    ],
)
def test_what_is_no_group_is_refused(model, more, said) -> None:
    assert said in said_of(model, more=more)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("", "has 0 expressions"),
        (f(1.5), "model.xml:9: x: has a probability outside 0..1 (got 1.5)"),
        ('<float value="much"/>', "cannot be worked out"),
        ('<float value="nan"/>', "is no finite number"),
        ('<parameter name="none"/>', "parameter 'none' is not defined"),
        ('<parameter name="loop"/>', "refers to itself"),
        (f"<div>{f(1, 0)}</div>", "cannot be worked out"),
        (f"<exp>{f(1000)}</exp>", "cannot be worked out"),
        (f"<pow>{f(1)}</pow>", "has 1 arguments"),
        (f"<exponential>{f(-1)}{TIME}</exponential>", "-1 is negative"),
        ("<switch/>", "has no value for the case that none holds"),
        ('<extern-function name="f"/>', "is an expression that is not read"),
        ('<test-initiating-event name="i"/>', "is an expression that is not read"),
        ("<periodic-test>" + f(*[0.1] * 11) + "</periodic-test>", "has 11 arguments"),
        (f"<switch><case>{f(1)}</case>{f(1)}</switch>", "<case> has 1 arguments"),
        (f"<histogram>{f(0)}<bin>{f(1)}</bin></histogram>", "<bin> has 1 arguments"),
        ("<histogram/>", "has 0 arguments"),
    ],
)
def test_what_has_no_value_is_refused(model, x, said) -> None:
    data = '<define-parameter name="loop"><parameter name="loop"/></define-parameter>'
    assert said in said_of(model, x, data=data)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('<define-gate name="T"><event name="x"/></define-gate>', "is defined twice"),
        ('<define-gate name="a.b"><event name="x"/></define-gate>', "has no proper name"),
        ('<define-gate name="G"><event name="xx"/></define-gate>', "<event> is not defined (got xx)"),
        ('<define-gate name="G"><house-event name="x"/></define-gate>', "<house-event> is not defined (got x)"),
        ('<define-gate name="G"/>', "gate has 0 formulas"),
        ('<define-gate name="G"><or/></define-gate>', "<or> has no argument"),
        ('<define-gate name="G"><vote><event name="x"/></vote></define-gate>', "<vote> is no formula"),
        ('<define-gate name="G"><atleast><event name="x"/></atleast></define-gate>', "no number in 'min'"),
        ('<define-gate name="G"><constant value="maybe"/></define-gate>', "is no truth value"),
        ('<define-thing name="t"/>', "<define-thing> is not read"),
    ],
)
def test_what_is_no_tree_is_refused(model, more, said) -> None:
    assert said in said_of(model, more=more)


TWO = '<event name="x"/><event name="z"/>'


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (f'<atleast min="4">{TWO}</atleast>', "<atleast>: 'min' is out of range (got 4); 1..2"),
        (f'<atleast min="0">{TWO}</atleast>', "<atleast>: 'min' is out of range (got 0); 1..2"),
        (f'<cardinality min="1" max="3">{TWO}</cardinality>', "<cardinality>: 'max' is out of range (got 3); 1..2"),
        (f"<not>{TWO}</not>", "<not>: wrong number of inputs of 'not' (got 2); 1"),
        (f"<imply>{TWO}<not><event name='x'/></not></imply>", "<imply>: wrong number of inputs of 'imply' (got 3); 2"),
        (f"<or>{TWO}<event name='x'/></or>", "<or>: has an input twice (got x); each input once"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_what_no_gate_can_be_is_said_at_its_line(model, formula, said, nested) -> None:
    """The file, the line and the gate, also of a formula within a formula, with everything else that is wrong."""
    inside = f"<and>\n<event name='x'/>\n{formula}</and>" if nested else f"\n\n{formula}"
    more = f'<define-gate name="G">{inside}</define-gate><define-gate name="H"><event name="none"/></define-gate>'
    with pytest.raises(InputError) as caught:
        model(more=more)
    found = [str(one).partition("model.xml")[2] for one in caught.value.findings]
    assert found == [f":7: G: {said}", ":7: H: <event> is not defined (got none)"]


def test_a_circle_of_gates_is_said_at_its_line(model) -> None:
    more = '<define-gate name="G"><gate name="H"/></define-gate>\n<define-gate name="H"><gate name="G"/></define-gate>'
    assert "model.xml:6: H: <gate>: gates go round in a circle (got G -> H -> G)" in said_of(model, more=more)


def test_what_is_not_read_is_refused_by_name_and_event_trees_can_be_left_out(tmp_path) -> None:
    path = tmp_path / "model.xml"
    tree = '<define-event-tree name="E"/><define-initiating-event name="I"/>'
    rule = '<define-substitution name="S"/>'
    gate = (
        '<define-fault-tree name="F"><define-gate name="g"><constant value="true"/></define-gate></define-fault-tree>'
    )
    path.write_text(f"<opsa-mef>{tree}{rule}{gate}</opsa-mef>")
    with pytest.raises(InputError) as caught:
        read_open_psa([path])
    for tag in ("define-event-tree", "define-initiating-event", "define-substitution"):
        assert f"<{tag}> is not read" in str(caught.value)
    with pytest.raises(InputError, match="define-substitution") as caught:
        read_open_psa([path], fault_trees_only=True)
    assert len(caught.value.findings) == 1
    path.write_text(f"<opsa-mef>{tree}{gate}</opsa-mef>")
    assert read_open_psa([path], fault_trees_only=True).left_out == {
        "define-event-tree": 1,
        "define-initiating-event": 1,
    }


BOMB = """<?xml version="1.0"?>
<!DOCTYPE opsa-mef [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<opsa-mef><label>&b;</label></opsa-mef>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE opsa-mef [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<opsa-mef><label>&secret;</label></opsa-mef>"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, ":2: a document type is declared"),
        (OUTSIDE, ":2: a document type is declared"),
        ("<opsa-mef>", "is not well-formed XML"),
        ("", "is not well-formed XML"),
        ("<opsa-mef>&what;</opsa-mef>", "is not well-formed XML"),
        ("<opsa-mef>" + "<or>" * 100_000 + "</or>" * 100_000 + "</opsa-mef>", "is nested more than 200 deep"),
        ("<html/>", "is not an Open-PSA model (got html)"),
        ("<opsa-mef/>", "there is no gate in the model"),
        ("\x00\x01", "is not well-formed XML"),
    ],
)
def test_hostile_and_broken_files_are_refused(tmp_path, text, said) -> None:
    path = tmp_path / "model.xml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_open_psa([path])
    assert said in str(caught.value)


def test_a_file_that_is_not_there_and_one_that_is_wrong_are_said_together(tmp_path) -> None:
    (tmp_path / "b.xml").write_text("<html/>")
    with pytest.raises(InputError) as caught:
        read_open_psa([tmp_path / "a.xml", tmp_path / "b.xml"])
    assert len(caught.value.findings) == 2


@scram.needs_scram
@pytest.mark.parametrize("name", scram.MODELS)
def test_scrams_own_models_match_scram(name) -> None:
    """Every top event to the six figures that scram prints."""
    paths = scram.files(name)
    read = read_open_psa(paths, fault_trees_only=True)
    tree = FaultTree(read.gates, read.events)
    found = tree.top_event(tree.tops)
    wanted = scram.tops(scram.report(paths, "-l", "1"))
    assert dict(found.select("gate", "probability").rows()) == pytest.approx(wanted, rel=5.1e-6)


@scram.needs_scram
@pytest.mark.parametrize("name", [name for name in scram.MODELS if name not in ("CEA9601", "baobab1")])
def test_importance_and_cut_sets_of_scrams_own_models_match_scram(name) -> None:
    paths = scram.files(name)
    text = scram.report(paths, "--importance", "1")
    read = read_open_psa(paths, fault_trees_only=True)
    tree = FaultTree(read.gates, read.events)
    for top in tree.tops:
        sets = tree.cut_sets(top, order=None).sets
        occurs = dict(sets.explode("events")["events"].value_counts().rows())
        rows = tree.importance(top).select("event", "birnbaum", "criticality", "diagnostic", "raw", "rrw").rows()
        ours = {event: (occurs[event], *values) for event, *values in rows if event in occurs}
        wanted = scram.importance(text, top)
        assert ours.keys() == wanted.keys()
        for event, values in wanted.items():
            assert ours[event] == pytest.approx(values, rel=1.1e-5), (top, event)


@scram.needs_scram
def test_a_tree_that_is_not_coherent_has_the_cut_sets_and_importance_of_scram(tmp_path) -> None:
    path = tmp_path / "model.xml"
    path.write_text(
        TREE.format(
            x=f(0.1),
            data=f'<define-basic-event name="y">{f(0.2)}</define-basic-event>'
            f'<define-basic-event name="w">{f(0.3)}</define-basic-event>',
            more="""<define-gate name="G"><or>
                <and><event name="x"/><not><event name="y"/></not></and>
                <and><event name="y"/><event name="w"/></and></or></define-gate>""",
        )
    )
    read = read_open_psa([path])
    tree = FaultTree(read.gates, read.events)
    assert sorted(map(sorted, tree.cut_sets("G").sets["events"].to_list())) == [["w", "y"], ["x"]]
    wanted = scram.importance(scram.report([path], "--importance", "1"), "G")
    found = tree.importance("G").select("event", "birnbaum", "criticality", "diagnostic", "raw", "rrw").rows()
    for event, *values in found:
        assert values == pytest.approx(wanted[event][1:], rel=5.1e-6), event


@scram.needs_scram
def test_scram_is_the_version_that_the_figures_are_of() -> None:
    done = subprocess.run([str(scram.PROGRAM), "--version"], capture_output=True, text=True, check=False)
    assert "0.16.2" in done.stdout + done.stderr
