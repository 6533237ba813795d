"""How many switches a tier has: by hand, and what must hold of every answer."""

from __future__ import annotations

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from twin.topology.sizing import Below, Model, SizingError, size

QM9700 = Model(64, 400.0)
Q3400 = Model(144, 800.0)


def test_a_superpod_unit_has_a_leaf_a_rail():
    tier = size(QM9700, [Below(32, 8, 8, 400.0)], rails=8, upper=QM9700)
    assert (tier.switches, tier.ports_down, tier.up_links, tier.down_gbps) == (8, 32, 32, 12_800.0)


def test_lanes_of_half_the_rate_share_a_port():
    tier = size(Q3400, [Below(16, 72, 72, 400.0)], upper=Q3400)
    assert (tier.switches, tier.ports_down, tier.up_links, tier.up_gbps) == (8, 72, 72, 800.0)
    assert tier.down_gbps == pytest.approx(144 * 400.0)


def test_oversubscription_takes_more_ports_down_and_fewer_up():
    tier = size(Model(48, 100.0), [Below(36, 1, 1, 100.0)], ratio=3.0, upper=Model(48, 100.0))
    assert (tier.switches, tier.ports_down, tier.up_links) == (1, 36, 12)


def test_the_top_tier_has_only_ports_down():
    tier = size(Model(64, 400.0), [Below(8, 32, 32, 400.0)])
    assert (tier.switches, tier.ports_down, tier.up_links, tier.up_gbps) == (4, 64, 0, 0.0)


def test_switches_with_free_ports_get_more_uplinks_so_that_they_spread():
    tier = size(Model(16, 1.0), [Below(10, 7, 9, 1.0)])
    assert (tier.switches, tier.fewest, tier.links, tier.ports_down) == (7, 5, (7,), 10)
    raised = size(Model(20, 1.0), [Below(10, 7, 8, 1.0)])
    assert (raised.switches, raised.fewest, raised.links, raised.ports_down) == (4, 4, (8,), 20)


@pytest.mark.parametrize(
    ("model", "below", "said"),
    [
        (Model(64, 400.0), Below(4, 8, 8, 800.0), "faster than a port"),
        (Model(1, 400.0), Below(4, 8, 8, 400.0), "no ports are left"),
        (Model(64, 400.0), Below(1000, 8, 8, 400.0), "has 8 links to spread over them"),
        (Model(64, 400.0), Below(4, 17, 17, 400.0), ""),
        (Model(8, 400.0), Below(8, 5, 5, 400.0), "at least 10 switches"),
    ],
)
def test_what_cannot_be_built_is_refused(model, below, said):
    if not said:
        assert size(model, [below], upper=model).switches == 17
        return
    with pytest.raises(SizingError, match=said):
        size(model, [below], upper=model)


def test_lanes_that_do_not_divide_are_refused():
    with pytest.raises(SizingError, match="do not spread evenly over any number of switches from 2 to 5"):
        size(Model(64, 1.0), [Below(10, 7, 7, 1.0), Below(10, 5, 5, 1.0)])


def test_more_switches_than_links_stand_in_planes():
    # 12 containers of 72 switches with 32 links each; 192 switches of 144 ports take 6 planes of 32
    tier = size(Q3400, [Below(864, 32, 80, 800.0, 72)])
    assert (tier.switches, tier.links, tier.ports_down) == (192, (32,), 144)
    with pytest.raises(SizingError, match="has 80 links to spread over them"):
        size(Q3400, [Below(864, 32, 80, 800.0)])


MODELS = st.builds(Model, st.integers(1, 64), st.sampled_from([100.0, 200.0, 400.0, 800.0]))


@given(
    MODELS,
    MODELS,
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 24), st.sampled_from([50.0, 100.0, 400.0])), min_size=1, max_size=3
    ),
    st.integers(1, 4),
    st.sampled_from([1.0, 1.5, 2.0, 3.0]),
)
def test_sizing_never_exceeds_ports_and_keeps_every_lane(model, upper, endpoints, rails, ratio):
    below = [Below(count, lanes, lanes, rate) for count, lanes, rate in endpoints]
    try:
        tier = size(model, below, rails=rails, ratio=ratio, upper=upper)
    except SizingError:
        reject()
    assert tier.switches % rails == 0
    assert tier.links == tuple(one.links for one in below)
    assert all(links % tier.switches == 0 for links in tier.links)
    assert tier.ports_down <= model.ports
    lanes = sum(one.count * one.links * one.gbps for one in below)
    assert tier.down_gbps * tier.switches == pytest.approx(lanes)
    assert tier.down_gbps <= tier.ports_down * model.port_gbps + 1e-6
    assert tier.up_links * tier.up_gbps * ratio >= tier.down_gbps - 1e-6
    if model.port_gbps % tier.up_gbps == 0:
        assert tier.up_links <= tier.most_up


@given(MODELS, st.integers(1, 30), st.integers(1, 40), st.integers(0, 8))
def test_a_top_tier_takes_every_uplink_within_its_ports(model, count, links, spare):
    below = Below(count, links, links + spare, model.port_gbps)
    try:
        tier = size(model, [below])
    except SizingError:
        # no number of switches up to the links of one below divides a number of links that it can have
        fits = [
            n
            for n in range(1, links + spare + 1)
            if -(-links // n) * n <= links + spare and count * -(-links // n) <= model.ports
        ]
        assert not fits
        return
    assert links <= tier.links[0] <= links + spare
    assert tier.links[0] * count == tier.ports_down * tier.switches
    assert tier.ports_down <= model.ports
    assert tier.switches >= tier.fewest
