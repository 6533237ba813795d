"""What must hold of usable capacity whatever the plant.

"Another feed never lowers what is usable" is true of a supplier alike to those beside it, in a pool that every
consumer is wired to whole and shares equally, and whose losses are in proportion to its load.  It is not true of
every supplier, and should not be:

- its losses at no load, or a curve that is worse at part load, are drawn from what feeds it;
- equal shares run through it whatever it hangs on, so one behind a weak feed takes more than that gives;
- dealt out (`pick`), one more may leave the rest dealt less evenly;
- a standby that joins where an oversubscribed primary is at its derated rating may hang on less than that had left.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from capacity.test_brute_force import frames
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant, value
from structure.plants import nested_plants

WORDS = [{}, {"redundancy": "N"}, {"redundancy": "N+1"}, {"redundancy": "N+2"}, {"redundancy": "2N"}, {"need": 1}]


@st.composite
def even_plants(draw):
    """Halls with whole pools shared equally; a topology, and the groups that supply."""
    plant = Plant().add("s").add("s/hall", draw(st.integers(1, 2)), "hall")

    def on(layer, consumer, supplier):
        return plant.on(layer, consumer, supplier, **draw(st.sampled_from(WORDS)))

    def size():
        number = draw(st.sampled_from([40.0, 60.0, 100.0, 0.0]))
        return {"capacity": number} if number else {}

    plant.add("s/grid", draw(st.integers(1, 3)), "utility", **size())
    ups = on("power", "s/hall/ups", "s/grid")
    plant.add("s/hall/ups", draw(st.integers(1, 3)), "ups", ups, **size(), efficiency=0.9)
    below, cooled = "s/hall/ups", []
    if draw(st.booleans()):
        pdu = on("power", "s/hall/pdu", "s/hall/ups")
        plant.add("s/hall/pdu", draw(st.integers(1, 3)), "pdu", pdu, **size(), efficiency=0.98)
        below = "s/hall/pdu"
    if draw(st.booleans()):
        chiller = on("power", "s/chiller", "s/grid")
        plant.add("s/chiller", draw(st.integers(1, 2)), "chiller", chiller, capacity=90.0, cop=5.0)
        cooled = [on("cooling", "s/hall/rack", "s/chiller")]
    rack = [on("power", "s/hall/rack", below), *cooled]
    plant.add("s/hall/rack", draw(st.integers(1, 3)), "rack", *rack, load=8.0, accelerators=4)
    return plant.done(), [path for path, group in plant.groups.items() if group.kind not in ("site", "hall", "rack")]


def usable(topology):
    """By scope; infinite where nothing limits."""
    rows = frames(topology)["site_capacity"].rows(named=True)
    return [inf if row["usable_kw"] is None else row["usable_kw"] for row in rows]


def changed(topology, path, **fields):
    groups = {**topology.groups, path: replace(topology.groups[path], **fields)}
    return replace(topology, groups=groups)


@settings(max_examples=60, deadline=None)
@given(even_plants(), st.data())
def test_another_feed_never_lowers_what_is_usable(plant, data):
    topology, suppliers = plant
    path = data.draw(st.sampled_from(suppliers))
    group = topology.groups[path]
    more = changed(topology, path, count=group.count + 1, total=group.total // group.count * (group.count + 1))
    assert all(after >= before * (1 - 1e-9) for before, after in zip(usable(topology), usable(more), strict=True))


@settings(max_examples=60, deadline=None)
@given(even_plants(), st.data(), st.sampled_from([1.01, 1.5, 10.0]))
def test_a_larger_rating_never_lowers_what_is_usable(plant, data, ratio):
    topology, suppliers = plant
    path = data.draw(st.sampled_from(suppliers))
    attributes = dict(topology.groups[path].attributes)
    if "capacity" not in attributes:
        return
    more = changed(topology, path, attributes=attributes | {"capacity": value(attributes["capacity"].value * ratio)})
    assert all(after >= before * (1 - 1e-9) for before, after in zip(usable(topology), usable(more), strict=True))


@settings(max_examples=40, deadline=None)
@given(nested_plants(), st.sampled_from([0.3, 1.7]))
def test_what_is_usable_does_not_depend_on_how_much_of_it_is_used(topology, ratio):
    """The site's racks all grow together, so where they stand now is no matter, standbys and curves or not."""
    found = frames(topology)
    scaled = topology
    for path, group in topology.groups.items():
        if group.kind == "rack":
            load = value(group.attributes["load"].value * ratio)
            scaled = changed(scaled, path, attributes={**group.attributes, "load": load})
    again = frames(scaled)
    if found is None or again is None:
        return
    sites = [each["site_capacity"].filter(kind="site").rows(named=True) for each in (found, again)]
    for before, after in zip(*sites, strict=True):
        if (before["binding_state"] or "").endswith("in service") and before["binding_state"] != "all in service":
            # nothing is claimed for a part of it, and the rest does not grow without that part
            continue
        assert after["usable_kw"] == pytest.approx(before["usable_kw"], rel=1e-6)
        assert after["binding_node"] == before["binding_node"]


def test_a_feed_behind_a_weak_one_takes_its_share_and_is_stopped_by_it():
    """Why the supplier that is added must be alike: equal shares do not ask what stands behind."""
    found = []
    for count in (1, 2):
        plant = Plant().add("s").add("s/grid-1", None, "utility").add("s/grid-2", None, "utility", capacity=10.0)
        suppliers = [f"s/ups-{number + 1}" for number in range(count)]
        for number, path in enumerate(suppliers):
            plant.add(path, None, "ups", plant.on("power", path, f"s/grid-{number + 1}"), capacity=100.0)
        plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", *suppliers), load=5.0)
        found += usable(plant.done())
    assert found == [pytest.approx(100.0), pytest.approx(20.0)]
