"""The operating system of machines: a tree of Debian, made once from its packages, and kept in the cache."""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from common.errors import Problem, ToolchainError, last_words
from common.paths import cache_dir
from common.progress import Step
from rehearsal.toolchain import cache
from rehearsal.toolchain.debian import mirror, unpacked

RELEASE: Final = "trixie"
PACKAGES: Final = (
    "busybox-static",
    "ca-certificates",
    "cloud-init",
    "conntrack",
    "curl",
    "dbus",
    "ethtool",
    "hostname",
    "iproute2",
    "ipset",
    "iptables",
    "iputils-ping",
    "kmod",
    "libseccomp2",
    "nftables",
    "openssh-server",
    "procps",
    "python3",
    "socat",
    "systemd",
    "systemd-sysv",
)
"""What the boot script would install, what cloud images have, and what network plugins call."""
COMPILER: Final = ("clang-19",)
"""What the network plugin's agent compiles with what it loads into the kernel (cilium/image-tools, images/llvm)."""
_LEFT_OUT: Final = ("doc", "man", "locale", "info", "lintian")
_TIMEOUT: Final = 1800  # seconds


def ensure_tree(packages: Sequence[str] = PACKAGES) -> Path:
    """The tree with these packages, made if it is not there; ToolchainError (PK218) when it cannot be."""
    digest = hashlib.sha256("\0".join(packages).encode()).hexdigest()[:12]
    final = cache_dir() / "machines" / f"debian-{RELEASE}-{digest}"
    return cache.ensured(final, "making a tree of Debian for machines", 60, partial(_make, packages))


def _make(packages: Sequence[str], place: Path, current: Step) -> None:
    tools = unpacked("mmdebstrap") / "usr" / "bin"
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in _LEFT_OUT]
    command = ["perl", str(tools / "mmdebstrap"), "--mode=root", "--format=directory", "--variant=minbase"]
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C"}
    current.note("packages are fetched and unpacked")
    done = subprocess.run(
        [*command, *left_out, f"--include={','.join(packages)}", RELEASE, str(place), mirror()],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise ToolchainError(
            Problem(
                code="PK218",
                summary="a tree of Debian for machines cannot be made",
                found=last_words(done.stderr, 1000),
                allowed=f"Debian's {RELEASE} from where apt of this computer has its packages",
                remedy="run `apt-get update`, then this again",
            )
        )
