"""What only the user knows of a new stack, by kind of cluster.

The stack file of a new project is this checkout's own for that kind, with an answer in the place of each `example`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Question:
    """A value of the stack file: what it is called in a script, what it is, and what stands for it in the template."""

    name: str
    text: str
    example: str


@dataclass(frozen=True)
class ProjectKind:
    """A kind of cluster: its stack in a new project, the file that is the template of it, and what is done first."""

    stack: str
    template: str
    questions: Sequence[Question] = ()
    first: Sequence[str] = ("rehearse", "up")


_OFFICE: Final = Question("from", "the addresses from which its API server is reached (CIDR)", "203.0.113.0/24")
_AWS_REGION: Final = Question("region", "the region", "eu-central-1")
_AWS_ROLE: Final = Question(
    "administrator", "the ARN of the role that runs `pulumi up`", "arn:aws:iam::111122223333:role/platform-admin"
)

KINDS: Final[Mapping[str, ProjectKind]] = MappingProxyType(
    {
        "local": ProjectKind("dev", "Pulumi.dev.yaml", first=("up", "status")),
        "eks": ProjectKind(
            "eks-dev",
            "Pulumi.eks-dev.yaml",
            (
                _AWS_REGION,
                _AWS_ROLE,
                Question(
                    "developers",
                    "the ARN of the role that the tenant's developers have",
                    "arn:aws:iam::111122223333:role/developers",
                ),
                _OFFICE,
            ),
        ),
        "gke": ProjectKind(
            "gke-dev",
            "Pulumi.gke-dev.yaml",
            (
                Question("project", "the project's id", "example-dev"),
                Question("project-number", "the project's number", "111122223333"),
                Question("region", "the region", "europe-west4"),
                Question("administrator", "who may do everything, as group:… or user:…", "group:platform@example.com"),
                Question("security-group", "the group gke-security-groups@…", "gke-security-groups@example.com"),
                Question("developers", "the group of the tenant's developers", "shop-developers@example.com"),
                _OFFICE,
            ),
        ),
        "aks": ProjectKind(
            "aks-dev",
            "Pulumi.aks-dev.yaml",
            (
                Question("subscription", "the subscription's id", "11111111-2222-3333-4444-555555555555"),
                Question("tenant", "the id of the Entra tenant", "66666666-7777-8888-9999-aaaaaaaaaaaa"),
                Question("region", "the region", "westeurope"),
                Question(
                    "administrator", "the id of the administrators' group", "7b4a6f2e-1111-4c2d-9a55-0123456789ab"
                ),
                Question(
                    "developers", "the id of the tenant's developers' group", "0c5b7d3e-aaaa-4b1c-8d22-0123456789ab"
                ),
                _OFFICE,
            ),
        ),
        "kubeadm-aws": ProjectKind(
            "kubeadm-aws",
            "Pulumi.kubeadm-aws.yaml",
            (
                _AWS_REGION,
                _AWS_ROLE,
                _OFFICE,
            ),
        ),
        "kubeadm-hosts": ProjectKind(
            "kubeadm-hosts",
            "Pulumi.kubeadm-hosts.yaml",
            (
                Question("network", "the network that all hosts are in (CIDR)", "10.20.0.0/24"),
                Question("virtual-ip", "a free address of it, for the API server", "10.20.0.10"),
                Question("services", "free addresses of it for Services (from-to)", "10.20.0.200-10.20.0.220"),
                *(
                    Question(f"control-plane-{number}", f"the address of control plane {number}", f"10.20.0.1{number}")
                    for number in (1, 2, 3)
                ),
                *(
                    Question(f"worker-{number}", f"the address of worker {number}", address)
                    for number, address in enumerate(("10.20.0.21", "10.20.0.22", "10.20.0.31"), 1)
                ),
            ),
        ),
        "existing": ProjectKind(
            "theirs",
            "automation/new/templates/existing.yaml",
            (
                Question("kubeconfig", "the path of its kubeconfig", "~/.kube/config"),
                Question("context", "the context of the kubeconfig", "theirs-admin"),
            ),
            first=("check", "up"),
        ),
    }
)
