"""`twin`: an infrastructure digital twin for AI data centres.

```python
import twin

t = twin.load("topologies/river-bend.yaml")
r = t.evaluate()
r.unit_cost  # a polars DataFrame
```

The names below are imported when they are first used, so that `import twin` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.errors import Finding as Finding
    from twin.errors import InputError as InputError
    from twin.errors import PluginError as PluginError
    from twin.errors import RefusedError as RefusedError
    from twin.errors import TwinError as TwinError
    from twin.errors import UnitError as UnitError
    from twin.errors import UsageError as UsageError
    from twin.evaluate import Twin as Twin
    from twin.evaluate import load as load
    from twin.results.results import Results as Results

__version__ = "0.1.0"

_HOME = {
    "Finding": "twin.errors",
    "InputError": "twin.errors",
    "PluginError": "twin.errors",
    "RefusedError": "twin.errors",
    "Results": "twin.results.results",
    "Twin": "twin.evaluate",
    "TwinError": "twin.errors",
    "UnitError": "twin.errors",
    "UsageError": "twin.errors",
    "load": "twin.evaluate",
}

__all__ = [
    "Finding",
    "InputError",
    "PluginError",
    "RefusedError",
    "Results",
    "Twin",
    "TwinError",
    "UnitError",
    "UsageError",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'twin' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415 - only when a name is asked for

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted(__all__)
