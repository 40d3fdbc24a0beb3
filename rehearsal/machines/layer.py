"""The layer on top of Debian: programs and images of containers built here, as a baked image of machines has them."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from common.paths import cache_dir
from rehearsal.machines import images
from rehearsal.machines.archives import pack
from rehearsal.toolchain import cache, ensure

_PROGRAMS: Final[Mapping[str, str]] = {
    **{
        f"usr/local/bin/{name}": name
        for name in ("containerd", "containerd-shim-runc-v2", "ctr", "etcdctl", "etcdutl", "kubectl", "kubelet")
    },
    **{f"usr/local/lib/polykube/{name}": name for name in ("kubeadm", "runc")},
    **{f"opt/cni/bin/{name}": name for name in ("host-local", "loopback", "portmap", "ptp")},
}
"""Where in a machine each binary is."""
_LISTED: Final = ("kubeadm", "kubelet", "kubectl", "containerd", "runc", "cni-plugins", "etcd")
"""What the boot script would download, by its names for it."""
# Each is the computer's own affair, which is not changed or waited for from within a machine.
_MASKED: Final = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
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
_SCRIPTS: Final = ("approver.sh", "listener.sh", "nothing.sh", "plugin.sh")
_MADE_OF: Final = (*_SCRIPTS, "archives.py", "image", "images.py", "layer.py")
_SHARE: Final = "usr/local/share/polykube"


def bare() -> Path:
    """The layer for machines without any program of a cluster: what they have to know of this computer."""
    return _filled("bare", hashlib.sha256(_contents()).hexdigest()[:12], _settle)


def ensure_programs(tree: Path, version: str) -> Path:
    """The layer for machines of `tree`, with images as kubeadm asks for them in a version of Kubernetes (v1.36.4)."""
    names = sorted({*_PROGRAMS.values(), *images.CONTROL_PLANE, *images.EVERYWHERE})
    tools = {name: tool.path for name, tool in ensure(names).items()}
    content = hashlib.sha256("\0".join([tree.name, *sorted(map(str, tools.values()))]).encode())
    content.update(_contents())
    return _filled(f"programs-{version}", content.hexdigest()[:12], lambda place: _fill(place, tree, tools, version))


def ensure_parts(tree: Path, names: Sequence[str], *, enforcing: bool = False) -> Path:
    """The layer with images called so, for parts of a cluster that kubeadm does not bring: `images.of_cluster`."""
    wanted = list(images.of_cluster(tree, names, enforcing=enforcing))
    content = [tree.name, *(f"{each.name} {each.files}" for each in wanted)]
    key = hashlib.sha256("\0".join(content).encode() + _contents()).hexdigest()[:12]
    return _filled("parts", key, lambda place: _pack(place, wanted))


def _filled(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    final = cache_dir() / "machines" / f"{name}-{key}"
    return cache.ensured(final, "packing the layer of machines", 20, lambda place, _: fill(place))


def _own() -> Path:
    return Path(str(files(__package__)))


def _contents() -> bytes:
    """The names and contents of our own files that a layer is made of, to see whether they are the same."""
    found = sorted(each for name in _MADE_OF for each in (_own() / name, *(_own() / name).rglob("*")) if each.is_file())
    return b"\0".join(part for each in found for part in (str(each.relative_to(_own())).encode(), each.read_bytes()))


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
    for name in ("kubeadm", "runc"):
        (place / "usr/local/bin" / name).symlink_to(f"../sbin/{name}-on-this-computer.sh")
    listed = place / _SHARE / "programs"
    listed.parent.mkdir(parents=True)
    listed.write_text("".join(f"{name}\n" for name in _LISTED))
    _pack(place, images.of_kubeadm(tree, tools, version))


def _pack(place: Path, packed: Iterable[images.Image]) -> None:
    where = place / _SHARE / "images"
    (where / "control-plane").mkdir(parents=True)
    for each in packed:
        target = where / ("control-plane" if each.of_control_plane else "") / f"{images.part_of(each.name)}.tar"
        pack(target, each.name, each.files, each.entrypoint)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
