"""What pods of a pool run in, where that is not runc: a sandbox with a kernel of their own, or NVIDIA's runtime.

What a pool says of it in the stack file, and what its machines are told; what the cluster is told: `runtime_classes`.
Sources: gvisor.dev/docs/user_guide/containerd/configuration, gvisor pkg/shim/v1 of 2026-09-05 (`systemd-cgroup`, as the
kubelet's cgroup driver is systemd); kata-containers tools/packaging/kata-deploy 3.32 (runtime type, configuration);
docs.nvidia.com/datacenter/cloud-native/container-toolkit, containerd (version 3 of its configuration).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from pydantic import Field

from components.clusters.kubeadm.releases import Download, gvisor_downloads, kata_download
from components.clusters.node_pools import TaintSpec
from components.naming import SANDBOX_LABEL
from spec.model import StackModel

SandboxName: TypeAlias = Literal["gvisor", "kata"]
SANDBOXES: Final = get_args(SandboxName)
NVIDIA: Final = "nvidia"
_RUNSC: Final = "/etc/containerd/runsc.toml"
_KATA: Final = "/opt/kata"


@dataclass(frozen=True)
class Runtime:
    """A runtime: the handler by which containerd knows it, its part of containerd's configuration, other files by
    their paths, packages of the distribution, and what a pod takes besides its containers."""

    handler: str
    containerd: str
    files: Mapping[str, str] = field(default_factory=dict)
    packages: str = ""
    overhead: Mapping[str, str] = field(default_factory=dict)


RUNTIMES: Final[Mapping[str, Runtime]] = {
    "gvisor": Runtime(
        handler="runsc",
        containerd=f"""
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runsc]
  runtime_type = 'io.containerd.runsc.v1'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runsc.options]
  TypeUrl = 'io.containerd.runsc.v1.options'
  ConfigPath = '{_RUNSC}'
""",
        files={_RUNSC: "[runsc_config]\n  systemd-cgroup = 'true'\n"},
        overhead={"cpu": "50m", "memory": "64Mi"},  # ours: upstream names none
    ),
    # Of pods' annotations nothing is passed on: they would change the virtual machine, and so the host.
    "kata": Runtime(
        handler="kata",
        containerd=f"""
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
  runtime_type = 'io.containerd.kata.v2'
  runtime_path = '{_KATA}/bin/containerd-shim-kata-v2'
  privileged_without_host_devices = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata.options]
  ConfigPath = '{_KATA}/share/defaults/kata-containers/configuration-qemu.toml'
""",
        files={"/etc/modules-load.d/polykube-kata.conf": "vhost_vsock\nvhost_net\n"},
        packages="zstd",
        overhead={"cpu": "250m", "memory": "160Mi"},  # of kata-deploy's RuntimeClass kata-qemu
    ),
    # For all pods of the node: those that ask for a GPU do not say so by a RuntimeClass.
    NVIDIA: Runtime(
        handler="nvidia",
        containerd="""
[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'nvidia'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.nvidia]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.nvidia.options]
  BinaryName = '/usr/bin/nvidia-container-runtime'
  SystemdCgroup = true
""",
    ),
}
"""By sandbox, and NVIDIA's."""


def runtime_downloads(name: str, architecture: str) -> Iterator[Download]:
    """The programs of a runtime that has released ones."""
    if name == "gvisor":
        yield from gvisor_downloads(architecture)
    elif name == "kata":
        yield kata_download(architecture)


class SandboxedPool(StackModel):
    """The part of a node pool that says in what its pods run."""

    sandbox: SandboxName | None = Field(
        default=None,
        description="What gives each pod there a kernel of its own: gVisor, or a virtual machine by Kata Containers. "
        "Pods get there by a `runtimeClassName` that is called the same, and all others stay away.",
    )

    @property
    def runtime(self) -> str:
        """What its pods run in, of `RUNTIMES`; nothing where it is runc."""
        return self.sandbox or ""

    @property
    def sandbox_labels(self) -> dict[str, str]:
        """What the pool's nodes are labelled with, for the RuntimeClass to select."""
        return {SANDBOX_LABEL: self.sandbox} if self.sandbox else {}

    @property
    def sandbox_taints(self) -> tuple[TaintSpec, ...]:
        """What keeps pods off that run in no sandbox."""
        return (TaintSpec(key=SANDBOX_LABEL, value=self.sandbox, effect="NoSchedule"),) if self.sandbox else ()
