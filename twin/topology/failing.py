"""How one group may say that it fails together, is maintained and is stocked: what contradicts itself.

The one rule of it.  Reading a file makes findings of it, each at its line; the failure engine refuses a structure
that breaks it, so that one made by hand cannot say what a file may not.
"""

from __future__ import annotations

from math import comb, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin import units
from twin.topology import instances, refresh
from twin.topology.losses import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from twin.topology.draft import Draft, RawGroup
    from twin.topology.model import Group, Topology, Where
    from twin.topology.nodes import Node

    Floats = NDArray[np.float64]
    Said = Mapping[str, Floats]

GREEK = ("beta", "gamma", "delta")
ALPHA = ("alpha_2", "alpha_3", "alpha_4")
NAMES = (*GREEK, *ALPHA, "maintenance_interval", "maintenance_duration", "spares", "spare_lead_time", "start_failure")
"""Attributes of which a group that states one is looked at."""

MAX_SUBSETS = 20_000
"""Most common causes of one group in one container."""

_HOW_OFTEN = ("mtbf", "failure_rate", "mttr")
_HALVES = (
    ("maintenance_interval", "maintenance_duration", "8 h"),
    ("maintenance_duration", "maintenance_interval", "1 year"),
    ("gamma", "beta", "5 %"),
    ("delta", "gamma", "50 %"),
    ("spares", "spare_lead_time", "30 days"),
    ("spare_lead_time", "spares", "1"),
)
"""What is said by halves: given, what it needs beside it, an example."""

_ROUNDING = 1e-9


class Fault(NamedTuple):
    """One contradiction: the attribute to change, what is wrong, what is there, what would be right."""

    attribute: str
    message: str
    got: str
    expected: str


def faults(path: str, said: Said, own: Sequence[Floats]) -> list[Fault]:
    """Everything that contradicts itself in what one group states.

    Args:
        path: of the group, for messages.
        said: attribute of `NAMES` -> (containers, instances in one) values in canonical units, NaN where not
            given; one that is left out is given nowhere.
        own: figures of how often it fails and how long for, of the same shape, NaN where not given.
    """
    given = {name: values for name, values in said.items() if not np.isnan(values).all()}
    return [*_by_halves(path, given), *_factors(path, given, own), *_maintenance(path, given)]


def _by_halves(path: str, given: Said) -> Iterator[Fault]:
    for name, missing, example in _HALVES:
        if name not in given:
            continue
        there = ~np.isnan(given[name])
        beside = ~np.isnan(given[missing]) if missing in given else np.zeros_like(there)
        if (there & ~beside).any():
            yield Fault(name, f"'{name}' of '{path}' needs '{missing}' beside it", "", f"add '{missing}: {example}'")


def _factors(path: str, given: Said, own: Sequence[Floats]) -> Iterator[Fault]:
    """Common causes: one way to state them, of as many as there are, alike in one container, and not too many."""
    greek, alpha = ([name for name in names if name in given] for names in (GREEK, ALPHA))
    if greek and alpha:
        message = f"'{path}' has both Greek letters and alpha factors for its common causes"
        yield Fault(alpha[0], message, f"{greek[0]} and {alpha[0]}", "keep one of them")
        return
    if not greek and not alpha:
        return
    count = given[(greek or alpha)[0]].shape[1]
    more = [*_of_more(path, given, count)]
    yield from more
    shares = sum((np.nan_to_num(given[name]) for name in alpha), np.zeros(1))
    if (shares > 1.0 + _ROUNDING).any():
        yield Fault(
            alpha[0],
            f"the alpha factors of '{path}' are above 100 % together",
            units.show(float(shares.max()), "fraction"),
            "state the shares of events that take down two, three and four of one container; the rest takes down one",
        )
        return
    alike = [given[name] for name in (*greek, *alpha, "start_failure") if name in given]
    if not all(_same(values) for values in (*alike, *own)):
        yield Fault(
            (greek or alpha)[0],
            f"instances of '{path}' in one container share a common cause and differ in their figures",
            "",
            "give all of one container the same failure rate, repair time and factors, or make two groups",
        )
    elif not more and _subsets(given, greek, count) > MAX_SUBSETS:
        yield Fault(
            (greek or alpha)[-1],
            f"the common causes of {count:,} '{path}' have more than {MAX_SUBSETS:,} subsets",
            "",
            "state 'beta' alone, by which a common cause takes down all of them, or split the group into containers",
        )


def _of_more(path: str, given: Said, count: int) -> Iterator[Fault]:
    """Factors of more than there are in one container."""
    for size, name in ((2, "beta"), (3, "gamma"), (4, "delta"), (2, "alpha_2"), (3, "alpha_3"), (4, "alpha_4")):
        if name in given and size > count and np.nanmax(given[name]) > 0.0:
            yield Fault(
                name,
                f"'{name}' of '{path}' is about {size} that fail together, and one container has {count}",
                "",
                f"leave it out ('{name}: 0 %' does for what a part states), or make it '[{size}]' or more",
            )


