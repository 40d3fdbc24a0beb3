"""What has to be so with a host before anything is changed on it, judged from what it says of itself (host.sh).

Figures of kubeadm's own checks: cmd/kubeadm/app/preflight/checks.go and app/constants/constants.go, 1.36.3.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from components.clusters.kubeadm.boot import CONTROL_PLANE, ETCD, FIRST
from components.clusters.kubeadm.etcd import CLIENTS, PEERS
from components.clusters.kubeadm.runtimes import NVIDIA

SYSTEMS: Final = ("debian", "ubuntu")
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_KUBELET: Final = (10250, 10256)
_ETCD: Final = (CLIENTS, PEERS)
_CONTROL_PLANE: Final = (*_ETCD, 6443, 10257, 10259)
_MEMORY: Final = {True: 1700, False: 900}  # MiB of a control plane, and of others; of a worker's, 500 are reserved
_CPUS: Final = {True: 2, False: 1}
_DISK: Final = 10_000  # MiB: images of the first pods
_SKEW: Final = 5.0  # seconds: certificates hold from the second in which they are made


@dataclass(frozen=True)
class HostFacts:
    """What a host said, by the fact's name, and when, in seconds by the clock here: `asked` and `answered`."""

    said: Mapping[str, str]
    listens: Mapping[int, str]
    answers: Sequence[str]
    asked: float = 0.0
    answered: float = 0.0

    @classmethod
    def read(cls, text: str, asked: float, answered: float) -> "HostFacts":
        """The facts of what was printed."""
        said: dict[str, str] = {}
        listens: dict[int, str] = {}
        answers: list[str] = []
        for line in text.splitlines():
            name, _, value = line.partition(" ")
            if name == "listens":
                port, _, program = value.partition(" ")
                listens |= {int(port): program} if port.isdecimal() else {}
            elif name == "answers":
                answers.append(value)
            else:
                said[name] = value.strip()
        return cls(said, listens, answers, asked, answered)

    def number(self, name: str) -> int:
        """A fact that is a whole number; 0 where it was not said."""
        value = self.said.get(name, "")
        return int(value) if value.isdecimal() else 0


@dataclass(frozen=True)
class HostExpectations:
    """What a host is to be: `cluster` is the hash of the authority whose machine it becomes."""

    address: str
    architecture: str
    cluster: str
    control_plane: bool = False
    free: Sequence[str] = field(default=())  # addresses that nothing has yet
    etcd: bool = False
    runtime: str = ""
    balanced: int = 0  # the port of a balancer on control planes

    @classmethod
    def of(cls, props: Mapping[str, Any], cluster: str) -> "HostExpectations":
        """What a resource's properties want of a host."""
        virtual = [props["virtualIp"]] if props.get("virtualIp") else []
        role = props["role"]
        control_plane = role in (FIRST, CONTROL_PLANE)
        runtime, balanced = props.get("runtime", ""), int(props.get("balancedPort", 0))
        where = props["address"], props["architecture"], cluster
        return cls(*where, control_plane, virtual, role == ETCD, runtime, balanced if control_plane else 0)

    @property
    def ports(self) -> Sequence[int]:
        """Those that what will run there listens on."""
        if self.etcd:
            return _ETCD
        balancer = (self.balanced,) if self.balanced else ()
        return (*_KUBELET, *(_CONTROL_PLANE if self.control_plane else ()), *balancer)


def problems(facts: HostFacts, wanted: HostExpectations) -> Iterator[str]:
    """What is wrong with a host, each with what helps. One of this very cluster is not asked whether it is free."""
    yield from _machine(facts, wanted)
    if facts.said.get("cluster") == wanted.cluster:
        return
    if facts.said.get("cluster") or facts.said.get("node"):
        yield "it is a node of another cluster: take it out of that one, with `kubeadm reset`"
    if swap := facts.said.get("swap"):
        yield f"swap is on ({swap}): `swapoff -a`, and take it out of /etc/fstab"
    if facts.said.get("etcd") and (wanted.etcd or wanted.control_plane):
        yield "it has the data of an etcd in /var/lib/etcd: move them away"
    for port in sorted(wanted.ports):
        if port in facts.listens:
            yield f"port {port} is in use, by {facts.listens[port] or 'a program'}: stop it"
    for address in facts.answers:
        yield f"something answers at {address} already, which is to be the virtual IP: choose another one"


def _machine(facts: HostFacts, wanted: HostExpectations) -> Iterator[str]:
    os, _, version = facts.said.get("os", "").partition(" ")
    if os not in SYSTEMS:
        yield f"its system is {os} {version}".rstrip() + f", and the boot script knows {' and '.join(SYSTEMS)}"
    if not facts.said.get("systemd"):
        yield "systemd does not run there, which starts the kubelet"
    machine = facts.said.get("architecture")  # which a host that is played does not say
    if machine and _ARCHITECTURES.get(machine, machine) != wanted.architecture:
        yield f"its processor is {machine}: write `architecture: {_ARCHITECTURES.get(machine, machine)}`"
    if wanted.address not in facts.said.get("addresses", "").split():
        yield f"{wanted.address} is none of its addresses, {facts.said.get('addresses', 'none')}"
    for name, least, unit in (
        ("memory", _MEMORY[wanted.control_plane], " MiB"),
        ("cpus", _CPUS[wanted.control_plane], ""),
        ("disk", _DISK, " MiB free in /var/lib"),
    ):
        if facts.number(name) < least:
            yield f"too little: {name} is {facts.number(name)}{unit}, and a machine of its part needs {least}"
    if wanted.runtime == "kata" and not facts.said.get("kvm"):
        yield "it has no /dev/kvm, which Kata Containers need: let its firmware, or what it runs on, virtualize"
    if wanted.runtime == NVIDIA and not facts.number("gpus"):
        yield "it has no GPUs that containers can have: install NVIDIA's driver and its Container Toolkit"
    if (off := _off(facts)) > _SKEW:
        yield f"its clock is {off:.0f} s off: let it keep time, by systemd-timesyncd or chrony"


def _off(facts: HostFacts) -> float:
    """By how many seconds the host's clock is off, at least: it was read between question and answer."""
    try:
        clock = float(facts.said["clock"])
    except (KeyError, ValueError):
        return 0.0
    return max(facts.asked - clock, clock - facts.answered, 0.0)


def same_machine(facts: Mapping[str, HostFacts]) -> Iterator[str]:
    """A problem for hosts, by their names, that are one machine, or copies of one."""
    by_id: dict[str, list[str]] = defaultdict(list)
    for name, each in facts.items():
        if each.said.get("machine"):
            by_id[each.said["machine"]].append(name)
    for names in by_id.values():
        if len(names) > 1:
            yield f"{', '.join(names)} have one /etc/machine-id: they are copies of one machine, or one machine"
