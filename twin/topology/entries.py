"""Entries of deals, energy, cooling, workloads and analyses, validated by the models they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from twin.errors import one_of
from twin.topology import shape
from twin.topology.draft import Draft, RawEntry, text_of
from twin.topology.entry_errors import translate
from twin.topology.model import ModelEntry
from twin.topology.nodes import Listing, Mapped, Node, Scalar, plain, within, written
from twin.topology.references import circles, marked, offers, references, stated
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Params
    from twin.registry import Provided

LISTED = ("deals", "energy", "cooling", "weather", "carbon")
SECTIONS = (*LISTED, "workloads", "analyses")
_OWN = tuple(shape.ENTRY.keys)


def sort(draft: Draft) -> None:
    """Read the entries as written into `draft.entries`; their parameters are not looked at."""
    for section in SECTIONS:
        node = draft.items.get(section)
        if isinstance(node, Listing):
            for number, item in enumerate(node.items, 1):
                _entry(draft, section, "", item, f"{section}[{number}]")
        elif isinstance(node, Mapped):
            for name, item in node.items.items():
                _entry(draft, section, name, item, join(section, name))


def _entry(draft: Draft, section: str, name: str, node: Node, place: str) -> None:
    if section == "analyses" and isinstance(node, Scalar) and node.value is None:
        node = Mapped(node.where, {}, {})
    if isinstance(node, Mapped) and section == "analyses":
        keys = {**node.keys, "model": node.keys.get("model", node.where)}
        node = Mapped(node.where, {"model": Scalar(node.where, name, name), **node.items}, keys)
    taken = shape.take(node, shape.ENTRY, place, draft.findings, extra=True)
    model = text_of(taken.get("model"))
    written = node.items.get("name") if isinstance(node, Mapped) else None
    stated = name or text_of(written) or model
    if not isinstance(node, Mapped) or not model:
        return
    if name and "name" in taken:
        draft.findings.add(
            taken["name"], join(place, "name"), f"this entry is called '{name}' already", expected="leave 'name' out"
        )
    if (section, stated) in draft.entries:
        other = draft.entries[section, stated].node.where.line
        draft.findings.add(
            node,
            place,
            f"two entries of '{section}' called '{stated}'",
            got=stated,
            expected=f"add 'name:' with a name of its own; the other is on line {other}",
        )
        return
    draft.entries[section, stated] = RawEntry(
        section=section,
        name=stated,
        model=model,
        node=node,
        place=place,
        params={key: item for key, item in taken.items() if key not in _OWN},
        keys=dict(node.keys),
        about={key: text_of(taken.get(key)) for key in ("offer", "doc", "source", "note")},
    )


def validate(draft: Draft) -> tuple[ModelEntry, ...]:
    """Validate every entry with its model, and what it refers to.

    Returns:
        The entries without findings, in file order.
    """
    entries = []
    for raw in draft.entries.values():
        entry = check(draft, raw)
        if entry is not None:
            entries.append(entry)
    deals = {entry.name: entry for entry in entries if entry.section == "deals"}
    circles(draft, deals)
    offers(draft, entries, deals)
    return tuple(entries)


def check(draft: Draft, raw: RawEntry) -> ModelEntry | None:
    """Validate one entry; None, with findings, where it is wrong."""
    models = draft.registry.models(raw.section)
    provided = models.get(raw.model)
    if provided is None:
        _unknown_model(draft, raw, models)
        return None
    params = _params(draft, raw, provided)
    found = list(marked(params, ()) if params is not None else stated(raw, provided))
    refers = references(draft, raw, found)
    if params is None:
        return None
    paths = list(within(raw.params))
    return ModelEntry(
        section=raw.section,
        name=raw.name,
        model=raw.model,
        params=params,
        given={path: written(node) for path, node in paths},
        overlaid=frozenset(path for path, node in paths if _overlaid(node)),
        refers=refers,
        files=tuple(dict.fromkeys(name for kind, name, _ in found if kind == "file" and name)),
        where=raw.node.where,
        places={path: node.where for path, node in paths},
        **raw.about,
    )


def _unknown_model(draft: Draft, raw: RawEntry, models: Mapping[str, Provided]) -> None:
    node = raw.node.items.get("model", raw.node)
    known = one_of(raw.model, models) or f"no plugin provides models for '{raw.section}'"
    elsewhere = [
        section for section in SECTIONS if section != raw.section and raw.model in draft.registry.models(section)
    ]
    hint = f"it is a model for '{elsewhere[0]}:'" if elsewhere else known
    explained = draft.registry.explain(raw.model)
    draft.findings.add(
        node,
        raw.place if raw.section == "analyses" else join(raw.place, "model"),
        f"there is no model '{raw.model}' for '{raw.section}'",
        got=raw.model,
        expected="; ".join(text for text in (hint, explained) if text),
    )


def _overlaid(node: Node) -> bool:
    """Whether an overlay gave the value or something inside it."""
    if node.origin == "overlay" or isinstance(node, Scalar):
        return node.origin == "overlay"
    return any(_overlaid(item) for item in (node.items.values() if isinstance(node, Mapped) else node.items))


def _params(draft: Draft, raw: RawEntry, provided: Provided) -> Params | None:
    before = len(draft.findings.items)
    given = {key: plain(node) for key, node in raw.params.items()}
    model: type[Params] = provided.model.params
    if any(_bad(node) for node in raw.params.values()):
        return None
    try:
        params = model.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            translate(draft, raw, model, detail)
        return None
    except Exception as error:  # noqa: BLE001 - a validator of a plugin may raise anything; the user learns whose it is
        draft.findings.add(
            raw.node,
            raw.place,
            f"{provided.plugin} fails on the parameters of '{raw.model}': {type(error).__name__}: {error}",
            expected="report it to the authors of the plugin",
        )
        return None
    return params if len(draft.findings.items) == before else None


def _bad(node: Node) -> bool:
    if isinstance(node, Scalar):
        return node.bad
    return any(_bad(item) for item in (node.items.values() if isinstance(node, Mapped) else node.items))
