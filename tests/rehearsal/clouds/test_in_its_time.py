"""Whole stacks at the stand-in clouds: each resource is made, and goes, when only what it waits for has been before.

An engine makes many things at a time, and most of what was forgotten is there by then, in a rehearsal as in the clouds;
until the day that it is not. Clusters of kubeadm are left out: their machines join an API server, and none runs here
(tests/rehearsal/clouds/test_kubeadm.py has one).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.paths import REHEARSAL
from tests.support.played import Played, play
from tests.support.stack_files import CLOUD_STACKS, load_stack


@pytest.fixture(scope="module", params=[each for each in CLOUD_STACKS if not each.startswith("kubeadm")])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A stack of the project, made at clouds that were empty."""
    directory: Path = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(REHEARSAL, str(directory))
        monkeypatch.setenv("XDG_STATE_HOME", str(directory))
        yield play(load_stack(request.param), request.param)


def test_the_clouds_take_all_of_it(played: Played) -> None:
    assert played.refused == []


def test_nothing_comes_before_what_it_needs(played: Played) -> None:
    assert list(played.untimely()) == []


def test_nothing_goes_before_what_needs_it(played: Played) -> None:
    assert list(played.unready_to_go()) == []


def test_no_identity_gets_two_credentials_at_a_time(played: Played) -> None:
    """Azure answers the second with 409 (pulumi/pulumi-azure-native #4343, October 2025)."""
    type_ = "azure-native:managedidentity:FederatedIdentityCredential"
    identities = [each.inputs["resourceName"] for each in played.made(type_)]
    assert len(identities) == len(set(identities))
