"""A machine that joins a cluster with a hash that is not the cluster's, or with a token that does not hold.

The machines are the stand-in's, the API server is real: it is started with the authority that the first machine reads.
"""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from common.paths import REHEARSAL
from rehearsal.control_plane import ControlPlane
from rehearsal.control_plane.authority import Authority, pem, private
from rehearsal.providers.base import InitializationFailed, ProviderError, Request
from rehearsal.providers.clouds import clusters, kubeadm
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.cloud_init import Ignored, read_user_data
from rehearsal.providers.clouds.store import Resource, rehearsal_directory

GROUP, TEMPLATE = "aws:autoscaling/group:Group", "aws:ec2/launchTemplate:LaunchTemplate"
SECRET, VERSION = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"
AUTHORITY: Final = Authority.made("kubernetes")
CERTIFICATE: Final = pem(AUTHORITY.certificate).decode()
FILES: Final = {
    "/etc/kubernetes/pki/ca.crt": CERTIFICATE,
    "/etc/kubernetes/pki/ca.key": private(AUTHORITY._key).decode(),
}
URN: Final = f"urn:pulumi:s::p::{GROUP}::"
TOKEN: Final = "abcdef.0123456789abcdef"
HOST: Final = "internal.example"


def discovery(**other: Any) -> dict[str, Any]:
    found = {"apiServerEndpoint": f"{HOST}:6443", "caCertHashes": [kubeadm.authority_hash(CERTIFICATE)], "token": TOKEN}
    return found | other


def user_data(role: str, *, architecture: str = "arm64", release: str = "1.36.4", **other: Any) -> str:
    """What the program tells a machine, as far as the stand-in reads it; `other` is another discovery."""
    registration = {"kubeletExtraArgs": [{"name": "node-labels", "value": "pool=general"}]}
    join = {"kind": "JoinConfiguration", "discovery": {"bootstrapToken": discovery(**other)}}
    if role != "worker":
        join["controlPlane"] = {}
    init = {"kind": "InitConfiguration", "nodeRegistration": {}}
    cluster = {"kind": "ClusterConfiguration", "clusterName": "given", "apiServer": {"certSANs": [HOST]}}
    cluster |= {"kubernetesVersion": f"v{release}"}
    settings = {"ROLE": role, "API_ENDPOINT": f"{HOST}:6443", "AUTHORITIES": "given/authorities"}
    downloads = f"kubelet 0 https://dl.k8s.io/release/v{release}/bin/linux/{architecture}/kubelet\n"
    files = {
        "machine.env": "".join(f'{name}="{value}"\n' for name, value in settings.items()),
        "downloads": downloads,
        "join.yaml": yaml.safe_dump({**join, "nodeRegistration": registration}),
        **({"init.yaml": yaml.safe_dump_all([init, cluster])} if role == "first" else {}),
    }
    written = [{"path": f"/etc/polykube/{name}", "content": content} for name, content in files.items()]
    text = "#cloud-config\n" + yaml.safe_dump({"write_files": written, "runcmd": [["/usr/local/sbin/polykube-boot"]]})
    return base64.b64encode(gzip.compress(text.encode())).decode()


