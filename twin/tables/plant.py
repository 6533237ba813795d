"""What stands there, and what was assumed of it."""

from __future__ import annotations

from twin.tables.schema import Column, declare

TABLES = (
    declare(
        "groups",
        "One row per group of the topology file: a name, what it is and how many there are.",
        Column("group", "str", "path of the group without instance numbers"),
        Column("kind", "str", "what it is: utility, ups, rack, hall, …"),
        Column("parent", "str", "path of the group that contains it; null for a site", nullable=True),
        Column("part", "str", "component or catalogue part it uses; null where it uses none", nullable=True),
        Column("count", "i64", "instances in each instance of the parent"),
        Column("total", "i64", "instances in the whole topology"),
    ),
    declare(
        "nodes",
        "One row per instance of every group.",
        Column("node", "u32", "number of the instance, from 0, stable for one file"),
        Column("id", "str", "id of the instance, as river-bend/hall[3]/row[7]/rack[2]"),
        Column("group", "str", "group the instance belongs to"),
        Column("kind", "str", "what it is"),
        Column("parent", "u32", "node that contains it; null for a site", nullable=True),
        Column("energised", "date", "first day of the month in which it is in service"),
        Column(
            "retired", "date", "first day of the month from which it is out of service; null for never", nullable=True
        ),
        Column("capacity_kw", "f64", "rated capacity; null where it has none", nullable=True),
        Column("load_kw", "f64", "own electrical load at full use", nullable=True),
        Column("accelerators", "i64", "accelerators in it"),
    ),
    declare(
        "edges",
        "One row per supplier and consumer that are wired together.",
        Column("layer", "str", "power, cooling or network"),
        Column("supplier", "u32", "node that feeds"),
        Column("consumer", "u32", "node that is fed"),
    ),
    declare(
        "assumptions",
        "One row per attribute that a run used: its value and where it came from.",
        Column("owner", "str", "group, deal, workload or setting that has the attribute"),
        Column("attribute", "str", "name of the attribute"),
        Column("value", "str", "value as a person reads it, with its unit"),
        Column("origin", "str", "file, component, catalogue, default, overlay or derived"),
        Column("source", "str", "where the figure comes from; null where nobody said", nullable=True),
        Column("confidence", "str", "read, recalled, unverified, assumed, …; null where nobody said", nullable=True),
        Column("note", "str", "reason or caveat", nullable=True),
        Column("place", "str", "file and line, or plugin", nullable=True),
    ),
)
