"""A small change of a stack file that would make a cluster, its network or its keys anew.

Every key of every cloud's kind is changed, and what the program then registers is held against what it did before:
by what the stand-ins know of the clouds, which tests/rehearsal/clouds/test_facts.py holds against the originals.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import yaml

from common.paths import CHECKOUT
from components.clusters.managed import ManagedSpec
from spec.model import Origin, StackModel
from spec.values import Secret
from stacks.config import StackSpec
from tests.apis.refusals import refusals
from tests.support.registered import Registered, registered
from tests.support.replacing import replaced
from tests.support.stack_files import load_stack, planned

# Each key of a cluster with another value, under what it does at most to what is there: nothing is replaced, others
# than those that are protected are, or protected ones would be. What a cloud's own say of a key goes before.
NOTHING, OTHERS, PROTECTED = "nothing", "others", "protected"
EVERYWHERE: dict[str, dict[str, Any]] = {
    NOTHING: {
        "version": "1.35",
        "nodeBudget": 90,
        "tags": {"team": "another"},
        "deletionProtection": True,
        "nodePools.1.nodes": {"min": 4, "max": 12},
        "nodePools.1.labels": {"workload": "any"},
    },
    OTHERS: {},
    PROTECTED: {"name": "other"},
}
OFFICE = {"publicFrom": ["203.0.113.0/24"]}
ROLE, ID = "arn:aws:iam::111122223333:role", "7b4a6f2e-9999-4c2d-9a55-0123456789a"
OWN: dict[str, dict[str, dict[str, Any]]] = {
    "eks-prod": {
        NOTHING: {
            "network.flowLogDays": 30,
            "administrators": [f"{ROLE}/{name}" for name in ("platform-deployer", "break-glass", "another")],
            "logDays": 30,
            "logTypes": ["audit"],
            "autoscaling": "karpenter",
        },
        OTHERS: {
            "apiEndpoint": OFFICE,
            "network.nat": "single",
            "network.privateEndpoints": ["sts"],
            "members": [],
            "nodePools.1.machineType": "m7i.2xlarge",
        },
        PROTECTED: {
            "region": "eu-west-1",
            "zones": ["eu-central-1a", "eu-central-1b"],
            "network.range": "10.40.0.0/16",
            "network.services": "172.21.0.0/16",
        },
    },
    "gke-prod": {
        NOTHING: {
            "apiEndpoint": OFFICE,
            "zones": ["europe-west3-a", "europe-west3-b"],
            "nodePools.0.nodes": {"min": 4, "max": 4},  # as many in each of two zones
            "network.flowLogs": False,
            "network.webhookPorts": [8443],
            "network.proxies": "10.250.0.0/23",  # of which nothing is made until a gateway wants it
            "dnsEndpoint": False,
            "administrators": [
                "serviceAccount:deployer@example-prod.iam.gserviceaccount.com",
                "group:break-glass@example.com",
                "group:another@example.com",
            ],
            "securityGroup": "gke-security-groups@example.org",
            "maintenance": {"day": "Sunday", "startHour": 20},
            "autoProvisioning": {"maxCpus": 100, "maxMemory": "100Gi"},
        },
        OTHERS: {"projectNumber": "999955556666", "nodePools.1.machineType": "n2-standard-8"},
        PROTECTED: {
            "region": "europe-west4",
            "project": "example-two",
            "mode": "autopilot",
            "network.dataplane": "iptables",
        },
    },
    "aks-prod": {
        NOTHING: {
            "apiEndpoint": OFFICE,
            "tenant": "11111111-2222-3333-4444-555555555557",
            "administrators": [
                {"id": "7b4a6f2e-1111-4c2d-9a55-0123456789ab", "type": "ServicePrincipal"},
                {"id": f"{ID}b"},
                {"id": f"{ID}c"},
            ],
            "tier": "Premium",
            "logDays": 30,
            "maintenance": {"day": "Sunday", "startHour": 20},
        },
        OTHERS: {
            "network.natAddresses": 1,
            "members": [],
            "nodePools.1.machineType": "Standard_D8ds_v5",
        },
        PROTECTED: {
            "region": "northeurope",
            "network.pods": "10.64.0.0/16",
            "network.services": "172.17.0.0/16",
            "network.dataplane": "azure",
        },
    },
    "kubeadm-aws": {
        NOTHING: {
            "administrators": [f"{ROLE}/platform-admin", f"{ROLE}/break-glass"],
            "controlPlanes.architecture": "arm64",  # which it is, unsaid
            "mirrors": [{"registry": "docker.io", "endpoints": ["https://mirror.example"]}],
            "bootstrapToken": Secret("abcdef.0123456789abcdef"),
            "credentialDays": 60,
            "etcdSnapshots": {"schedule": "0 * * * *", "retentionDays": 7, "restoreFrom": "2026-12-01-06-00"},
            "network.nat": "per-zone",
            "network.flowLogDays": 30,
            "network.privateEndpoints": ["sts"],
            "network.mtu": 1400,
        },
        OTHERS: {
            "apiEndpoint": {"privateFrom": ["10.8.0.0/16"]},  # and nobody on the internet any more
            "nodePools.1.machineType": "m7g.xlarge",
            "nodePools.1.labels": {"workload": "any"},
            # Machines of other launch templates take the place of those that are there, one by one.
            "version": "1.35",
            "controlPlanes.machineType": "m7g.xlarge",
            "controlPlanes.image": "debian-13",
            "controlPlanes.diskSize": "80Gi",
            "controlPlanes.takesPods": True,
        },
        PROTECTED: {
            "region": "eu-west-1",
            "zones": ["eu-central-1a", "eu-central-1b"],
            "network.range": "10.64.0.0/16",
        },
    },
}
_EVERYTHING: Final = CHECKOUT / "tests" / "unit" / "stacks" / "cases" / "kubeadm-hosts.ok.everything.yaml"
_ITS_CLUSTER: Final = yaml.safe_load(_EVERYTHING.read_text())["config"]["polykube:cluster"]
OWN_AUTHORITY: Final[str] = _ITS_CLUSTER["authorities"]["etcd"]["certificate"]
# The engine would change these in place, and the cloud refuses: a subnet that is in use keeps its addresses, and a
# pool that is part of the cluster its machines. Azure's ids, of which everything is made, begin with the subscription.
# Of kubeadm, control planes that are there would never hear of it.
REFUSED: dict[str, dict[str, Any]] = {
    "gke-prod": {
        "network.nodes": "10.20.0.0/21",
        "network.pods": "10.64.0.0/14",
        "network.services": "10.96.0.0/20",
    },
    "aks-prod": {
        "network.range": "10.40.0.0/16",
        "subscription": "11111111-2222-3333-4444-555555555556",
        "zones": ["1", "2"],
        "nodePools.0.machineType": "Standard_D4ds_v5",
        "nodePools.0.maxPods": 60,
        "nodePools.0.diskSize": "64Gi",
    },
    "kubeadm-aws": {
        "controlPlanes.count": 5,
        "etcd": {"machineType": "m7g.large"},
        "certificateNames": ["api.example.com"],
        "authorities": {"cluster": {"certificate": OWN_AUTHORITY, "key": Secret()}},
        "evictionSeconds": 30,
        "oidc": {"issuer": "https://login.example", "audiences": ["kubernetes"]},
        "network.pods": "10.128.0.0/16",
        "network.services": "10.97.0.0/16",
        "network.encapsulation": "geneve",
    },
}


def made(spec: StackSpec, stack: str) -> dict[str, Registered]:
    """What a changed stack registers; no API refuses anything of it."""
    after = registered(spec, stack)
    assert refusals(after) == []
    return after


def values(stack: str, effect: str) -> dict[str, Any]:
    """The keys of a stack that have this effect, each with another value."""
    own = {key for keys in (*OWN[stack].values(), REFUSED.get(stack, {})) for key in keys}
    return {key: value for key, value in EVERYWHERE[effect].items() if key not in own} | OWN[stack][effect]


@cache
def kept(stack: str) -> frozenset[str]:
    """The URNs of what is protected when the stack is."""
    made_so = made(changed(stack, {"deletionProtection": True}), stack)
    return frozenset(urn for urn, each in made_so.items() if each.protect)


@pytest.mark.parametrize("stack", OWN)
def test_what_is_harmless_replaces_nothing_and_nothing_that_is_protected_is_replaced_by_the_way(stack: str) -> None:
    harmless = changed(stack, values(stack, NOTHING))
    assert replaced(planned(stack), made(harmless, stack)) == {}
    assert differences(stack, harmless) == set()
    more = changed(stack, values(stack, OTHERS))
    lost = replaced(planned(stack), made(more, stack))
    assert lost
    assert lost.keys() & kept(stack) == set()
    assert differences(stack, more) == set()


@pytest.mark.parametrize(("stack", "key"), [(stack, key) for stack in OWN for key in values(stack, PROTECTED)])
def test_what_would_replace_what_is_protected_is_fixed(stack: str, key: str) -> None:
    after = changed(stack, {key: values(stack, PROTECTED)[key]})
    lost = replaced(planned(stack), made(after, stack))
    assert lost.keys() & kept(stack)
    assert differences(stack, after) - ({"zones"} if key == "region" else set()) == {key}


@pytest.mark.parametrize(("stack", "key"), [(stack, key) for stack, keys in REFUSED.items() for key in keys])
def test_what_only_the_cloud_would_refuse_is_fixed_as_well(stack: str, key: str) -> None:
    after = changed(stack, {key: REFUSED[stack][key]})
    made(after, stack)
    assert differences(stack, after) == {key.replace("nodePools.0", "nodePools.system")}


@pytest.mark.parametrize("stack", OWN)
def test_every_key_of_a_clouds_kind_was_tried(stack: str) -> None:
    tried = {key for effect in EVERYWHERE for key in values(stack, effect)} | set(REFUSED.get(stack, ()))
    known = {key for key in keys_of(type(cluster_of(load_stack(stack)))) if key != "kind"}
    assert known == {key.partition(".")[0] if key.startswith("nodePools") else key for key in tried}


def keys_of(kind: type[StackModel]) -> Iterator[str]:
    """The keys of a cluster, with those of its network and its control planes instead of the two."""
    for name, field in kind.model_fields.items():
        part = field.annotation if name in ("network", "control_planes") else None
        if isinstance(part, type) and issubclass(part, StackModel):
            yield from (f"{field.alias or name}.{inner.alias or own}" for own, inner in part.model_fields.items())
        else:
            yield field.alias or name


def differences(stack: str, after: StackSpec) -> set[str]:
    """The keys in which the cluster of `after` cannot follow on that of the stack."""
    had, cluster = cluster_of(load_stack(stack)).immutable_fields(), cluster_of(after)
    return {key.partition(":")[0] for key in had if not cluster.keeps(key, had[key])}


def cluster_of(spec: StackSpec) -> ManagedSpec:
    assert isinstance(spec.cluster, ManagedSpec)
    return spec.cluster


def changed(stack: str, values: dict[str, Any]) -> StackSpec:
    """The stack with other values of keys, which may be within lists, and with what has to go with them."""
    config = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())["config"]
    cluster = config["polykube:cluster"]
    if "mode" in values:
        del cluster["nodePools"]
    if "region" in values and stack != "aks-prod":  # where zones are called the same everywhere
        cluster.pop("zones", None)
    for key, value in values.items():
        place, (*parents, last) = cluster, key.split(".")
        for part in parents:
            place = place[int(part) if part.isdigit() else part]
        place[last] = value
    return StackSpec.model_validate(config, context=Origin(stack, CHECKOUT))
