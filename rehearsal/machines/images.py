"""What is in the images that machines have: programs built here, and what these call of Debian's.

The images of a cluster are called as those are that the cluster asks for; each has what the part of that name needs.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from rehearsal.machines.tree import COMPILER, ensure_tree
from rehearsal.toolchain import ensure, read_lock
from rehearsal.toolchain.go import module_files

BUSYBOX: Final = "docker.io/library/busybox:1"
"""An image with a shell, for pods that ask and answer."""
CONTROL_PLANE: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
EVERYWHERE: Final = ("coredns", "kube-proxy", "pause")
_OF_DEBIAN: Final[Mapping[str, tuple[str, ...]]] = {"kube-proxy": ("usr/sbin/nft",)}
"""What a program's image has besides, of Debian's."""
_AGENT: Final = ("cilium-agent", "cilium-dbg", "cilium-health-responder", "cilium-mount", "cilium-sysctlfix")
_OF_BIN: Final = (
    *("[", "basename", "cat", "cp", "dirname", "find", "grep", "mkdir"),
    *("mount", "mv", "nsenter", "rm", "sleep", "test", "touch"),
)
_OF_SBIN: Final = (
    *("ip", "ipset", "modprobe"),
    *(f"{family}{action}" for family in ("iptables", "ip6tables") for action in ("", "-save", "-restore")),
)
_CALLED_BY_AGENT: Final = (
    *("bin/bash", "bin/sh"),
    *(f"usr/bin/{name}" for name in _OF_BIN),
    *(f"usr/sbin/{name}" for name in _OF_SBIN),
)
"""What the network plugin's agent and its scripts call (cilium/cilium, images/runtime, 1.20.2)."""
_EXTENSIONS: Final = "usr/lib/x86_64-linux-gnu/xtables"
_CLANG: Final = "usr/lib/llvm-19/bin/clang"
_CALLED_BY_STAND_IN: Final = ("cat", "cp", "grep", "mount", "mv", "nsenter", "pidof", "rm", "sleep", "timeout", "touch")


@dataclass(frozen=True)
class Image:
    """An image by its name, with files and directories by their paths in it; the control plane's are there alone."""

    name: str
    files: Mapping[str, Path]
    entrypoint: Sequence[str]
    of_control_plane: bool = False


def of_kubeadm(tree: Path, tools: Mapping[str, Path], version: str) -> Iterator[Image]:
    """All that kubeadm starts in a version of Kubernetes (v1.36.4), and one with a shell."""
    command = [str(tools["kubeadm"]), "config", "images", "list", "--kubernetes-version", version]
    for name in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split():
        program = part_of(name)
        contents = {f"usr/local/bin/{program}": tools[program]} | _of_debian(tree, _OF_DEBIAN.get(program, ()))
        yield Image(name, contents, [f"/usr/local/bin/{program}"], program in CONTROL_PLANE)
    yield Image(BUSYBOX, _shell(tree), ["/bin/busybox"])


def of_cluster(tree: Path, names: Iterable[str], *, enforcing: bool) -> Iterator[Image]:
    """Images with these names, of parts that kubeadm does not bring; KeyError for one that nobody knows.

    The network plugin is the product's own where it has to be `enforcing` NetworkPolicies, which takes long to build.
    """
    make = {
        "cilium": _network_plugin if enforcing else _stand_in,
        "kube-rbac-proxy": _listener,
        "kubelet-csr-approver": _approver,
        "kube-vip": _kube_vip,
        "operator-generic": _operator if enforcing else _stand_in,
    }
    for name in names:
        yield make[part_of(name)](tree, name)


def part_of(image: str) -> str:
    """What an image is of: the last part of its name, without its version."""
    return image.rpartition("/")[2].partition(":")[0]


def _kube_vip(_: Path, name: str) -> Image:
    return Image(name, {"kube-vip": _program("kube-vip")}, ["/kube-vip"], of_control_plane=True)


