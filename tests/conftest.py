"""What holds for every test."""

from __future__ import annotations

import published as cases
import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

# How long one example takes says more about the machine than about the code: a busy one must not fail a property.
# The same examples every time, so that a change is judged by what it changes;
# `--hypothesis-profile explore` draws new ones.
settings.register_profile("twin", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("twin")

FOUND: dict[str, list[cases.Record]] = {}
COLLECTED = pytest.StashKey[set]()


def _same_constants():
    """Draw none of the numbers that stand in the code: which these are depends on what a worker has imported so far.

    Without this the same example is another one on another day, for all that it is derandomised.
    """
    if hasattr(providers, "_get_local_constants"):
        providers._get_local_constants = lambda: providers._local_constants


def pytest_addoption(parser):
    parser.addoption("--write-published", action="store_true", help="write tests/published.json from this run")


def pytest_configure(config):
    if config.getoption("--hypothesis-profile", default=None) in (None, "twin"):
        _same_constants()
    if config.getoption("--write-published", default=False):
        cases.begin_writing()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what holds twin to published figures, so that it can be run alone."""
    config.stash[COLLECTED] = {item.nodeid for item in items}
    for item in items:
        if "published" in getattr(item, "fixturenames", ()):
            item.add_marker("published")


def pytest_sessionfinish(exitstatus):
    if cases.writing() and exitstatus == 0:
        cases.write(FOUND)


@pytest.fixture
def published(request):
    """See tests/published.py."""
    failed = request.session.testsfailed
    case = cases.Published(request.node.nodeid)
    yield case
    FOUND[case.test] = case.records
    if not cases.writing() and request.session.testsfailed == failed:
        assert len(case.records) == len(cases.written().get(case.test, ())), cases.AGAIN


@pytest.fixture
def collected(request):
    """The tests of this session, before any was left out by name or mark."""
    return request.config.stash[COLLECTED]