def _subsets(given: Said, greek: Sequence[str], count: int) -> int:
    """How many common causes the factors of one container make, at the most."""
    if not greek:
        sizes = [size for size, name in enumerate(ALPHA, 2) if name in given and np.nanmax(given[name]) > 0.0]
        return sum(comb(count, size) for size in sizes)
    letters = [float(given[name][0, 0]) for name in greek]
    rest = [size for size in range(2, len(letters) + 1) if prod(letters[: size - 1]) * (1.0 - letters[size - 1]) > 0.0]
    return sum(comb(count, size) for size in rest if size < count) + 1


def _maintenance(path: str, given: Said) -> Iterator[Fault]:
    """Planned outages that take turns: there must be time for all of them."""
    if not {"maintenance_interval", "maintenance_duration"} <= set(given):
        return
    every, long = given["maintenance_interval"], given["maintenance_duration"]
    takes = np.nansum(long / every, axis=1)
    if (takes > 1.0 + _ROUNDING).any():
        row = int(np.argmax(takes))
        count = every.shape[1]
        message = f"a planned outage of '{path}' is longer than the time from one to the next"
        if count > 1:
            message = f"the {count:,} '{path}' of one container take turns, and their planned outages leave no time"
        most = units.show(float(np.nanmin(every[row])) / count, "duration")
        yield Fault(
            "maintenance_duration",
            message,
            f"{takes[row]:.3g} times the interval",
            f"at most {most}, or a longer 'maintenance_interval'",
        )


def uneven(path: str, every: Floats) -> Fault | None:
    """Planned outages that take turns and do not come round equally often, which histories cannot order.

    Args:
        path: of the group, for messages.
        every: (containers, instances in one) hours from one to the next, NaN where there are none.
    """
    if np.allclose(every, every[:, :1], rtol=_ROUNDING, atol=0.0, equal_nan=True):
        return None
    return Fault(
        "maintenance_interval",
        f"planned outages of '{path}' take turns in one container, and their intervals are different",
        "",
        "give all instances of the group in one container the same 'maintenance_interval'",
    )


def _same(values: Floats) -> bool:
    """Whether the instances of each container (a row) agree."""
    return bool(np.array_equal(values, np.broadcast_to(values[:, :1], values.shape), equal_nan=True))


def check(draft: Draft, topology: Topology) -> None:
    """Note every fault of every group at the line that states it, side tables and overlays applied.

    Args:
        draft: the file.
        topology: built from it.
    """
    for path, group in topology.groups.items():
        raw = draft.groups.get(path)
        names = {*group.attributes, *instances.varying(topology, path)}
        if raw is None or group.container or not names & set(NAMES):
            continue
        if {*raw.attributes, *raw.columns} & set(NAMES) - names:
            continue  # one of them is no value, which is a finding already
        before = len(draft.findings.items)
        said = {name: _values(topology, group, name) for name in NAMES if name in names}
        own = [_values(topology, group, name) for name in _HOW_OFTEN if name in names]
        found = [*faults(path, said, own), *_restarts(topology, group, said, own)]
        if "maintenance_interval" in said:
            turns = uneven(path, said["maintenance_interval"])
            found += [] if turns is None else [turns]
        for fault in found:
            draft.findings.add(
                _place(draft, raw, group, fault.attribute),
                raw.key_place(fault.attribute),
                fault.message,
                got=fault.got,
                expected=fault.expected,
            )
        if raw.follows:
            refresh.drop_repeated(draft, before)


def _values(topology: Topology, group: Group, name: str) -> Floats:
    return instances.attribute(topology, group.path, name).reshape(-1, group.count)


def _restarts(topology: Topology, group: Group, said: Said, own: Sequence[Floats]) -> list[Fault]:
    """What may fail to start when its supply is back, has nothing to switch to, and is never repaired."""
    starts = said.get("start_failure")
    if starts is None or own or not np.nanmax(starts) > 0.0 or not group.dependencies:
        return []
    switches = any(each.share == "primary" and len(each.suppliers) > 1 for each in group.dependencies)
    if switches or _stands_by(topology, group.path):
        return []
    return [unrepaired(group.path)]


def unrepaired(name: str) -> Fault:
    """What may fail to restart, and nobody says how long its repair takes."""
    return Fault(
        "start_failure",
        f"'{name}' may fail to start when its supply is back, and nothing says how long its repair takes",
        "",
        "give it 'mtbf' and 'mttr', or let it switch between supplies with 'share: primary'",
    )


def _stands_by(topology: Topology, path: str) -> bool:
    """Whether it stands behind other suppliers of somebody who takes them in order."""
    return any(
        path in [supplier.group for supplier in each.suppliers[1:]]
        for consumer in topology.groups.values()
        for each in consumer.dependencies
        if each.share == "primary"
    )


def _place(draft: Draft, raw: RawGroup, group: Group, name: str) -> Node | Where:
    for one in draft.pending:
        if (one.group, one.attribute) == (raw.path, name):
            return one.node
    if name in raw.columns and name not in raw.attributes and "rows" in raw.items:
        return raw.items["rows"]
    return place_of(raw, group.attributes, [name])
