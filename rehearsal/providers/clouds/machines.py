"""What machines have, by the names that the clouds give their types; read from their catalogues in November 2026.

The names say it: family, generation and size of AWS (`m7g.xlarge`), series and class of Google (`n2-standard-4`),
family, size and additive features of Azure (`Standard_D4ps_v6`). Of types that follow no rule, some are listed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rehearsal.providers.clouds.behaviour import Refused

_AWS: Final = re.compile(
    r"(?P<family>[a-z]+)\d(?P<features>[a-z-]*)\.(?P<size>(?:\d+x|x)?large|medium|small|micro|nano)"
)
_GCP: Final = re.compile(
    r"(?P<series>[a-z]\d[a-z]?)-(?P<kind>standard|highmem|highcpu|medium|small|micro)(?:-(?P<cpus>\d+))?.*"
)
_AZURE: Final = re.compile(r"Standard_(?P<family>[A-Z]+)(?P<cpus>\d+)(?:-\d+)?(?P<features>[a-z]*)(_[A-Z]+\d*)*(_v\d)?")

_AWS_GIB: Final = {"t": 4, "m": 4, "c": 2, "r": 8, "x": 16, "i": 8, "d": 8, "g": 4, "p": 8, "inf": 4, "trn": 8}
_AWS_SMALL: Final = {"nano": (2, 0.5), "micro": (2, 1), "small": (2, 2), "medium": (2, 4)}  # of the t family
_GCP_GIB: Final = {"standard": 4, "highmem": 8, "highcpu": 1}
_GCP_SHARED: Final = {"micro": (2, 1), "small": (2, 2), "medium": (2, 4)}  # of the e2 series
_AZURE_GIB: Final = {"A": 2, "B": 4, "D": 4, "DC": 4, "E": 8, "F": 2, "L": 8, "M": 28, "NC": 9, "ND": 19, "NV": 9}
_GCP_C4_GIB: Final = {"standard": 3.75, "highmem": 7.75, "highcpu": 2}
_GCP_ARM: Final = ("t2a", "c4a", "n4a", "a4x")


_ODD: Final[Mapping[str, tuple[int, float, int]]] = {
    "p4d.24xlarge": (96, 1152, 8),
    "p5.4xlarge": (16, 256, 1),
    "p5.48xlarge": (192, 2048, 8),
    "g5.12xlarge": (48, 192, 4),
    "g5.24xlarge": (96, 384, 4),
    "g5.48xlarge": (192, 768, 8),
    "g6.12xlarge": (48, 192, 4),
    "g6.24xlarge": (96, 384, 4),
    "g6.48xlarge": (192, 768, 8),
    "a2-highgpu-1g": (12, 85, 1),
    "a2-highgpu-2g": (24, 170, 2),
    "a2-highgpu-4g": (48, 340, 4),
    "a2-highgpu-8g": (96, 680, 8),
    "a3-highgpu-8g": (208, 1872, 8),
    "g2-standard-24": (24, 96, 2),
    "g2-standard-48": (48, 192, 4),
    "g2-standard-96": (96, 384, 8),
    "Standard_B2s": (2, 4, 0),
    "Standard_NC4as_T4_v3": (4, 28, 1),
    "Standard_NC64as_T4_v3": (64, 440, 4),
    "Standard_NC24ads_A100_v4": (24, 220, 1),
    "Standard_NC48ads_A100_v4": (48, 440, 2),
    "Standard_NC96ads_A100_v4": (96, 880, 4),
}
"""CPUs, GiB and GPUs of types whose names do not tell; all are amd64."""


class UnknownMachine(Exception):
    """The stand-in cannot tell what a machine of this type has."""


@dataclass(frozen=True)
class InstanceType:
    """A machine type; memory in GiB."""

    type: str
    cpus: int
    memory: float
    architecture: str
    gpus: int = 0

    @property
    def capacity(self) -> dict[str, str]:
        """As every node reports it."""
        return {"cpu": str(self.cpus), "memory": f"{int(self.memory * 1024)}Mi"}

    @property
    def devices(self) -> dict[str, str]:
        """What a device plugin finds."""
        return {"nvidia.com/gpu": str(self.gpus)} if self.gpus else {}


def known(find: Callable[[str], InstanceType], name: str) -> InstanceType:
    """The machine type that `find` knows by this name, or that is listed; Refused when it is neither."""
    if odd := _ODD.get(name):
        cpus, memory, gpus = odd
        return InstanceType(name, cpus, memory, "amd64", gpus)
    try:
        return find(name)
    except UnknownMachine:
        raise Refused("refused", reason=f"the stand-in knows no machine type {name}") from None


def aws(name: str) -> InstanceType:
    """An EC2 instance type; UnknownMachine when its name tells nothing."""
    if not (found := _AWS.fullmatch(name)) or found["family"] not in _AWS_GIB:
        raise UnknownMachine(name)
    arm = "arm64" if "g" in found["features"] else "amd64"
    gpus = 1 if found["family"] in ("g", "p") else 0
    if found["size"] in _AWS_SMALL:
        cpus, memory = _AWS_SMALL[found["size"]]
        return InstanceType(name, 1 if arm == "arm64" and found["family"] != "t" else cpus, memory, arm, gpus)
    multiple = found["size"].removesuffix("large").removesuffix("x")
    cpus = 2 if found["size"] == "large" else 4 * int(multiple or 1)
    return InstanceType(name, cpus, cpus * _AWS_GIB[found["family"]], arm, gpus)


def gcp(name: str) -> InstanceType:
    """A Compute Engine machine type."""
    if not (found := _GCP.fullmatch(name)):
        raise UnknownMachine(name)
    arm = "arm64" if found["series"] in _GCP_ARM else "amd64"
    gpus = 1 if found["series"].startswith(("a", "g")) else 0
    if found["kind"] in _GCP_SHARED:
        return InstanceType(name, *_GCP_SHARED[found["kind"]], arm, gpus)
    cpus = int(found["cpus"] or 1)
    for_each_cpu = _GCP_C4_GIB if found["series"] == "c4" else _GCP_GIB
    return InstanceType(name, cpus, cpus * for_each_cpu[found["kind"]], arm, gpus)


def azure(name: str) -> InstanceType:
    """A virtual machine size of Azure."""
    if not (found := _AZURE.fullmatch(name)) or found["family"] not in _AZURE_GIB:
        raise UnknownMachine(name)
    cpus, family = int(found["cpus"]), found["family"]
    arm = "arm64" if "p" in found["features"] else "amd64"
    half = 0.5 if "l" in found["features"] else 1  # "low memory"
    return InstanceType(name, cpus, cpus * _AZURE_GIB[family] * half, arm, gpus=1 if family.startswith("N") else 0)
