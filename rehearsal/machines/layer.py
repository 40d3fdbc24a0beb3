"""The layer on top of Debian: what machines have to know of this computer."""

import hashlib
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Final

from common.paths import cache_dir
from common.progress import step
from rehearsal.toolchain import cache

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


def bare() -> Path:
    """The layer for machines without any program of a cluster: what they have to know of this computer."""
    return _filled("bare", hashlib.sha256(_contents(_own())).hexdigest()[:12], _settle)


def _filled(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    final = cache_dir() / "machines" / f"{name}-{key}"
    if final.is_dir():
        return final
    with step("packing the layer of machines", 20) as current, cache.filled(final, current) as place:
        if place:
            fill(place)
    return final


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
