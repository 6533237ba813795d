"""Random plants of nested containers, for what holds of representatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from structure.build import Plant

if TYPE_CHECKING:
    from twin.topology.model import Dependency, Topology

KINDS = ("hall", "row", "zone", "building")

UPS: list[dict[str, float]] = [
    {"load": 1.0},
    {"efficiency": 0.95, "no_load_loss": 1.0, "load_loss": 4.0},
    {"efficiency_25": 0.85, "efficiency_50": 0.92, "efficiency_75": 0.95, "efficiency_100": 0.96},
    {"oversubscription": 1.2},
]


@st.composite
def nested(draw: st.DrawFn, *, most: int = 4) -> Topology:
    """Sites of containers in containers; feeds, UPS, cooling and racks on any level; dealt, whole and mixed pools."""
    plant = Plant().add("s", draw(st.sampled_from([None, None, 2])), "site")
    plant.add("s/grid", draw(st.integers(1, 3)), "utility", capacity=900.0)
    plant.add("s/chiller", draw(st.integers(1, 2)), "chiller", plant.on("power", "s/chiller", "s/grid"), cop=5.0)
    feeds, coolers, holder = ["s/grid"], ["s/chiller"], "s"
    for level in range(draw(st.integers(1, 3))):
        holder = f"{holder}/c{level}"
        count = draw(st.sampled_from([1, 2, 3, 3, most]))
        plant.add(holder, count, draw(st.sampled_from(KINDS)), **_months(draw, count))
        if draw(st.booleans()):
            ups = f"{holder}/ups"
            figures = draw(st.sampled_from(UPS))
            plant.add(ups, draw(st.integers(1, 3)), "ups", _fed(draw, plant, ups, feeds), capacity=200.0, **figures)
            feeds.append(ups)
        if draw(st.integers(0, 2)) == 0:
            cdu = f"{holder}/cdu"
            depends = [_fed(draw, plant, cdu, feeds), _fed(draw, plant, cdu, coolers[-1:], layer="cooling")]
            plant.add(cdu, draw(st.integers(1, 2)), "cdu", *depends, load=2.0)
            coolers.append(cdu)
        if level == 0 or draw(st.booleans()):
            _racks(draw, plant, holder, feeds, coolers)
    _racks(draw, plant, holder, feeds, coolers, name="last")
    if draw(st.integers(0, 3)) == 0:
        _set_some(draw, plant)
    return plant.done()


def _racks(
    draw: st.DrawFn, plant: Plant, holder: str, feeds: list[str], coolers: list[str], name: str = "rack"
) -> None:
    rack, count = f"{holder}/{name}", draw(st.integers(1, 4))
    depends = [_fed(draw, plant, rack, feeds), _fed(draw, plant, rack, coolers[-1:], layer="cooling")]
    load = draw(st.sampled_from([5.0, 12.0]))
    plant.add(rack, count, "rack", *depends, load=load, accelerators=4, power_cap=0.8, **_months(draw, count))


def _months(draw: st.DrawFn, count: int) -> dict[str, Any]:
    """Dates of the whole group, or one for each instance."""
    if draw(st.integers(0, 9)):
        return {"energised": (draw(st.sampled_from([0, 0, 1])),)}
    return {"energised": tuple(draw(st.lists(st.sampled_from([0, 1]), min_size=count, max_size=count)))}


def _fed(draw: st.DrawFn, plant: Plant, consumer: str, groups: list[str], layer: str = "power") -> Dependency:
    """A dependency on one or two of some groups; now and then dealt, or on a part of them only."""
    found = draw(st.lists(st.sampled_from(groups), min_size=1, max_size=2, unique=True))
    share = draw(st.sampled_from(["equal", "equal", "primary"]))
    way = draw(st.sampled_from(["whole"] * 9 + ["dealt", "each", "part"]))
    redundancy = draw(st.sampled_from([None, "N", "N+1"]))
    if way == "each":
        return plant.on(layer, consumer, *((path, 1) for path in found), share=share, redundancy=redundancy)
    if way == "part":
        return plant.on(layer, consumer, (found[0], None, (0,)), share=share, redundancy=redundancy)
    dealt = {"pick": 1, "planes": draw(st.sampled_from([0, 0, 2]))} if way == "dealt" else {}
    return plant.on(layer, consumer, *found, share=share, redundancy=redundancy, **dealt)


def _set_some(draw: st.DrawFn, plant: Plant) -> None:
    path = draw(st.sampled_from([path for path, group in plant.groups.items() if group.parent is not None]))
    local = draw(st.integers(0, plant.groups[path].total - 1))
    name = draw(st.sampled_from(["energised", "retired"]))
    if not plant.groups[path].container:
        name = draw(st.sampled_from([name, "load"]))
    plant.override(path, name, {"energised": 1, "retired": 1, "load": 7.0}[name], local)
