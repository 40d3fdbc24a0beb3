"""Windows pools that a cloud would refuse, or where pods land that say nothing of an operating system."""

from functools import cache
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from common.paths import CHECKOUT
from components.clusters.managed import ManagedSpec
from components.contract import Taint
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.support.registered import Registered, registered

CASES = CHECKOUT / "tests" / "unit" / "stacks" / "cases"
TAINT = Taint("node.kubernetes.io/os", "NoSchedule", "windows")


@cache
def spec(kind: str) -> StackSpec:
    """A stack with one pool of Linux and one of Windows."""
    with TemporaryDirectory() as directory:
        return load_file(Path(copy(CASES / f"{kind}.ok.windows.yaml", f"{directory}/Pulumi.test.yaml")))


@cache
def made(kind: str) -> dict[str, Registered]:
    return registered(spec(kind))


def inputs(kind: str, type_: str, name: str) -> Any:
    (found,) = [each for each in made(kind).values() if each.type == type_ and each.name == name]
    return found.inputs


@pytest.mark.parametrize("kind", ["eks", "gke", "aks"])
def test_only_windows_nodes_keep_other_pods_away(kind: str) -> None:
    cluster = spec(kind).cluster
    assert isinstance(cluster, ManagedSpec)
    linux, windows = (pool.as_contract() for pool in cluster.pools if pool.name != "system")
    assert (list(linux.taints), list(windows.taints)) == ([], [TAINT])


def test_eks_is_told_of_windows() -> None:
    group = inputs("eks", "aws:eks/nodeGroup:NodeGroup", "test-windows")
    linux = inputs("eks", "aws:eks/nodeGroup:NodeGroup", "test-general")
    assert group["amiType"] == "WINDOWS_CORE_2022_x86_64"
    assert group["taints"] == [{"key": TAINT.key, "value": TAINT.value, "effect": "NO_SCHEDULE"}]
    assert group["nodeRoleArn"] != linux["nodeRoleArn"]
    disks = inputs("eks", "aws:ec2/launchTemplate:LaunchTemplate", "test-windows")["blockDeviceMappings"]
    assert [disk["ebs"]["volumeSize"] for disk in disks] == [128]
    assert "enableWindowsIpam" in inputs("eks", "aws:eks/addon:Addon", "test-vpc-cni")["configurationValues"]


def test_gke_is_told_of_windows_and_puts_the_taint_there_itself() -> None:
    config = inputs("gke", "gcp:container/nodePool:NodePool", "test-win")["nodeConfig"]
    assert config["imageType"] == "WINDOWS_LTSC_CONTAINERD"
    assert config["windowsNodeConfig"] == {"osversion": "OS_VERSION_LTSC2022"}
    assert not config["taints"]
    assert config["diskSizeGb"] == 128
    cluster = inputs("gke", "gcp:container/cluster:Cluster", "test")
    assert cluster["datapathProvider"] == "LEGACY_DATAPATH"
    assert cluster["networkPolicy"] == {"enabled": True, "provider": "CALICO"}
    assert cluster["addonsConfig"]["networkPolicyConfig"] == {"disabled": False}


def test_aks_is_told_of_windows() -> None:
    pool = inputs("aks", "azure-native:containerservice:AgentPool", "test-win")
    assert (pool["osType"], pool["osSKU"], pool["mode"]) == ("Windows", "Windows2022", "User")
    assert len(pool["agentPoolName"]) == 6
    assert pool["agentPoolName"].startswith("win")
    assert pool["nodeTaints"] == [f"{TAINT.key}={TAINT.value}:{TAINT.effect}"]
    (cluster,) = [each for each in made("aks").values() if each.type.endswith(":ManagedCluster")]
    assert cluster.inputs["windowsProfile"]["adminUsername"] == "polykube"
    assert any("RandomPassword" in urn for urn in cluster.after)
    profile = cluster.inputs["networkProfile"]
    assert (profile["networkDataplane"], profile["networkPolicy"]) == ("azure", "calico")
