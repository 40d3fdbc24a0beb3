"""What a command and its children write to files, call by call, with a say in what becomes of each call."""

import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Final

from tests.chaos import held

_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND of linux/seccomp.h
_CALL: Final = struct.Struct("=QII iIQ 6Q")  # struct seccomp_notif
_ANSWER: Final = struct.Struct("=QqiI")  # struct seccomp_notif_resp
_CONTINUE: Final = 1
_PIDFD_GETFD: Final = 438
_POLL: Final = 1000  # milliseconds


@dataclass(frozen=True)
class Write:
    """A held call: it opens a file for writing, writes `size` bytes to one, or gives one the name `path`."""

    kind: str
    path: str
    thread: int
    descriptor: int = -1
    address: int = 0
    size: int = 0

    @property
    def process(self) -> int:
        """The process of the calling thread."""
        lines = Path(f"/proc/{self.thread}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Tgid:"))

    def carry_out_half(self) -> int:
        """Write the first half of the bytes, as a disk that fills up does; how many comes back."""
        half = _memory(self.thread, self.address, self.size // 2)
        process = os.pidfd_open(self.process)
        libc = ctypes.CDLL(None, use_errno=True)
        file = libc.syscall(_PIDFD_GETFD, process, self.descriptor, 0)
        os.close(process)
        if file < 0:
            raise OSError(ctypes.get_errno(), "a held write's file cannot be had")
        try:
            return os.write(file, half)
        finally:
            os.close(file)


Answer = int | None
"""What a held call returns (an error as its negative number), or None to let it go on."""


def start(
    command: Sequence[str], decide: Callable[[Write], Answer], output: IO[bytes], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own whose writes `decide` is asked about, one after the other."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-S", held.__file__, str(theirs.fileno()), *command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        _, (listener, *_), _, _ = socket.recv_fds(ours, 1, 1)
    Thread(target=_serve, args=(listener, decide), daemon=True).start()
    return process


def _serve(listener: int, decide: Callable[[Write], Answer]) -> None:
    """Answer until nobody is left whose calls are held."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        ready = poll.poll(_POLL)
        if ready and ready[0][1] & select.POLLIN:
            with suppress(FileNotFoundError, ProcessLookupError):  # it was killed meanwhile
                _answer(listener, decide)
        elif ready:
            break
    os.close(listener)


def _answer(listener: int, decide: Callable[[Write], Answer]) -> None:
    told = bytearray(_CALL.size)
    fcntl.ioctl(listener, _RECEIVE, told)
    number, thread, _, call, _, _, *arguments = _CALL.unpack(told)
    answer: Answer = None
    try:
        write = _write(thread, call, arguments)
        answer = decide(write) if write else None
    except OSError as gone:
        if gone.errno not in {errno.ENOENT, errno.ESRCH, errno.EIO}:
            raise
    finally:
        response = (number, 0, 0, _CONTINUE) if answer is None else (number, max(answer, 0), min(answer, 0), 0)
        fcntl.ioctl(listener, _SEND, _ANSWER.pack(*response))


def _write(thread: int, call: int, arguments: Sequence[int]) -> Write | None:
    if call in {held.WRITE, held.PWRITE}:
        descriptor, address, size = arguments[:3]
        path = str(Path(f"/proc/{thread}/fd/{descriptor}").readlink())
        return Write("write", path, thread, descriptor, address, size) if path.startswith("/") else None
    place = {held.OPENAT: 1, held.RENAME: 1, held.RENAMEAT: 3, held.RENAMEAT2: 3}[call]
    path = _text(thread, arguments[place])
    return Write("open" if call == held.OPENAT else "rename", path, thread)


def _text(thread: int, address: int) -> str:
    """A string in the memory of a thread; no page boundary is crossed in vain."""
    page = 4096 - address % 4096
    content = _memory(thread, address, page)
    return (content if b"\0" in content else content + _memory(thread, address + page, 4096)).split(b"\0")[0].decode()


def _memory(thread: int, address: int, size: int) -> bytes:
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        return os.pread(memory.fileno(), size, address)
