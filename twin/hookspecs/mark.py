"""What marks a method as the spec of a hook."""

from __future__ import annotations

import pluggy

from twin.api import PROJECT

hookspec = pluggy.HookspecMarker(PROJECT)
