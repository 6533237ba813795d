"""What the grid connection lets sites use, as the capacity engine is given it."""

from __future__ import annotations

from twin import tables

UNLIMITED = {"connection": tables.table("connection").empty()}
"""No site has a limit."""
