"""Builds topologies by hand, so that what works on them is tested without the reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from twin.api import Calendar
from twin.topology.model import Dependency, Group, Link, ModelEntry, Override, Supplier, Topology, Value, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

HERE = Where("x.yaml", 7, 3)


def value(number: float | str, text: str = "", origin: str = "file", source: str = "") -> Value:
    """An attribute of a group."""
    return Value(value=number, text=text or str(number), origin=origin, where=HERE, source=source)


def power(*suppliers: Supplier, layer: str = "power", pick: int | None = None, need: int | None = None) -> Dependency:
    """A dependency, by default on the power layer."""
    return Dependency(layer=layer, suppliers=suppliers, where=HERE, pick=pick, need=need)


class Builder:
    """Collects groups, parents first, and makes a topology of them."""

    def __init__(self) -> None:
        """Start empty."""
        self.groups: dict[str, Group] = {}

    def add(
        self,
        path: str,
        count: int | None = None,
        kind: str = "space",
        *,
        depends: Sequence[Dependency] = (),
        energised: Sequence[int] = (0,),
        attributes: Mapping[str, Value] | None = None,
        rows: pl.DataFrame | None = None,
        part: str | None = None,
    ) -> Builder:
        """Add a group; its parent is the path without the last part, which must be there."""
        parent, _, name = path.rpartition("/")
        above = self.groups[parent].total if parent else 1
        self.groups[path] = Group(
            path=path,
            name=name,
            kind=kind,
            parent=parent or None,
            count=count or 1,
            total=above * (count or 1),
            indexed=count is not None,
            container=kind in {"site", "hall", "row", "space"},
            part=part,
            attributes=attributes or {},
            dependencies=tuple(depends),
            energised=tuple(energised),
            where=HERE,
            rows=rows,
        )
        return self

    def done(
        self,
        overrides: Sequence[Override] = (),
        links: Sequence[Link] = (),
        entries: Sequence[ModelEntry] = (),
        settings: Mapping[str, Value] | None = None,
        overlays: Sequence[str] = (),
    ) -> Topology:
        """The topology, in a calendar from April 2027."""
        return Topology(
            name="built",
            path=Path("x.yaml"),
            calendar=Calendar(date(2027, 4, 1), 120),
            groups=self.groups,
            overrides=tuple(overrides),
            links=tuple(links),
            parties={},
            entries=tuple(entries),
            discount_per_year=0.1,
            settings=settings or {},
            overlays=tuple(overlays),
        )


def campus(sites: int = 2, halls: int = 3, rows: int = 2, racks: int = 5) -> Topology:
    """Two feeds and gensets on the site, UPS and CDU in the hall, A and B busway in the row, racks."""
    build = Builder().add("s", sites, "site").add("s/grid", 2, "utility").add("s/hall", halls, "hall")
    site, hall, row = "s", "s/hall", "s/hall/row"
    build.add("s/hall/ups", 4, "ups", depends=[power(Supplier("s/grid", site))], attributes={"capacity": value(2500.0)})
    build.add("s/hall/cdu", 3, "cdu", depends=[power(Supplier("s/hall/ups", hall), pick=2)])
    build.add("s/hall/row", rows, "row")
    build.add("s/hall/row/a", None, "busway", depends=[power(Supplier("s/hall/ups", hall, (0, 1)), pick=1)])
    build.add("s/hall/row/b", None, "busway", depends=[power(Supplier("s/hall/ups", hall, (2, 3)), pick=1)])
    build.add(
        "s/hall/row/rack",
        racks,
        "rack",
        depends=[
            power(Supplier("s/hall/row/a", row), Supplier("s/hall/row/b", row)),
            power(Supplier("s/hall/cdu", hall), layer="cooling", pick=2, need=1),
        ],
        attributes={"load": value(132.0, "132 kW"), "accelerators": value(72)},
    )
    return build.done()
