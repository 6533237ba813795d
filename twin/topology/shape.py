"""Which keys each mapping of a topology file takes: the language declared once.

The reader checks files against these lists, and the language reference is generated from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin import units
from twin.api import EXTERNAL_PARTIES
from twin.topology.attributes import ATTRIBUTES, CONTAINER_KINDS
from twin.topology.keys import Key, Shape, declare, join, take

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.topology.attributes import Attribute

__all__ = (
    "ASSERTIONS",
    "CALENDAR",
    "COMPONENT",
    "CONTAINER",
    "COOLING",
    "DEMAND",
    "ENTRY",
    "FILE",
    "FORMAT",
    "GROUP",
    "LAYERS",
    "LINK",
    "NETWORK",
    "PARTY",
    "POWER",
    "REDUNDANCIES",
    "REFRESH",
    "ROLES",
    "SCENARIO",
    "SHAPES",
    "SITE",
    "Key",
    "Shape",
    "join",
    "language_reference",
    "take",
)  # fmt: skip

FORMAT = 1
"""The version of the language that this program reads."""


def _form(attribute: Attribute) -> str:
    if attribute.words:
        return f"one of {', '.join(attribute.words)}"
    return "text" if attribute.dimension == "text" else f"quantity {attribute.dimension}"


def _attributes(names: Iterable[str]) -> tuple[Key, ...]:
    return tuple(
        Key(
            attribute.name,
            _form(attribute),
            attribute.doc + (f" (kinds: {', '.join(attribute.kinds)})" if attribute.kinds else ""),
        )
        for attribute in (ATTRIBUTES[name] for name in names)
    )


_OF_CONTAINERS = tuple(name for name, one in ATTRIBUTES.items() if set(one.kinds) & set(CONTAINER_KINDS))
"""Attributes of groups that contain others; some of them are for sites alone."""

_OF_GROUPS = tuple(name for name, one in ATTRIBUTES.items() if not one.kinds or set(one.kinds) - set(CONTAINER_KINDS))
"""Attributes of groups that contain nothing, and of components."""

_ABOUT = (
    Key("doc", "text", "one line for people"),
    Key("source", "text", "where the figures of this mapping come from"),
    Key("note", "text", "caveats, and the reason of an assumption"),
)
_CONTAINER = (
    Key("kind", "kind", "what it is; a container takes its name where that is a kind, else `space`"),
    Key("contains", "groups", "groups inside each instance: `name` or `name[count]` -> group"),
    Key("energised", "dates", "date of coming into service, or a list with one date an instance"),
    Key("retired", "dates", "date from which it is out of service for good, or a list with one date an instance"),
    Key(
        "ramp",
        "quantity term",
        "months over which its instances come into service in equal monthly lots, in the order of their numbers, "
        "from `energised`, its own or that of what is around it if later",
    ),
)
ROLES = ("tenant", "landlord", "owner", "lessor", "lender", "guarantor", "investor", "insurer", *EXTERNAL_PARTIES)
"""Usual roles of parties; another gets a remark, as no result depends on it."""

REDUNDANCIES = ("N", "N+1", "N+2", "2N", "2(N+1)", "3N/2", "4N/3")
"""The words of `redundancy:`; `twin.structure.redundancy` says what they promise."""

_SUPPLY = (
    Key("from", "suppliers", "names of supplier groups, or names with how many of each (`{ups-a: 1, ups-b: 1}`)"),
    Key("pick", "count", "how many of them each consumer is wired to, dealt evenly; all in scope where not given"),
    Key("need", "count", "how many of those must work; the fewest that carry the load where not given"),
    Key("share", "one of equal, primary", "how load is shared among those that work; `equal` where not given"),
    Key(
        "redundancy",
        f"one of {', '.join(REDUNDANCIES)}",
        "an assertion: checked, and never used to size anything",
    ),
)

FILE = declare(
    "file",
    Key("twin", "count", "version of the language; 1", required=True),
    Key("name", "text", "name of the topology; the file's name where not given"),
    *_ABOUT[::2],
    Key("calendar", "mapping", "the months of a run"),
    Key("discount", "quantity rate", "discount rate for present values, annual effective; 10 %/year where not given"),
    Key("sources", "texts", "where the facts of the file come from"),
    Key("components", "mapping", "named types that `use:` takes"),
    Key("sites", "groups", "the sites: `name` or `name[count]` -> group", required=True),
    Key("links", "list", "network links between sites"),
    Key("fabrics", "mapping", "networks sized from a few lines: name -> fabric"),
    Key("parties", "mapping", "who pays or is paid: name -> party"),
    Key("deals", "list", "financing models with their parameters, in order"),
    Key("energy", "list", "tariffs and supplies with their parameters"),
    Key("cooling", "list", "cooling models with their parameters"),
    Key("weather", "list", "where the weather of the sites comes from"),
    Key("carbon", "list", "what energy from the grid of the sites emits"),
    Key("workloads", "mapping", "name -> workload model with its parameters"),
    Key("analyses", "mapping", "analysis -> its parameters"),
    Key("demand", "mapping", "what is wanted by month: name -> demand"),
    Key("assertions", "list", "what must hold, each with its `check`"),
    Key("scenarios", "mapping", "name -> what differs in it"),
)
CALENDAR = declare(
    "calendar",
    Key("start", "date", "first month of the run", required=True),
    Key("months", "count", "months of the run; as many as the deals need where not given"),
)
_HOLDS = Key(
    "holds",
    "mapping",
    "what one holds: component or catalogue part -> how many (`{nvidia.dgx-h100: 4, nvidia.qm9700: 2}`); load, price, "
    "accelerators and what one accelerator can do follow from it where they are not stated",
)
_INSIDE = {
    name: f"'{name}' is of groups that contain others: state it on a site, hall or row"
    for name in _OF_CONTAINERS
    if name not in _OF_GROUPS
}
COMPONENT = declare(
    "component",
    Key("kind", "kind", "what it is"),
    Key("use", "text", "another component or a catalogue part whose attributes it takes over"),
    Key("model", "text", "hardware model that works out its attributes; its parameters stand beside it"),
    _HOLDS,
    *_ABOUT,
    *_attributes(_OF_GROUPS),
    hints=_INSIDE
    | {
        "power": "suppliers are named on the group that uses the component; its own electrical load is 'load'",
        "cooling": "suppliers are named on the group that uses the component",
        "network": "suppliers are named on the group that uses the component",
    },
)
SITE = declare(
    "site",
    Key("contains", "groups", "groups inside each instance: `name` or `name[count]` -> group", required=True),
    *_CONTAINER[2:],
    Key("kind", "kind", "`site`, and needs no saying"),
    *_ABOUT,
    *_attributes(_OF_CONTAINERS),
)
CONTAINER = declare(
    "group that contains others",
    *_CONTAINER,
    *_ABOUT,
    *_attributes(name for name in _OF_CONTAINERS if ATTRIBUTES[name].kinds != ("site",)),
    hints={name: f"'{name}' is of sites" for name in _OF_CONTAINERS if ATTRIBUTES[name].kinds == ("site",)},
)
GROUP = declare(
    "group",
    Key("kind", "kind", "what it is; from the component or catalogue part where not given"),
    Key("use", "text", "a component of the file or a catalogue part whose attributes it takes over"),
    Key("power", "dependency", "who feeds it: a name, a list of names or a mapping"),
    Key("cooling", "dependencies", "who takes its heat; a list of two where one is liquid and one is air"),
    Key("network", "dependency", "what it is connected to"),
    *_CONTAINER[2:],
    Key(
        "refresh",
        "mappings",
        "what takes its place later: a mapping, or a list of them in the order of their dates; each makes a group "
        "`name-2`, `name-3`, … of as many instances, fed alike",
    ),
    _HOLDS,
    Key("rows", "text", "a side table in the file's folder that has the instances as rows"),
    *_ABOUT,
    *_attributes(_OF_GROUPS),
    hints=_INSIDE,
)
REFRESH = declare(
    "refresh",
    Key("after", "quantity term", "time from coming into service, of each instance, to being replaced"),
    Key("date", "date", "date on which all are replaced; instead of `after`"),
    Key("downtime", "quantity term", "time from retiring the old to the new in service; none where not given"),
    Key("retired", "date", "date from which the new is out of service for good"),
    Key("use", "text", "the new part; the same again, with the same figures, where not given"),
    _HOLDS,
    *_ABOUT,
    *_attributes(_OF_GROUPS),
    hints=_INSIDE,
)
POWER = declare("power", *_SUPPLY)
COOLING = declare("cooling", *_SUPPLY)
NETWORK = declare(
    "network",
    *_SUPPLY,
    Key("to", "suppliers", "the same as `from`"),
    Key("lanes", "text", "parallel lanes of each consumer and their rate, as `72 x 400 Gbps`"),
)
LAYERS = {"power": POWER, "cooling": COOLING, "network": NETWORK}
LINK = declare(
    "link",
    Key("between", "texts", "the two sites", required=True),
    Key("capacity", "quantity bandwidth", "capacity in each direction", required=True),
    Key("length", "quantity length", "length of the way", required=True),
    Key("name", "name", "`a--b` where not given"),
    *_ABOUT,
)
_SWITCHES = (
    Key("switch", "text", "component or catalogue part of the switches; it has `ports`, `port_bandwidth` and `load`"),
    Key("held_by", "text", "selector of the racks that hold the switches and optics; load and contents go there"),
    Key("power", "dependency", "instead of `held_by`: who feeds the switches, as seen from their container"),
    Key("cooling", "dependencies", "who takes the heat of switches with a `power` of their own"),
)
FABRIC = declare(
    "fabric",
    Key(
        "kind",
        "one of clos, torus, mesh",
        "switches in tiers, or chips wired to their neighbours; the lines of a torus close in rings",
        required=True,
    ),
    Key("endpoints", "text", "selector of the racks, servers or chips that it joins", required=True),
    Key(
        "lanes",
        "text",
        "lanes of one endpoint, as `72 x 400 Gbps`; one an accelerator, of its scale-out bandwidth, where not given",
    ),
    *_SWITCHES,
    Key("optic", "text", "component or catalogue part of the optical module; one at each end of every cable"),
    Key("tiers", "mapping", "tiers of a Clos fabric from the endpoints outward: leaf, spine, core -> tier"),
    Key("shape", "text", "chips of one pod of a torus or mesh along each dimension, as `16 x 16`"),
    Key(
        "link",
        "quantity bandwidth",
        "rate of a link of a torus or mesh each way; where not given the scale-up bandwidth of a chip, over two ways, "
        "two sides and the number of dimensions",
    ),
    *_ABOUT,
)
TIER = declare(
    "tier",
    Key("in", "text", "container around the endpoints: the tier stands in each, by name, kind or path", required=True),
    Key("rails", "count", "the number of switches is a multiple of this; 1 where not given"),
    Key("oversubscription", "quantity ratio", "bandwidth down over bandwidth up; 1 where not given"),
    Key("need", "count", "how many of its switches each one below needs; all of the first tier, one of the others"),
    *_SWITCHES,
    *_ABOUT,
)
PARTY = declare(
    "party",
    Key("role", "text", f"what it is in the deals, usually one of {', '.join(ROLES)}", required=True),
    Key("rating", "text", "credit rating"),
    *_ABOUT,
)
ENTRY = declare(
    "entry",
    Key("model", "text", "name of the model; its parameters stand beside it", required=True),
    Key("name", "name", "name of the entry; the model's where not given"),
    Key(
        "offer",
        "name",
        "deals only: the offer that it belongs to; it is worked out where offers are compared, and nowhere else",
    ),
    *_ABOUT,
)
ANALYSIS = declare("analysis", *_ABOUT)
"""What stands beside the parameters of an analysis, whose name is its model's."""
DEMAND = declare(
    "demand",
    Key("power", "mapping", "IT power wanted from each date on: `2027-06-01: 200 MW`"),
    Key("accelerators", "mapping", "accelerators wanted from each date on: `2027-06-01: 50000`"),
    Key("compute", "mapping", "peak dense compute wanted from each date on: `2027-06-01: 5e20 FLOPS`"),
    Key("precision", "one of bf16, fp8, fp4", "precision that `compute` is counted in; needed beside it"),
    Key("at", "text", "site or hall that must meet it, as `campus/hall[2]`; all sites where not given"),
    *_ABOUT,
)
_CHECK = Key("check", "text", "what is checked", required=True)
ASSERTIONS = {
    "max-utilisation": declare(
        "max-utilisation assertion",
        _CHECK,
        Key("of", "text", "selector of the suppliers that it is about", required=True),
        Key("most", "quantity fraction", "highest share of their derated capacity", required=True),
        Key(
            "state",
            "one of normal, worst",
            "all in service, or the worst failure that must be survived; `worst` if left out",
        ),
        *_ABOUT,
    ),
    "residency": declare(
        "residency assertion",
        _CHECK,
        Key("countries", "texts", "countries in which the sites may be, as `[US, CA]`", required=True),
        Key("sites", "texts", "names of the sites that it is about; all where not given"),
        *_ABOUT,
    ),
    "dedicated-tenancy": declare(
        "dedicated-tenancy assertion",
        _CHECK,
        Key("at", "text", "selector of the containers that nobody else may be in", required=True),
        Key("tenant", "text", "party that has them to itself", required=True),
        *_ABOUT,
    ),
    "operator-share": declare(
        "operator-share assertion",
        _CHECK,
        Key("most", "quantity fraction", "highest share that one operator may operate", required=True),
        Key("of", "one of power, accelerators", "what the share is of; `power` where not given"),
        *_ABOUT,
    ),
    "redundancy": declare(
        "redundancy assertion",
        _CHECK,
        Key("of", "text", "selector of the consumers that it is about", required=True),
        Key("layer", "one of power, cooling, network", "layer on which they are fed", required=True),
        Key("least", f"one of {', '.join(REDUNDANCIES)}", "redundancy that they must have at least", required=True),
        *_ABOUT,
    ),
}
"""The shape of an item of `assertions` by its `check`."""

SCENARIO = declare(
    "scenario",
    Key("doc", "text", "one line for people"),
    Key("set", "mapping", "path -> value: `site/hall[4..5].energised`, `deals.lease.rent`, `discount`", required=True),
)
SHAPES = (
    FILE, CALENDAR, COMPONENT, SITE, CONTAINER, GROUP, REFRESH, POWER, COOLING, NETWORK, LINK, FABRIC, TIER, PARTY,
    ENTRY, DEMAND, *ASSERTIONS.values(), SCENARIO,
)  # fmt: skip


def language_reference() -> list[tuple[str, str, str, str]]:
    """Every key of every mapping of the language, from the lists that the reader checks with.

    Returns:
        Rows of mapping, key, form of the value (`!` at its end where the key is required) and meaning.
    """
    return [
        (shape.name, key.name, _form_text(key.form) + ("!" if key.required else ""), key.doc)
        for shape in SHAPES
        for key in shape.keys.values()
    ]


def _form_text(form: str) -> str:
    if not form.startswith("quantity "):
        return form
    dimension = units.dimension(form.partition(" ")[2])
    return f"{dimension.name.replace('_', ' ')}, as {dimension.example}"
