from __future__ import annotations

import pytest
from topology.fakes import load

from twin.errors import InputError
from twin.topology.model import Supplier

TREE = """\
twin: 1
sites:
  s:
    contains:
      grid[2]: {{kind: utility}}
      ups[3]: {{kind: ups, power: grid}}
      spine[2]: {{kind: spine}}
      dry[2]: {{kind: dry-cooler}}
      plant: {{contains: {{'gen[4]': {{kind: genset}}, 'yard[2]': {{contains: {{'gen[3]': {{kind: genset}}}}}}}}}}
      hall[2]:
        contains:
          ups[4]: {{kind: ups, power: grid}}
          pdu[2]: {{kind: pdu, power: ups}}
          cdu[2]: {{kind: cdu, power: pdu, cooling: dry}}
          crah[2]: {{kind: crah, power: pdu, cooling: dry}}
          row[3]:
            contains:
              busway[2]: {{kind: busway, power: ups}}
              rack[5]: {{kind: rack, load: 1 kW, liquid_fraction: 0.8, {rest}}}
"""


def rack(folder, rest):
    """The dependencies of the racks, by layer."""
    return load(folder, TREE.format(rest=rest)).groups["s/hall/row/rack"].dependencies


@pytest.mark.parametrize(
    ("name", "suppliers"),
    [
        ("busway", [Supplier("s/hall/row/busway", "s/hall/row")]),
        ("ups", [Supplier("s/hall/ups", "s/hall")]),
        ("grid", [Supplier("s/grid", "s")]),
        ("s/ups", [Supplier("s/ups", "s")]),
        ("plant/gen", [Supplier("s/plant/gen", "s")]),
        ("plant/yard/gen", [Supplier("s/plant/yard/gen", "s")]),
        ("'plant/yard[2]/gen'", [Supplier("s/plant/yard/gen", "s", (3, 4, 5))]),
        ("'plant/yard/gen[2]'", [Supplier("s/plant/yard/gen", "s", (1, 4))]),
        ("'ups[2..3]'", [Supplier("s/hall/ups", "s/hall", (1, 2))]),
        ("'hall[*]/ups'", [Supplier("s/hall/ups", "s")]),
        ("'hall[2]/ups[1]'", [Supplier("s/hall/ups", "s", (4,))]),
        ("[ups, busway]", [Supplier("s/hall/ups", "s/hall"), Supplier("s/hall/row/busway", "s/hall/row")]),
        (
            "{from: {ups: 2, busway: 1}}",
            [Supplier("s/hall/ups", "s/hall", None, 2), Supplier("s/hall/row/busway", "s/hall/row", None, 1)],
        ),
        ("['ups[1]', 'ups[3]']", [Supplier("s/hall/ups", "s/hall", (0,)), Supplier("s/hall/ups", "s/hall", (2,))]),
    ],
)
def test_names_are_looked_for_from_the_inside_outward(tmp_path, name, suppliers):
    (dependency,) = rack(tmp_path, f"power: {name}")
    assert list(dependency.suppliers) == suppliers


def test_several_sites_of_a_name_feed_only_themselves(tmp_path):
    text = TREE.format(rest="power: {name}").replace("  s:", "  s[2]:")
    with pytest.raises(InputError, match=r"'s/ups' is ambiguous.*write 'ups' for the one around it$"):
        load(tmp_path, text.replace("{name}", "s/ups"))
    with pytest.raises(InputError, match="is ambiguous"):
        load(tmp_path, text.replace("{name}", "'s[2]/ups'"))
    assert load(tmp_path, text.replace("{name}", "plant/gen")).groups["s/hall/row/rack"].dependencies[0].suppliers == (
        Supplier("s/plant/gen", "s"),
    )


def test_a_container_of_which_there_is_one_is_not_ambiguous(tmp_path):
    text = TREE.format(rest="power: hall/ups").replace("hall[2]", "hall").replace("  s:", "  s[2]:")
    (dependency,) = load(tmp_path, text).groups["s/hall/row/rack"].dependencies
    assert dependency.suppliers == (Supplier("s/hall/ups", "s"),)


def test_short_and_long_forms_say_the_same(tmp_path):
    for form in ("ups", "[ups]", "{from: ups}", "{from: [ups]}"):
        (dependency,) = rack(tmp_path, f"power: {form}")
        assert dependency.suppliers == (Supplier("s/hall/ups", "s/hall"),)
        assert (dependency.pick, dependency.need, dependency.share, dependency.redundancy) == (
            None,
            None,
            "equal",
            None,
        )


