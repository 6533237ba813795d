"""What may be told to happen: `delay=6 months`, `availability=97 %`, `pue=1.4`, `tariff=+20 %`, `gpu-price=-30 %`.

`default=2032-06` is another: the tenant pays nothing from that month on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.errors import RefusedError, UnitError, UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.results.results import Results
    from twin.topology.model import Group, Override, Topology, Value

DELAY, AVAILABILITY, PUE, TARIFF, GPU_PRICE, DEFAULT = (
    "delay",
    "availability",
    "pue",
    "tariff",
    "gpu-price",
    "default",
)
_FORMS = {
    DELAY: ("term", "6 months"),
    AVAILABILITY: ("fraction", "97 %"),
    PUE: ("ratio", "1.4"),
    TARIFF: ("change", "+20 %"),
    GPU_PRICE: ("change", "-30 %"),
    DEFAULT: ("month", "2032-06"),
}
_DATES = ("energised", "retired")


@dataclass(frozen=True, slots=True)
class Shock:
    """Something that happens.

    Attributes:
        text: as it was written.
        kind: one of the constants above.
        size: months, share, ratio, or relative change; 0 for a default.
        when: month of a default; None for all else.
    """

    text: str
    kind: str
    size: float
    when: date | None = None

    def topology(self, topology: Topology) -> Topology:
        """The topology with the shock in it, where it is one of the topology."""
        if self.kind == DELAY:
            return _later(topology, round(self.size))
        return _priced(topology, 1.0 + self.size) if self.kind == GPU_PRICE else topology

    def overlays(self, topology: Topology) -> tuple[str, ...]:
        """The shock as settings of the file, where it is one.

        Raises:
            RefusedError: nothing in the file states a PUE.
        """
        if self.kind != PUE:
            return ()
        stated = [entry.name for entry in topology.section("cooling") if "pue" in type(entry.params).model_fields]
        if not stated:
            raise RefusedError(
                "shock",
                "no entry of cooling: states a PUE that could change",
                "serve the site by an entry with `model: constant-pue`",
            )
        return tuple(f"cooling.{name}.pue={self.size:g}" for name in stated)

    def tables(self, results: Results) -> dict[str, pl.DataFrame]:
        """Tables of the file's own run that hold with the shock, changed by it where it is one of theirs."""
        kept = {name: results[name] for name in ("schedule", "goodput", "goodput_loss") if name in results}
        bills = {name: results[name] for name in ("energy", "energy_cost") if name in results}
        if self.kind == DELAY:
            return {}
        if self.kind == AVAILABILITY:
            served = pl.lit(self.size)
            kept["schedule"] = kept["schedule"].with_columns(
                served_fraction=served, delivered_accelerator_h=pl.col("accelerator_h") * served
            )
            return kept
        if self.kind == PUE:
            return kept
        if self.kind == TARIFF:
            bills["energy_cost"] = bills["energy_cost"].with_columns(pl.col("amount_usd") * (1.0 + self.size))
        return kept | bills


def shock(text: str) -> Shock:
    """Read `delay=6 months`.

    Raises:
        UsageError: an unknown shock, or a size that it does not take.
    """
    kind, equals, size = (part.strip() for part in text.partition("="))
    kind = kind.lower().replace("_", "-")
    if kind not in _FORMS:
        raise UsageError(f"there is no shock '{kind}'; {one_of(kind, _FORMS)}")
    form, example = _FORMS[kind]
    if not equals or not size:
        raise UsageError(f"'{text}' does not say how much; write it as '{kind}={example}'")
    if form == "month":
        return Shock(text, kind, 0.0, _month(text, size, example))
    if form == "change" and "%" not in size:
        raise UsageError(f"'{text}' is a change without its '%'; write it as '{kind}={example}'")
    try:
        value = units.parse(size, "fraction" if form == "change" else form)
    except UnitError as error:
        raise UsageError(f"'{text}': {error.message}; write it as '{kind}={example}'") from error
    _refuse_size(text, kind, value)
    return Shock(text, kind, value)


def _refuse_size(text: str, kind: str, value: float) -> None:
    bad = {
        DELAY: value <= 0 or abs(value - round(value)) > 1e-6,  # noqa: PLR2004 - rounding
        AVAILABILITY: not 0 <= value <= 1,
        PUE: value < 1,
        TARIFF: value < -1,
        GPU_PRICE: value <= -1,
    }
    said = {
        DELAY: "a whole number of months, one at least",
        AVAILABILITY: "a share between 0 and 100 %",
        PUE: "a ratio of 1 or more",
        TARIFF: "a change, not below -100 %",
        GPU_PRICE: "a change above -100 %",
    }
    if bad[kind]:
        raise UsageError(f"'{text}' is out of range; it is {said[kind]}")


def _month(text: str, size: str, example: str) -> date:
    try:
        return date.fromisoformat(size if size.count("-") > 1 else f"{size}-01").replace(day=1)
    except ValueError as error:
        raise UsageError(f"'{text}' names no month; write it as 'default={example}'") from error


def _later(topology: Topology, months: int) -> Topology:
    """Everything that comes into service after the calendar starts comes so much later, and what ends it too."""
    groups = {path: _group_later(group, months) for path, group in topology.groups.items()}
    overrides = tuple(_override_later(one, months) for one in topology.overrides)
    if groups == dict(topology.groups) and overrides == topology.overrides:
        raise RefusedError(
            "shock", "nothing in the file is energised after the calendar starts", "give groups a date `energised`"
        )
    return replace(topology, groups=groups, overrides=overrides)


def _group_later(group: Group, months: int) -> Group:
    changed: dict[str, object] = {}
    for name in _DATES:
        stated = getattr(group, name)
        if any(month > 0 for month in stated):
            changed[name] = tuple(month + months if month > 0 else month for month in stated)
    rows = group.rows
    if rows is not None and set(_DATES) & set(rows.columns):
        changed["rows"] = rows.with_columns(
            pl.when(pl.col(name) > 0).then(pl.col(name) + months).otherwise(pl.col(name)).alias(name)
            for name in _DATES
            if name in rows.columns
        )
    return replace(group, **changed) if changed else group  # type: ignore[arg-type]


def _override_later(one: Override, months: int) -> Override:
    if one.attribute not in _DATES or not isinstance(one.value.value, int) or one.value.value <= 0:
        return one
    return replace(one, value=replace(one.value, value=one.value.value + months))


def _priced(topology: Topology, factor: float) -> Topology:
    """Everything that holds accelerators costs so much more, or less."""

    def dearer(value: Value) -> Value:
        return replace(value, value=float(value.value) * factor)

    groups = {}
    for path, group in topology.groups.items():
        attributes: Mapping[str, Value] = group.attributes
        if "price" in attributes and (group.kind in {"rack", "accelerator"} or "accelerators" in attributes):
            attributes = {**attributes, "price": dearer(attributes["price"])}
        groups[path] = replace(group, attributes=attributes)
        if group.rows is not None and "price" in group.rows.columns:
            groups[path] = replace(groups[path], rows=group.rows.with_columns(pl.col("price") * factor))
    overrides = tuple(
        replace(one, value=dearer(one.value)) if one.attribute == "price" else one for one in topology.overrides
    )
    return replace(topology, groups=groups, overrides=overrides)
