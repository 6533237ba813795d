"""What the structure refuses, with its place in the file: all that is known to be wrong at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from twin.errors import Finding, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.structure.model import Structure
    from twin.topology.model import Topology, Where

ENGINE = "structure"


def finding(where: Where, path: str, message: str, expected: str) -> Finding:
    """One refusal of a group, or of one of its dependencies.

    Args:
        where: place of it in the file.
        path: path of the group.
        message: what is refused, and why.
        expected: what would be right.
    """
    return Finding(where.file, where.line, where.column, path, message, expected=expected)


def refuse(findings: Iterable[Finding]) -> NoReturn:
    """Refuse a structure.

    Args:
        findings: why, one at least.

    Raises:
        RefusedError: always; it is the first finding, and says how many there are beside it.
    """
    found = sorted(set(findings))
    first = found[0]
    more = f", and {len(found) - 1} more like it: 'twin validate' lists them" if len(found) > 1 else ""
    error = RefusedError(ENGINE, f"{first.message}{more}", first.expected, found)
    error.place = f"{first.place}: {first.path}"
    raise error


def refuse_needs(structure: Structure, cases: Sequence[tuple[int, str]]) -> None:
    """Refuse gates for which the number of suppliers that they need cannot be derived; none is well.

    Args:
        structure: the structure.
        cases: gate, and why not.

    Raises:
        RefusedError: there is one; a finding for each dependency.
    """
    if cases:
        refuse(_need(structure, gate, why) for gate, why in cases)


def _need(structure: Structure, gate: int, why: str) -> Finding:
    consumer, dependency = structure.dependencies[structure.gates.dependency[gate]]
    return finding(
        dependency.where,
        consumer,
        f"how many {dependency.layer} suppliers '{consumer}' needs cannot be derived: {why}",
        f"state 'need:' for the {dependency.layer} dependency of '{consumer}'",
    )


def refuse_groups(topology: Topology, paths: Iterable[str], message: str, expected: str) -> None:
    """Refuse groups of a topology; none is well.

    Args:
        topology: the topology.
        paths: paths of the groups.
        message: what is refused of each; `{path}` stands for its path.
        expected: what would be right, in the same way.

    Raises:
        RefusedError: there is one; a finding for each group.
    """
    found = [
        finding(topology.groups[path].where, path, message.format(path=path), expected.format(path=path))
        for path in paths
    ]
    if found:
        refuse(found)