def _network_plugin(tree: Path, name: str) -> Image:
    """The agent on each node, which compiles what it loads into the kernel."""
    version = read_lock()[1]["cilium-agent"].version
    module, compiler = module_files(f"github.com/cilium/cilium@v{version}"), ensure_tree(COMPILER)
    libraries = _of_debian(compiler, (_CLANG,))
    clang = libraries.pop(_CLANG)
    contents = {
        **libraries,
        # Beside where it is here: it looks for what is its own in ../lib.
        **{f"usr/lib/{Path(path).name}": own for path, own in libraries.items() if "llvm" in path},
        "usr/bin/clang": clang,
        **_of_debian(tree, _CALLED_BY_AGENT),
        _EXTENSIONS: tree / _EXTENSIONS,
        **{f"usr/bin/{program}": _program(program) for program in _AGENT},
        "opt/cni/bin/cilium-cni": _program("cilium-cni"),
        "init-container.sh": module / "images/cilium/init-container.sh",
        **{each: module / "plugins/cilium-cni" / each for each in ("install-plugin.sh", "cni-uninstall.sh")},
        **{f"var/lib/cilium/bpf/{each.name}": each for each in (module / "bpf").iterdir() if "test" not in each.name},
    }
    return Image(name, contents, ["/usr/bin/cilium-dbg"])


def _operator(_: Path, name: str) -> Image:
    program = "cilium-operator-generic"
    return Image(name, {f"usr/bin/{program}": _program(program)}, [f"/usr/bin/{program}"])


def _stand_in(tree: Path, name: str) -> Image:
    """What stands in for the network plugin's agent or its operator, by whose names its script is called."""
    script = _own("plugin.sh")
    nothing = _own("nothing.sh")
    contents = {
        **_shell(tree),
        **_of_debian(tree, ("bin/bash", "usr/sbin/ip", *(f"usr/bin/{each}" for each in _CALLED_BY_STAND_IN))),
        **{f"usr/bin/{each}": script for each in ("cilium-agent", "cilium-operator-generic")},
        **{f"usr/bin/{each}": nothing for each in ("cilium-dbg", "cilium-mount", "cilium-sysctlfix")},
        **dict.fromkeys(("init-container.sh", "install-plugin.sh", "cni-uninstall.sh"), nothing),
        "usr/bin/kubectl": _program("kubectl"),
        "www/healthz": script,
    }
    return Image(name, contents, ["/usr/bin/cilium-agent"])


def _approver(tree: Path, name: str) -> Image:
    """What stands in for the approver of kubelets' certificates, which is not to be had as a module."""
    script = _own("approver.sh")
    pages = {f"www/{page}": script for page in ("healthz", "readyz")}
    contents = {**_shell(tree), **pages, "usr/local/bin/kubectl": _program("kubectl"), "approver.sh": script}
    return Image(name, contents, ["/approver.sh"], of_control_plane=True)


def _listener(tree: Path, name: str) -> Image:
    """What stands in for the proxy before etcd's metrics."""
    contents = {**_shell(tree), "listener.sh": _own("listener.sh"), "www/none": _own("nothing.sh")}
    return Image(name, contents, ["/listener.sh"], of_control_plane=True)


def _own(name: str) -> Path:
    return Path(str(files(__package__))) / name


def _program(name: str) -> Path:
    return ensure([name])[name].path


def _shell(tree: Path) -> dict[str, Path]:
    return {f"bin/{name}": tree / "usr/bin/busybox" for name in ("busybox", "sh")}


def _of_debian(tree: Path, paths: Sequence[str]) -> dict[str, Path]:
    """These programs of the tree, and the libraries that they are linked with, by their paths there."""
    if not paths:
        return {}
    listed = _chrooted(tree, "ldd", *(f"/{path}" for path in paths))
    wanted = [*(f"/{path}" for path in paths), *sorted({word for word in listed.split() if _is_library(word)})]
    # Links of the tree may begin at its own root.
    found = _chrooted(tree, "readlink", "-f", *wanted).splitlines()
    named = (os.path.normpath(path).lstrip("/") for path in wanted)
    return {path: tree / there.lstrip("/") for path, there in zip(named, found, strict=True)}


def _is_library(word: str) -> bool:
    return word.startswith("/") and not word.endswith(":")  # which is a program that is listed


def _chrooted(tree: Path, *command: str) -> str:
    return subprocess.run(["chroot", str(tree), *command], capture_output=True, text=True, check=True).stdout  # noqa: S607
