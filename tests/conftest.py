"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long one example takes says more about the machine than about the code: a busy one must not fail a property.
settings.register_profile("twin", deadline=None)
settings.load_profile("twin")
