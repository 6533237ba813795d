"""What every analysis adds to."""

from __future__ import annotations

from twin.tables.schema import Column, declare

TABLES = (
    declare(
        "checks",
        "One row per check: what was asserted, whether it holds and by how much.",
        Column("check", "str", "name of the check"),
        Column("scope", "str", "what it was made on"),
        Column("ok", "bool", "whether it holds"),
        Column("got", "str", "what the run gave"),
        Column("wanted", "str", "what was asserted"),
        Column("message", "str", "what it means and what to do"),
    ),
)
