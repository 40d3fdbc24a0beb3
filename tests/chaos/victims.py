"""The processes of a run, by what they are: whom to kill, and who is still there afterwards."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

GROUP: Final = "process group"
POLYKUBE: Final = "polykube"

# What a process is, by its command line; a stand-in is a module, an original a program.
_PROGRAMS: Final = {
    "engine": r"/pulumi (?!plugin)",
    "program": r"rehearsal\.language_host|pulumi-language-python",
    "policies": r"pulumi\.policy|pulumi-analyzer",
    "provider kubernetes": r"rehearsal\.providers\.kubernetes|pulumi-resource-kubernetes",
    "provider random": r"rehearsal\.providers\.random|pulumi-resource-random",
    "provider of a cloud": r"rehearsal\.providers\.clouds\.",
}
_COMPONENTS: Final = {"API server": "kube-apiserver", "etcd": "etcd"}
_PLACES: Final = ("XDG_STATE_HOME", "POLYKUBE_CONTROL_PLANE")
ALL: Final = (POLYKUBE, GROUP, *_PROGRAMS, *_COMPONENTS)


def strike(victim: str, leader: int, root: Path) -> bool:
    """Kill `victim` of the run whose first process is `leader`, at home in `root`; whether it was there."""
    with suppress(ProcessLookupError):
        if victim == GROUP:
            os.killpg(leader, signal.SIGKILL)
            return True
        if victim == POLYKUBE:
            os.kill(leader, signal.SIGKILL)
            return True
    found = [process for process in processes(root) if _is(victim, process)]
    for process in found:
        with suppress(psutil.Error):
            process.kill()
    return bool(found)


def processes(root: Path) -> Iterator[psutil.Process]:
    """The processes whose state is below `root`."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            if any(environment.get(name, "").startswith(str(root)) for name in _PLACES):
                yield process


def component(process: psutil.Process) -> str:
    """Which part of a control plane it is; empty if none."""
    with suppress(psutil.Error):
        return process.environ().get("POLYKUBE_COMPONENT", "")
    return ""


def _is(victim: str, process: psutil.Process) -> bool:
    if victim in _COMPONENTS:
        return component(process) == _COMPONENTS[victim]
    with suppress(psutil.Error):
        return bool(re.search(_PROGRAMS[victim], f"{' '.join(process.cmdline())} ")) and not component(process)
    return False
