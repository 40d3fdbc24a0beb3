"""What a program registers, without an engine and without a cloud: each resource as the monitor is asked for it."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from unittest.mock import patch

import pulumi.runtime
from pulumi import resource_hooks
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks

from automation.preview.trace import as_if_registered
from components.clusters import admission, existing
from components.clusters.kubeadm.aws import replacement
from components.naming import PROJECT
from stacks.compose import Composition, compose
from stacks.config import StackSpec

_STACK: Final = "pulumi:pulumi:Stack"
_AUTHORITY: Final = "LS0tLS1CRUdJTg=="
_KUBECONFIG: Final = (
    f"clusters: [{{cluster: {{server: 'https://aks.example', certificate-authority-data: {_AUTHORITY}}}}}]"
)
_NESTED: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:eks/cluster:Cluster": {
        "certificateAuthority": {"data": _AUTHORITY},
        "vpcConfig": {"clusterSecurityGroupId": "sg-cluster"},
    },
    "azure-native:containerservice:ManagedCluster": {"identity": {"type": "UserAssigned"}},
    "azure-native:managedidentity:UserAssignedIdentity": {"principalId": "11111111-aaaa-4bbb-8ccc-222222222222"},
    "azure-native:keyvault:Key": {"keyUriWithVersion": "https://vault.example/keys/key/1"},
    # What is to be hashed has to be a key; any will do.
    "tls:index/privateKey:PrivateKey": {
        "publicKeyPem": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
        "privateKeyPem": "",
    },
    "aws:lb/loadBalancer:LoadBalancer": {"dnsName": "balancer.example"},
    "aws:ec2/networkInterface:NetworkInterface": {"privateIp": "192.0.2.4"},
    "random:index/randomString:RandomString": {"result": "abcdef"},
    "random:index/randomPassword:RandomPassword": {"result": "0123456789abcdef"},
    "tls:index/selfSignedCert:SelfSignedCert": {"certPem": "-----BEGIN CERTIFICATE-----"},
    "kubernetes:core/v1:Secret": {"data": {"ca.crt": "", "token": ""}},  # of a service account
    "tls:index/locallySignedCert:LocallySignedCert": {"certPem": "", "validityEndTime": "2027-01-01T00:00:00Z"},
    "gcp:container/cluster:Cluster": {"masterAuth": {"clusterCaCertificate": _AUTHORITY}},
}


_NOTHING_YET: Final = {
    "aws:eks/getClusters:getClusters": "names",
    "aws:cloudwatch/getLogGroups:getLogGroups": "logGroupNames",
    "aws:ec2/getNatGateways:getNatGateways": "ids",
}


@dataclass(frozen=True)
class Registered:
    """A resource in the order of registration, with the URNs of what it waits for.

    `new_first` says whether the program has a replacement come before what it replaces, None that it does not care;
    `on_error` are the hooks that the engine asks whether to try again, `once_created` those that run before whatever
    waits for it goes on; `formerly` are the names that it had, `former_parents` the URNs of what it was in, `imported`
    the id of what it takes over.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    after: frozenset[str]
    protect: bool
    deleted_with: str
    ignore_changes: tuple[str, ...]
    new_first: bool | None
    on_error: tuple[str, ...]
    secrets: frozenset[str]
    once_created: tuple[str, ...]
    formerly: tuple[str, ...]
    imported: str
    former_parents: tuple[str, ...]

    def secret(self, name: str) -> bool:
        """Whether the input `name` is marked as a secret."""
        return name in self.secrets


