"""Expressions of the Open-PSA model exchange format as the one number a point analysis uses.

A random deviate counts with its mean, as in SCRAM: what is worked out is the expression at the means of its
deviates, not the mean of the expression.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twin.errors import InputError, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twin.interop.xml import Element

MISSION_TIME_H = 8760.0
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Values:
    """Expressions, with parameters looked up by the place where they are named."""

    def __init__(self, parameter: Callable[[Element, str], tuple[Element, str] | None], mission_time_h: float) -> None:
        """Take how a parameter is found (the element that names it, where) and the mission time in hours."""
        self._parameter = parameter
        self._time = mission_time_h
        self._open: set[int] = set()

    def value(self, element: Element, where: str) -> float:
        """The value of an expression.

        Args:
            element: the expression.
            where: path of the container in which its references are looked up.

        Raises:
            InputError: an unknown or refused element, a parameter that is not defined or refers to itself, wrong
                arguments, or a value that is no number.
        """
        tag = element.tag
        try:
            if tag in _CONSTANTS:
                return _CONSTANTS[tag](element)
            if tag == "system-mission-time":
                return self._time
            if tag == "parameter":
                return self._referred(element, where)
            if tag == "switch":
                return self._switch(element, where)
            if tag == "histogram":
                return self._histogram(element, where)
            made = self._known(element)([self.value(one, where) for one in element.inside])
        except (ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
            raise _wrong(element, f"cannot be worked out: {error}") from None
        if not math.isfinite(made):
            raise _wrong(element, f"comes to {made}")
        return made

    def _known(self, element: Element) -> Callable[[Sequence[float]], float]:
        if element.tag not in _FUNCTIONS:
            raise _wrong(element, "is an expression that is not read", one_of(element.tag, _FUNCTIONS))
        counts, function = _FUNCTIONS[element.tag]
        _inside(element, *counts)
        return function

    def _referred(self, element: Element, where: str) -> float:
        found = self._parameter(element, where)
        if found is None:
            raise _wrong(element, f"parameter '{element.get('name')}' is not defined")
        definition, place = found
        if id(definition) in self._open:
            raise _wrong(element, f"parameter '{element.get('name')}' refers to itself")
        self._open.add(id(definition))
        try:
            return self.value(expression(definition), place)
        finally:
            self._open.discard(id(definition))

    def _switch(self, element: Element, where: str) -> float:
        for one in element.inside:
            if one.tag != "case":
                return self.value(one, where)
            test, result = _inside(one, 2)
            if self.value(test, where):
                return self.value(result, where)
        raise _wrong(element, "has no value for the case that none holds")

    def _histogram(self, element: Element, where: str) -> float:
        """Mean of bins, each (upper edge, weight), from a lowest edge."""
        first, *bins = _inside(element)
        edge = self.value(first, where)
        total, weighted = 0.0, 0.0
        for one in bins:
            upper, weight = (self.value(inner, where) for inner in _inside(one, 2))
            total += weight
            weighted += weight * (edge + upper) / 2.0
            edge = upper
        return weighted / total


def expression(definition: Element) -> Element:
    """The expression of a definition: what is neither label nor attributes.

    Raises:
        InputError: there is none, or more than one.
    """
    found = [one for one in definition.inside if one.tag not in ("label", "attributes")]
    if len(found) != 1:
        raise _wrong(definition, f"'{definition.get('name')}' has {len(found)} expressions", "one")
    return found[0]


def _inside(element: Element, *counts: int) -> list[Element]:
    """The arguments of an element, of which there must be so many; one or more where no count is given."""
    if len(element.inside) in counts or (counts == _MANY and element.inside):
        return element.inside
    wanted = " or ".join(str(one) for one in counts) or "one or more"
    raise _wrong(element, f"<{element.tag}> has {len(element.inside)} arguments", wanted)


def boolean(element: Element) -> bool:
    """The value of a Boolean constant."""
    text = element.get("value").strip()
    if text not in (*_TRUE, *_FALSE):
        raise _wrong(element, "is no truth value", "true or false")
    return text in _TRUE


def _wrong(element: Element, message: str, expected: str = "") -> InputError:
    return InputError([element.finding(element.tag, message, element.get("value"), expected)])


def _number(element: Element) -> float:
    value = float(element.get("value", "nothing"))
    if not math.isfinite(value):
        raise _wrong(element, "is no finite number")
    return value


def _at_least_zero(*values: float) -> None:
    if min(values) < 0.0:
        raise ValueError(f"{min(values):g} is negative")


def _exponential(rate: float, time: float) -> float:
    _at_least_zero(rate, time)
    return -math.expm1(-rate * time)


def _glm(gamma: float, failure: float, repair: float, time: float) -> float:
    """Failure on demand, then failure and repair at constant rates."""
    _at_least_zero(gamma, failure, repair, time)
    both = failure + repair
    steady = failure / both
    return steady - (steady - gamma) * math.exp(-both * time)


def _weibull(scale: float, shape: float, shift: float, time: float) -> float:
    _at_least_zero(scale, shape, shift, time)
    return -math.expm1(-math.pow((time - shift) / scale, shape)) if time > shift else 0.0


def _periodic_test(values: Sequence[float]) -> float:
    """Failure found by tests at intervals from a first one; repaired at once, or at a rate.

    Between tests u(t) = (1 - u0) F(t) + u0 (not repaired, or repaired and failed again), with u0 at the last
    test; the state at tests is that line repeated.
    """
    rate, *repair, interval, first, time = values
    _at_least_zero(*values)
    if interval == 0.0:
        raise ValueError("the time between tests is 0")
    if time <= first:
        return _exponential(rate, time)
    tests, left = divmod(time - first, interval)
    if not repair:
        return _exponential(rate, left or interval)
    fresh = _exponential(rate, interval)
    slope = _stays_down(rate, repair[0], interval) - fresh
    power = math.pow(slope, tests)
    start = _exponential(rate, first) * power + (
        fresh * tests if slope == 1.0 else fresh * (1.0 - power) / (1.0 - slope)
    )
    return start * _stays_down(rate, repair[0], left) + (1.0 - start) * _exponential(rate, left)


def _stays_down(failure: float, repair: float, time: float) -> float:
    """Probability that what was down is so after a time: not yet repaired, or failed again after it."""
    if math.isclose(failure, repair, rel_tol=1e-9):
        again = 1.0 - math.exp(-repair * time) * (1.0 + repair * time)
    else:
        again = 1.0 - (failure * math.exp(-repair * time) - repair * math.exp(-failure * time)) / (failure - repair)
    return math.exp(-repair * time) + again


def _lognormal(values: Sequence[float]) -> float:
    """By mean, error factor and confidence: the mean; by mu and sigma of the logarithm: its mean."""
    if len(values) == 3:  # noqa: PLR2004 - the two forms differ in how many
        return values[0]
    return math.exp(values[0] + values[1] ** 2 / 2.0)


def _divided(values: Sequence[float]) -> float:
    first, *rest = values
    return first / math.prod(rest)


_MANY: tuple[int, ...] = ()
_Function = tuple[tuple[int, ...], "Callable[[Sequence[float]], float]"]


def _plain(function: Callable[..., float], *counts: int) -> _Function:
    return counts, lambda x: float(function(*x))


_CONSTANTS: Mapping[str, Callable[[Element], float]] = {
    "float": _number,
    "int": _number,
    "bool": lambda element: float(boolean(element)),
}
_FUNCTIONS: Mapping[str, _Function] = {
    "exponential": _plain(_exponential, 2),
    "GLM": _plain(_glm, 4),
    "Weibull": _plain(_weibull, 4),
    "periodic-test": ((4, 5), _periodic_test),
    "uniform-deviate": ((2,), lambda x: (x[0] + x[1]) / 2.0),
    "normal-deviate": ((2,), lambda x: x[0]),
    "lognormal-deviate": ((2, 3), _lognormal),
    "gamma-deviate": ((2,), lambda x: x[0] * x[1]),
    "beta-deviate": ((2,), lambda x: x[0] / (x[0] + x[1])),
    "add": (_MANY, math.fsum),
    "sub": (_MANY, lambda x: x[0] - math.fsum(x[1:])),
    "mul": (_MANY, math.prod),
    "div": (_MANY, _divided),
    "min": (_MANY, min),
    "max": (_MANY, max),
    "mean": (_MANY, lambda x: math.fsum(x) / len(x)),
    "neg": ((1,), lambda x: -x[0]),
    "pi": ((0,), lambda _: math.pi),
    "mod": ((2,), lambda x: math.fmod(int(x[0]), int(x[1]))),
    "pow": _plain(math.pow, 2),
    "not": ((1,), lambda x: float(not x[0])),
    "and": (_MANY, lambda x: float(all(x))),
    "or": (_MANY, lambda x: float(any(x))),
    "eq": ((2,), lambda x: float(x[0] == x[1])),
    "df": ((2,), lambda x: float(x[0] != x[1])),
    "lt": ((2,), lambda x: float(x[0] < x[1])),
    "gt": ((2,), lambda x: float(x[0] > x[1])),
    "leq": ((2,), lambda x: float(x[0] <= x[1])),
    "geq": ((2,), lambda x: float(x[0] >= x[1])),
    "ite": ((3,), lambda x: x[1] if x[0] else x[2]),
    **{
        name: _plain(getattr(math, name), 1)
        for name in ("acos", "asin", "atan", "cos", "cosh", "exp", "log", "log10", "sin", "sinh", "tan", "tanh", "sqrt")
    },
    "abs": _plain(abs, 1),
    "ceil": _plain(math.ceil, 1),
    "floor": _plain(math.floor, 1),
}
