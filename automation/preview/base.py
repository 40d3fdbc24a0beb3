"""The base of a change on the stand-in cloud: brought up once, and kept by its content for the next preview."""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import yaml
from rich.markup import escape

from automation.bundles import ensure_bundles
from automation.engine import Engine
from automation.preview.events import seen
from automation.preview.findings import PolicyFinding
from automation.preview.revisions import Base, Repository
from automation.preview.touched import Reach
from automation.preview.values import cut
from automation.project import Project
from automation.rehearsed_project import RehearsedProject
from automation.show import err
from common.errors import PolykubeError
from common.files import write_atomically
from common.paths import CHECKOUT, REHEARSAL
from rehearsal.control_plane import all_control_planes
from rehearsal.plugins import interpreter
from rehearsal.providers.clouds import clusters
from rehearsal.site import Site, lasting_site, remove_others, renew
from stacks.loading import load_file, stack_file

NEW: Final = "there is no such stack in it"
_SHOWN: Final = 3  # reasons why a base does not stand
_FORM: Final = 1  # of what is kept; another one is not read
_RECORD: Final = "base.json"
_STAND_INS: Final = ("rehearsal", "common", "tools.lock", "requirements.lock")
"""Below the checkout, what plays the cloud."""


@dataclass(frozen=True)
class Raised:
    """The base as it stands on the stand-in cloud: what policies say of it, and why there is nothing, if so."""

    findings: Sequence[PolicyFinding] = ()
    failure: str = ""


@contextmanager
def raised(
    project: Project, repository: Repository, base: Base, reach: Reach, deadline: float | None = None
) -> Iterator[tuple[Site, Raised]]:
    """A site in which the base stands while the block runs, the newest one being kept afterwards.

    What keeps the base from standing is no error here: the site has nothing in it then, and the record says why.
    """
    prefix = f"{project.stack}-base-"
    name = f"{prefix}{digest(project, repository, base, reach)}"
    remove_others(prefix, name)
    with lasting_site(name, _say_who) as site, _rehearsing(site):
        record = _resumed(site)
        if record is None:
            record = _bring_up(project, repository, base, site, deadline)
            if not record.failure:
                _keep(site, record)
        yield site, record


def digest(project: Project, repository: Repository, base: Base, reach: Reach) -> str:
    """Equal for bases that are equal to this stack, where what plays the cloud is equal, too."""
    own = stack_file(Path(), project.stack).name
    files = repository.files(base).items()
    program = [f"{blob} {file}" for file, blob in files if file == own or reach.touches(project.stack, file)]
    played = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.relative_to(CHECKOUT)}"
        for room in _STAND_INS
        for file in _files(CHECKOUT / room)
    ]
    content = [str(_FORM), platform.python_version(), *sorted(program), *sorted(played)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:12]


def _files(room: Path) -> list[Path]:
    if room.is_file():
        return [room]
    return [file for file in room.rglob("*") if file.is_file() and "__pycache__" not in file.parts]


def _bring_up(project: Project, repository: Repository, base: Base, site: Site, deadline: float | None) -> Raised:
    """Bring the base up; where that cannot be, nothing stands at the site."""
    err.print(f"[dim]bringing {escape(base.name)} ({base.short}) up on the stand-in cloud[/dim]", soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="polykube-base-") as scratch:
        directory = Path(scratch)
        repository.write(base, directory)
        _share_environment(directory)
        file = stack_file(directory, project.stack)
        if not file.exists():
            return Raised(failure=NEW)
        try:
            record = _run_up(Project(directory, project.stack, load_file(file)), site, deadline)
        except PolykubeError as error:
            said = [f"{each.code} {each.summary} {each.place}".strip() for each in error.problems]
            record = Raised(failure=_reasons(said).replace(f"{directory}/", ""))
    if record.failure:
        renew(site)
    return record


def _share_environment(directory: Path) -> None:
    """Let the project at `directory` run in this checkout's Python environment, wherever it says that its own is."""
    runtime = yaml.safe_load((directory / "Pulumi.yaml").read_text()).get("runtime")
    named = (runtime.get("options") or {}).get("virtualenv") if isinstance(runtime, dict) else None
    place = directory / (named or ".venv")
    if not place.exists() and place.parent.is_dir():
        place.symlink_to(interpreter().parent.parent)


def begin(project: Project, site: Site) -> tuple[RehearsedProject, Engine, Sequence[str]]:
    """A project at a site with all that a run needs; the bundles of which a stand-in had to be taken come last."""
    rehearsed = RehearsedProject.make(project, site)
    tools = rehearsed.ensure_tools()
    stand_ins = ensure_bundles(project.bundles, rehearsal=True)
    engine = rehearsed.engine(tools)
    if project.is_local:
        project.control_plane(dict(tools)).start()
    return rehearsed, engine, stand_ins


def _run_up(project: Project, site: Site, deadline: float | None) -> Raised:
    _, engine, _ = begin(project, site)
    events = seen(*engine.record("up", "--yes", "--skip-preview", deadline=deadline))
    if events.failed:
        mandatory = [f"{each.rule}: {each.message}" for each in events.findings if each.is_mandatory]
        return Raised(failure=_reasons([*mandatory, *events.errors]) or "the engine does not say why")
    return Raised([each for each in events.findings if not each.is_open])


def _reasons(said: Sequence[str]) -> str:
    """The first reasons, each in a line; what a log says beyond that is another one each time."""
    return "; ".join(cut(each.split("\n")[0].split("\\n")[0]) for each in said[:_SHOWN])


def _resumed(site: Site) -> Raised | None:
    """What stands at a site that was kept, running again; None if it has to be brought up (again)."""
    if not site.is_kept:
        return None
    try:
        record = json.loads((site.directory / _RECORD).read_text())
        endpoints = {name: clusters.start(name).endpoint for name in all_control_planes()}
    except (OSError, ValueError, PolykubeError):
        endpoints, record = {}, {"endpoints": None}
    if record["endpoints"] != endpoints:  # somebody else has a port, and what was made knows the one of before
        renew(site)
        return None
    return Raised([PolicyFinding(**each) for each in record["findings"]])


def _keep(site: Site, record: Raised) -> None:
    endpoints = {name: clusters.access(name).endpoint for name in all_control_planes()}
    content = {"endpoints": endpoints, "findings": [asdict(each) for each in record.findings]}
    write_atomically(site.directory / _RECORD, json.dumps(content))
    site.keep()


@contextmanager
def _rehearsing(site: Site) -> Iterator[None]:
    """Tell what plays the cloud in this process where it is."""
    os.environ[REHEARSAL] = str(site.directory)
    try:
        yield
    finally:
        del os.environ[REHEARSAL]


def _say_who(process: str) -> None:
    err.print(f"[dim]waiting for process {process}, which previews on the same base[/dim]")
