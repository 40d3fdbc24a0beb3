"""Hosts, asked by the ssh command of the machine that runs the program: whoever may log in there, may here.

Its own settings count (an agent, `~/.ssh/config`), but for whom it takes for a host: that is the key in the stack
file, or the one that the host showed first. What is secret goes by standard input, never as an argument. OpenSSH 8.5
or newer.
"""

import shlex
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import Any, Final

_OWN_FAILURE: Final = 255  # of ssh itself, not of what it ran
_WORDS: Final = 400  # characters of what was said last
_CONNECT: Final = 10  # seconds
_ALIVE: Final = ("ServerAliveInterval=10", "ServerAliveCountMax=3")


class HostError(Exception):
    """A host does not do what it is asked; the message names it."""


class HostUnreachable(HostError):
    """There is no way to the host, or it is not the one that it should be."""


@dataclass(frozen=True)
class SshHost:
    """How a host is reached; without a key whatever answers is taken for it."""

    name: str
    address: str
    user: str = "root"
    port: int = 22
    identity_file: str = ""
    key: str = ""

    @classmethod
    def of(cls, props: Mapping[str, Any]) -> "SshHost":
        """The host that a resource's properties say."""
        port = int(props["port"])  # numbers are floating on the engine's wire
        rest = {"user": props["user"], "identity_file": props["identityFile"], "key": props.get("hostKey") or ""}
        return cls(props["name"], props["address"], port=port, **rest)

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"

    def as_root(self, *command: str) -> str:
        """A command as the host's shell takes it, done as root."""
        text = shlex.join(command)
        return text if self.user == "root" else f"sudo -n {text}"

    def arguments(self, command: str, trust: Sequence[str]) -> list[str]:
        """The arguments of ssh for a command, with options (`Name=value`) that say whom it takes for the host."""
        identity = ["-i", self.identity_file] if self.identity_file else []
        options = ["BatchMode=yes", f"ConnectTimeout={_CONNECT}", *_ALIVE, "LogLevel=ERROR", *trust]
        flags = [part for option in options for part in ("-o", option)]
        return ["-T", *flags, *identity, "-p", str(self.port), "-l", self.user, self.address, command]


def trusting(*known: tuple[str, str]) -> list[str]:
    """Options of ssh to believe these keys alone, each with the host (as `known_hosts` has it) that it is of."""
    lines = " ".join(shlex.quote(f"{host} {key}") for host, key in known)
    return [
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        rf"KnownHostsCommand=/usr/bin/printf '%%s\n' {lines}",
    ]


def known_as(address: str, port: int) -> str:
    """How `known_hosts` has a host."""
    return address if port == 22 else f"[{address}]:{port}"  # noqa: PLR2004 - ssh's own


def meet(host: SshHost, deadline: float, *action: str) -> tuple[str, str]:
    """As `ask`, of a host whose key nobody may have seen; with what it printed, the key that it showed comes back."""
    if host.key:
        return host.key, ask(host, deadline, *action)
    with TemporaryDirectory(prefix="polykube-") as scratch:
        known = Path(scratch, "known_hosts")
        names = [f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null", "HashKnownHosts=no"]
        said = _act(host, deadline, action, ["StrictHostKeyChecking=accept-new", *names], lambda _: None)
        return " ".join(known.read_text().split()[1:3]), said


def ask(host: SshHost, deadline: float, *action: str, heard: Callable[[str], None] = lambda _: None) -> str:
    """Have a host do an action of host.sh within so many seconds; what it printed comes back, `heard` gets each line.

    HostError with what it said when it fails.
    """
    return _act(host, deadline, action, _trust(host), heard)


def write(host: SshHost, archive: bytes, deadline: float) -> None:
    """Unpack a tar archive at the root of a host."""
    command = host.as_root("tar", "--extract", "--file=-", "--directory=/", "--preserve-permissions", "--no-same-owner")
    _run(host, command, _trust(host), archive, deadline, lambda _: None)


def _act(
    host: SshHost, deadline: float, action: Sequence[str], trust: Sequence[str], heard: Callable[[str], None]
) -> str:
    script = files(__package__).joinpath("host.sh").read_bytes()
    return _run(host, host.as_root("bash", "-s", "--", *action), trust, script, deadline, heard)


def _trust(host: SshHost) -> list[str]:
    return trusting((known_as(host.address, host.port), host.key))


def _run(
    host: SshHost, command: str, trust: Sequence[str], given: bytes, deadline: float, heard: Callable[[str], None]
) -> str:
    if (ssh := shutil.which("ssh")) is None:
        raise HostError("the command ssh is not there: install OpenSSH's client")
    process = subprocess.Popen(
        [ssh, *host.arguments(command, trust)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = deque[str](), deque[str](maxlen=20)
    over = Timer(deadline, process.kill)
    with process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        others = [
            Thread(target=_give, args=(process.stdin, given), daemon=True),
            Thread(target=lambda: err.extend(_lines(process.stderr)), daemon=True),
        ]
        for thread in (*others, over):
            thread.start()
        for line in _lines(process.stdout):
            out.append(line)
            heard(line)
        code = process.wait()
        late = not over.is_alive()
        over.cancel()
        for thread in others:
            thread.join(_CONNECT)
    if code == 0:
        return "\n".join(out)
    said = " ".join([*out, *err][-5:] if code != _OWN_FAILURE else err)[-_WORDS:]
    if late:
        raise HostError(f"{host}: not done within {deadline:.0f} s; it said last: {said or 'nothing'}")
    if code == _OWN_FAILURE:
        raise HostUnreachable(f"{host}: cannot be logged in to as {host.user}: {said or 'ssh does not say why'}")
    raise HostError(f"{host}: {said or f'ended with {code}'}")


def _give(stream: Any, given: bytes) -> None:
    with suppress(BrokenPipeError), stream:
        stream.write(given)


def _lines(stream: Any) -> Any:
    return (line.decode(errors="replace").rstrip() for line in stream)
