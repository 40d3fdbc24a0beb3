"""The `ssh` of a rehearsal: hosts given by address, played.

A host is what the program says of it, and has on its disk what the program has written there. What it does with that is
what the boot script would: kubeadm is played on it (`kubeadm`), against an API server that is real. In `hosts.yaml` of
the rehearsal's directory hosts can be otherwise: by address the facts that are others, or why one is `unreachable`.
"""

import argparse
import hashlib
import io
import json
import shlex
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from common.errors import PolykubeError
from common.files import write_atomically
from common.simulation import KUBELET_ANNOTATION
from rehearsal.providers.clouds import clusters, etcd, kubeadm
from rehearsal.providers.clouds.api import Api
from rehearsal.providers.clouds.cloud_init import CloudConfig
from rehearsal.providers.clouds.etcd import PlayedMember
from rehearsal.providers.clouds.kubeadm import Joined, NeverJoins
from rehearsal.providers.clouds.machines import InstanceType
from rehearsal.providers.clouds.nodes import Node, converge, drain
from rehearsal.providers.clouds.store import Resource, Store, rehearsal_directory

HOST: Final = "kubeadm:Host"
"""The type of a host that is a node, in the store: what is left there after a destroy was never reset."""
FILE: Final = "hosts.yaml"
ADDRESSES: Final = "addresses.json"
"""The rehearsal's file with where on this machine the API servers of hosts' clusters are, by their own addresses."""
_LABEL: Final = "rehearsal.polykube.dev/host"
_SETTINGS: Final = "/etc/polykube"
_OWN_FAILURE: Final = 255  # of ssh
_ETCD: Final = "etcd"  # a role
_PKI: Final = "/etc/kubernetes/pki/"
_CPUS: Final = 4
_GIB: Final = 8.0


class Fails(Exception):
    """A command fails with this on its standard error."""

    def __init__(self, said: str, code: int = 1) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True)
