"""Fault trees on plain frames: exact probability of the top, minimal cut sets and importance.

>>> import polars as pl
>>> from twin.failure.exact import top_event
>>> gates = pl.DataFrame({"gate": ["down"] * 2, "kind": ["and"] * 2, "input": ["feed A", "feed B"]})
>>> events = pl.DataFrame({"event": ["feed A", "feed B"], "probability": [0.1, 0.2]})
>>> top_event(gates, events)["probability"].item()
0.02

See `docs/explanation/fault-trees.md` for the definitions.
"""

from twin.failure.exact.faulttree import CutSetFrames, FaultTree, cut_sets, importance, top_event
from twin.failure.exact.solve import DEFAULT_NODES

__all__ = ["DEFAULT_NODES", "CutSetFrames", "FaultTree", "cut_sets", "importance", "top_event"]
