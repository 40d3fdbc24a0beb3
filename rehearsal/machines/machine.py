"""One machine: a directory, a process of systemd-nspawn with a systemd in it, and a console."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

import psutil

_POLL: Final = 0.2  # seconds
_SHOWN: Final = 40  # lines of a console
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLEAN: Final = 60.0  # seconds
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RUNNING: Final = ("running", "degraded")
_WIRE: Final = "host0"  # as systemd-nspawn names it


class MachineError(Exception):
    """A machine does not do what it should; its console is in the message."""


@dataclass(frozen=True)
class Seed:
    """What a machine finds when it boots: user data as a cloud hands it over, names of others with their addresses, and
    further files by their path, with their mode where it is not 0644."""

    user_data: bytes
    hosts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)


class BootedMachine:
    """A machine of a site, which boots it."""

    def __init__(self, name: str, address: IPv4Address, directory: Path, cgroups: Sequence[Path]) -> None:
        self.name, self.address, self.directory, self.cgroups = name, address, directory, cgroups
        self._process: subprocess.Popen[bytes] | None = None
        self._command: Sequence[str] = ()

    def prepare(self, network: IPv4Network, seed: Seed) -> None:
        """Lay out what is the machine's own."""
        for each in ("changes", "work", "root", "state/containerd", "state/kubelet"):
            (self.directory / each).mkdir(parents=True)
        names = "".join(f"{address} {name}\n" for name, address in seed.hosts.items())
        files = {
            "/etc/hostname": f"{self.name}\n",
            "/etc/hosts": f"127.0.0.1 localhost\n{self.address} {self.name}\n{names}",
            "/etc/resolv.conf": f"nameserver {network[1]}\n",
            "/etc/polykube-machine/address": f"{self.address}/{network.prefixlen}\n",
            "/etc/polykube-machine/gateway": f"{network[1]}\n",
            "/var/lib/cloud/seed/nocloud/meta-data": f"instance-id: {self.name}\n",
            **seed.files,
        }
        for path, text in files.items():
            target = self.directory / "changes" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(seed.modes.get(path, 0o644))
        (self.directory / "changes/var/lib/cloud/seed/nocloud/user-data").write_bytes(seed.user_data)

    def start(self, command: Sequence[str]) -> None:
        """Begin to boot by this command; `wait_until_running` returns when it has."""
        self._command = command
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, start_new_session=True
            )

    def wait_until_running(self, seconds: float) -> None:
        """Return when systemd has started all that it should; MachineError when it has not by then."""
        self.wait_for("a systemd that runs", seconds, lambda: self._state() in _RUNNING)

    def run(self, *command: str, given: str = "", timeout: float = 60) -> str:
        """What a command prints that is run in the machine, as root; MachineError when it fails."""
        done = self.attempt(*command, given=given, timeout=timeout)
        if done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()
            raise MachineError(f"{self.name}: {shlex.join(command)} ended with {done.returncode}: {said[-2000:]}")
        return done.stdout

    def attempt(self, *command: str, given: str = "", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root, whatever comes of it."""
        enter = ["nsenter", f"--target={self._leader()}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
        environment = ["env", "--ignore-environment", _PATH, "HOME=/root", "LC_ALL=C.UTF-8"]
        return subprocess.run(
            [*enter, "--wdns=/", "--", *environment, *command],
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def wait_for(self, what: str, seconds: float, is_there: Callable[[], bool]) -> None:
        """Return when it is there; MachineError, with the console, when the machine ends or time does before that."""
        deadline = time.monotonic() + seconds
        while not is_there():
            if not self.runs:
                raise MachineError(f"{self.name} ended before there was {what}\n{self._shown()}")
            if time.monotonic() > deadline:
                raise MachineError(f"{self.name}: no {what} within {seconds:.0f} s\n{self._shown()}")
            time.sleep(_POLL)

    @property
    def runs(self) -> bool:
        """Whether it has power."""
        return self._process is not None and self._process.poll() is None

    @property
    def console(self) -> list[str]:
        """The lines that the machine has said on its console, without colours."""
        lines = _ESCAPE.sub("", self._console.read_text(errors="replace")).splitlines()
        return [line.strip() for line in lines if line.strip()]

    def _shown(self) -> str:
        return "\n".join(f"  {self.name} | {line}" for line in self.console[-_SHOWN:])

    def end(self) -> None:
        """Shut it down, as its power button does; one that takes too long is cut off."""
        if self._process is None:
            return
        if nspawn := self._nspawn():
            nspawn.send_signal(signal.SIGTERM)  # systemd-nspawn hands it on as a request to halt
            psutil.wait_procs([nspawn], timeout=_CLEAN)
        self.cut()

    def cut(self) -> None:
        """Take its wire and its power away: with its first process the kernel ends all others, which survive
        systemd-nspawn. It would answer pings until the last one is gone."""
        with contextlib.suppress(MachineError, subprocess.TimeoutExpired):
            self.attempt("ip", "link", "delete", _WIRE)
        if nspawn := self._nspawn():
            for each in (*_first(nspawn), nspawn):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        if self._process:
            self._process.wait()
        self._process = None

    def power_on(self) -> None:
        """Begin to boot again, from the disk that it has."""
        assert not self.runs
        self.start(self._command)

    def forget(self) -> None:
        """Throw its disk away."""
        self.cut()
        shutil.rmtree(self.directory)

    @property
    def _console(self) -> Path:
        return self.directory / "console"

    def _state(self) -> str:
        try:
            return self.attempt("systemctl", "is-system-running", timeout=10).stdout.strip()
        except (MachineError, subprocess.TimeoutExpired):
            return ""

    def _nspawn(self) -> psutil.Process | None:
        """The process of systemd-nspawn: nsenter's only child."""
        if self._process is None or self._process.poll() is not None:
            return None
        children = psutil.Process(self._process.pid).children()
        return children[0] if children else None

    def _leader(self) -> int:
        """The machine's first process."""
        nspawn = self._nspawn()
        found = _first(nspawn) if nspawn else []
        if not found:
            raise MachineError(f"{self.name} does not run\n{self._shown()}")
        return found[0].pid


def _first(nspawn: psutil.Process) -> list[psutil.Process]:
    """The first process of the machine, when there is one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [each for each in nspawn.children() if each.name() == "systemd"]
    return []
