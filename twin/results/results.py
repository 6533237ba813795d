"""The tables of a run, by name, with what they were made from."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin import tables as declared
from twin.errors import UsageError, one_of
from twin.results import query, store
from twin.results.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import polars as pl


class UnknownTableError(UsageError, AttributeError, LookupError):
    """A table that these results do not have; also an AttributeError, so that `hasattr` works."""


def no_table(name: str, tables: Iterable[str]) -> UnknownTableError:
    """What is said of a table that some results do not have, or will not have."""
    have = one_of(name, tables, rest="'twin tables' lists them")
    return UnknownTableError(f"these results have no table '{name}'; {have}")


class Results:
    """The tables of a run, each a polars DataFrame: `r.capacity`, `r["capacity"]`, `r.sql("select …")`.

    Two results are equal when their provenance (without the time) and all their tables are.

    Attributes:
        provenance: what they were made from.
    """

    def __init__(
        self,
        tables: Mapping[str, pl.DataFrame],
        provenance: Provenance,
        on_demand: Mapping[str, Callable[[], pl.DataFrame]] | None = None,
    ) -> None:
        """Keep the tables.

        Args:
            tables: frames by name; a declared table is as `twin.tables` declares it.
            provenance: what they were made from.
            on_demand: further tables by name, each made when it is first asked for.
        """
        self._tables = dict(tables)
        self._on_demand = {name: make for name, make in (on_demand or {}).items() if name not in self._tables}
        self.provenance = provenance

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables: declared ones in the order of `twin tables`, then those of plugins."""
        have = {*self._tables, *self._on_demand}
        return (*(name for name in declared.TABLES if name in have), *sorted(have - declared.TABLES.keys()))

    def __getitem__(self, name: str) -> pl.DataFrame:
        """The table called `name`.

        Raises:
            UsageError: no such table, with the nearest name.
        """
        if name not in self._tables:
            if name not in self._on_demand:
                raise no_table(name, self.tables)
            self._tables[name] = self._on_demand[name]()
            del self._on_demand[name]
        return self._tables[name]

    def __getattr__(self, name: str) -> pl.DataFrame:
        """The table called `name`, as an attribute."""
        if name.startswith("_"):  # what copy, pickle and notebooks look for is never a table
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a table called `name`."""
        return name in self._tables or name in self._on_demand

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        return iter(self.tables)

    def __len__(self) -> int:
        """How many tables there are."""
        return len(self.tables)

    def __dir__(self) -> list[str]:
        """The tables beside the methods, for completion in a notebook."""
        return sorted({*super().__dir__(), *self.tables})

    def __eq__(self, other: object) -> bool:
        """Equal provenance (without the time) and equal tables."""
        if not isinstance(other, Results):
            return NotImplemented
        return (
            self.provenance == other.provenance
            and self.tables == other.tables
            and all(self[name].equals(other[name]) for name in self.tables)
        )

    __hash__ = None  # type: ignore[assignment]  # they hold frames; the type of object.__hash__ has no None

    def lazy(self, name: str) -> pl.LazyFrame:
        """The table called `name` as a lazy frame."""
        return self[name].lazy()

    def sql(self, text: str) -> pl.DataFrame:
        """Run a query over all tables: `r.sql("select scope, usable_kw from site_capacity")`.

        Raises:
            UsageError: an unknown table or column, with the nearest name, or a query that cannot run.
        """
        wanted = {name: self[name] for name in query.named(text, self.tables)}
        return query.sql(wanted, text, self.tables)

    def save(self, folder: str | Path) -> Path:
        """Write all tables as Parquet, with `provenance.json`, whole or not at all.

        An older results folder of the same name is replaced; anything else is left alone.

        Raises:
            UsageError: something that is not a results folder stands there, or it cannot be written.
        """
        return store.save(Path(folder), {name: self[name] for name in self.tables}, self.provenance.to_dict())

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read a results folder; each table is read when it is first asked for.

        Raises:
            UsageError: not a results folder, damaged, or of another version.
        """
        place = Path(folder)
        frames = store.scan(place)
        origin = Provenance.from_dict(store.manifest(place).get("provenance") or {})
        return cls({}, origin, {name: partial(store.collect, frame, name) for name, frame in frames.items()})

    def __repr__(self) -> str:
        """One line a table: name, rows, and what a row is."""
        lines = (f"  {name:<16} {rows:>12}  {doc}" for name, rows, doc in self._lines())
        return "\n".join([f"{self._title()}:", *lines])

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        body = "".join(
            f"<tr><td><code>{escape(name)}</code></td><td style='text-align:right'>{rows}</td>"
            f"<td style='text-align:left'>{escape(doc)}</td></tr>"
            for name, rows, doc in self._lines()
        )
        head = "<tr><th>table</th><th>rows</th><th style='text-align:left'>a row is</th></tr>"
        return f"<p>{escape(self._title())}</p><table><thead>{head}</thead><tbody>{body}</tbody></table>"

    def _title(self) -> str:
        origin = self.provenance
        applied = [f"scenario '{origin.scenario}'"] if origin.scenario else []
        applied += [f"set {overlay}" for overlay in origin.overlays]
        return f"Results of '{origin.topology}'" + (f" ({', '.join(applied)})" if applied else "")

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        for name in self.tables:
            frame: Any = self._tables.get(name)
            rows = "on demand" if frame is None else f"{frame.height:,}"
            yield name, rows, declared.TABLES[name].doc if name in declared.TABLES else "a table of a plugin"
