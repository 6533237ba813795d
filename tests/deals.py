"""A compiled topology by hand, fake financing models and a schedule: what the cost engine is tested on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import Calendar, FinancingModel, Params
from twin.registry import Provided
from twin.structure.model import FOREVER, Classes, Csr, Elements, Gates, Scope, Structure
from twin.topology.model import Group, ModelEntry, Party, Topology, Value, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twin.api import FinancingInputs

HERE = Where("x.yaml", 7, 3)
START = date(2027, 1, 1)
PARTIES = {"lab": "tenant", "owner": "landlord", "bank": "lender"}


class FakeParams(Params):
    """What the fake deals pay: `amount` from `payer` to `payee`, every month."""

    payer: str = "lab"
    payee: str = "owner"
    amount: float = 100.0


def group(path: str, kind: str, **more: Any) -> Group:
    """A group; `more` replaces any field."""
    parent, _, name = path.rpartition("/")
    given = {
        "path": path, "name": name, "kind": kind, "parent": parent or None, "count": 1, "total": 1, "indexed": False,
        "container": not parent, "part": None, "attributes": {}, "dependencies": (), "energised": (0,), "where": HERE,
    }  # fmt: skip
    return Group(**{**given, **more})


def number(value: float) -> Value:
    """An attribute of a group."""
    return Value(value, str(value), "file", HERE)


def deal(
    name: str, model: str = "fake", refers: Sequence[str] = (), params: Params | None = None, **given: Any
) -> ModelEntry:
    """An entry of `deals:`."""
    return ModelEntry("deals", name, model, params or FakeParams(**given), {}, tuple(refers), HERE)


def structure(
    *deals: ModelEntry,
    racks: Sequence[tuple[str, int, int]] = (("dc", 0, 10),),
    others: Sequence[tuple[str, int, int]] = (),
    price: float | None = 3e6,
    months: int = 12,
    rows: pl.DataFrame | None = None,
) -> Structure:
    """Racks of 100 kW and 8 accelerators, and other loads of 10 kW: (site, month index, count) each."""
    sites = list(dict.fromkeys(site for site, _, _ in (*racks, *others)))
    groups = {site: group(site, "site", container=True) for site in sites}
    loads = [(f"{s}/{kind}", m, n, kind) for kind, rows_ in (("rack", racks), ("pump", others)) for s, m, n in rows_]
    for path, _, _, kind in loads:
        total = sum(n for other, _, n, _ in loads if other == path)
        own = {"load": number(100.0 if kind == "rack" else 10.0)}
        if kind == "rack":
            own |= {"accelerators": number(8)} | ({} if price is None else {"price": number(price)})
        fields = {"attributes": own, "count": total, "total": total, "indexed": True}
        groups[path] = group(path, kind, part=f"maker.{kind}", rows=rows if kind == "rack" else None, **fields)
    names = list(groups)
    is_rack = np.array([kind == "rack" for *_, kind in loads], dtype=bool)
    size, zeros = len(loads), np.zeros(len(loads))
    topology = Topology(
        name="built",
        path=Path("x.yaml"),
        calendar=Calendar(START, months),
        groups=groups,
        overrides=(),
        links=(),
        parties={name: Party(name, role, HERE, "AA" if name == "bank" else "") for name, role in PARTIES.items()},
        entries=deals,
        discount_per_year=0.1,
    )
    none = np.empty(0, dtype=np.int64)
    empty = Csr(np.zeros(1, dtype=np.int64), none)
    return Structure(
        topology=topology,
        groups=tuple(names),
        scopes=tuple(Scope(i, site, "site", -1, i) for i, site in enumerate(sites)),
        dependencies=(),
        elements=Elements(*(np.empty(0) for _ in range(20)), gates=empty),
        gates=Gates(none, none, empty, none, none, none, none.astype(bool), none),
        classes=Classes(
            group=np.array([names.index(path) for path, *_ in loads], dtype=np.int64),
            node=np.arange(size),
            count=np.array([n for _, _, n, _ in loads], dtype=np.int64),
            is_rack=is_rack,
            power_kw=np.where(is_rack, 100.0, 10.0),
            nameplate_kw=np.where(is_rack, 100.0, 10.0),
            capped_kw=np.where(is_rack, 100.0, 10.0),
            liquid_fraction=zeros,
            accelerators=np.where(is_rack, 8, 0),
            unavailability=zeros,
            failures_per_year=zeros,
            energised=np.array([m for _, m, _, _ in loads], dtype=np.int64),
            retired=np.full(size, FOREVER),
            scope=np.array([sites.index(path.split("/")[0]) for path, *_ in loads], dtype=np.int64),
            gates=Csr(np.zeros(size + 1, dtype=np.int64), none),
        ),
    )


def schedule(months: int, served: float = 0.9, **accelerators: int) -> pl.DataFrame:
    """Table `schedule`: months of 100 hours; accelerators by site, 10 kW each."""
    calendar = Calendar(START, months)
    rows = [
        (month, site, 100.0, 1, n, 10.0 * n, 1.0, served, 100.0 * n, served * 100.0 * n)
        for month in calendar.dates()
        for site, n in accelerators.items()
    ]
    return pl.DataFrame(rows, schema=tables.table("schedule").schema(), orient="row")


def flows(*rows: tuple[int, str, str, str, str, float]) -> pl.DataFrame:
    """Table `cashflow` from (month index, payer, payee, deal, category, amount)."""
    calendar = Calendar(START, 1)
    dated = [(calendar.date(month), *rest) for month, *rest in rows]
    return pl.DataFrame(dated, schema=tables.table("cashflow").schema(), orient="row")


def pay(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The fake model: what `FakeParams` says."""
    rows = [
        (month, entry.params.payer, entry.params.payee, entry.name, "fee", entry.params.amount)
        for entry in inputs.entries
        for month in range(inputs.calendar.months)
    ]
    return {"cashflow": flows(*rows)}


def registry(horizon: Callable[[FinancingInputs], Any] | None = None, **models: Callable[..., Any]) -> Any:
    """A registry of financing models: `fake`, and the functions given."""
    runs: Mapping[str, Callable[..., Any]] = {"fake": pay, **models}
    provided = {
        name: Provided(FinancingModel(name, "a fake", FakeParams, run, horizon=horizon), "fakes", "fakes", "1")
        for name, run in runs.items()
    }
    return SimpleNamespace(models=lambda _section: provided)


def debts(rows: Sequence[Any]) -> pl.DataFrame:
    """Table `debt` from rows without the columns that may be left out."""
    columns = [column for column in tables.table("debt").columns if not column.optional]
    schema = {column.name: tables.table("debt").schema()[column.name] for column in columns}
    return tables.check("debt", pl.DataFrame(rows, schema=schema, orient="row"), "test")
