"""A firewall that is open to the world, and taken for one that is not, or the reverse."""

import pytest

from policy.model.addresses import any_everybody, includes_port, means_everybody


@pytest.mark.parametrize(
    ("source", "everybody"),
    [
        ("0.0.0.0/0", True),
        ("128.0.0.0/7", True),
        ("10.0.0.0/8", False),
        ("10.0.0.1", False),
        ("::/0", True),
        ("2000::/15", True),
        ("2000::/16", False),
        ("*", True),
        ("Internet", True),
        (" any ", True),
        ("sg-12345", False),
        ("VirtualNetwork", False),
    ],
)
def test_the_world_is_known_by_how_much_of_it_there_is(source: str, everybody: bool) -> None:
    assert means_everybody(source) is everybody
    assert any_everybody(["10.0.0.0/16", source]) is everybody


def test_no_sources_are_nobody() -> None:
    assert not any_everybody(None)


@pytest.mark.parametrize("ports", ["22", 22, "*", "", "20-25", "22-23", "21-22"])
def test_a_range_of_ports_has_both_its_ends(ports: object) -> None:
    assert includes_port(ports, 22)


@pytest.mark.parametrize("ports", ["80", "23-80", "20-21", "a-b"])
def test_a_range_of_ports_has_nothing_beyond(ports: object) -> None:
    assert not includes_port(ports, 22)
