"""Rows of `checks` for `assertions:` of the file: what its owner says must hold of the plant.

A row has the name of the assertion's check; its message ends with the place in the file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin import units
from twin.capacity.census import Census, figure, spread, together, words
from twin.capacity.selection import Selection, downstream, upstream
from twin.capacity.states import name, node_id
from twin.capacity.supply import promised
from twin.capacity.verdict import Check, when
from twin.structure.model import AIR, LIQUID, NETWORK, POWER, TOLERANCE
from twin.structure.thresholds import failing
from twin.topology import instances
from twin.topology.attributes import SINK_KINDS
from twin.topology.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.capacity.engine import MonthResult
    from twin.structure.model import Bools, Ints, Snapshot, Structure
    from twin.topology.model import Assertion, Topology

    Months = Sequence[tuple[Snapshot, MonthResult]]

UNSTATED = "unstated"
"""The operator of what nobody is said to operate: one operator, whom nobody knows."""

_LAYERS = {"power": (POWER,), "cooling": (LIQUID, AIR), "network": (NETWORK,)}
_NAMED = 3


def checks(structure: Structure, months: Months) -> list[Check]:
    """The rows of all assertions.

    Args:
        structure: the compiled system.
        months: each month of change with its results.
    """
    rows = []
    for assertion in structure.topology.assertions:
        found = _CHECKS[assertion.check](structure, assertion, months)
        rows += [replace(row, message=f"{row.message} ({assertion.where})") for row in found]
    return rows


def _utilisation(structure: Structure, assertion: Assertion, months: Months) -> list[Check]:
    """The largest share of the derated capacity that any of the selected suppliers carries in any month."""
    selector, most = str(assertion.params["of"]), _share(assertion)
    normal = assertion.params.get("state") == "normal"
    wanted = f"at most {units.show(most, 'fraction')}"
    numbers, names = Selection(structure).elements(selector)
    derated = structure.elements.derated_kw
    rated = np.isfinite(derated[numbers])
    if not rated.any() or not months:
        text = "nothing that is named has a rating: state 'capacity'"
        return [Check(assertion.check, selector, ok=False, got="not decided", wanted=wanted, message=text)]
    named = [one for one, kept in zip(names, rated, strict=True) if kept]
    numbers = numbers[rated]
    load = np.stack([result.load_kw if normal else result.worst_kw for _, result in months])[:, numbers]
    used = load / derated[numbers]
    highest = float(used.max())
    ties = [divmod(int(at), len(numbers)) for at in np.flatnonzero(used >= highest * (1.0 - TOLERANCE))]
    # of twins only one is tried as the one that fails: name another, which carries the load
    at, which = next((tie for tie in ties if normal or not _lost(months[tie[0]][1], int(numbers[tie[1]]))), ties[0])
    snapshot, result = months[at]
    text = f"'{named[which]}' carries most, in {when(structure.topology, snapshot.month)}"
    text += "" if normal else f" ({_state(structure, result, int(numbers[which]))})"
    ok = highest <= most * (1.0 + TOLERANCE)
    if not ok:
        over = float(load[at, which] - most * derated[numbers[which]])
        text += f": enlarge it, add to its group or take {units.show(over, 'power')} off it"
    got = f"{units.show(highest, 'fraction')} of {named[which]}"
    return [Check(assertion.check, selector, ok=ok, got=got, wanted=wanted, message=text)]


def _lost(result: MonthResult, element: int) -> bool:
    """Whether an element is itself lost in the state that is named for its worst load, which a twin then carries."""
    return element in result.failures[int(result.worst_state[element])]


def _state(structure: Structure, result: MonthResult, element: int) -> str:
    if _lost(result, element):
        return "one that is alike failed"
    return name(structure, result.failures[int(result.worst_state[element])])


def _residency(structure: Structure, assertion: Assertion, _: Months) -> list[Check]:
    """The country of each site: as stated, else the first part of its region."""
    topology = structure.topology
    allowed = tuple(str(country).upper() for country in _names(assertion, "countries"))
    wanted = "in " + " or ".join(allowed)
    rows = []
    for path in _names(assertion, "sites"):
        sites = np.arange(topology.groups[path].total)
        countries = spread(np.array([_country(*pair) for pair in _located(topology, path)]), len(sites))
        for local, country in zip(sites.tolist(), countries.tolist(), strict=True):
            site = instances.ids(topology, path, [local])[0]
            text = f"'{site}' is in {country}"
            if not country:
                text = f"it is not known in which country '{site}' is: state 'country' or 'region' of it"
            elif country not in allowed:
                text += ": move what must stay there to a site that is in one of them"
            ok = country in allowed
            rows.append(Check(assertion.check, site, ok=ok, got=country or "not known", wanted=wanted, message=text))
    return rows


def _located(topology: Topology, path: str) -> list[tuple[str, str]]:
    country, region = together(words(topology, path, "country"), words(topology, path, "region"))
    return list(zip(country.tolist(), region.tolist(), strict=True))


def _country(country: str, region: str) -> str:
    return (country or region.replace("_", "-").partition("-")[0]).upper()


def _tenancy(structure: Structure, assertion: Assertion, _: Months) -> list[Check]:
    """Whether all racks in some containers are of one tenant, and nothing in them feeds racks of others."""
    topology, tenant = structure.topology, str(assertion.params["tenant"])
    selector = str(assertion.params["at"])
    wanted = f"{tenant} alone"
    others = _of_others(structure, tenant)
    rows = []
    for path, locals_ in select(topology, selector).items():
        if not topology.groups[path].container:
            continue
        strangers = _strangers(topology, path, locals_, tenant)
        if strangers:
            who, node = strangers[0]
            text = f"'{node}' is of {who or 'nobody who is named'}: state 'tenant' of what holds it, or move it out"
            rows.append(Check(assertion.check, path, ok=False, got=who or UNSTATED, wanted=wanted, message=text))
            continue
        shared = np.flatnonzero(Selection(structure).inside(path, locals_) & upstream(structure, others))
        if len(shared):
            rows.append(_shared(structure, assertion, path, shared, others))
        else:
            text = f"all racks in '{path}' are of {tenant}, and nothing in it feeds those of others"
            rows.append(Check(assertion.check, path, ok=True, got=wanted, wanted=wanted, message=text))
    return rows


def _shared(structure: Structure, assertion: Assertion, path: str, shared: Ints, others: Bools) -> Check:
    """The row of a container in which some suppliers feed racks of others too."""
    first = int(shared[0])
    fed = [number for number in downstream(structure, first).tolist() if others[number]]
    racks = structure.groups[structure.classes.group[fed[0]]]
    tenants = sorted(set(words(structure.topology, racks, "tenant").tolist()) - {_tenant(assertion)})
    who = " and ".join(one or UNSTATED for one in tenants[:_NAMED])
    node = node_id(structure, first)
    more = int(structure.elements.count[shared].sum()) - 1
    alike = f" and {more} more suppliers" if more else ""
    text = f"'{node}'{alike} in '{path}' feed{'' if more else 's'} '{racks}' of {who} as well: give each its own"
    return Check(assertion.check, path, ok=False, got=f"shared with {who}", wanted=_only(assertion), message=text)


def _tenant(assertion: Assertion) -> str:
    return str(assertion.params["tenant"])


def _only(assertion: Assertion) -> str:
    return f"{_tenant(assertion)} alone"


def _strangers(topology: Topology, path: str, locals_: Ints, tenant: str) -> list[tuple[str, str]]:
    """Tenant and id of the first rack of each group inside some containers that is not of a tenant."""
    found = []
    for inner, group in topology.groups.items():
        if not inner.startswith(f"{path}/") or not _computes(topology, inner):
            continue
        said = words(topology, inner, "tenant")
        wrong = np.flatnonzero(said != tenant)
        if len(said) > 1 and len(wrong):
            here = np.flatnonzero(spread(said, group.total) != tenant)
            wrong = here[np.isin(instances.ancestor_locals(topology, inner, path, here), locals_)]
        elif len(wrong):
            wrong = locals_[:1] * topology.per(inner, path)
        if len(wrong):
            found.append((str(said[wrong[0] % len(said)]), instances.ids(topology, inner, wrong[:1])[0]))
    return found


def _of_others(structure: Structure, tenant: str) -> Bools:
    """(classes,): loads that are of another tenant, or may be: instances of one class can differ in it."""
    topology, classes = structure.topology, structure.classes
    found = np.zeros(len(classes), dtype=bool)
    for number in np.unique(classes.group).tolist():
        path = structure.groups[number]
        if not _computes(topology, path):
            continue
        mine = np.flatnonzero(classes.group == number)
        said = words(topology, path, "tenant")
        if len(said) == 1:
            found[mine] = said[0] != tenant
            continue
        wrong = spread(said, topology.groups[path].total) != tenant
        for index in mine.tolist():
            scope = structure.scopes[classes.scope[index]]
            size = topology.per(path, scope.group)
            found[index] = wrong[scope.local * size : (scope.local + 1) * size].any()
    return found


def _computes(topology: Topology, path: str) -> bool:
    """Whether a group is of racks or what stands for them; other loads of a building have no tenant."""
    return topology.groups[path].kind in SINK_KINDS and topology.groups[path].kind != "load"


def _operators(structure: Structure, assertion: Assertion, months: Months) -> list[Check]:
    """The largest share of the IT power or the accelerators in service that one operator operates."""
    topology, most = structure.topology, _share(assertion)
    of = str(assertion.params.get("of", "power"))
    wanted = f"at most {units.show(most, 'fraction')} of the {'IT power' if of == 'power' else of}"
    highest = (0.0, "", -1)
    for snapshot, _ in months:
        shares = _by_operator(topology, snapshot.month, of)
        total = sum(shares.values())
        for operator, amount in shares.items():
            if total and amount / total > highest[0] * (1.0 + TOLERANCE):
                highest = amount / total, operator, snapshot.month
    share, operator, month = highest
    if month < 0:
        text = "nothing is in service that anybody could operate"
        return [Check(assertion.check, topology.name, ok=True, got="0 %", wanted=wanted, message=text)]
    ok = share <= most * (1.0 + TOLERANCE)
    who = operator or UNSTATED
    got = f"{units.show(share, 'fraction')} by {who}"
    text = f"the largest share is in {when(topology, month)}"
    if not operator:
        text += "; what has no 'operator' counts as one operator: state who operates it"
    elif not ok:
        text += f": let others operate a part of what {who} does"
    return [Check(assertion.check, topology.name, ok=ok, got=got, wanted=wanted, message=text)]


def _by_operator(topology: Topology, month: int, of: str) -> dict[str, float]:
    """IT power in kW, or accelerators, in service by operator."""
    census = Census(topology, month)
    shares: dict[str, float] = {}
    for path, group in topology.groups.items():
        if group.kind not in SINK_KINDS:
            continue
        each = figure(topology, path, "load" if of == "power" else "accelerators", 0.0)
        if of == "power":
            load, provisioned = together(each, figure(topology, path, "provisioned", 1.0))
            each = load * provisioned
        said = words(topology, path, "operator")
        for operator in np.unique(said).tolist():
            mine, amount = together(said == operator, each)
            shares[operator] = shares.get(operator, 0.0) + census.total(path, np.where(mine, amount, 0.0))
    return shares


def _redundancy(structure: Structure, assertion: Assertion, months: Months) -> list[Check]:
    """Whether the gates of the selected consumers can lose what a word promises, at the present load."""
    selector, word = str(assertion.params["of"]), str(assertion.params["least"])
    layer = str(assertion.params["layer"])
    snapshots = [snapshot for snapshot, _ in months]
    rows = []
    able = failing(structure)
    for path, gates in Selection(structure).gates(selector).items():
        mine = gates[np.isin(structure.gates.resource[gates], _LAYERS[layer]) & able[gates]]
        row = promised(structure, path, mine, assertion.check, word, snapshots) if len(mine) else None
        if row is not None:
            rows.append(replace(row, wanted=f"{layer} {word}: {row.wanted}"))
    if not rows:
        text = f"nothing that is named asks for {layer} in any month: name what does"
        rows = [Check(assertion.check, selector, ok=False, got="not decided", wanted=f"{layer} {word}", message=text)]
    return rows


def _share(assertion: Assertion) -> float:
    most = assertion.params["most"]
    return float(most) if isinstance(most, int | float) else 1.0


def _names(assertion: Assertion, key: str) -> tuple[str, ...]:
    names = assertion.params[key]
    return tuple(map(str, names)) if isinstance(names, tuple | list) else (str(names),)


_CHECKS: dict[str, Callable[[Structure, Assertion, Months], list[Check]]] = {
    "max-utilisation": _utilisation,
    "residency": _residency,
    "dedicated-tenancy": _tenancy,
    "operator-share": _operators,
    "redundancy": _redundancy,
}
