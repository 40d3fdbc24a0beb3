"""Guards against processes that are started anew without need, or go on with settings of yesterday."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rehearsal.control_plane.components import NAMES, ROWS, Binaries, Component
from rehearsal.control_plane.layout import Layout

BINARIES = Binaries.by_name({name: Path("bin", name) for name in NAMES})
PORTS = {name: 20_000 + number for number, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        made = Layout("test")
    made.create()
    made.pki.ensure()
    return made


def components(layout: Layout, ports: dict[str, int], binaries: Binaries = BINARIES) -> dict[str, Component]:
    return {name: make(layout, ports, binaries) for row in ROWS for name, make in row.items()}


def test_components_carry_the_names_that_they_are_listed_under(layout: Layout) -> None:
    assert [component.name for component in components(layout, PORTS).values()] == list(NAMES)


@pytest.mark.parametrize(
    ("moved", "concerned"),
    [
        ("etcd", {"etcd", "kube-apiserver"}),
        ("kube-apiserver", set(NAMES) - {"etcd"}),
        ("kube-scheduler", {"kube-scheduler"}),
    ],
)
def test_a_port_that_moves_changes_the_fingerprints_of_those_who_know_it(
    layout: Layout, moved: str, concerned: set[str]
) -> None:
    before, after = components(layout, PORTS), components(layout, PORTS | {moved: 29_999})
    assert {name for name in NAMES if before[name].fingerprint != after[name].fingerprint} == concerned


def test_another_program_changes_the_fingerprint_of_its_component_alone(layout: Layout) -> None:
    before = components(layout, PORTS)
    after = components(layout, PORTS, replace(BINARIES, kwok=Path("other/kwok")))
    assert {name for name in NAMES if before[name].fingerprint != after[name].fingerprint} == {"kwok"}


def test_equal_settings_have_equal_fingerprints(layout: Layout) -> None:
    once, again = components(layout, PORTS), components(layout, PORTS)
    assert {name: each.fingerprint for name, each in once.items()} == {
        name: each.fingerprint for name, each in again.items()
    }


def test_no_command_line_and_no_file_holds_a_key(layout: Layout) -> None:
    keys = [layout.pki.key(name).read_text().splitlines()[1] for name in ("admin", "etcd", "super-admin")]
    for component in components(layout, PORTS).values():
        text = " ".join([*component.command, *component.files.values()])
        assert not [key for key in keys if key in text]


def test_stages_are_objects_with_names_of_their_own(layout: Layout) -> None:
    (config,) = (text for path, text in components(layout, PORTS)["kwok"].files.items() if path.name == "kwok.yaml")
    settings, *stages = yaml.safe_load_all(config)
    assert settings["kind"] == "KwokConfiguration"
    assert {stage["kind"] for stage in stages} == {"Stage"}
    assert len({stage["metadata"]["name"] for stage in stages}) == len(stages)
