"""The place that machines are in: namespaces of their own for processes, mounts and wires, which end with their opener.

The kernel ends everything: the first process of the place waits for its opener, and whoever opened it holds the other
end of a pipe. When that process ends, however it does, the place does; its mounts and wires go with their namespaces.
What is left is a directory, cgroups and settings of the kernel, for `sweep`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

import psutil

from common.locks import exclusive_or_none
from common.paths import state_dir
from rehearsal.machines.layer import bare, ensure_parts, ensure_programs
from rehearsal.machines.machine import BootedMachine, Seed
from rehearsal.machines.requirements import own_cgroups
from rehearsal.machines.tree import ensure_tree
from rehearsal.toolchain.debian import unpacked

NETWORK: Final = IPv4Network("10.77.0.0/24")
"""The machines' network; the first address is the place's own."""
METADATA: Final = IPv4Address("169.254.169.254")
"""Where a cloud's machines ask about themselves; it is the place's, too."""
BRIDGE: Final = "machines"
# Of the whole computer, and set by machines (components/clusters/kubeadm/boot.py, and the kubelet's own tunables).
_CONNECTIONS: Final = "net/netfilter/nf_conntrack_max"
_SETTINGS: Final = (_CONNECTIONS, "kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom")
_BEGIN: Final = f"""\
set -e
ip link set lo up
ip link add {BRIDGE} type bridge
ip address add {NETWORK[1]}/{NETWORK.prefixlen} dev {BRIDGE}
ip address add {METADATA}/32 dev {BRIDGE}
ip link set {BRIDGE} up
echo ready
read -r _ || true
"""
_PREFIX: Final = "polykube-machines-"
_PATIENCE: Final = 20  # seconds


class MachineSite:
    """An open place; `open_site` opens one."""

    def __init__(self, directory: Path, layers: Sequence[Path]) -> None:
        self.directory, self._layers = directory, layers
        self.machines: list[BootedMachine] = []
        self._nspawn = unpacked("systemd-container") / "usr/bin/systemd-nspawn"
        (directory / "settings.json").write_text(json.dumps({each: _setting(each).read_text() for each in _SETTINGS}))
        flags = ["--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
        # kube-proxy sets it, by its defaults to this, and may do so only where it is that already.
        _setting(_CONNECTIONS).write_text(f"{max(131072, 32768 * (os.cpu_count() or 1))}\n")
        self._process = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", _BEGIN],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interruption is ours to answer
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        self._first = psutil.Process(self._process.pid).children()[0].pid

    def within(self, command: Sequence[str]) -> list[str]:
        """A command as it is run in the place."""
        return ["nsenter", f"--target={self._first}", "--mount", "--net", "--pid", "--", *command]

    def on_the_network(self, command: Sequence[str]) -> list[str]:
        """A command of this computer as it is run where the machines' network is the only one."""
        return ["nsenter", f"--net=/proc/{self._first}/ns/net", "--", *command]

    def boot(self, name: str, address: IPv4Address, seed: Seed) -> BootedMachine:
        """Boot a machine called `name` with an address of `NETWORK`, which does what its seed says."""
        cgroups = [path / self.directory.name / name for path in own_cgroups().values()]
        machine = BootedMachine(name, address, self.directory / name, cgroups)
        machine.prepare(NETWORK, seed)
        script = str(Path(__file__).with_name("launch.sh"))
        layers = ":".join(map(str, self._layers))
        given = [str(self._nspawn), name, str(machine.directory), layers, BRIDGE, *map(str, machine.cgroups)]
        machine.start(self.within([script, *given]))
        self.machines.append(machine)
        return machine

    def close(self) -> None:
        """End all machines at once, as a power cut does, and leave nothing."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def open_site(version: str = "", images: Sequence[str] = (), *, enforcing: bool = False) -> Iterator[MachineSite]:
    """A place for machines; when the block is left, nothing of it is.

    They have the programs of a version of Kubernetes (v1.36.4), or without one nothing of a cluster; and images called
    as these, for parts that kubeadm does not bring. The network plugin is the product's own where it has to be
    `enforcing` NetworkPolicies, and a stand-in otherwise.
    """
    sweep()
    tree = ensure_tree()
    layers = [ensure_programs(tree, version) if version else bare(), tree]
    if images:
        layers.insert(0, ensure_parts(tree, images, enforcing=enforcing))
    directory = _home() / f"{_PREFIX}{secrets.token_hex(3)}"
    with exclusive_or_none(_lock(directory)) as held:
        assert held
        directory.mkdir(parents=True)
        try:
            site = MachineSite(directory, layers)
            try:
                yield site
            finally:
                site.close()
        finally:
            _clear(directory)
            _lock(directory).unlink()


def sweep() -> list[str]:
    """Clear away what places left whose opener was killed; the names of those that were."""
    swept = []
    for lock in sorted(_home().glob(f"{_PREFIX}*.lock")):
        with exclusive_or_none(lock) as held:
            if held:
                _clear(lock.with_suffix(""))
                lock.unlink(missing_ok=True)
                swept.append(lock.stem)
    return swept


def _home() -> Path:
    return state_dir() / "machines"


def _lock(directory: Path) -> Path:
    return directory.with_suffix(".lock")


def _setting(name: str) -> Path:
    return Path("/proc/sys", name)


def _clear(directory: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    for cgroup in own_cgroups().values():
        while _remains(cgroup / directory.name) and time.monotonic() < deadline:
            time.sleep(0.1)  # the kernel is still ending what was in it
    with contextlib.suppress(FileNotFoundError):
        for name, value in json.loads((directory / "settings.json").read_text()).items():
            if _setting(name).read_text() != value:
                _setting(name).write_text(value)
    shutil.rmtree(directory, ignore_errors=not directory.exists())


def _remains(cgroup: Path) -> bool:
    """Remove a cgroup with all below it; whether something of it is in use yet."""
    for each, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            Path(each).rmdir()
    return cgroup.exists()
