"""The layer on top of Debian: programs and images of containers built here, as a baked image of machines has them."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from common.paths import cache_dir
from rehearsal.machines.archives import pack
from rehearsal.toolchain import cache, ensure

_PROGRAMS: Final[Mapping[str, str]] = {
    **{
        f"usr/local/bin/{name}": name
        for name in ("containerd", "containerd-shim-runc-v2", "ctr", "etcdctl", "etcdutl", "kubectl", "kubelet", "runc")
    },
    "usr/local/lib/polykube/kubeadm": "kubeadm",
    **{f"opt/cni/bin/{name}": name for name in ("host-local", "loopback", "portmap", "ptp")},
}
"""Where in a machine each binary is."""
_CONTROL_PLANE: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_EVERYWHERE: Final = ("coredns", "kube-proxy", "pause")
_OF_DEBIAN: Final[Mapping[str, tuple[str, ...]]] = {"kube-proxy": ("usr/sbin/nft",)}
"""What a program's image has besides, of Debian's."""
_LISTED: Final = ("kubeadm", "kubelet", "kubectl", "containerd", "runc", "cni-plugins", "etcd")
"""What the boot script would download, by its names for it."""
# Each is the computer's own affair, which is not changed or waited for from within a machine.
_MASKED: Final = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "ssh.service",
    "ssh.socket",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-modules-load.service",
    "systemd-networkd-wait-online.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-sysctl.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
)
_SHARE: Final = "usr/local/share/polykube"
BUSYBOX: Final = "docker.io/library/busybox:1"
"""An image with a shell, for pods that ask and answer."""


def bare() -> Path:
    """The layer for machines without any program of a cluster: what they have to know of this computer."""
    return _filled("bare", hashlib.sha256(_contents(_own())).hexdigest()[:12], _settle)


def ensure_programs(tree: Path, version: str) -> Path:
    """The layer for machines of `tree`, with images as kubeadm asks for them in a version of Kubernetes (v1.36.4)."""
    names = sorted({*_PROGRAMS.values(), *_CONTROL_PLANE, *_EVERYWHERE})
    tools = {name: tool.path for name, tool in ensure(names).items()}
    content = hashlib.sha256("\0".join([tree.name, *sorted(map(str, tools.values()))]).encode())
    content.update(_contents(_own()))
    return _filled(f"programs-{version}", content.hexdigest()[:12], lambda place: _fill(place, tree, tools, version))


def _filled(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    final = cache_dir() / "machines" / f"{name}-{key}"
    return cache.ensured(final, "packing the layer of machines", 20, lambda place, _: fill(place))


def _own() -> Path:
    return Path(str(files(__package__)))


def _contents(directory: Path) -> bytes:
    """The names and contents of all files below, to see whether they are the same."""
    found = sorted(each for each in directory.rglob("*") if each.is_file() and each.suffix != ".pyc")
    return b"\0".join(part for each in found for part in (str(each.relative_to(directory)).encode(), each.read_bytes()))


def _settle(place: Path) -> None:
    """What a machine has to know of this computer."""
    shutil.copytree(_own() / "image", place, dirs_exist_ok=True)
    wanted = place / "etc/systemd/system/sysinit.target.wants"
    wanted.mkdir(parents=True, exist_ok=True)
    (wanted / "this-computer.service").symlink_to("../this-computer.service")
    for name in _MASKED:
        (place / "etc/systemd/system" / name).symlink_to("/dev/null")


def _fill(place: Path, tree: Path, tools: Mapping[str, Path], version: str) -> None:
    _settle(place)
    for path, name in _PROGRAMS.items():
        _link(tools[name], place / path)
    (place / "usr/local/bin/kubeadm").symlink_to("../sbin/kubeadm-on-this-computer.sh")
    share = place / _SHARE
    (share / "images" / "control-plane").mkdir(parents=True)
    (share / "programs").write_text("".join(f"{name}\n" for name in _LISTED))
    for name, image in _images(tools["kubeadm"], version):
        where = share / "images" / ("control-plane" if name in _CONTROL_PLANE else "")
        contents = {f"usr/local/bin/{name}": tools[name]} | dict(_of_debian(tree, _OF_DEBIAN.get(name, ())))
        pack(where / f"{name}.tar", image, contents, [f"/usr/local/bin/{name}"])
    busybox = {f"bin/{name}": tree / "usr/bin/busybox" for name in ("busybox", "sh")}
    pack(share / "images" / "busybox.tar", BUSYBOX, busybox, ["/bin/busybox"])


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _images(kubeadm: Path, version: str) -> Iterator[tuple[str, str]]:
    """Program and image of all that kubeadm starts in this version, as it asks for them."""
    command = [str(kubeadm), "config", "images", "list", "--kubernetes-version", version]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    for image in listed:
        yield image.rpartition("/")[2].partition(":")[0], image


def _of_debian(tree: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """These programs of the tree, and the libraries that they are linked with."""
    for path in paths:
        yield path, tree / path
        printed = subprocess.run(["chroot", tree, "ldd", f"/{path}"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        for word in printed.split():
            if word.startswith("/"):
                yield word.lstrip("/"), _within(tree, word)


def _within(tree: Path, path: str) -> Path:
    """A file of the tree by its path there, whose links may begin at the tree's root."""
    printed = subprocess.run(["chroot", tree, "readlink", "-f", path], capture_output=True, text=True, check=True)  # noqa: S607
    return tree / printed.stdout.strip().lstrip("/")
