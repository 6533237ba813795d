"""Probabilities and slopes on flat diagrams: one walk up, one walk down, nothing subtracted that is added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.failure.exact.diagram import Flat


def upward(flat: Flat, chance: Mapping[int, float]) -> list[float]:
    """Probability of every node, from that of every variable: P(f) = p P(f1) + (1 - p) P(f0)."""
    found = [0.0, 1.0]
    p = {0: 0.0, **chance}
    nodes = zip(flat.variable[2:], flat.high[2:], flat.low[2:], strict=True)
    for variable, high, low in nodes:
        q = p[variable]
        found.append(q * found[high] + (1.0 - q) * found[low])
    return found


def between(flat: Flat, low: Mapping[int, float], high: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """Bounds of the probability of every node, from bounds of those of the variables."""
    least, most = [0.0, 1.0], [0.0, 1.0]
    nodes = zip(flat.variable[2:], flat.high[2:], flat.low[2:], strict=True)
    for variable, then, other in nodes:
        a, b = low[variable], high[variable]
        least.append(min(q * least[then] + (1.0 - q) * least[other] for q in (a, b)))
        most.append(max(q * most[then] + (1.0 - q) * most[other] for q in (a, b)))
    return least, most


def downward(
    flat: Flat, chance: Mapping[int, float], found: list[float], weight: Mapping[int, float]
) -> dict[int, float]:
    """How fast the weighted sum of outputs grows with the probability of each variable.

    The slope is the sum over the nodes of a variable of the probability of getting there times P(f1) - P(f0).

    Args:
        flat: the diagram.
        chance: probability of every variable.
        found: probability of every node.
        weight: weight of each output.
    """
    reach = [0.0] * len(flat.variable)
    for output, share in weight.items():
        reach[flat.outputs[output]] += share
    slope: dict[int, float] = {}
    for node in range(len(reach) - 1, 1, -1):
        here = reach[node]
        if here == 0.0:
            continue
        variable, high, low = flat.variable[node], flat.high[node], flat.low[node]
        p = chance[variable]
        reach[high] += here * p
        reach[low] += here * (1.0 - p)
        slope[variable] = slope.get(variable, 0.0) + here * (found[high] - found[low])
    return slope
