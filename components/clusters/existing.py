"""A cluster that runs already: by kubeconfig, or by the stack that made it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

import pulumi
from pydantic import Field

from common.errors import Problem, as_text
from components.clusters.base import ClusterBase, ClusterSpec
from components.clusters.kubeconfig import check_contents, check_file, server_of, unreachable
from components.contract import BuiltIn, Capability, LoadBalancerAnnotations, Storage
from spec.invalid import is_invalid
from spec.model import StackModel
from spec.problems import Code, Finding
from spec.text import LabelKey, QualifiedName, StackName, TextRule
from spec.values import HostPath, SecretText


class Kubeconfig(StackModel):
    """A kubeconfig: a file of this machine, or its content as a secret of the stack."""

    path: HostPath | None = Field(
        default=None, description="The file. `~` is this user's home; a relative path starts at the stack file."
    )
    contents: SecretText | None = Field(default=None, description="The content itself, encrypted.")
    context: str | None = Field(
        default=None, min_length=1, description="The default is the kubeconfig's current-context."
    )

    def findings(self) -> Iterator[Finding]:
        if (self.path is None) == (self.contents is None):
            yield exactly_one("path", "contents", neither=self.path is None)
        elif not self.is_whole:
            return
        elif self.path is not None:
            yield from check_file(self.path, self.context)
        elif self.contents is not None and self.contents.text is not None:
            yield from check_contents(self.contents.text, self.context)

    def read(self) -> str:
        """The kubeconfig's text."""
        if self.path is not None:
            return self.path.read_text()
        assert self.contents is not None
        assert self.contents.text is not None, "the engine decrypts secrets before the program runs"
        return self.contents.text


class StackReference(StackModel):
    """The stack that made the cluster."""

    stack: StackName = Field(description="organization/project/stack.")
    output: str = Field(default="kubeconfig", min_length=1, description="The stack's output that is the kubeconfig.")


NodeDirectory: TypeAlias = Annotated[str, TextRule(Code.BAD_NAME, "an absolute path", r"/[-\w./]*", "/opt/cni/bin")]


class LoadBalancers(StackModel):
    """How a Service says what load balancer it wants: `{}` where there is nothing to say, or only one kind."""

    internal: Mapping[LabelKey, str] = Field(
        default={}, description="Annotations for an internal one; without any, none is asked for."
    )
    external: Mapping[LabelKey, str] = Field(default={}, description="Annotations for an external one.")


class Brings(StackModel):
    """What the cluster can do beyond what every cluster can, as whoever runs it says; nothing of it is looked up."""

    load_balancers: LoadBalancers | None = Field(
        default=None, description="Load balancers for Services, if it has any."
    )
    block_storage: QualifiedName | None = Field(
        default=None, description="The driver that makes volumes for one node at a time: ebs.csi.aws.com."
    )
    shared_storage: QualifiedName | None = Field(
        default=None, description="The driver that makes volumes for many nodes at once: efs.csi.aws.com."
    )
    network_plugins: NodeDirectory | None = Field(
        default=None,
        description="The directory of every node that holds its network plugins, if it takes more: /opt/cni/bin.",
    )
    snapshots: bool = Field(
        default=False,
        description="Whether volume snapshots' API and controller are there already, and not to be installed.",
    )
    gateway_api: bool = Field(
        default=False,
        description="Whether the Gateway API's resource definitions are there already, and not to be installed.",
    )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the cluster can do; a wrong value says that it can, for something was said of it."""
        told = {
            Capability.LOAD_BALANCERS: self.load_balancers is not None,
            Capability.INTERNAL_LOAD_BALANCERS: self.load_balancers is not None and self.load_balancers.internal,
            Capability.BLOCK_STORAGE: self.block_storage,
            Capability.VOLUME_SNAPSHOTS: self.block_storage,
            Capability.SHARED_STORAGE: self.shared_storage,
            Capability.NETWORK_PLUGINS: self.network_plugins,
        }
        has = (each for each, value in told.items() if is_invalid(value) or value)
        return frozenset({Capability.AGGREGATED_APIS, Capability.NODE_DIRECTORIES, *has})


class ExistingSpec(ClusterSpec):
    """A cluster that something else made. Its nodes are not declared here, and destroying the stack leaves it."""

    kind: Literal["existing"] = Field(description="A cluster that runs already.")
    kubeconfig: Kubeconfig | None = Field(default=None, description="How to reach the cluster. Or use stackReference.")
    stack_reference: StackReference | None = Field(
        default=None, description="The stack whose output is the kubeconfig. Or use kubeconfig."
    )

    brings: Brings = Field(default=Brings(), description="What it can do that add-ons and storage classes may need.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.brings.capabilities

    @property
    def built_in(self) -> frozenset[BuiltIn]:
        told = {BuiltIn.SNAPSHOTS: self.brings.snapshots, BuiltIn.GATEWAY_API: self.brings.gateway_api}
        return frozenset(part for part, value in told.items() if value)

    def findings(self) -> Iterator[Finding]:
        if (self.kubeconfig is None) == (self.stack_reference is None):
            yield exactly_one("kubeconfig", "stackReference", neither=self.kubeconfig is None)


class ExistingCluster(ClusterBase):
    """The `Cluster` contract on a cluster of somebody else's: only what it is said to bring is assumed."""

    def __init__(self, spec: ExistingSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._brings = brings = spec.brings
        self.block_storage = Storage(brings.block_storage) if brings.block_storage else None
        if brings.load_balancers:
            self.load_balancing = LoadBalancerAnnotations(
                brings.load_balancers.internal, brings.load_balancers.external
            )
        self.network_plugins = brings.network_plugins or self.network_plugins
        # The name stays when the cluster's endpoint or certificates change, so nothing in it is replaced.
        context = spec.kubeconfig.context if spec.kubeconfig else None
        kubeconfig = pulumi.Output.from_input(_kubeconfig(spec)).apply(lambda text: _answering(text, context))
        self.connect(kubeconfig, f"existing-{spec.name}", context)
        self.complete()

    def shared_storage(self) -> Storage:
        return Storage(self._brings.shared_storage) if self._brings.shared_storage else super().shared_storage()


def _kubeconfig(spec: ExistingSpec) -> pulumi.Input[str]:
    if spec.kubeconfig is not None:
        return spec.kubeconfig.read()
    assert spec.stack_reference is not None
    reference = pulumi.StackReference(spec.stack_reference.stack)
    output: pulumi.Output[str] = reference.require_output(spec.stack_reference.output)
    return output


def _answering(kubeconfig: str, context: str | None) -> str:
    """The kubeconfig, once something answers at its address; RunError if nothing does. A preview does not ask.

    Without a change the provider asks nothing of the cluster, and one that is gone would go unnoticed.
    """
    server = server_of(kubeconfig, context)
    if not pulumi.runtime.is_dry_run() and (why := unreachable(server)):
        problem = Problem(
            code="PK415",
            summary="the cluster does not answer",
            where="polykube:cluster",
            found=f"{server}: {why}",
            allowed="a cluster that runs",
            remedy="run this from a network that it lets in, bring it back, or name another one; to give up a stack "
            "whose cluster is gone, destroy it with PULUMI_K8S_DELETE_UNREACHABLE=true",
        )
        raise pulumi.RunError(as_text(problem))
    return kubeconfig


def exactly_one(first: str, second: str, *, neither: bool) -> Finding:
    """The finding about two keys that exclude each other."""
    found = "neither" if neither else "both"
    remedy = f"Add {first} or {second}." if neither else f"Remove {first} or {second}."
    return Finding(Code.EXACTLY_ONE, found, f"either {first} or {second}", remedy)
