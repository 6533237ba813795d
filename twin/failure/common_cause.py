"""Common cause in a group of like members: what share of the total each event has that fails exactly k of them.

The total, a probability or a rate, is that of one member failing for whatever cause.  An event of level k
fails k given members at once; a group of n has C(n, k) of them, each member is in C(n - 1, k - 1), and

    sum over k of C(n - 1, k - 1) share_k = 1

where the parameters account for all (beta, MGL, alpha).  Definitions: Open-PSA Model Exchange Format 2.0d,
III.1; Mosleh et al., NUREG/CR-4780 (1988) and NUREG/CR-5485 (1998), alpha for tests that are not staggered.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, isclose, isfinite, prod
from typing import TYPE_CHECKING

from twin.errors import UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_EVENTS = 100_000
"""Events one group may come to: 16 members of a model with all levels."""


@dataclass(frozen=True, slots=True)
class CommonEvent:
    """One event of a group: it fails just these members.

    Attributes:
        members: names of the members it fails.
        value: its probability or rate.
    """

    members: tuple[str, ...]
    value: float


def shares(model: str, parameters: Sequence[float], size: int) -> list[float]:
    """The share of the total that one event of each level has.

    Args:
        model: `beta-factor` (one parameter: share of the total that fails all), `MGL` (beta, gamma, delta, …: given
            that k - 1 fail, that a further one does; those not given are 0), `alpha-factor` (weights of levels 1,
            2, …: share of the failure events of the group that fail k; those not given are 0) or `phi-factor` (the
            shares themselves, of which Open-PSA wants that they sum to 1).
        parameters: in the order of levels, 0..1.
        size: members of the group, at least 2.

    Returns:
        For k = 1 … size, value of one event that fails exactly k given members / value of the total.

    Raises:
        UsageError: unknown model, a parameter outside 0..1, too many, or a group of one.
    """
    if model not in _MODELS:
        raise UsageError(f"there is no model of common cause '{model}'; {one_of(model, _MODELS)}")
    if size < 2:  # noqa: PLR2004 - one has nothing in common
        raise UsageError(f"a group of common cause has {size} members; give two or more")
    most = {"beta-factor": 1, "MGL": size - 1}.get(model, size)
    if not 1 <= len(parameters) <= most:
        raise UsageError(f"{model} of {size} members has {len(parameters)} parameters; give 1 to {most}")
    wrong = [value for value in parameters if not (isfinite(value) and 0.0 <= value <= 1.0)]
    if wrong:
        raise UsageError(f"{model} has a parameter of {wrong[0]}; give shares in 0..1")
    return _MODELS[model]([float(value) for value in parameters], size)


def expand(members: Sequence[str], total: float, share: Sequence[float]) -> list[CommonEvent]:
    """The events of a group with a share, single failures first.

    Args:
        members: names of the members.
        total: probability or rate of one member failing for whatever cause.
        share: see `shares`.

    Raises:
        UsageError: there are more than `MOST_EVENTS`.
    """
    levels = [level for level, part in enumerate(share, 1) if part > 0.0]
    count = sum(comb(len(members), level) for level in levels)
    if count > MOST_EVENTS:
        raise UsageError(
            f"common cause among {len(members)} members comes to {count:,} events, the limit is {MOST_EVENTS:,}; "
            "use the beta factor, or smaller groups"
        )
    return [CommonEvent(some, total * share[level - 1]) for level in levels for some in combinations(members, level)]


def _beta(parameters: Sequence[float], size: int) -> list[float]:
    (beta,) = parameters
    return [1.0 - beta, *[0.0] * (size - 2), beta]


def _mgl(parameters: Sequence[float], size: int) -> list[float]:
    chain = [1.0, *parameters, *[0.0] * (size - len(parameters))]
    return [prod(chain[:k]) * (1.0 - chain[k]) / comb(size - 1, k - 1) for k in range(1, size + 1)]


def _alpha(parameters: Sequence[float], size: int) -> list[float]:
    alpha = [*parameters, *[0.0] * (size - len(parameters))]
    total = sum(k * weight for k, weight in enumerate(alpha, 1))
    if total <= 0.0:
        raise UsageError("alpha-factor has weights that are all 0; give one above 0")
    return [k * weight / (comb(size - 1, k - 1) * total) for k, weight in enumerate(alpha, 1)]


def _phi(parameters: Sequence[float], size: int) -> list[float]:
    if not isclose(sum(parameters), 1.0, abs_tol=1e-4):
        raise UsageError(f"phi-factor has shares that sum to {sum(parameters):g}; they must sum to 1")
    return [*parameters, *[0.0] * (size - len(parameters))]


_MODELS: dict[str, Callable[[Sequence[float], int], list[float]]] = {
    "beta-factor": _beta,
    "MGL": _mgl,
    "alpha-factor": _alpha,
    "phi-factor": _phi,
}
