"""What the door is: its version, the mark of a hook, and the parties that stand outside a file."""

from __future__ import annotations

import pluggy

API_VERSION = 1
"""The version of this door.  A descriptor says which it was written for; one for a later version is refused."""

PROJECT = "twin"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as a hook: `@hookimpl`."""

EXTERNAL_PARTIES = ("cloud", "contractor", "government", "market", "operator", "utility", "vendor")
"""Parties that need no entry under `parties:`; they stand for the world outside the file."""
