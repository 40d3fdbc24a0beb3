"""What AWS offered on the day in `FACTS.dated`. What is missing here is a warning, or can be stated; never a lookup.

Versions: docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html. Add-ons: as clusters that people published
were running them; `aws eks describe-addon-versions --kubernetes-version 1.36` lists newer ones.
"""

import re
from collections.abc import Mapping
from typing import Final

from components.clusters.managed import Facts
from components.clusters.pools import Architecture, MachineType

_A: Final = "arm64"
# docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html, November 2026; g4ad has GPUs of AMD's.
_GPU_FAMILY: Final = re.compile(r"(?!g4ad)[gp]\d")


def _zones(*regions: str) -> dict[str, tuple[str, ...]]:
    return {region: tuple(f"{region}{letter}" for letter in "abc") for region in regions}


FACTS: Final = Facts(
    dated="2026-08",
    versions=("1.34", "1.35", "1.36"),
    machines={
        "t3.medium": MachineType(2, 4),
        "t3.large": MachineType(2, 8),
        "t4g.medium": MachineType(2, 4, _A),
        "t4g.large": MachineType(2, 8, _A),
        "m6i.large": MachineType(2, 8),
        "m6i.xlarge": MachineType(4, 16),
        "m7i.large": MachineType(2, 8),
        "m7i.xlarge": MachineType(4, 16),
        "m7i.2xlarge": MachineType(8, 32),
        "m7a.large": MachineType(2, 8),
        "m7a.xlarge": MachineType(4, 16),
        "m7g.large": MachineType(2, 8, _A),
        "m7g.xlarge": MachineType(4, 16, _A),
        "m7g.2xlarge": MachineType(8, 32, _A),
        "c7i.xlarge": MachineType(4, 8),
        "c7g.xlarge": MachineType(4, 8, _A),
        "r7i.xlarge": MachineType(4, 32),
        "r7g.xlarge": MachineType(4, 32, _A),
        "m7i.8xlarge": MachineType(32, 128),
        "g5.xlarge": MachineType(4, 16, gpus=1, gpu_model="nvidia-a10g"),
        "g6.xlarge": MachineType(4, 16, gpus=1, gpu_model="nvidia-l4"),
        "g6.2xlarge": MachineType(8, 32, gpus=1, gpu_model="nvidia-l4"),
        "p5.48xlarge": MachineType(192, 2048, gpus=8, gpu_model="nvidia-h100"),
    },
    zones={
        **_zones("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1"),
        **_zones("us-east-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1"),
        "us-east-1": tuple(f"us-east-1{letter}" for letter in "abcdf"),  # e has no current machine types
        "us-west-2": tuple(f"us-west-2{letter}" for letter in "abcd"),
        "ap-northeast-1": tuple(f"ap-northeast-1{letter}" for letter in "acd"),
        "ca-central-1": tuple(f"ca-central-1{letter}" for letter in "abd"),
    },
)


def architecture(machine_type: str, stated: Architecture | None) -> str:
    """The architecture of a machine type of EC2: as stated, or as our table has it; what is neither is refused."""
    known = FACTS.machines.get(machine_type)
    return stated or (known.architecture if known else "amd64")


def has_gpus(machine_type: str) -> bool:
    """Whether machines of EC2 have GPUs of NVIDIA's, by our table, or for a type that it lacks by its family."""
    known = FACTS.machines.get(machine_type)
    return bool(known.gpus) if known else _GPU_FAMILY.match(machine_type) is not None


ADDON_VERSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "1.34": {
        "vpc-cni": "v1.21.1-eksbuild.1",
        "coredns": "v1.12.4-eksbuild.1",
        "kube-proxy": "v1.34.1-eksbuild.2",
        "aws-ebs-csi-driver": "v1.54.0-eksbuild.1",
        "aws-efs-csi-driver": "v2.1.15-eksbuild.1",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
    },
    "1.35": {
        "vpc-cni": "v1.21.1-eksbuild.3",
        "coredns": "v1.13.2-eksbuild.1",
        "kube-proxy": "v1.35.0-eksbuild.2",
        "aws-ebs-csi-driver": "v1.60.1-eksbuild.1",
        "aws-efs-csi-driver": "v3.2.0-eksbuild.1",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    },
    "1.36": {
        "vpc-cni": "v1.22.3-eksbuild.1",
        "coredns": "v1.14.3-eksbuild.3",
        "kube-proxy": "v1.36.0-eksbuild.13",
        "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
        "aws-efs-csi-driver": "v3.2.0-eksbuild.1",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    },
}
"""By Kubernetes version, then by add-on."""

# With prefix delegation an interface takes addresses by the 16, and managed node groups allow this many pods
# (docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html).
PREFIX: Final = 16
_MANY_CPUS: Final = 30


def pods_per_node(machine: MachineType | None) -> int:
    """How many pods a managed node group lets a node run; an unknown machine is taken for a large one."""
    return 110 if machine and machine.cpus < _MANY_CPUS else 250
