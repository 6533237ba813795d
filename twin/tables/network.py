"""What the network carries."""

from __future__ import annotations

from twin.tables.schema import Column, declare

TABLES = (
    declare(
        "fabrics",
        "One row per fabric: what it is made of and what it carries at full build.",
        Column("fabric", "str", "entry of `fabrics:`, or the group that the explicit network of a file starts from"),
        Column("kind", "str", "clos, torus, or explicit where the file wires its switches itself"),
        Column("endpoints", "i64", "racks (or chips of a torus) attached"),
        Column("accelerators", "i64", "accelerators in them"),
        Column("switches", "i64", "switches of all tiers"),
        Column(
            "cables",
            "i64",
            "cables, endpoint cables included: one a port used at the end with the more of them, or a link of a torus",
        ),
        Column("optics", "i64", "optical modules, one in each port used; null where no optic is named", nullable=True),
        Column(
            "power_kw",
            "f64",
            "what switches and the optics in them draw; those at the endpoints are in the load of these",
        ),
        Column("price_usd", "f64", "price of switches and optics; null where one is not known", nullable=True),
        Column("injection_gbps", "f64", "what all endpoints together can send"),
        Column("islands", "i64", "parts that no switch joins, as sites or pods of a torus"),
        Column(
            "bisection_gbps",
            "f64",
            "least bandwidth between two halves of the endpoints of one island (the least one), each way; null where "
            "the file wires switches unevenly, or at no known rate, or too many endpoints are not alike",
            nullable=True,
        ),
        Column(
            "bisection_fraction",
            "f64",
            "bisection over what the lesser half of those endpoints can send: 1 where it does not block",
            nullable=True,
        ),
    ),
    declare(
        "fabric_tiers",
        "One row per fabric and tier of switches: ports and oversubscription.",
        Column("fabric", "str", "entry of `fabrics:`"),
        Column("tier", "str", "leaf, spine or core"),
        Column("group", "str", "group of the switches"),
        Column("switches", "i64", "switches of the tier"),
        Column(
            "ports", "i64", "ports of one switch, the one with the fewest left; null where not stated", nullable=True
        ),
        Column("ports_down", "i64", "ports of one switch towards the endpoints"),
        Column("ports_up", "i64", "ports of one switch towards the core"),
        Column("ports_free", "i64", "ports of one switch left; null where ports are not stated", nullable=True),
        Column("down_gbps", "f64", "bandwidth of one switch towards the endpoints, the mean"),
        Column("up_gbps", "f64", "bandwidth of one switch towards the core; 0 on the top tier"),
        Column(
            "oversubscription_ratio",
            "f64",
            "down over up as built; null for the top tier, and where no rate is known",
            nullable=True,
        ),
        Column("power_kw", "f64", "what one switch with its optics draws"),
    ),
    declare(
        "network_flows",
        "One row per pair that was asked for: the most that flows, and the cut that limits it.",
        Column("source", "str", "selector of the senders"),
        Column("target", "str", "selector of the receivers"),
        Column("sources", "i64", "nodes that send"),
        Column("targets", "i64", "nodes that receive"),
        Column("max_flow_gbps", "f64", "largest flow from all senders to all receivers together"),
        Column("cut_links", "i64", "wires in the minimum cut"),
        Column("cut", "str", "the minimum cut by group: `row/leaf - hall/spine x 64`"),
        Column("hops", "i64", "wires and links on the shortest way; null where there is no way", nullable=True),
        Column(
            "latency_ms",
            "f64",
            "one-way time over the fibre of the links on the quickest way, 0 within a site; null where there is no way",
            nullable=True,
        ),
    ),
)
