"""The memory of control planes, sampled while something else runs."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from common.paths import state_dir

_MIB: Final = 1024 * 1024
_SAMPLE: Final = 1.0  # seconds; looking through all processes costs some of what is measured
_PROGRAMS: Final = frozenset({"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"})


@contextlib.contextmanager
def watched() -> Iterator[list[float]]:
    """The MiB of all control planes below the state directory, sampled while the block runs."""
    sizes: list[float] = []
    done = threading.Event()
    ours = str(state_dir())

    def sample() -> None:
        while not done.wait(_SAMPLE):
            sizes.append(sum(_size(process, ours) for process in psutil.process_iter()) / _MIB)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield sizes
    finally:
        done.set()
        sampler.join()


def _size(process: psutil.Process, directory: str) -> int:
    """Bytes, shared pages divided among those that share them; 0 when it is none of ours or has just ended."""
    with contextlib.suppress(psutil.Error, IndexError):
        command = process.cmdline()
        if Path(command[0]).name in _PROGRAMS and any(directory in argument for argument in command):
            return int(process.memory_full_info().pss)
    return 0