class Cloud(Mocks):
    """Answers with the inputs, an id, and whatever the program goes on to use."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made: dict[str, Any] = {"arn": f"arn:aws:::{args.name}", "name": args.name}
        made |= {"endpoint": f"https://{args.name}.example"}
        made |= {"bucket": args.name} if args.typ == "aws:s3/bucket:Bucket" else {}
        if args.typ == "pulumi-python:dynamic/kubeadm:Inspection":
            made |= {"keys": {host["name"]: f"ssh-ed25519 {host['name']}" for host in args.inputs["hosts"]}}
        azure_id = f"/subscriptions/0/providers/x/managedClusters/{args.name}"  # policies read the name in it
        made_id = azure_id if args.typ.endswith(":ManagedCluster") else f"{args.name}-id"
        return made_id, made | args.inputs | dict(_NESTED.get(args.typ, {}))

    def call(self, args: Any) -> tuple[dict[str, Any], list[Any]]:
        """The calls that a program may make: of AWS what there is, which is nothing, of Azure where a cluster is."""
        if nothing := _NOTHING_YET.get(args.token):
            return {nothing: []}, []
        assert args.token == "azure-native:containerservice:listManagedClusterUserCredentials", args.token
        return {"kubeconfigs": [{"name": "user", "value": base64.b64encode(_KUBECONFIG.encode()).decode()}]}, []


class _Recorder(MockMonitor):
    def __init__(self, stack: str, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._stack = stack
        self.seen: dict[str, Registered] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it, with the types of all that the resource is in."""
        within = parent.split("::")[2] if parent else _STACK
        qualified = type_ if within == _STACK else f"{within}${type_}"
        return "::".join([f"urn:pulumi:{self._stack}", PROJECT, qualified, name])

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        answer = cast(Any, super()).RegisterResource(request)
        assert answer.urn not in self.seen, f"Duplicate resource URN {answer.urn}"  # as the engine says
        if request.type != _STACK:
            inputs = rpc.deserialize_properties(request.object)
            of_inputs = {urn for names in request.propertyDependencies.values() for urn in names.urns}
            self.seen[answer.urn] = Registered(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                inputs={name: rpc.unwrap_rpc_secret(value) for name, value in inputs.items()},
                parent=request.parent,
                provider=request.provider.rpartition("::")[0],
                after=frozenset({*request.dependencies, *of_inputs}),
                protect=request.protect,
                deleted_with=request.deletedWith,
                ignore_changes=tuple(request.ignoreChanges),
                new_first=not request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
                on_error=tuple(request.hooks.on_error),
                secrets=frozenset(name for name, value in inputs.items() if rpc.is_rpc_secret(value)),
                once_created=tuple(request.hooks.after_create),
                formerly=tuple(alias.spec.name for alias in request.aliases if alias.spec.name),
                imported=request.importId,
                former_parents=tuple(alias.spec.parentUrn for alias in request.aliases if alias.spec.parentUrn),
            )
        return answer


def registered(
    spec: StackSpec,
    stack: str = "test",
    then: Callable[[Composition], object] = lambda _: None,
    cloud: Cloud | None = None,
) -> dict[str, Registered]:
    """Everything that a stack of `spec` registers, by URN, in order.

    `then` is what a test does in the program, `cloud` says what is answered.
    """
    answering = cloud or Cloud()
    recorder = _Recorder(stack, answering)
    pulumi.runtime.set_mocks(answering, monitor=recorder)
    run: Any = pulumi.runtime.test
    with (
        # There is no API server to be let in by, or to be there.
        patch.object(admission, "_refusal", return_value=""),
        patch.object(replacement, "missing", return_value=""),
        patch.object(existing, "unreachable", return_value=""),
        # A mocked monitor calls nobody back.
        patch.object(resource_hooks, "register_error_hook", as_if_registered),
        patch.object(resource_hooks, "register_resource_hook", as_if_registered),
    ):
        run(lambda: then(compose(spec)) and None)()
    return recorder.seen


def everything_before(resource: Registered, planned: Mapping[str, Registered]) -> set[str]:
    """The URNs of all that has to be there before `resource`; its provider among them."""
    found: set[str] = set()
    front: Iterable[str] = _needs(resource)
    while front := {urn for urn in front if urn not in found and urn in planned}:
        found |= front
        front = {urn for each in front for urn in _needs(planned[each])}
    return found


def _needs(resource: Registered) -> set[str]:
    return {*resource.after, resource.provider, resource.parent}
