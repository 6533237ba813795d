"""Builds topologies by hand for the structure and capacity tests: `Plant().add("s/ups", 4, "ups", …)`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.api import Calendar
from twin.topology.attributes import CONTAINER_KINDS
from twin.topology.model import Dependency, Group, Override, Supplier, Topology, Value, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Where("x.yaml", 7, 3)


def value(number: float) -> Value:
    return Value(value=number, text=str(number), origin="file", where=HERE)


class Plant:
    """Collects groups, parents first; every path begins with the site."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.overrides: list[Override] = []

    def add(
        self,
        path: str,
        count: int | None = None,
        kind: str | None = None,
        *depends: Dependency,
        energised: Sequence[int] = (0,),
        retired: Sequence[int] = (),
        **figures: float,
    ) -> Plant:
        """Add a group; its kind is its name where none is given."""
        parent, _, name = path.rpartition("/")
        kind = kind or (name if parent else "site")
        self.groups[path] = Group(
            path=path,
            name=name,
            kind=kind,
            parent=parent or None,
            count=count or 1,
            total=(self.groups[parent].total if parent else 1) * (count or 1),
            indexed=count is not None,
            container=kind in CONTAINER_KINDS,
            part=None,
            attributes={attribute: value(number) for attribute, number in figures.items()},
            dependencies=tuple(depends),
            energised=tuple(energised),
            retired=tuple(retired),
            where=HERE,
        )
        return self

    def on(self, layer: str, consumer: str, *suppliers: Any, **options: Any) -> Dependency:
        """A dependency of a group yet to be added; a supplier is a path, or (path, pick), or (path, pick, offsets)."""
        resolved = []
        for supplier in suppliers:
            path, pick, offsets = (*supplier, None, None)[:3] if isinstance(supplier, tuple) else (supplier, None, None)
            resolved.append(Supplier(path, _common(consumer, path), offsets, pick))
        return Dependency(layer=layer, suppliers=tuple(resolved), where=HERE, **options)

    def override(self, group: str, attribute: str, number: float, *locals_: int) -> Plant:
        self.overrides.append(Override(group, tuple(locals_), attribute, value(number)))
        return self

    def done(self, months: int = 12) -> Topology:
        return Topology(
            name="built",
            path=Path("x.yaml"),
            calendar=Calendar(date(2027, 4, 1), months),
            groups=self.groups,
            overrides=tuple(self.overrides),
            links=(),
            parties={},
            entries=(),
            discount_per_year=0.1,
        )


def _common(consumer: str, supplier: str) -> str:
    """The innermost container that holds both."""
    ours, theirs = consumer.split("/")[:-1], supplier.split("/")[:-1]
    shared = []
    for left, right in zip(ours, theirs, strict=False):
        if left != right:
            break
        shared.append(left)
    return "/".join(shared)


def block(ups: int, racks: int, *, capacity: float = 1000.0, load: float = 10.0, **dependency: Any) -> Topology:
    """One hall: a grid without a rating, UPS of one rating, racks on them."""
    plant = Plant().add("s").add("s/grid", None, "utility").add("s/hall", 1)
    plant.add("s/hall/ups", ups, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=capacity)
    plant.add("s/hall/rack", racks, "rack", plant.on("power", "s/hall/rack", "s/hall/ups", **dependency), load=load)
    return plant.done()