class SshCall:
    """ssh's arguments, as far as the program uses them; `options` by their names."""

    address: str
    port: int
    options: Mapping[str, str]
    command: Sequence[str]

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "SshCall":
        """The arguments of a command line."""
        parser = argparse.ArgumentParser(prog="ssh")
        parser.add_argument("-T", action="store_true")
        parser.add_argument("-o", action="append", default=[])
        for name in ("-i", "-l"):
            parser.add_argument(name)
        parser.add_argument("-p", type=int, default=22)
        parser.add_argument("address")
        parser.add_argument("command")
        told = parser.parse_args(arguments)
        options = dict(option.split("=", 1) for option in told.o)
        command = shlex.split(told.command)
        return cls(told.address, told.p, options, command[2:] if command[:2] == ["sudo", "-n"] else command)

    @property
    def known_as(self) -> str:
        """How `known_hosts` has the host."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"  # noqa: PLR2004 - ssh's own


class PlayedHost:
    """A host at an address, and what is on its disk."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.store = Store(rehearsal_directory())
        self._disk = rehearsal_directory() / "hosts" / address

    @classmethod
    def at(cls, address: str) -> "PlayedHost":
        """The host that answers there: of a virtual IP, a control plane that has it."""
        store = Store(rehearsal_directory())
        for each in store.all(HOST):
            if each.inputs.get("virtualIp") == address:
                return cls(each.id)
        return cls(address)

    @property
    def key(self) -> str:
        """The public key of its SSH server."""
        return f"ssh-ed25519 {hashlib.sha256(self.address.encode()).hexdigest()}"

    @property
    def files(self) -> dict[str, str]:
        """What is on its disk, by path."""
        return dict(json.loads(self._disk.read_text())) if self._disk.is_file() else {}

    @files.setter
    def files(self, files: Mapping[str, str]) -> None:
        write_atomically(self._disk, json.dumps(files), mode=0o600)

    @property
    def told(self) -> CloudConfig:
        """What it is told, as machines of a cloud are by user data."""
        return CloudConfig(self.files, [])

    @property
    def otherwise(self) -> Mapping[str, Any]:
        """What is otherwise with it than with any host."""
        file = rehearsal_directory() / FILE
        return dict((yaml.safe_load(file.read_text()) or {}).get(self.address, {})) if file.is_file() else {}

    def inspect(self, addresses: Sequence[str] = ()) -> Iterator[str]:
        """What it says of itself, and which of these addresses answer it: those that a control plane has."""
        found: dict[str, Any] = {
            "os": "debian 13",
            "clock": time.time(),
            "memory": int(_GIB * 1024),
            "cpus": _CPUS,
            "disk": 40_000,
            "swap": "",
            "machine": hashlib.sha256(self.address.encode()).hexdigest()[:32],
            "addresses": self.address,
            "systemd": "yes",
            "kvm": "yes",
            "gpus": 1,
            "cluster": self.files.get(f"{_SETTINGS}/cluster", ""),
            "listens": "22 sshd",
        }
        yield from (f"{name} {value}" for name, value in (found | dict(self.otherwise)).items())
        yield from (f"answers {each}" for each in addresses if PlayedHost.at(each).address != each)

    def boot(self) -> Iterator[str]:
        """What the boot script says; NeverJoins when the host does not become a node."""
        settings = self.told.variables(f"{_SETTINGS}/machine.env")
        if "/usr/local/sbin/polykube-boot" not in self.files:
            raise Fails("Failed to find executable /usr/local/sbin/polykube-boot: No such file or directory")
        if self.store.get(HOST, self.address) is None:
            name, role, virtual = settings["NODE_NAME"], settings["ROLE"], settings.get("VIRTUAL_IP", "")
            joined = self._become_node(settings) if role != _ETCD else None
            cluster = joined.cluster if joined else ""
            # A virtual IP is a control plane's alone.
            shared = virtual if role in ("first", "control-plane") else ""
            inputs = {"cluster": cluster, "role": role, "node": name, "virtualIp": shared}
            self.store.put(Resource(HOST, self.address, name, inputs), "create")
            if joined:
                converge(cluster, {_LABEL: self.address}, [self._node(joined, name)], self.store)
        elif settings["ROLE"] != _ETCD:
            self._upgrade(settings["NODE_NAME"])
        yield from (f"polykube-boot [   0s] {step}: done" for step in ("machine", "system", "programs", "node"))

    def _become_node(self, settings: Mapping[str, str]) -> Joined:
        init, join = (self.told.documents(f"{_SETTINGS}/{name}.yaml") for name in ("init", "join"))
        host, _, port = settings["API_ENDPOINT"].rpartition(":")
        if settings["ROLE"] != "worker" and f"{_PKI}ca.key" not in self.files:
            raise NeverJoins("no authorities within its deadline")
        begins = settings["ROLE"] == "first" and clusters.serving(host) is None
        if settings["ROLE"] != "worker":
            etcd.check_client(init if begins else [], settings.get("ETCD", ""), self.files, _member_at)
        if not begins:
            return kubeadm.join(join, self._release(), init)
        own = clusters.address_of(host)
        file = rehearsal_directory() / ADDRESSES
        known = json.loads(file.read_text()) if file.is_file() else {}
        write_atomically(file, json.dumps(known | {host: own}))
        return kubeadm.begin(init, self.files, own, int(port))

    def _node(self, joined: Joined, name: str) -> Node:
        version = self._release()
        labels = {**joined.labels, _LABEL: self.address}
        machine = InstanceType("host", _CPUS, _GIB, "amd64")
        return Node(name, "", "", machine, version, "", labels, joined.taints)

    def resume(self) -> Iterator[str]:
        """What the boot script says where it is no node any more."""
        yield from () if self.store.get(HOST, self.address) else self.boot()

    def joined(self) -> Iterator[str]:
        """That it is a node, if it is one."""
        if self.store.get(HOST, self.address):
            yield "joined yes"

    def _upgrade(self, node: str) -> None:
        """Bring the node to the version that it is told of, as kubeadm would."""
        with self._api() as api:
            version, path = self._release(), f"/api/v1/nodes/{node}"
            found = api.get(path)
            if found is None or found["status"]["nodeInfo"]["kubeletVersion"] == f"v{version}":
                return
            kubeadm.upgrade(api, version, self.told.documents(f"{_SETTINGS}/join.yaml"))
            api.merge(path, {"metadata": {"annotations": {KUBELET_ANNOTATION: f"v{version}"}}})
            self.store.note("upgraded", "node", node)

    @contextmanager
    def _api(self) -> Iterator[Api]:
        """The API server of the cluster that it is a node of."""
        found = self.store.get(HOST, self.address)
        with clusters.api(found.inputs["cluster"] if found else "") as api:
            if api is None:
                raise Fails("The connection to the server was refused - did you specify the right host or port?")
            yield api

    def drain(self, node: str) -> None:
        """Have the pods of a node go, as `kubectl drain` does by the API server of this control plane."""
        with self._api() as api:
            api.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
            left = drain(api, node)
        if left:
            raise Fails(f"error: unable to drain node {node!r}: global timeout reached: {', '.join(left)}")
        self.store.note("drained", "node", node)

    def uncordon(self, node: str) -> None:
        """Let pods come to a node again."""
        with self._api() as api:
            api.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})
        self.store.note("uncordoned", "node", node)

    def _release(self) -> str:
        """The version of kubeadm and kubelet that it has."""
        version = kubeadm.release(self.told)
        if version is None:
            raise NeverJoins("no kubelet is there")
        return version

    def leave(self) -> None:
        """Be no node any more; with the last control plane the cluster is gone."""
        found = self.store.get(HOST, self.address)
        if found is None:
            return
        self.store.drop(found)
        if found.inputs["role"] == _ETCD:
            self.files = {}
            return
        left = [each.inputs for each in self.store.all(HOST) if each.inputs["cluster"] == found.inputs["cluster"]]
        if all(each["role"] == "worker" for each in left) and found.inputs["role"] != "worker":
            clusters.stop(found.inputs["cluster"])
        else:
            converge(found.inputs["cluster"], {_LABEL: self.address}, [], self.store)
        self.files = {}

    def forget(self, node: str) -> None:
        """Have the cluster that this control plane is of forget a node."""
        own = self.store.get(HOST, self.address)
        for each in self.store.all(HOST):
            if own and each.inputs["node"] == node and each.inputs["cluster"] == own.inputs["cluster"]:
                converge(own.inputs["cluster"], {_LABEL: each.id}, [], self.store)


