from __future__ import annotations

import pytest
from topology.build import campus

from twin.errors import EXIT_BAD_INPUT
from twin.structure.compile import compile_structure


@pytest.fixture(autouse=True)
def topology(twin):
    twin.topology = campus()
    twin.structure = compile_structure(twin.topology)


def test_without_a_selector_the_groups_are_shown(call, file):
    done = call("show", file)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1].split()[:3] == ["rack[5]", "rack", "60"]
    assert "\x1b" not in done.out


def test_one_node_is_explained(call, file):
    done = call("show", file, "s[2]/hall[1]/row[1]/rack[4]")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("s[2]/hall[1]/row[1]/rack[4]  rack, one of 60")
    assert "FED BY (cooling)" in done.out


def test_of_many_nodes_the_first_is_explained_and_the_rest_counted(call, file):
    done = call("show", file, "kind=ups")
    assert done.out.startswith("s[1]/hall[1]/ups[1]")
    assert "23 more of s/hall/ups" in done.err


def test_of_many_groups_a_few_are_explained(call, file):
    done = call("show", file, "s/**")
    assert done.status == 0
    assert "more groups: " in done.err


@pytest.mark.parametrize("selector", ["s/hal[1]", "s/hall[9]", "kind=upss", "s//x", ""])
def test_a_selector_that_cannot_be_meant_is_bad_usage(call, file, selector):
    done = call("show", file, selector)
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    assert done.err.startswith("error: ")
