"""The base of a change on the stand-in cloud: brought up once, and kept by its content for the next preview."""

import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml
from rich.markup import escape

from automation.preview.contract import FORM, Answer, StackRequest
from automation.preview.own import Own, Unable
from automation.preview.revisions import Base, Repository
from automation.preview.stand import bring_up
from automation.preview.touched import Reach
from automation.project import Project
from automation.show import err
from common.errors import PolykubeError
from common.files import write_atomically
from common.paths import CHECKOUT, REHEARSAL
from rehearsal.asleep import can_sleep, keep_answers
from rehearsal.control_plane import all_control_planes
from rehearsal.plugins import interpreter
from rehearsal.providers.clouds import clusters
from rehearsal.site import Site, kept_sites, lasting_site, remove_others, renew
from stacks.loading import stack_file

NEW: Final = "there is no such stack in it"
_MARK: Final = "mark"
_STAND_INS: Final = ("rehearsal", "common", "tools.lock", "requirements.lock")
"""Below polykube's code, what plays the cloud."""


@dataclass(frozen=True)
class Needed:
    """What has to stand: the stack of the work tree's `project` as it was at `base`, by `own` code, or else by ours."""

    project: Project
    repository: Repository
    base: Base
    own: Own | Unable

    @classmethod
    def of(cls, project: Project, repository: Repository, base: Base) -> "Needed":
        """The same, with whoever has to bring it up."""
        try:
            return cls(project, repository, base, Own.of(repository, base))
        except Unable as unable:
            return cls(project, repository, base, unable)

    @property
    def mark(self) -> str:
        """Equal only for what is equal; empty where that is not for the base alone to say."""
        if isinstance(self.own, Unable):
            return ""
        return f"{FORM} {platform.python_version()} {self.base.commit} {self.own.place}"

    @property
    def file(self) -> str:
        """The name of the stack's file."""
        return stack_file(Path(), self.project.stack).name


@contextmanager
def raised(needed: Needed, reach: Reach, deadline: float | None = None) -> Iterator[tuple[Site, Answer]]:
    """A site in which the base stands while the block runs, the newest one being kept afterwards.

    What keeps the base from standing is no error here: the site has nothing in it then, and the answer says why.
    """
    prefix = f"{needed.project.stack}-base-"
    name = _marked(prefix, needed.mark) or f"{prefix}{digest(needed, reach)}"
    remove_others(prefix, name)
    with lasting_site(name, _say_who) as site, _rehearsing(site):
        answer = Answer.at(site.directory) if site.is_kept else None
        asleep = answer is not None and can_sleep(site.directory, answer.endpoints)
        if site.is_kept and not asleep:
            answer = _resumed(site)
        yield site, answer or _bring_up(needed, site, deadline)
        if site.is_kept:
            write_atomically(site.directory / _MARK, needed.mark)
            if not asleep:
                keep_answers(site.directory)


def _marked(prefix: str, mark: str) -> str:
    """The name of the site where that very base stands, which takes no look at all that is in it."""
    for site in kept_sites(prefix):
        with suppress(FileNotFoundError):  # somebody may be removing it
            if mark and (site.directory / _MARK).read_text() == mark:
                return site.name
    return ""


def digest(needed: Needed, reach: Reach) -> str:
    """Equal for bases that are equal to this stack, where what plays the cloud is equal, too."""
    files = needed.repository.files(needed.base)
    named = {file for file in files if file == needed.file or reach.touches(needed.project.stack, file)}
    if isinstance(needed.own, Own):
        rooms = [str(needed.own.place / room) for room in _STAND_INS]
        named |= {file for file in files if file in rooms or file.startswith(tuple(f"{room}/" for room in rooms))}
        played = []
    else:
        played = [
            f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.relative_to(CHECKOUT)}"
            for room in _STAND_INS
            for file in _files(CHECKOUT / room)
        ]
    made = [f"{files[file]} {file}" for file in sorted(named)]
    content = [str(FORM), platform.python_version(), *made, *sorted(played)]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:12]


def _files(room: Path) -> list[Path]:
    if room.is_file():
        return [room]
    return [file for file in room.rglob("*") if file.is_file() and "__pycache__" not in file.parts]


def _bring_up(needed: Needed, site: Site, deadline: float | None) -> Answer:
    """Bring the base up; where that cannot be, nothing stands at the site."""
    base = needed.base
    err.print(f"[dim]bringing {escape(base.name)} ({base.short}) up on the stand-in cloud[/dim]", soft_wrap=True)
    if needed.repository.text(base, needed.file) is None:
        return Answer(failure=NEW)
    with tempfile.TemporaryDirectory(prefix="polykube-base-") as scratch:
        directory = Path(scratch)
        needed.repository.write(base, directory)
        request = StackRequest(scratch, needed.project.stack, deadline)
        try:
            if isinstance(needed.own, Unable):
                raise needed.own
            answer = needed.own.bring_up(directory, request, site)
        except Unable as unable:
            answer = _by_us(directory, request, site, unable)
            lasting = unable.lasting
        else:
            lasting = True
    if not answer.failure:
        answer.leave(site.directory)
        answer = _resumed(site) or Answer(failure="what its own code has made cannot be gone on with")
    if answer.failure:
        renew(site)
    elif lasting:
        site.keep()
    return replace(answer, failure=answer.failure.replace(f"{scratch}/", ""))


def _by_us(directory: Path, request: StackRequest, site: Site, unable: Unable) -> Answer:
    """Bring the base up by our own code, with our models of the stack file, and say that it was so."""
    note = f"what the base's own polykube makes of it: this one brought it up, as {unable}"
    err.print(f"[yellow]![/yellow] not known: {escape(note)}", soft_wrap=True)
    _share_environment(directory)
    return replace(bring_up(request, site), note=note)


def _share_environment(directory: Path) -> None:
    """Let the project at `directory` run in this checkout's Python environment, wherever it says that its own is."""
    runtime = yaml.safe_load((directory / "Pulumi.yaml").read_text()).get("runtime")
    named = (runtime.get("options") or {}).get("virtualenv") if isinstance(runtime, dict) else None
    place = directory / (named or ".venv")
    if not place.exists() and place.parent.is_dir():
        place.symlink_to(interpreter().parent.parent)


def _resumed(site: Site) -> Answer | None:
    """What stands at a site, running; None, and a site as new, if it has to be brought up (again)."""
    answer = Answer.at(site.directory)
    try:
        endpoints = {name: clusters.start(name, alone=True).endpoint for name in all_control_planes()}
    except (OSError, PolykubeError):
        answer = None
    if not answer or answer.endpoints != endpoints:  # somebody else has a port, and what was made knows that of before
        renew(site)
        return None
    return answer


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
