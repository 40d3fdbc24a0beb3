"""Whether this computer can boot machines."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_PROGRAMS: Final = ("apt-get", "dpkg-deb", "perl", "unshare", "nsenter", "ip", "mount")
_CONTROLLERS: Final = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"}
_KERNEL: Final[Mapping[str, Callable[[], bool]]] = {
    "overlayfs": lambda: "\toverlay\n" in Path("/proc/filesystems").read_text(),
    "netfilter on bridges": lambda: Path("/proc/sys/net/bridge").is_dir(),
}


def obstacle() -> str:
    """Why no machine can be booted here, in words; empty where it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"machines are booted on Linux and x86-64, and this is {platform.system()} on {platform.machine()}"
    if os.geteuid():
        return "machines are booted by root"
    if missing := [each for each in _PROGRAMS if not shutil.which(each)]:
        return f"machines are made with Debian's tools, and there is no {', '.join(missing)}"
    if lacking := [what for what, is_there in _KERNEL.items() if not is_there()]:
        return f"the kernel has no {', '.join(lacking)}"
    if lacking := sorted(_CONTROLLERS - own_cgroups().keys()):
        # Only hierarchies of version 1 are here to be tried: nobody knows whether it works with the other one.
        return f"there are no cgroups of version 1 for {', '.join(lacking)}"
    if not os.access("/sys/fs/cgroup/memory", os.W_OK):
        return "cgroups cannot be made here"
    return ""


def own_cgroups() -> dict[str, Path]:
    """The directory of this process' own cgroup in each hierarchy of version 1, by the name under /sys/fs/cgroup."""
    found = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if names:
            name = names.removeprefix("name=")
            found[name] = Path(f"/sys/fs/cgroup/{name}{path}")
    return found
