"""Random small plants for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from structure.build import Plant

if TYPE_CHECKING:
    from twin.topology.model import Dependency, Topology

REDUNDANCIES = [None, None, "N", "N+1", "2N", "3N/2"]


@st.composite
def plants(draw: st.DrawFn, *, declare: bool = True) -> Topology:
    """One site with one or two halls: feeds, UPS, maybe PDUs, liquid and air cooling, racks of one or two groups."""
    plant = (
        Plant().add("s").add("s/hall", draw(st.integers(1, 2)), "hall", energised=(draw(st.sampled_from([0, 0, 1])),))
    )

    def rated(*choices: float) -> dict[str, float]:
        number = draw(st.sampled_from([*choices, 0.0]))
        return {"capacity": number} if number else {}

    def depend(layer: str, consumer: str, *suppliers: str) -> Dependency:
        return plant.on(layer, consumer, *suppliers, **draw(options(plant, suppliers, declare=declare)))

    plant.add("s/grid", draw(st.integers(1, 2)), "utility", **rated(300.0, 500.0))
    plant.add("s/genset", draw(st.integers(1, 2)), "genset", **rated(150.0))
    sources = ("s/grid", "s/genset") if draw(st.booleans()) else ("s/grid",)
    ups = "s/hall/ups"
    plant.add(
        ups, draw(st.integers(1, 4)), "ups", depend("power", ups, *sources), capacity=100.0, efficiency=0.95, load=1.0
    )
    feeds = [ups]
    if draw(st.booleans()):
        pdu = "s/hall/pdu"
        plant.add(pdu, draw(st.integers(1, 3)), "pdu", depend("power", pdu, ups), **rated(60.0, 80.0), derate=0.8)
        feeds = [pdu]
    chiller = "s/chiller"
    plant.add(chiller, draw(st.integers(1, 2)), "chiller", depend("power", chiller, *sources), **rated(200.0), cop=5.0)
    cdu, crah = "s/hall/cdu", "s/hall/crah"
    cooled = [depend("cooling", cdu, chiller)] if draw(st.booleans()) else []
    plant.add(cdu, draw(st.integers(1, 3)), "cdu", depend("power", cdu, *feeds), *cooled, **rated(70.0), load=2.0)
    air = draw(st.booleans())
    if air:
        plant.add(crah, 2, "crah", depend("power", crah, ups), depend("cooling", crah, chiller), **rated(50.0), cop=9.0)
    for number in range(draw(st.integers(1, 2))):
        rack = f"s/hall/rack-{number}"
        cooling = [depend("cooling", rack, cdu)]
        if air:
            cooling.append(depend("cooling", rack, crah))
        plant.add(
            rack,
            draw(st.integers(1, 6)),
            "rack",
            depend("power", rack, *feeds),
            *cooling,
            energised=(draw(st.sampled_from([0, 0, 0, 1])),),
            load=draw(st.sampled_from([5.0, 12.0])),
            liquid_fraction=0.75,
            accelerators=4,
        )
    if draw(st.booleans()):
        plant.override(ups, "capacity", 60.0, 0)
    return plant.done()


@st.composite
def lean_plants(draw: st.DrawFn) -> Topology:
    """One site of little reserve: feeds, perhaps transformers, UPS or primaries and a catcher, racks; all rated."""
    plant = Plant().add("s")

    def rated(*choices: float) -> dict[str, float]:
        return {"capacity": draw(st.sampled_from(choices))}

    def depend(consumer: str, *suppliers: Any) -> Dependency:
        share = draw(st.sampled_from(["equal", "equal", "primary"]))
        fixed = any(isinstance(supplier, tuple) for supplier in suppliers)
        pick = None if fixed else draw(st.sampled_from([None, 1, 2]))
        size = sum(plant.groups[path].count for path in suppliers if isinstance(path, str))
        return plant.on("power", consumer, *suppliers, share=share, **({"pick": min(pick, size)} if pick else {}))

    plant.add("s/grid", draw(st.integers(1, 2)), "utility", **rated(120.0, 200.0, 300.0))
    below = "s/grid"
    if draw(st.booleans()):
        below = "s/tx"
        plant.add(below, draw(st.integers(1, 3)), "transformer", depend(below, "s/grid"), **rated(90.0, 120.0, 200.0))
    own = draw(st.sampled_from([0.0, 1.0]))
    plant.add("s/ups", draw(st.integers(2, 4)), "ups", depend("s/ups", below), **rated(60.0, 80.0, 120.0), load=own)
    suppliers: list[Any] = ["s/ups"]
    if draw(st.booleans()):
        plant.add("s/catcher", 1, "ups", depend("s/catcher", below), **rated(60.0, 80.0))
        suppliers = [("s/ups", 1), ("s/catcher", 1)]
    for number in range(draw(st.integers(1, 2))):
        rack = f"s/rack-{number}"
        plant.add(
            rack, draw(st.integers(2, 6)), "rack", depend(rack, *suppliers), load=draw(st.sampled_from([15.0, 30.0]))
        )
    if draw(st.integers(0, 3)) == 0:
        plant.override("s/ups", "capacity", 100.0, 0)
    return plant.done()


@st.composite
def options(draw: st.DrawFn, plant: Plant, suppliers: tuple[str, ...], *, declare: bool) -> dict[str, Any]:
    """`pick`, `need`, `share` and `redundancy` that fit the suppliers in scope."""
    size = sum(plant.groups[path].count for path in suppliers)
    found: dict[str, Any] = {"share": draw(st.sampled_from(["equal", "equal", "primary"]))}
    if draw(st.booleans()):
        size = draw(st.integers(1, size))
        found["pick"] = size
    if declare and draw(st.integers(0, 3)) == 0:
        found["need"] = draw(st.integers(1, size))
    elif declare:
        found["redundancy"] = draw(st.sampled_from(REDUNDANCIES))
    return found


SMALL = 14
"""Suppliers of a nested plant at most, so that every state can be tried."""


@st.composite
def nested_plants(draw: st.DrawFn) -> Topology:
    """One site of up to three halls of up to three rows, alike or not, with everything that bends a load.

    Losses by curve and by formula, loads provisioned below their nameplate and capped, oversubscribed feeds,
    standbys, suppliers dealt out, halls that come late and racks that go early.
    """
    plant = Plant().add("s")
    left = SMALL

    def some(most: int, containers: int = 1) -> int:
        """A number of instances in each container that leaves the plant small."""
        nonlocal left
        number = draw(st.integers(1, max(1, min(most, left // containers))))
        left -= number * containers
        return number

    def depend(layer: str, consumer: str, *suppliers: str) -> Dependency:
        return plant.on(layer, consumer, *suppliers, **draw(options(plant, suppliers, declare=True)))

    def rated(*choices: float) -> dict[str, float]:
        number = draw(st.sampled_from([*choices, 0.0]))
        return {"capacity": number, "oversubscription": draw(st.sampled_from([1.0, 1.0, 1.2]))} if number else {}

    halls = draw(st.integers(1, 3))
    when: list[int] = draw(st.sampled_from([[0], [0], [1], [0, 1, 1][:halls]]))
    plant.add("s/hall", halls, "hall", energised=when)
    plant.add("s/grid", some(2), "utility", **rated(40.0, 70.0))
    sources = ["s/grid"]
    if draw(st.booleans()):
        plant.add("s/genset", some(2), "genset", **rated(30.0, 60.0))
        sources.append("s/genset")
    ups = "s/hall/ups"
    losses = draw(bends())
    plant.add(
        ups, some(3, halls), "ups", depend("power", ups, *sources), **losses, derate=draw(st.sampled_from([1.0, 0.8]))
    )
    feeds = [ups]
    cooling = draw(st.booleans())
    if cooling:
        plant.add("s/chiller", some(2), "chiller", depend("power", "s/chiller", *sources), **rated(90.0), cop=5.0)
        cdu = "s/hall/cdu"
        cooled = [depend("cooling", cdu, "s/chiller"), depend("power", cdu, ups)]
        plant.add(cdu, some(2, halls), "cdu", *cooled, capacity=draw(st.sampled_from([40.0, 150.0])), load=0.5)
    rows = draw(st.integers(1, 3))
    plant.add("s/hall/row", rows, "row")
    if draw(st.booleans()):
        pdu = "s/hall/row/pdu"
        plant.add(pdu, some(2, halls * rows), "pdu", depend("power", pdu, ups), **draw(bends()))
        feeds.append(pdu)
    for number in range(draw(st.integers(1, 2))):
        rack = f"s/hall/row/rack-{number}"
        depends = [depend("power", rack, draw(st.sampled_from(feeds[::-1])))]
        if cooling:
            depends.append(depend("cooling", rack, cdu))
        figures = draw(
            st.sampled_from([{}, {"provisioned": 0.8}, {"power_cap": 0.9}, {"provisioned": 0.9, "power_cap": 0.6}])
        )
        plant.add(
            rack,
            draw(st.integers(1, 3)),
            "rack",
            *depends,
            retired=draw(st.sampled_from([(), (), (), (2,)])),
            load=draw(st.sampled_from([4.0, 7.0])),
            accelerators=4,
            **figures,
        )
    if draw(st.integers(0, 3)) == 0:
        plant.override(ups, "capacity", 50.0, 0)
    return plant.done()


@st.composite
def bends(draw: st.DrawFn) -> dict[str, float]:
    """Rating and losses of a supplier of power: straight, by the formula of a transformer, or by a curve."""
    found = {"capacity": draw(st.sampled_from([30.0, 45.0, 200.0]))}
    match draw(st.sampled_from(["none", "straight", "formula", "curve"])):
        case "straight":
            found |= {"efficiency": 0.95}
        case "formula":
            found |= {"efficiency": draw(st.sampled_from([1.0, 0.98])), "no_load_loss": 0.4, "load_loss": 1.5}
        case "curve":
            curve = draw(st.sampled_from([(0.90, 0.94, 0.95, 0.945), (0.96, 0.96, 0.95, 0.93)]))
            # what a kind takes by default is not used beside a curve
            found |= {"efficiency": 0.5} | dict(
                zip(("efficiency_25", "efficiency_50", "efficiency_75", "efficiency_100"), curve, strict=True)
            )
    return found | {"oversubscription": draw(st.sampled_from([1.0, 1.0, 1.25]))}
