"""Inputs with more rows: every site of their frames once more under other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import polars as pl


def larger(inputs: Any, times: int) -> Any:
    """The inputs of a model with `times` as many sites in each frame that has a column `site`.

    Sites but the first set are called `name#n`; entries serve them as they serve the first, for frames name the entry.
    """
    changed = {each.name: _value(getattr(inputs, each.name), times) for each in fields(inputs)}
    return replace(inputs, **changed)


def rows(inputs: Any) -> int:
    """Rows of all frames with a column `site`."""
    return sum(frame.height for each in fields(inputs) for frame in _frames(getattr(inputs, each.name)))


def fewest(inputs: Any) -> int:
    """Rows of the smallest frame that has any and a column `site`."""
    frames = [each for name in fields(inputs) for each in _frames(getattr(inputs, name.name))]
    return min((frame.height for frame in frames if frame.height), default=0)


def _frames(value: Any) -> list[pl.DataFrame]:
    held = value.values() if isinstance(value, Mapping) else (value,)
    return [one for one in held if isinstance(one, pl.DataFrame) and "site" in one.columns]


def _value(value: Any, times: int) -> Any:
    if isinstance(value, pl.DataFrame):
        return _tiled(value, times)
    if isinstance(value, Mapping) and any(isinstance(each, pl.DataFrame) for each in value.values()):
        return {name: _tiled(each, times) if isinstance(each, pl.DataFrame) else each for name, each in value.items()}
    return value


def _tiled(frame: pl.DataFrame, times: int) -> pl.DataFrame:
    if "site" not in frame.columns or frame.schema["site"] != pl.String:
        return frame
    others = (frame.with_columns(pl.col("site") + f"#{number}") for number in range(2, times + 1))
    return pl.concat([frame, *others])