def there(aws: AwsStandIn, type_: str, id_: str, inputs: Mapping[str, Any], **outputs: Any) -> None:
    aws.store.put(Resource(type_, id_, id_, inputs, {**inputs, **outputs}), "create")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsStandIn]:
    """AWS with a secret that a role may read, and a cluster that its first machine has begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(REHEARSAL, str(tmp_path_factory.mktemp("rehearsal")))
        provider = AwsStandIn()
        provider.config = {"region": "eu-central-1"}
        there(provider, "aws:ec2/subnet:Subnet", "subnet", {"vpcId": "v"}, availabilityZone="eu-central-1a")
        there(provider, SECRET, "secret", {"name": "given/authorities"}, arn="arn:aws:secretsmanager:r:1:secret:given")
        there(provider, VERSION, "version", {"secretId": "secret", "secretString": json.dumps(FILES)})
        allowed = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        there(provider, "aws:iam/rolePolicy:RolePolicy", "policy", {"role": "reader", "policy": policy})
        for profile in ("reader", "nobody"):
            there(provider, "aws:iam/instanceProfile:InstanceProfile", profile, {"role": profile}, arn=profile)
        try:
            create(provider, "first", user_data("first"), profile="reader")
            yield provider
        finally:
            ControlPlane("given").delete()


def create(aws: AwsStandIn, name: str, told: str, *, profile: str = "nobody", size: int = 1, most: int = 4) -> str:
    """A group of machines that are told this; why it fails, if it does."""
    template(aws, name, told, profile)
    return failure(lambda: aws.create(Request(URN + name, group(name, size, most))))


def replace(aws: AwsStandIn, name: str, told: str, by: str) -> str:
    """Have a group of control planes replace its machine by one of another template; why it fails, if it does."""
    template(aws, by, told, "reader")
    had, has = group(name), group(name) | {"launchTemplate": {"id": by, "version": "$Latest"}}
    return failure(lambda: aws.update(Request(URN + name, has, had, had, id=name)))


def template(aws: AwsStandIn, name: str, told: str, profile: str) -> None:
    there(aws, TEMPLATE, name, {"userData": told, "instanceType": "m7g.large", "iamInstanceProfile": {"arn": profile}})


def group(name: str, size: int = 1, most: int = 4) -> dict[str, Any]:
    return {
        "name": name,
        "minSize": size,
        "maxSize": most,
        "vpcZoneIdentifiers": ["subnet"],
        "launchTemplate": {"id": name, "version": "$Latest"},
        "initialLifecycleHooks": [{"name": "boot", "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}],
        "waitForCapacityTimeout": "25m",
        "instanceRefresh": {"strategy": "Rolling"},
    }


def failure(do: Callable[[], object]) -> str:
    try:
        do()
    except (ProviderError, InitializationFailed) as error:
        return str(getattr(error, "reasons", error))
    return ""


def nodes() -> dict[str, dict[str, Any]]:
    with clusters.api("given") as api:
        assert api is not None
        return {each["metadata"]["name"]: each for each in api.list("/api/v1/nodes")}


def know(token: str, seconds: float, **other: str) -> None:
    """Let the cluster know a token that holds for so many seconds."""
    id_, _, secret = token.partition(".")
    until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
    data = {
        "token-id": id_,
        "token-secret": secret,
        "expiration": until,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
    }
    name = f"bootstrap-token-{id_}"
    with clusters.api("given") as api:
        assert api is not None
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "kube-system"}}
        kind = {"type": "bootstrap.kubernetes.io/token", "stringData": data | other}
        api.apply(f"/api/v1/namespaces/kube-system/secrets/{name}", manifest | kind)


def test_the_first_machine_begins_the_cluster_with_the_authority_that_it_reads(aws: AwsStandIn) -> None:
    assert aws.store.get(GROUP, "first")
    assert base64.b64decode(clusters.access("given").authority).decode() == CERTIFICATE
    (node,) = [each for name, each in nodes().items() if name.startswith("first-")]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.4"
    assert "node-role.kubernetes.io/control-plane" in [taint["key"] for taint in node["spec"]["taints"]]


def test_a_machine_joins_by_the_hash_and_a_token_that_holds(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    assert create(aws, "workers", user_data("worker"), size=2) == ""
    joined = [each for name, each in nodes().items() if name.startswith("workers-")]
    assert [each["metadata"]["labels"]["pool"] for each in joined] == ["general"] * 2
    assert create(aws, "second", user_data("control-plane"), profile="reader") == ""


WRONG: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "another hash": ({"caCertHashes": [f"sha256:{'0' * 64}"]}, "none of the public keys"),
    "another secret": ({"token": "abcdef.fedcba9876543210"}, "failed to verify JWS signature"),
    "no such token": ({"token": "nobody.0123456789abcdef"}, 'could not find a JWS signature .* for token ID "nobody"'),
    "another endpoint": ({"apiServerEndpoint": "elsewhere.example:6443"}, "no API server at elsewhere.example:6443"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_machine_that_cannot_join_is_given_up_with_what_its_console_says(aws: AwsStandIn, what: str) -> None:
    know(TOKEN, 3600)
    other, says = WRONG[what]
    before = nodes().keys()
    failed = create(aws, what.replace(" ", "-"), user_data("worker", **other))
    with pytest.raises(AssertionError, match=says):
        assert not failed, failed
    assert "lifecycle hook boot: ABANDON" in failed
    assert "timeout: 25m" in failed
    assert nodes().keys() == before


def test_a_token_that_has_ended_lets_nobody_in(aws: AwsStandIn) -> None:
    know("ending.0123456789abcdef", -1)
    failed = create(aws, "late", user_data("worker", token="ending.0123456789abcdef"))
    assert 'could not find a JWS signature in the cluster-info ConfigMap for token ID "ending"' in failed


def test_a_control_plane_that_may_not_read_the_authorities_never_joins(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    assert "AccessDeniedException: secretsmanager:GetSecretValue" in create(aws, "third", user_data("control-plane"))


def test_programs_of_another_architecture_never_start(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    assert "programs for arm64 are not there" in create(aws, "odd", user_data("worker", architecture="amd64"))


def test_a_group_has_a_least_number_that_is_not_larger_than_its_largest(aws: AwsStandIn) -> None:
    assert "Max bound, 1, must be greater than or equal to min bound, 2" in create(
        aws, "bounds", user_data("worker"), size=2, most=1
    )


SKEW: Final = {
    "worker 1.37.1": "the kubelet 1.37.1 is newer than the API server 1.36.4 of first-",
    "worker 1.38.0": "only supports deploying clusters with the control plane version >= 1.37.0",
    "control-plane 1.37.1": "kubeadm 1.37.1 would make a control plane of 1.36.4, as kubeadm-config says",
    "control-plane 1.35.8": r"\[ERROR KubernetesVersion\]: Kubernetes version is greater than kubeadm version",
}


@pytest.mark.parametrize("what", SKEW)
def test_a_machine_of_a_version_that_does_not_go_with_the_cluster_never_joins(aws: AwsStandIn, what: str) -> None:
    know(TOKEN, 3600)
    role, _, release = what.partition(" ")
    failed = create(aws, what.replace(" ", "-"), user_data(role, release=release), profile="reader")
    assert re.search(SKEW[what], failed), failed


def test_a_worker_may_be_older_than_the_api_servers(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    assert create(aws, "older", user_data("worker", release="1.35.8")) == ""


def test_the_version_goes_up_with_the_machine_that_was_to_begin_the_cluster_and_one_by_one(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    (old,) = [name for name in nodes() if name.startswith("first-")]
    two = replace(aws, "first", user_data("first", release="1.38.0"), by="first-1.38")
    down = replace(aws, "first", user_data("first", release="1.35.8"), by="first-1.35")
    assert "the cluster is at v1.36.4, and goes up by one minor version at a time, not to v1.38.0" in two
    assert "the cluster is at v1.36.4, and does not go down to v1.35.8" in down
    assert old in nodes()
    before = len(aws.store.events())
    assert replace(aws, "first", user_data("first", release="1.37.1"), by="first-1.37") == ""
    (new,) = [name for name in nodes() if name.startswith("first-")]
    assert nodes()[new]["status"]["nodeInfo"]["kubeletVersion"] == "v1.37.1"
    moved = [(each.operation, each.id) for each in aws.store.events()[before:] if each.type == "node"]
    assert moved == [("ready", new), ("gone", old)]
    assert create(aws, "fourth", user_data("control-plane", release="1.37.1"), profile="reader") == ""


def test_machines_of_a_group_hear_nothing_of_what_its_template_says_later(aws: AwsStandIn) -> None:
    know(TOKEN, 3600)
    assert create(aws, "settled", user_data("worker")) == ""
    (node,) = [each for name, each in nodes().items() if name.startswith("settled-")]
    template(aws, "settled", user_data("worker", release="1.35.8"), "nobody")
    had = group("settled")
    assert failure(lambda: aws.update(Request(URN + "settled", had | {"maxSize": 5}, had, had, id="settled"))) == ""
    (now,) = [each for name, each in nodes().items() if name.startswith("settled-")]
    assert now["status"]["nodeInfo"] == node["status"]["nodeInfo"]
    assert now["metadata"]["uid"] == node["metadata"]["uid"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#!/bin/sh\ntrue\n", "does not begin with #cloud-config"),
        ("#cloud-config\nwrite_files: [\n", "cannot be read"),
        ("#cloud-config\npackages: [curl]\n", "modules that this stand-in does not know: packages"),
    ],
)
def test_what_cloud_init_makes_nothing_of_is_said(text: str, says: str) -> None:
    with pytest.raises(Ignored, match=says):
        read_user_data(base64.b64encode(text.encode()).decode())


def test_the_command_line_prints_a_secret_as_it_is_now(aws: AwsStandIn) -> None:
    inputs = {"secretId": "secret", "secretString": "now"}
    aws.create(Request(f"urn:pulumi:s::p::{VERSION}::it", inputs))
    assert Path(rehearsal_directory(), "secrets", "given", "authorities").read_text() == "now"
