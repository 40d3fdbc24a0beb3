"""What Google Cloud offered on the day in `FACTS.dated`: versions of the release channel REGULAR, machines, zones."""

from typing import Final

from components.clusters.managed import Facts
from components.clusters.pools import MachineType

_A: Final = "arm64"


def _zones(letters: str, *regions: str) -> dict[str, tuple[str, ...]]:
    return {region: tuple(f"{region}-{letter}" for letter in letters) for region in regions}


FACTS: Final = Facts(
    dated="2026-08",
    versions=("1.34", "1.35", "1.36"),
    machines={
        "e2-medium": MachineType(2, 4),
        "e2-standard-2": MachineType(2, 8),
        "e2-standard-4": MachineType(4, 16),
        "e2-standard-8": MachineType(8, 32),
        "n2-standard-2": MachineType(2, 8),
        "n2-standard-4": MachineType(4, 16),
        "n2-standard-8": MachineType(8, 32),
        "n2d-standard-2": MachineType(2, 8),
        "n2d-standard-4": MachineType(4, 16),
        "n2d-standard-8": MachineType(8, 32),
        "n4-standard-2": MachineType(2, 8),
        "n4-standard-4": MachineType(4, 16),
        "n4-standard-8": MachineType(8, 32),
        "c4-standard-4": MachineType(4, 15),
        "c4-standard-8": MachineType(8, 30),
        "c4a-standard-4": MachineType(4, 16, _A),
        "c4a-standard-8": MachineType(8, 32, _A),
        "t2a-standard-2": MachineType(2, 8, _A),
        "t2a-standard-4": MachineType(4, 16, _A),
        "g2-standard-4": MachineType(4, 16, gpus=1, gpu_model="nvidia-l4"),
        "g2-standard-8": MachineType(8, 32, gpus=1, gpu_model="nvidia-l4"),
        "a2-highgpu-1g": MachineType(12, 85, gpus=1, gpu_model="nvidia-tesla-a100"),
        "a3-highgpu-8g": MachineType(208, 1872, gpus=8, gpu_model="nvidia-h100-80gb"),
    },
    zones={
        **_zones("abc", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-north1"),
        **_zones("bcd", "europe-west1"),
        **_zones("bcd", "us-east1"),
        **_zones("abc", "us-east4", "us-west1", "us-west2"),
        **_zones("abcf", "us-central1"),
        **_zones("abc", "asia-northeast1", "asia-south1", "asia-southeast1", "australia-southeast1"),
    },
)

_HYPERDISK_FAMILIES: Final = ("n4", "c4", "c4a", "c4d", "n4d", "n4a")  # that take no persistent disks
_RESERVED: Final = 4
"""Addresses that Google takes of every subnet."""


STORAGE_CLASSES: Final = {
    "standard": False,
    "standard-rwo": True,
    "premium-rwo": False,
    **dict.fromkeys(
        ("standard-rwx", "premium-rwx", "zonal-rwx", "enterprise-rwx", "enterprise-multishare-rwx"),
        False,
    ),
}
"""Those that GKE makes in every cluster with its disk and Filestore drivers, and whether they are the default
(cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes, how-to/persistent-volumes/filestore-csi-driver,
November 2026)."""


def disk_type(machine_type: str) -> str:
    """The balanced disk that the machine's family takes (cloud.google.com/compute/docs/disks/hyperdisks)."""
    return "hyperdisk-balanced" if machine_type.partition("-")[0] in _HYPERDISK_FAMILIES else "pd-balanced"


def node_room(addresses: int) -> int:
    """How many nodes a subnet of so many addresses holds."""
    return addresses - _RESERVED


def pod_block(max_pods: int) -> int:
    """The addresses that a node takes for its pods: a power of two, and at least twice as many as there can be.

    cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr
    """
    return 1 << (2 * max_pods - 1).bit_length()