def test_all_of_a_dependency(tmp_path):
    text = "power: {from: [ups, busway], pick: 3, need: 2, share: primary, redundancy: N+1}, "
    text += "network: {to: spine, lanes: 8 x 400 Gbps}"
    power, network = rack(tmp_path, text)
    assert (power.pick, power.need, power.share, power.redundancy) == (3, 2, "primary", "N+1")
    assert power.where.line == 19
    assert (network.layer, network.lanes, network.lane_gbps) == ("network", 8, 400.0)
    assert network.suppliers == (Supplier("s/spine", "s"),)


@pytest.mark.parametrize("form", ["[cdu, crah]", "[crah, cdu]", "[{from: cdu}, {from: crah}]"])
def test_a_rack_cooled_by_liquid_and_air_has_two_dependencies(tmp_path, form):
    _, *cooling = rack(tmp_path, f"power: ups, cooling: {form}")
    assert {one.suppliers[0].group for one in cooling} == {"s/hall/cdu", "s/hall/crah"}
    assert [len(one.suppliers) for one in cooling] == [1, 1]


def test_two_suppliers_of_one_medium_are_one_dependency(tmp_path):
    _, cooling = rack(tmp_path, "power: ups, cooling: ['cdu[1]', 'cdu[2]']")
    assert len(cooling.suppliers) == 2


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("power: hall/ups", "'hall/ups' is ambiguous"),
        ("power: row/busway", "'row/busway' is ambiguous"),
        ("power: hall", "contains others"),
        ("power: s", "contains others"),
        ("power: rack", "'s/hall/row/rack' feeds itself"),
        ("power: ['ups[1..2]', 'ups[2]']", "named twice"),
        ("power: {from: ['ups[1..2]'], need: 3}", "each is wired to 2"),
        ("power: {from: {ups: 2, busway: 1}, need: 4}", "each is wired to 3"),
        ("power: yard", "write 'plant/yard'"),
        ("power: gen", "write 'plant/gen'"),
        ("power: 'ups[0]'", "no usable number"),
        ("power: 'ups['", "is not a name"),
        ("power: 'ups/'", "is not a name"),
        ("power: dry", "is a dry-cooler and gives no power"),
        ("power: ups, cooling: ups", "is a ups and gives no cooling"),
        ("power: ups, network: cdu", "is a cdu and gives no network"),
    ],
)
def test_what_does_not_resolve_is_refused(tmp_path, rest, message):
    with pytest.raises(InputError) as caught:
        rack(tmp_path, rest)
    assert message in str(caught.value)
    assert {one.line for one in caught.value.findings} == {19}


def test_indoor_cooling_needs_an_outside_only_where_the_file_has_one(tmp_path):
    text = (
        "twin: 1\nsites: {{s: {{contains: {{g: {{kind: utility}}, c: {{kind: cdu, load: 1 kW, power: g}}{more}}}}}}}\n"
    )
    assert load(tmp_path, text.format(more="")).groups["s/c"].dependencies[0].layer == "power"
    with pytest.raises(InputError, match="nobody takes the heat of cdu 's/c'"):
        load(tmp_path, text.format(more=", d: {kind: dry-cooler}"))
    crac = text.replace("kind: cdu", "kind: crac")
    assert load(tmp_path, crac.format(more=", d: {kind: dry-cooler}")).groups["s/c"].kind == "crac"


@pytest.mark.parametrize(
    ("group", "lacks"),
    [
        ("{kind: rack, load: 1 kW}", True),
        ("{kind: rack}", False),
        ("{kind: rack, load: 0 kW}", False),
        ("{kind: ups}", True),
        ("{kind: genset, load: 1 kW}", False),
        ("{kind: crac, load: 1 kW}", True),
        ("{kind: chiller, cop: 4}", True),
        ("{kind: chiller}", False),
        ("{kind: leaf}", False),
        ("{kind: leaf, load: 2 kW}", True),
    ],
)
def test_what_draws_power_needs_somebody_to_feed_it(tmp_path, group, lacks):
    text = f"twin: 1\nsites: {{s: {{contains: {{x: {group}}}}}}}\n"
    if lacks:
        with pytest.raises(InputError, match="'s/x' is fed by nobody"):
            load(tmp_path, text)
    else:
        assert load(tmp_path, text).groups["s/x"].dependencies == ()
