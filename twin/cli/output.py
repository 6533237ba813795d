"""Frames to stdout or a file: as a table for people, or as JSON, CSV or Parquet."""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import click

from twin.cli.grid import grid
from twin.cli.trouble import remark
from twin.errors import UsageError
from twin.results.results import no_table
from twin.results.store import atomic, empty, export, free, ordinary, writable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from twin.cli.common import Output
    from twin.results.results import Results

_FIRST = {
    "site_capacity": ("month", "scope", "racks", "demand_kw", "usable_kw", "headroom_kw", "binding_resource"),
    "capacity": ("node", "count", "resource", "derated_kw", "load_kw", "worst_load_kw", "headroom_kw", "worst_case"),
    "availability": ("scope", "event", "count", "availability_fraction", "downtime_h_per_year", "outages_per_year"),
    "contingency": ("element", "second_element", "count", "racks_lost", "lost_it_kw", "expected_kwh_lost_per_year"),
    "cut_sets": ("scope", "order", "elements", "cut_sets", "probability_fraction", "occurrences_per_year"),
    "importance": (
        *("scope", "element", "count", "birnbaum_fraction", "criticality_fraction", "lost_it_kw"),
        *("gate", "event", "probability", "criticality", "fussell_vesely", "birnbaum", "raw", "rrw"),
    ),
    "party_metrics": ("party", "net_usd", "npv_usd", "irr_per_year", "inflow_usd", "outflow_usd"),
    "unit_cost": ("party", "category", "usd_per_accelerator_h", "usd_per_delivered_accelerator_h", "cost_pv_usd"),
}
"""Columns that a narrow terminal keeps; the others give way."""


def emit(frame: pl.DataFrame, out: Output, name: str = "") -> None:
    """Write one frame as `out` says; a table by default."""
    form = out.resolve()
    if form is None or form == "table":
        _write_text(_grids({name: frame}, out), out)
    else:
        _write_bytes(_encoded(frame, form), out)


def emit_tables(
    results: Results, out: Output, shown: Sequence[str], main: str | None, rest: Sequence[str] = ()
) -> None:
    """Write the tables of a command as `out` says.

    Args:
        results: where they are.
        out: how; a path without an ending is a folder for all tables.
        shown: names of those that a person sees, where the results have them.
        main: the one that CSV and Parquet give; None where one has to be named.
        rest: names of those that JSON gives too.
    """
    form = out.resolve()
    if out.table is not None:
        emit(results[out.table], out, out.table)
    elif out.folder:
        save(results, out)
    elif form is None or form == "table":
        have = [name for name in shown if name in results]
        filled = [name for name in have if results[name].height or len(have) == 1]
        if not filled:
            remark(f"nothing to show: {', '.join(have)} have no rows")
        _write_text(_grids({name: results[name] for name in filled}, out, titled=len(have) > 1), out)
        mention(results, [name for name in rest if name in results])
    elif form == "json":
        have = [name for name in (*shown, *rest) if name in results]
        body = ",\n".join(f'"{name}": {results[name].write_json()}' for name in have)
        _write_bytes(f"{{{body}}}\n".encode(), out)
    else:
        if main is None:
            raise _one_table(form)
        emit(results[main], out, main)
        others = [name for name in (*shown, *rest) if name != main and name in results]
        if others:
            remark(f"this is {main}; with --table NAME: {', '.join(others)}")


def ready(out: Output, *, main: bool) -> None:
    """Refuse what cannot be given as asked, before the work is done.

    Args:
        out: how it is asked for.
        main: whether the command has a table that CSV and Parquet give where none is named.

    Raises:
        UsageError: what is wrong, and what would be right.
    """
    form = out.resolve()
    if out.folder and out.path is not None:
        (empty if form in ("csv", "json") else free)(out.path)
        writable(out.path)
        return
    if form in ("csv", "parquet") and out.table is None and not main:
        raise _one_table(form)
    if out.path is None:
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("parquet is not for a terminal; name a file with -o")
        return
    if form is None:
        what = f"'{out.ending}' is not a format" if out.ending else "it does not say a format"
        folder = ", or leave the ending out for a folder" if out.ending and out.several and not out.table else ""
        raise UsageError(f"'{out.path}': {what}; end it in .csv, .json or .parquet, or give --format{folder}")
    ordinary(out.path)
    writable(out.path)


def asked(out: Output, tables: Sequence[str]) -> None:
    """Refuse a table that a command will not have, before the work is done.

    Raises:
        UsageError: there is none of that name among `tables`.
    """
    if out.table is not None and out.table not in tables:
        raise no_table(out.table, tables)


def _one_table(form: str) -> UsageError:
    return UsageError(f"{form} holds one table: name it with --table, or give all with -o FOLDER --format {form}")


def save(results: Results, out: Output) -> None:
    """Save all tables in the folder that `out` names, and say so: a results folder, or CSV or JSON by name."""
    if out.path is None:
        return
    if out.format in ("csv", "json"):
        export(out.path, {f"{name}.{out.format}": _encoded(results[name], out.format) for name in results.tables})
    else:
        results.save(out.path)
    remark(f"saved {len(results)} tables in {out.path}")


def mention(results: Results, names: Sequence[str]) -> None:
    """Name tables that have rows and are not shown."""
    more = [f"{name} ({results[name].height:,} rows)" for name in names if results[name].height]
    if more:
        remark(f"more with --table NAME: {', '.join(more)}")


def _encoded(frame: pl.DataFrame, form: str) -> bytes:
    if form == "csv":
        return frame.write_csv().encode()
    if form == "json":
        return f"{frame.write_json()}\n".encode()
    held = BytesIO()
    frame.write_parquet(held)
    return held.getvalue()


def _write_text(text: str, out: Output) -> None:
    if out.path is None:
        click.echo(text, nl=False)
    else:
        with atomic(out.path) as part:
            part.write_text(text, encoding="utf-8")


def _write_bytes(data: bytes, out: Output) -> None:
    """Data is always UTF-8, whatever the terminal is set to."""
    if out.path is not None:
        with atomic(out.path) as part:
            part.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)


def _grids(frames: Mapping[str, pl.DataFrame], out: Output, *, titled: bool = False) -> str:
    """Every frame as a grid, each under its name where it is one of several; what is left out goes to stderr."""
    limited = out.path is None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if limited else None
    parts = []
    for name, frame in frames.items():
        made = grid(frame, width, out.rows, _FIRST.get(name, ()))
        parts.append(f"{name}\n{made.text}" if titled else made.text)
        label = f"{name}: " if name else ""
        if made.rows_left_out:
            remark(f"{label}{made.rows_left_out:,} more rows with --rows 0, or --format csv")
        if made.columns_left_out:
            remark(f"{label}too narrow for {', '.join(made.columns_left_out)}; --format csv gives all columns")
    return "\n".join(parts)
