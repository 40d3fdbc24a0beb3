"""Whole stacks at the stand-in clouds: each resource is made, and goes, when only what it waits for has been before.

An engine makes many things at a time, and most of what was forgotten is there by then, in a rehearsal as in the clouds;
until the day that it is not. No API server runs here: machines of kubeadm begin and join where there is all that they
read and reach (what is in their documents is tried in tests/rehearsal/clouds/test_kubeadm.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from common.paths import REHEARSAL
from components.addons.bundles import Bundle, canonical
from components.addons.karpenter import Karpenter
from components.clusters.kubeadm.spec import EtcdMachines
from stacks.config import StackSpec
from tests.bundles.stand_ins import STAND_INS, file_of
from tests.support.addons import OPTIONS
from tests.support.played import Played, play
from tests.support.stack_files import CLOUD_STACKS, load_stack, load_with_add_ons

# With the add-ons that their files show, which have roles and buckets, with Karpenter, which has a queue, and with etcd
# on machines of its own.
_MORE: Final = ("eks-prod+add-ons", "eks-prod+karpenter", "gke-prod+add-ons", "aks-prod+add-ons", "kubeadm-aws+etcd")


def _manifests(bundle: Bundle) -> str:
    """What was rendered, or what stands in for it: clouds never see what is in a cluster."""
    return bundle.rendering() or (canonical(file_of(bundle.name).read_text()) if bundle.name in STAND_INS else "[]")


def _spec(name: str, more: str) -> StackSpec:
    spec = load_with_add_ons(name) if more in ("add-ons", "karpenter") else load_stack(name)
    if more == "etcd":
        etcd = EtcdMachines.model_validate({"machineType": "m7g.large"})
        return spec.model_copy(update={"cluster": spec.cluster.model_copy(update={"etcd": etcd})})
    if more != "karpenter":
        return spec
    cluster = spec.cluster.model_copy(update={"autoscaling": "karpenter"})
    karpenter = Karpenter.spec_type.model_validate(OPTIONS["karpenter"])
    return spec.model_copy(
        update={"cluster": cluster, "addons": spec.addons.model_copy(update={"karpenter": karpenter})}
    )


@pytest.fixture(scope="module", params=[*CLOUD_STACKS, *_MORE])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A stack of the project, made at clouds that were empty."""
    name, _, more = request.param.partition("+")
    directory: Path = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(REHEARSAL, str(directory))
        monkeypatch.setenv("XDG_STATE_HOME", str(directory))
        monkeypatch.setattr(Bundle, "usable", _manifests)
        yield play(_spec(name, more), name)


def test_the_clouds_take_all_of_it(played: Played) -> None:
    assert played.refused == []


def test_nothing_comes_before_what_it_needs(played: Played) -> None:
    assert list(played.untimely()) == []


def test_nothing_comes_after_what_takes_its_place(played: Played) -> None:
    """A control plane that logs makes its own log group where there is none yet."""
    assert list(played.late()) == []


def test_nothing_goes_before_what_needs_it(played: Played) -> None:
    assert list(played.unready_to_go()) == []


def test_no_identity_gets_two_credentials_at_a_time(played: Played) -> None:
    """Azure answers the second with 409 (pulumi/pulumi-azure-native #4343, October 2025)."""
    type_ = "azure-native:managedidentity:FederatedIdentityCredential"
    identities = [each.inputs["resourceName"] for each in played.made(type_)]
    assert len(identities) == len(set(identities))
