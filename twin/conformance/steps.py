"""How many lines of its own code a model runs: what grows with the rows of its input is work by row.

A clock says how fast a machine is; a count of lines says how a model goes about it, on any machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def steps(work: Callable[[], object], folder: Path) -> int:
    """Lines of Python that `work` runs in files below a folder."""
    inside: dict[str, bool] = {}
    count = 0

    def ours(frame: FrameType) -> bool:
        name = frame.f_code.co_filename
        if name not in inside:
            inside[name] = Path(name).is_relative_to(folder)
        return inside[name]

    def local(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return local

    def entered(frame: FrameType, _event: str, _arg: Any) -> Any:
        nonlocal count
        if not ours(frame):
            return None
        count += 1
        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
