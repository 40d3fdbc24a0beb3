"""A control plane's name that changes with its keys, so that a stack replaces all that is in it."""

from pathlib import Path

import pytest
import yaml

from common.local_identity import identity_of, keep_identity


def write(directory: Path, authority: str) -> None:
    cluster = {"server": "https://127.0.0.1:20000", "certificate-authority-data": authority}
    (directory / "kubeconfig").write_text(yaml.safe_dump({"clusters": [{"name": "dev", "cluster": cluster}]}))


def test_a_control_plane_keeps_its_first_name(tmp_path: Path) -> None:
    write(tmp_path, "Zmlyc3Q=")
    first = identity_of(tmp_path)
    keep_identity(tmp_path)
    write(tmp_path, "c2Vjb25k")
    keep_identity(tmp_path)
    assert identity_of(tmp_path) == first == "local-32da5526c7638c91"


@pytest.mark.parametrize("damage", [b"", b"local-0123456789abcdef", b"local-0123456789abcdef 49f2", b"\xff\xfe"])
def test_a_damaged_name_is_that_of_the_present_authority(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path, "Zmlyc3Q=")
    before = identity_of(tmp_path)
    (tmp_path / "identity").write_bytes(damage)
    assert identity_of(tmp_path) == before
    keep_identity(tmp_path)
    assert (tmp_path / "identity").read_text().startswith(f"{before} ")


@pytest.mark.parametrize("kubeconfig", [None, "", "clusters: []", "clusters: [{cluster: {}}]", "[", "clusters: 3"])
def test_without_an_authority_there_is_no_name(tmp_path: Path, kubeconfig: str | None) -> None:
    if kubeconfig is not None:
        (tmp_path / "kubeconfig").write_text(kubeconfig)
    keep_identity(tmp_path)
    assert identity_of(tmp_path) == ""
    assert not (tmp_path / "identity").exists()
