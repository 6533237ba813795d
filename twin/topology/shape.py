"""Which keys each mapping of a topology file takes: the language declared once.

The reader checks files against these lists, and the language reference is generated from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin import units
from twin.errors import one_of
from twin.topology.attributes import ATTRIBUTES
from twin.topology.forms import check_form
from twin.topology.nodes import Mapped, Node, Scalar, describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.topology.findings import Findings

FORMAT = 1
"""The version of the language that this program reads."""


_LISTED = 8


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping: its name, the form of its value, what it means, whether it must be there."""

    name: str
    form: str
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping of the language.

    Attributes:
        name: what the reference and messages call it.
        keys: the keys it takes, by name.
        hints: keys that people write here by mistake -> what to do instead.
    """

    name: str
    keys: Mapping[str, Key]
    hints: Mapping[str, str]


def _shape(name: str, *keys: Key, hints: Mapping[str, str] | None = None) -> Shape:
    return Shape(name, {key.name: key for key in keys}, hints or {})


def _attributes() -> tuple[Key, ...]:
    return tuple(
        Key(
            attribute.name,
            "text" if attribute.dimension == "text" else f"quantity {attribute.dimension}",
            attribute.doc + (f" (kinds: {', '.join(attribute.kinds)})" if attribute.kinds else ""),
        )
        for attribute in ATTRIBUTES.values()
    )


_ABOUT = (
    Key("doc", "text", "one line for people"),
    Key("source", "text", "where the figures of this mapping come from"),
    Key("note", "text", "caveats, and the reason of an assumption"),
)
_CONTAINER = (
    Key("kind", "kind", "what it is; a container takes its name where that is a kind, else `space`"),
    Key("contains", "groups", "groups inside each instance: `name` or `name[count]` -> group"),
    Key("energised", "dates", "date of coming into service, or a list with one date an instance"),
)
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

FILE = _shape(
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
    Key("parties", "mapping", "who pays or is paid: name -> party"),
    Key("deals", "list", "financing models with their parameters, in order"),
    Key("energy", "list", "tariffs and supplies with their parameters"),
    Key("cooling", "list", "cooling models with their parameters"),
    Key("workloads", "mapping", "name -> workload model with its parameters"),
    Key("analyses", "mapping", "analysis -> its parameters"),
    Key("scenarios", "mapping", "name -> what differs in it"),
)
CALENDAR = _shape(
    "calendar",
    Key("start", "date", "first month of the run", required=True),
    Key("months", "count", "months of the run; as many as the deals need where not given"),
)
COMPONENT = _shape(
    "component",
    Key("kind", "kind", "what it is"),
    Key("use", "text", "another component or a catalogue part whose attributes it takes over"),
    *_ABOUT,
    *_attributes(),
    hints={
        "power": "suppliers are named on the group that uses the component; its own electrical load is 'load'",
        "cooling": "suppliers are named on the group that uses the component",
        "network": "suppliers are named on the group that uses the component",
    },
)
SITE = _shape(
    "site",
    Key("contains", "groups", "groups inside each instance: `name` or `name[count]` -> group", required=True),
    *_CONTAINER[2:],
    Key("region", "text", ATTRIBUTES["region"].doc),
    Key("kind", "kind", "`site`, and needs no saying"),
    *_ABOUT,
)
CONTAINER = _shape("group that contains others", *_CONTAINER, *_ABOUT)
GROUP = _shape(
    "group",
    Key("kind", "kind", "what it is; from the component or catalogue part where not given"),
    Key("use", "text", "a component of the file or a catalogue part whose attributes it takes over"),
    Key("power", "dependency", "who feeds it: a name, a list of names or a mapping"),
    Key("cooling", "dependencies", "who takes its heat; a list of two where one is liquid and one is air"),
    Key("network", "dependency", "what it is connected to"),
    _CONTAINER[2],
    Key("rows", "text", "a side table in the file's folder that has the instances as rows"),
    *_ABOUT,
    *(key for key in _attributes() if key.name != "region"),
)
POWER = _shape("power", *_SUPPLY)
COOLING = _shape("cooling", *_SUPPLY)
NETWORK = _shape(
    "network",
    *_SUPPLY,
    Key("to", "suppliers", "the same as `from`"),
    Key("lanes", "text", "parallel lanes of each consumer and their rate, as `72 x 400 Gbps`"),
)
LAYERS = {"power": POWER, "cooling": COOLING, "network": NETWORK}
LINK = _shape(
    "link",
    Key("between", "texts", "the two sites", required=True),
    Key("capacity", "quantity bandwidth", "capacity in each direction", required=True),
    Key("length", "quantity length", "length of the way", required=True),
    Key("name", "name", "`a--b` where not given"),
    *_ABOUT,
)
PARTY = _shape(
    "party",
    Key("role", "text", "what it is in the deals: landlord, tenant, lender, …", required=True),
    Key("rating", "text", "credit rating"),
    *_ABOUT,
)
ENTRY = _shape(
    "entry",
    Key("model", "text", "name of the model; its parameters stand beside it", required=True),
    Key("name", "name", "name of the entry; the model's where not given"),
    *_ABOUT,
)
SCENARIO = _shape(
    "scenario",
    Key("doc", "text", "one line for people"),
    Key("set", "mapping", "path -> value: `site/hall[4..5].energised`, `deals.lease.rent`, `discount`", required=True),
)
SHAPES = (
    FILE, CALENDAR, COMPONENT, SITE, CONTAINER, GROUP, POWER, COOLING, NETWORK, LINK, PARTY, ENTRY, SCENARIO,
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


def take(node: Node, shape: Shape, path: str, findings: Findings, *, extra: bool = False) -> dict[str, Node]:
    """Check a mapping against its shape.

    Args:
        node: what stood in the file.
        shape: which keys it takes.
        path: path inside the document.
        findings: grows by unknown and missing keys and by values of the wrong form.
        extra: whether other keys are for somebody else (the parameters of a model) and pass unchecked.

    Returns:
        The known keys whose values have the right form, and the others where `extra`.
    """
    if isinstance(node, Scalar) and node.bad:
        return {}
    if not isinstance(node, Mapped):
        findings.add(
            node,
            path,
            "not a mapping",
            got=describe(node),
            expected=f"{_a(shape)} has keys as {', '.join(list(shape.keys)[:_LISTED])}",
        )
        return {}
    taken: dict[str, Node] = {}
    for name, item in node.items.items():
        key = shape.keys.get(name)
        if key is None and not extra:
            hint = shape.hints.get(name) or one_of(name, shape.keys, limit=20)
            place = item if item.path else node.keys.get(name, item.where)
            findings.add(place, join(path, name), f"{_a(shape)} has no key '{name}'", expected=hint)
        elif key is None or check_form(item, key.form, join(path, name), findings):
            taken[name] = item
    for key in shape.keys.values():
        if key.required and key.name not in node.keys and key.name not in node.items:
            findings.add(node, path, f"the key '{key.name}' is missing", expected=f"add '{key.name}:', {key.doc}")
    return taken


def _a(shape: Shape) -> str:
    return f"{'an' if shape.name[0] in 'aeiou' else 'a'} {shape.name}"


def join(path: str, name: str) -> str:
    """`path.name`, or `name` at the top."""
    return f"{path}.{name}" if path else name
