"""SQL over result tables, run by polars: which tables a query names, and errors a person can use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from twin.errors import UsageError, nearest, one_of, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SILENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""Texts and comments, whichever begins first: what stands in one is not part of the other."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_READS = ("explain", "from", "select", "show", "values", "with")
_FILES = frozenset(("read_avro", "read_csv", "read_delta", "read_ipc", "read_json", "read_ndjson", "read_parquet"))
"""Table functions of polars that read files; a query reads result tables and nothing else of the machine."""

_PLAN = "\n\nResolved plan"
_NO_TABLE = re.compile(r"relation '(?P<name>[^']*)' was not found")
_NO_DATE = re.compile(r'"(?P<text>[^"]*)"\.str\.(?:strptime|to_date)')
_NO_TEXT = "expected String type, got: "
_NO_COLUMN = re.compile(r'unable to find column "(?P<name>[^"]*)"; valid columns: \[(?P<known>[^\]]*)\]')


def named(query: str, tables: Iterable[str]) -> list[str]:
    """Which of `tables` a query may mean: every one whose name stands in it outside texts and comments."""
    words = {word.casefold() for word in _WORD.findall(_SILENT.sub(" ", query))}
    return [name for name in tables if name.casefold() in words]


def sql(frames: Mapping[str, pl.DataFrame | pl.LazyFrame], query: str, known: Iterable[str] = ()) -> pl.DataFrame:
    """Run one query over the given frames.

    Args:
        frames: the tables the query may read, by name.
        query: one `select` (or `with … select`) in polars' SQL; `show tables` lists the tables.
        known: names to suggest from for an unknown table, where `frames` does not hold them all.

    Returns:
        What the query gives, rows in its order.

    Raises:
        UsageError: not a query, one that reads files (`read_csv` and the like), an unknown table or
            column (with the nearest name), or anything else that polars will not run.
    """
    words = _WORD.search(_SILENT.sub(" ", query))
    if words is None or words[0].casefold() not in _READS:
        raise UsageError(f"'{shorten(query)}' is not a query; one begins with 'select', as in the examples of --help")
    # looked for in texts and comments too: telling these apart as polars does is not worth a hole
    files = sorted(_FILES & {word.casefold() for word in _WORD.findall(query)})
    if files:
        raise UsageError(f"a query reads tables and no files, so '{files[0]}' is refused; see 'show tables'")
    if words[0].casefold() == "show":
        return pl.DataFrame({"name": sorted({*frames, *known})}, schema={"name": pl.String})
    try:
        answer: pl.LazyFrame = pl.SQLContext(dict(frames), eager=False).execute(query, eager=False)
        return answer.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(_explain(str(error), {*frames, *known})) from error


def _explain(text: str, tables: Iterable[str]) -> str:
    """What polars says, in one line, with the nearest name for a table or column that is not there."""
    table = _NO_TABLE.search(text)
    if table:
        known = one_of(table["name"], tables, rest="'twin tables' lists them")
        return f"the query reads a table '{table['name']}', which is not there; {known}"
    column = _NO_COLUMN.search(text)
    if column:
        names = [name.strip().strip('"') for name in column["known"].split(",")]
        return f"the query reads a column '{column['name']}', which is not there; {_hint(column['name'], names)}"
    date = _NO_DATE.search(text)
    if date:
        return f"the query compares a month with '{date['text']}', which is no date; write one as '2028-06-01'"
    if _NO_TEXT in text:
        found = text.partition(_NO_TEXT)[2].split()[0]
        return f"the query asks for a text where there are numbers ({found}); compare these with =, < or >"
    if "__POLARS_" in text:
        # a name of polars' own says nothing to who wrote the query
        return (
            "the query cannot be run: polars does not know an expression of its 'having' or 'order by'; give it a name "
            "in 'select', and filter or sort by that name in an outer select"
        )
    return f"the query cannot be run: {shorten(text.partition(_PLAN)[0], 300)}"


def _hint(name: str, known: list[str]) -> str:
    """The nearest name and the names to choose from, in the order given."""
    return f"{nearest(name, known)} there are: {', '.join(known)}".strip()