def _member_at(address: str, port: int) -> PlayedMember | None:
    """The member of etcd that runs on a host; hosts reach each other by all ports."""
    del port
    host = PlayedHost(address)
    found = host.store.get(HOST, address)
    return PlayedMember(address, host.files) if found and found.inputs["role"] == _ETCD else None


def main() -> None:
    """Do what an ssh command line asks of a host; exit as ssh does."""
    call = SshCall.read(sys.argv[1:])
    try:
        host = PlayedHost.at(call.address)
        _meet(call, host)
        for line in _do(host, call.command):
            print(line, flush=True)
    except NeverJoins as never:
        print(f"polykube-boot [   0s] failed: node: {never}", flush=True)
        sys.exit(1)
    except PolykubeError as error:  # of the API server, which is real
        print(f"polykube-boot [   0s] failed: node: {error.problems[0].summary}", flush=True)
        sys.exit(1)
    except Fails as failed:
        print(failed, file=sys.stderr, flush=True)
        sys.exit(failed.code)


def _meet(call: SshCall, host: PlayedHost) -> None:
    """Fails unless the host can be reached, and is the one that is known."""
    if why := host.otherwise.get("unreachable"):
        raise Fails(f"ssh: connect to host {call.address} port {call.port}: {why}", _OWN_FAILURE)
    shown = f"{call.known_as} {host.key}"
    if "KnownHostsCommand" in call.options:
        if shown not in shlex.split(call.options["KnownHostsCommand"]):
            raise Fails("Host key verification failed.", _OWN_FAILURE)
    elif call.options.get("StrictHostKeyChecking") == "accept-new":
        Path(call.options["UserKnownHostsFile"]).write_text(f"{shown}\n", encoding="utf-8")
    else:
        raise Fails("Host key verification failed.", _OWN_FAILURE)


def _do(host: PlayedHost, command: Sequence[str]) -> Iterator[str]:
    given = b"" if command[0] == "cat" else sys.stdin.buffer.read()
    match list(command):
        case ["bash", "-s", "--", "inspect", *addresses]:
            yield from host.inspect(addresses)
        case ["bash", "-s", "--", "follow" | "resume" | "joined" as action]:
            yield from {"follow": host.boot, "resume": host.resume, "joined": host.joined}[action]()
        case ["bash", "-s", "--", "leave", *_]:
            host.leave()
        case ["bash", "-s", "--", "drain" | "uncordon" | "forget" as action, node, *_]:
            {"drain": host.drain, "uncordon": host.uncordon, "forget": host.forget}[action](node)
        case ["bash", "-s", "--", "clean"]:
            pass
        case ["tar", "--extract", "--file=-", "--directory=/", *_]:
            host.files = host.files | _unpacked(given)
        case ["cat", path]:
            if path not in host.files:
                raise Fails(f"cat: {path}: No such file or directory")
            yield host.files[path]
        case _:
            raise Fails(f"{shlex.join(command)}: not played in a rehearsal")


def _unpacked(archive: bytes) -> dict[str, str]:
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if file := tar.extractfile(member):
                found[f"/{member.name}"] = file.read().decode()
    return found


if __name__ == "__main__":
    main()
