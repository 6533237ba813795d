"""The language as a JSON Schema (draft 2020-12), so that editors complete and check topology files.

It is made from the same declarations that the reader checks with, and from the parameters of the models that are
installed.  A schema knows shapes and not meanings: what a name refers to, and whether a unit fits, is for
`twin validate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin import units
from twin.hookspecs import COMPONENTS
from twin.topology import shape
from twin.topology.attributes import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Model
    from twin.registry import Registry

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_COUNTED = r"^[A-Za-z][A-Za-z0-9_-]*(\[[0-9]+\])?$"
_TEXT: Schema = {"type": ["string", "number", "boolean"]}


def json_schema(known: Registry) -> Schema:
    """The schema of a topology file with the models of a registry.

    Args:
        known: what the installed plugins provide.
    """
    definitions: Schema = {name: _mapping(declared) for name, declared in _DEFINED.items()}
    definitions |= {
        "group": _groups_one("container", "leaf"),
        "assertion": {"oneOf": [_mapping(each, check=name) for name, each in shape.ASSERTIONS.items()]},
        "component": _component(known, definitions),
    }
    file = _mapping(shape.FILE)
    more: Schema = {
        "twin": {"const": shape.FORMAT},
        "calendar": {"$ref": "#/$defs/calendar"},
        "components": _named("component"),
        "sites": {"type": "object", "patternProperties": {_COUNTED: {"$ref": "#/$defs/site"}}, "minProperties": 1},
        "links": _listed({"$ref": "#/$defs/link"}),
        "fabrics": _named("fabric"),
        "parties": _named("party"),
        "demand": _named("demand"),
        "assertions": _listed({"$ref": "#/$defs/assertion"}),
        "scenarios": _named("scenario"),
        **{section: _listed(_entry(known, section, definitions)) for section in ("deals", "energy", "cooling")},
        "workloads": {"type": "object", "additionalProperties": _entry(known, "workloads", definitions)},
        "analyses": _analyses(known, definitions),
    }
    file["properties"] |= {name: {**value, "description": shape.FILE.keys[name].doc} for name, value in more.items()}
    return {"$schema": DIALECT, "title": "twin topology", **file, "$defs": definitions}


_DEFINED: Mapping[str, shape.Shape] = {
    "calendar": shape.CALENDAR,
    "site": shape.SITE,
    "container": shape.CONTAINER,
    "leaf": shape.GROUP,
    "refresh": shape.REFRESH,
    "power": shape.POWER,
    "cooling": shape.COOLING,
    "network": shape.NETWORK,
    "link": shape.LINK,
    "fabric": shape.FABRIC,
    "tier": shape.TIER,
    "party": shape.PARTY,
    "demand": shape.DEMAND,
    "scenario": shape.SCENARIO,
}


def _mapping(declared: shape.Shape, **fixed: str) -> Schema:
    """A mapping of the language; `fixed` keys have one value."""
    properties = {name: _value(name, key) for name, key in declared.keys.items()}
    properties |= {name: {"const": value, "description": declared.keys[name].doc} for name, value in fixed.items()}
    required = [name for name, key in declared.keys.items() if key.required]
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": required} if required else {})


def _value(name: str, key: shape.Key) -> Schema:
    word, _, rest = key.form.partition(" ")
    return {**_FORMS[word](name, rest), "description": key.doc}


def _quantity(_name: str, dimension: str) -> Schema:
    unit = units.dimension(dimension)
    return {"type": ["string", "number"] if unit.bare else "string", "examples": [unit.example]}


def _dependency(name: str, _rest: str) -> Schema:
    return {"anyOf": [_TEXT, {"type": "array"}, {"$ref": f"#/$defs/{name}"}]}


def _groups(_name: str, _rest: str) -> Schema:
    return {"type": "object", "patternProperties": {_COUNTED: {"$ref": "#/$defs/group"}}, "minProperties": 1}


_DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_FORMS: Mapping[str, Any] = {
    "text": lambda _name, _rest: _TEXT,
    "name": lambda _name, _rest: {"type": "string"},
    "texts": lambda _name, _rest: {"type": "array", "items": _TEXT},
    "count": lambda _name, _rest: {"type": "integer"},
    "date": lambda _name, _rest: _DATE,
    "dates": lambda _name, _rest: {"anyOf": [_DATE, {"type": "array", "items": _DATE}]},
    "kind": lambda _name, _rest: {"enum": list(KINDS)},
    "list": lambda _name, _rest: {"type": "array"},
    "mapping": lambda _name, _rest: {"type": "object"},
    "mappings": lambda name, _rest: {"anyOf": [_ref(name), {"type": "array", "items": _ref(name)}]},
    "suppliers": lambda _name, _rest: {"type": ["string", "array", "object"]},
    "one": lambda _name, rest: {"enum": rest.removeprefix("of ").split(", ")},
    "quantity": _quantity,
    "dependency": _dependency,
    "dependencies": _dependency,
    "groups": _groups,
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _groups_one(container: str, leaf: str) -> Schema:
    """What contains others is a container; all else is a leaf."""
    return {"if": {"required": ["contains"]}, "then": _ref(container), "else": _ref(leaf)}


def _named(name: str) -> Schema:
    return {"type": "object", "additionalProperties": _ref(name)}


def _listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _entry(known: Registry, section: str, definitions: Schema) -> Schema:
    """An entry: which model it names says which parameters it takes."""
    models = known.models(section)
    chosen = [
        {"if": _names(name), "then": _parameters(provided.model, section, shape.ENTRY, definitions)}
        for name, provided in models.items()
    ]
    named = {"model": {"enum": list(models), "description": shape.ENTRY.keys["model"].doc}}
    return {"type": "object", "required": ["model"], "properties": named, "allOf": chosen}


def _names(model: str) -> Schema:
    return {"required": ["model"], "properties": {"model": {"const": model}}}


def _parameters(model: Model, section: str, beside: shape.Shape, definitions: Schema) -> Schema:
    """The parameters of a model, and the keys of the language that stand beside them."""
    made = _own(model, section, definitions)
    about = {name: _value(name, key) for name, key in beside.keys.items()}
    return {**made, "properties": about | made.get("properties", {})}


def _own(model: Model, section: str, definitions: Schema) -> Schema:
    """The parameters of a model; what they are made of goes to the definitions under names of its own."""
    prefix = f"{section}.{model.name}."
    made: Schema = model.params.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    definitions.update({prefix + name: _any_of(each) for name, each in made.pop("$defs", {}).items()})
    return dict(_any_of(made))


def _any_of(value: Any) -> Any:
    """With `anyOf` for `oneOf`: as text, a word such as `optimum` is a word and might be a quantity."""
    if isinstance(value, dict):
        return {"anyOf" if key == "oneOf" else key: _any_of(each) for key, each in value.items()}
    return [_any_of(each) for each in value] if isinstance(value, list) else value


def _analyses(known: Registry, definitions: Schema) -> Schema:
    each = {
        name: {"anyOf": [{"type": "null"}, _parameters(provided.model, "analyses", shape.ANALYSIS, definitions)]}
        for name, provided in known.models("analyses").items()
    }
    return {"type": "object", "properties": each, "additionalProperties": False}


def _component(known: Registry, definitions: Schema) -> Schema:
    modelled = [
        {"if": _names(name), "then": _parameters(provided.model, COMPONENTS, shape.COMPONENT, definitions)}
        for name, provided in known.models(COMPONENTS).items()
    ]
    plain = {"if": {"required": ["model"]}, "then": {}, "else": _mapping(shape.COMPONENT)}
    return {"allOf": [plain, *modelled]}
