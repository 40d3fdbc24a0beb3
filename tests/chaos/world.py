"""Where the cases are played: a small project with everything of its own, on a control plane of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from common.paths import CHECKOUT
from tests.chaos.cases import REHEARSE
from tests.chaos.victims import processes
from tests.support.cli import POLYKUBE, Cli, make_cli, one_tenant

ABSENT, UP, CHANGED = "absent", "up", "changed"
CLUSTER: Final = "chaos"
REHEARSAL: Final = ("rehearse", "gke-dev", "--steps", "up,destroy")
PATIENCE: Final = 420.0  # seconds; a run that takes longer hangs
_STARTS: Final = 5
_LINGER: Final = 15.0  # seconds in which what belongs to a run that was killed has to end


@dataclass(frozen=True)
class Command:
    """A command of the stack's life: its words, what has to be there before, what is there after."""

    words: tuple[str, ...]
    before: str
    after: str

    @property
    def plain(self) -> bool:
        """Whether it is Pulumi's own, for which the rerun is `polykube up`."""
        return self.words[0] == "pulumi"


COMMANDS: Final = {
    "up": Command(("up",), ABSENT, UP),
    "refresh": Command(("pulumi", "refresh", "--yes", "--skip-preview", "--stack", "dev"), UP, UP),
    "again": Command(("up",), UP, UP),
    "change": Command(("up",), UP, CHANGED),
    "down": Command(("down",), CHANGED, ABSENT),
}


class World:
    """A project, its backend and its control plane below `root`, and what is there just now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tmp, self.state = root / "tmp", root / "state"
        self._there: str | None = None
        self._build()

    @property
    def backend(self) -> Path:
        """The engine's files."""
        return self.root / "backend" / ".pulumi"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.state / "polykube" / "control-planes" / CLUSTER / "kubeconfig"

    def bring_to(self, there: str) -> None:
        """Have the stack as it is before a command, undisturbed; a world that went wrong is made anew."""
        if self._there is None:
            self.scrap()
            self._build()
        if there == self._there:
            return
        if there == ABSENT:
            self.must("down")
        else:
            if there == CHANGED and self._there == ABSENT:
                self.bring_to(UP)
            self.write(there)
            self.must("up")
        self._there = there

    def leave(self, there: str | None) -> None:
        """Say what is there now; None when nobody knows."""
        self._there = there

    def write(self, there: str) -> None:
        """Write the stack file that leads to `there`."""
        self.cli.write(_spec(changed=there == CHANGED))

    def directory(self, command: str) -> Path:
        """Where a command runs: a rehearsal in this checkout, whose stacks it rehearses."""
        return CHECKOUT if command == REHEARSE else self.cli.directory

    def must(self, *words: str) -> None:
        """Run a command undisturbed that has to succeed."""
        code, said = self.run(*words)
        assert code == 0, said

    def start_control_plane(self) -> None:
        """Start it, undisturbed; a machine that has a lot to do may not get to it in a minute."""
        for _ in range(_STARTS):
            code, _said = self.run("start")
            if code == 0:
                return
        self.must("start")

    def run(self, *words: str, cwd: Path | None = None) -> tuple[int, str]:
        """Run a command undisturbed to its end; exit code and the end of what it said."""
        code = self.wait(self.start(words, "rerun", cwd))
        return code, self.said("rerun")

    def start(self, words: Sequence[str], name: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own; what it says is kept under `name`."""
        with self.output(name).open("wb") as output:
            return subprocess.Popen(
                self.command(*words),
                cwd=cwd or self.cli.directory,
                env=self.cli.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self, name: str) -> str:
        """The end of what a command said."""
        return self.output(name).read_text(errors="replace")[-3000:]

    def command(self, *words: str) -> list[str]:
        """`polykube WORDS`, or `pulumi WORDS` in a shell with the words of `polykube env`."""
        if words[0] != "pulumi":
            return [str(POLYKUBE), *words]
        return ["/bin/sh", "-c", f'eval "$({POLYKUBE} env)" && exec pulumi "$@"', "sh", *words[1:]]

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """The exit code; a run that hangs is killed, which is one, too."""
        try:
            return process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def output(self, name: str) -> Path:
        """Where a run's output goes."""
        return self.root / f"{name}.log"

    def until_quiet(self) -> list[str]:
        """What still runs besides the control plane after a while: nothing should."""
        until = time.monotonic() + _LINGER
        while (left := list(self._runs())) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def end_processes(self) -> None:
        """End everything that runs in this world."""
        while running := list(processes(self.root)):  # one that is killed may just have started another
            for process in running:
                with suppress(psutil.Error):
                    process.kill()
                    process.wait(10)

    def scrap(self) -> None:
        """End everything of this world, and remove its files."""
        self.end_processes()
        shutil.rmtree(self.root)

    def _runs(self) -> Iterator[str]:
        for process in processes(self.root):
            with suppress(psutil.Error):
                if not process.environ().get("POLYKUBE_COMPONENT"):
                    yield " ".join(process.cmdline())[:200]

    def _build(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.tmp.mkdir()
        cli = make_cli(self.root)
        ours = {"XDG_STATE_HOME": str(self.state), "TMPDIR": str(self.tmp), "PULUMI_DEBUG_COMMANDS": "true"}
        self.cli = Cli(cli.directory, cli.environment | ours)
        self.write(UP)
        self._there = ABSENT


def _spec(*, changed: bool) -> dict[str, Any]:
    """One node, a storage class, one tenant, an add-on; changed: a smaller quota, another class, another add-on."""
    spec = one_tenant(CLUSTER)
    classes: list[dict[str, Any]] = [{"name": "standard", "default": True, "allowVolumeExpansion": False}]
    spec["addons"] = {"tracing": {"traces": 1000}}
    if changed:
        classes.append({"name": "kept", "reclaimPolicy": "Retain", "allowVolumeExpansion": False})
        spec["tenants"][0]["quota"]["pods"] = 9
        spec["addons"]["monitoring"] = {}
    return spec | {"platform": {"storageClasses": classes}}
