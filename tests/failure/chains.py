"""Fault trees of any size whose answer is known: chains and wide gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

CHANCE = 1e-3
SCHEMA = {"gate": pl.String, "kind": pl.String, "k": pl.Int64, "input": pl.String}
Frames = tuple[pl.DataFrame, pl.DataFrame]


def made(rows: list[tuple[str, str, int | None, str]]) -> Frames:
    gates = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    names = gates.filter(pl.col("input").str.starts_with("e"))["input"].unique(maintain_order=True)
    return gates, pl.DataFrame({"event": names, "probability": [CHANCE] * len(names)})


def chain(size: int, kinds: tuple[str, ...], also: str = "") -> Frames:
    """Gates one under the other, each with an event of its own, and with one that every other gate has too."""
    rows: list[tuple[str, str, int | None, str]] = []
    for number in range(size):
        gate, kind = f"g{number}", kinds[number % len(kinds)]
        rows += [(gate, kind, None, f"e{number}"), (gate, kind, None, f"g{number + 1}")]
        if also and number % len(kinds) == 0:
            rows.append((gate, kind, None, also))
    return made([*rows[:-1], (*rows[-1][:3], "elast")] if not also else [*rows, (f"g{size}", "or", None, "elast")])


def wide(size: int) -> Frames:
    return made([("g0", "or", None, f"e{number}") for number in range(size)])


def twice(size: int) -> Frames:
    """Two chains over the same events."""
    rows: list[tuple[str, str, int | None, str]] = [("g0", "and", None, "a0"), ("g0", "and", None, "b0")]
    for name in "ab":
        for number in range(size):
            below = f"{name}{number + 1}" if number < size - 1 else "elast"
            rows += [(f"{name}{number}", "or", None, f"e{number}"), (f"{name}{number}", "or", None, below)]
    return made(rows)


def mixed(size: int) -> Frames:
    """A wide gate with events of its own and others that a second gate has too."""
    rows: list[tuple[str, str, int | None, str]] = [("g0", "and", None, "a"), ("g0", "and", None, "b")]
    rows += [("a", "or", None, f"e{number}") for number in range(size)]
    rows += [("b", "atleast", 2, f"e{number}") for number in range(5)]
    return made(rows)


TREES: dict[str, Callable[[int], Frames]] = {
    "or": lambda size: chain(size, ("or",)),
    "and": lambda size: chain(size, ("and",)),
    "xor": lambda size: chain(size, ("xor",)),
    "or and and": lambda size: chain(size, ("or", "and")),
    "one event in all": lambda size: chain(size, ("or", "and"), also="eall"),
    "wide": wide,
    "two chains": twice,
    "wide and shared": mixed,
}
