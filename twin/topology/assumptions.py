"""Table `assumptions`: every value that a topology brings into a run, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from twin import units
from twin.api import Params, Quantity
from twin.parameters import meaning, quantity_of, trust
from twin.tables import table
from twin.topology.attributes import ATTRIBUTES, matters
from twin.topology.lifetimes import shown
from twin.topology.rows import DATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from twin.topology.model import Demand, Group, ModelEntry, Override, Topology, Value

    Row = tuple[str, str, str, str, str | None, str | None, str | None, str | None]


def assumptions(topology: Topology) -> pl.DataFrame:
    """Table `assumptions` of a topology; what engines derive is added by them.

    One row a setting (`calendar`, `discount`), a group's count, each of its attributes, what is
    assumed for one that nobody gives, figures or dates that differ by instance, an overlay on some
    instances, a step of a demand, and a parameter of a model entry, in this order; of a group of
    parameters each one, by its path as `relet.downtime` or `tranches[1].rate`.  Parameters that
    the file leaves out appear with the model's default; a default of "none" is no assumption and has
    no row.
    """
    rows = [*_settings(topology)]
    for group in topology.groups.values():
        rows.append(_count(group))
        rows += _attributes(group)
        rows += _absent(group)
        rows += _columns(topology, group)
    rows += [_override(topology, override) for override in topology.overrides]
    for demand in topology.demands:
        rows += _steps(topology, demand)
    for entry in topology.entries:
        rows += _params(entry)
    want = table("assumptions")
    return pl.DataFrame(rows, schema=want.schema(), orient="row")


def _settings(topology: Topology) -> Iterator[Row]:
    for name, value in topology.settings.items():
        owner, _, attribute = name.partition(".")
        yield _row(owner, attribute or "rate", value)


def _count(group: Group) -> Row:
    """How many there are is an assumption too, and a group's own reason must not be lost where it states no figure."""
    text = f"{group.count:,} in each {group.parent}" if group.parent else f"{group.count:,}"
    return group.path, "count", text, "file", group.source or None, None, group.note or None, str(group.where)


def _attributes(group: Group) -> Iterator[Row]:
    for name, value in group.attributes.items():
        yield _row(group.path, name, value)


def _absent(group: Group) -> Iterator[Row]:
    """What the engines take because neither the file nor a catalogue says otherwise."""
    if group.container:
        return
    given = {*group.attributes, *(group.rows.columns if group.rows is not None else ())}
    for attribute in ATTRIBUTES.values():
        if attribute.name not in given and matters(attribute, group.kind, given):
            note = f"neither the file nor a catalogue gives {attribute.name}"
            yield group.path, attribute.name, attribute.absent, "default", None, "assumed", note, str(group.where)


def _columns(topology: Topology, group: Group) -> Iterator[Row]:
    if group.rows is None:
        return
    for name in group.rows.columns:
        cells = group.rows[name]
        given = len(cells) - cells.null_count()
        least, most = cells.min(), cells.max()
        ends = (_month(topology, least), _month(topology, most)) if name in DATES else (str(least), str(most))
        text = f"{given:,} values by instance, {' to '.join(ends)}" if given else "no values"
        note = "months by instance" if name in DATES else "side table"
        yield group.path, name, text, "file", group.source or None, None, note, str(group.where)


def _month(topology: Topology, month: Any) -> str:
    """A month index as a person reads it."""
    return "" if month is None else shown(topology.calendar, int(month))


def _steps(topology: Topology, demand: Demand) -> Iterator[Row]:
    """What is wanted, from each of its months on."""
    dimension = {"it_power": "power", "accelerators": "number", "compute": "compute"}[demand.metric]
    where = f" at {demand.scope}" if demand.scope else ""
    for month, value in demand.steps:
        text = f"{units.show(value, dimension)} from {_month(topology, month)}{where}"
        source, note = demand.source or None, demand.note or None
        yield f"demand.{demand.name}", demand.metric, text, "file", source, None, note, str(demand.where)


def _override(topology: Topology, override: Override) -> Row:
    owner, attribute, value, origin, source, confidence, note, place = _row(
        override.group, override.attribute, override.value
    )
    some = f"on {len(override.locals):,} of {topology.groups[override.group].total:,} instances"
    return owner, attribute, value, origin, source, confidence, f"{some}; {note}" if note else some, place


def _row(owner: str, attribute: str, value: Value) -> Row:
    return (
        owner,
        attribute,
        value.text,
        value.origin,
        value.source or None,
        value.confidence or None,
        value.note or None,
        str(value.where) or None,
    )


def _params(entry: ModelEntry) -> Iterator[Row]:
    yield from _of_group(entry, entry.params, "")


def _of_group(entry: ModelEntry, group: Params, at: str, *, told: bool = False) -> Iterator[Row]:
    """A row for each parameter, and for each one of a group of parameters in place of the group.

    Args:
        entry: whose they are.
        group: the parameters.
        at: path of the group, with its dot.
        told: whether the file says the group in one word, so that only its defaults are left to say.
    """
    owner = f"{entry.section}.{entry.name}"
    for name, field in type(group).model_fields.items():
        path, value = at + (field.alias or name), getattr(group, name)
        groups = dict(_groups(path, value))
        stated = path in entry.given
        if groups and not (stated and entry.given[path][:1] not in "[{"):
            for inner, one in groups.items():
                yield from _of_group(entry, one, f"{inner}.", told=told)
        elif stated:
            origin = "overlay" if path in entry.overlaid else "file"
            place = str(entry.places.get(path, entry.where))
            yield owner, path, entry.given[path], origin, entry.source or None, None, entry.note or None, place
            for inner, one in groups.items():
                yield from _of_group(entry, one, f"{inner}.", told=True)
        elif value is not None and not (told and name in group.model_fields_set):
            note, level = meaning(type(group), name) or None, trust(type(group), name)
            yield owner, path, _shown(value, field), "default", f"model {entry.model}", level, note, str(entry.where)


def _groups(path: str, value: object) -> Iterator[tuple[str, Params]]:
    """The groups of parameters that a value is or holds, each with its path as findings have it."""
    if isinstance(value, Params):
        yield path, value
    elif isinstance(value, Mapping):
        yield from ((f"{path}.{key}", one) for key, one in value.items() if isinstance(one, Params))
    elif isinstance(value, tuple | list):
        yield from ((f"{path}[{number}]", one) for number, one in enumerate(value, 1) if isinstance(one, Params))


def _shown(value: object, field: FieldInfo) -> str:
    """A default as the language writes it: quantities with their unit, lists and mappings in brackets."""
    quantity = quantity_of(field)
    if isinstance(value, Mapping | tuple | list) and not value:
        return "none"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_one(item, quantity)}' for key, item in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_one(item, quantity) for item in value)}]"
    return _one(value, quantity)


def _one(value: object, quantity: Quantity | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if quantity is not None and isinstance(value, int | float):
        return units.show(float(value), quantity.dimension)
    return str(value)
