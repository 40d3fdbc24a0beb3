"""Subnets that share addresses, or that move when a zone comes or goes, which replaces all that is in them."""

from ipaddress import IPv4Network
from itertools import combinations
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from components.networks.address_plan import LARGEST_PREFIX, by_zone, halves, overlaps, too_small
from spec.problems import Code, KeyPath

NETWORK: Final = IPv4Network("10.20.0.0/16")
ZONES: Final = st.lists(st.sampled_from("abcdef").map("eu-central-1{}".format), min_size=1, max_size=3, unique=True)
SIZES: Final = st.integers(8, LARGEST_PREFIX)


@given(ZONES, SIZES)
def test_no_two_subnets_share_an_address_and_all_are_in_the_network(zones: list[str], prefix: int) -> None:
    network = IPv4Network((int(NETWORK.network_address), prefix), strict=False)
    plan = by_zone(network, zones)
    subnets = [*plan.private.values(), *plan.public.values()]
    assert all(each.subnet_of(network) for each in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    assert list(plan.private) == list(plan.public) == sorted(zones)
    assert max(each.prefixlen for each in subnets) <= 28, "AWS has none that are smaller"


@given(ZONES)
def test_no_order_moves_a_zone_whose_letter_no_other_shares(zones: list[str]) -> None:
    places = {ord(zone[-1]) % 3 for zone in zones}
    if len(places) == len(zones):
        assert by_zone(NETWORK, zones) == by_zone(NETWORK, zones[::-1])


def test_a_zone_more_moves_none_that_is_there() -> None:
    few, more = by_zone(NETWORK, ["eu-1a", "eu-1c"]), by_zone(NETWORK, ["eu-1c", "eu-1b", "eu-1a"])
    assert few.private.items() <= more.private.items()
    assert few.public.items() <= more.public.items()


def test_three_quarters_are_for_nodes_and_a_sixteenth_of_the_last_for_what_faces_outward() -> None:
    plan = by_zone(NETWORK, ["eu-1a", "eu-1b", "eu-1d"])
    assert [str(each) for each in plan.private.values()] == ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"]
    assert [str(each) for each in plan.public.values()] == ["10.20.192.0/22", "10.20.196.0/22", "10.20.200.0/22"]


def test_ranges_that_share_addresses_are_found_with_the_part_that_they_share() -> None:
    ranges: dict[KeyPath, IPv4Network] = {
        ("range",): IPv4Network("10.0.0.0/16"),
        ("pods",): IPv4Network("10.0.128.0/17"),
        ("services",): IPv4Network("10.1.0.0/16"),
    }
    (found,) = overlaps(ranges)
    assert (found.code, found.at) == (Code.OVERLAP, ("pods",))
    assert found.found == "10.0.128.0/17, which shares 10.0.128.0/17 with it"
    assert "range, 10.0.0.0/16" in found.allowed


def test_a_range_is_too_small_from_the_first_address_that_is_missing() -> None:
    network = IPv4Network("10.0.0.0/24")
    assert list(too_small(("range",), network, 251, 251, "")) == []
    (found,) = too_small(("range",), network, 252, 251, "4 nodes want 252")
    assert (found.code, found.found, found.allowed) == (
        Code.TOO_SMALL,
        "10.0.0.0/24: 4 nodes want 252",
        "room for 252 addresses",
    )


def test_halves_are_the_network() -> None:
    assert [str(each) for each in halves(NETWORK)] == ["10.20.0.0/17", "10.20.128.0/17"]
