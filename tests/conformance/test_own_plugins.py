"""The plugins that ship with twin, held against the kit that everybody's are held against."""

from __future__ import annotations

import importlib.metadata

import polars as pl
import pytest

from twin.conformance.kit import conform, find
from twin.loading import load_installed
from twin.registry import registry

OWN = sorted(entry.name for entry in importlib.metadata.entry_points(group="twin") if entry.dist.name == "twin")


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_a_plugin_of_our_own_conforms(name):
    loaded = find(load_installed(), name)
    found = conform(loaded, registry())
    assert found.filter(~pl.col("ok")).rows() == []
    assert found.height > 1 or loaded.info.name == "readers"
