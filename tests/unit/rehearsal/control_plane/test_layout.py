"""Guards against endpoints that move without need, and against two listeners on one port."""

import socket
from contextlib import closing

import pytest

from rehearsal.control_plane.layout import Layout

NAMES = ["etcd", "kube-apiserver", "kube-scheduler"]


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Layout:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    made = Layout("test")
    made.create()
    return made


def test_ports_are_chosen_once_and_differ(layout: Layout) -> None:
    chosen = layout.choose_ports(NAMES, running=())
    assert sorted(chosen) == NAMES
    assert len(set(chosen.values())) == len(NAMES)
    assert layout.choose_ports(NAMES, running=()) == chosen == layout.ports()


def test_a_port_that_somebody_took_is_chosen_anew_and_the_others_stay(layout: Layout) -> None:
    before = layout.choose_ports(NAMES, running=())
    with closing(socket.create_server(("127.0.0.1", before["etcd"]))):
        after = layout.choose_ports(NAMES, running=())
    assert after.pop("etcd") != before.pop("etcd")
    assert after == before


def test_the_port_of_a_running_component_is_its_own(layout: Layout) -> None:
    before = layout.choose_ports(NAMES, running=())
    with closing(socket.create_server(("127.0.0.1", before["etcd"]))):
        assert layout.choose_ports(NAMES, running=["etcd"]) == before


def test_looking_makes_nothing(layout: Layout) -> None:
    other = layout.directory.parent / "other"
    assert Layout("other").ports() == {}
    assert not other.exists()
