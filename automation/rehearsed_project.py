"""The user's project as a rehearsal sees it: the same, but for its stack file, which is a copy of its own."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from automation.bundles import ensure_bundles
from automation.engine import Engine
from automation.environment import search_path
from automation.project import Project
from automation.sdks import ensure_sdk
from automation.state.files import StateFiles
from common.errors import Problem, RehearsalError
from common.files import write_atomically
from rehearsal import toolchain
from rehearsal.plugins import ensure_language_host, write_stand_ins
from rehearsal.site import Site
from rehearsal.toolchain import Tool
from spec.values import without_secrets
from stacks.config import NAMESPACE
from stacks.loading import load_file, stack_file

_POLICY: Final = f"{NAMESPACE}policy"
_CLUSTER: Final = f"{NAMESPACE}cluster"
_SECRETS: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
SECRET: Final = "rehearsed-secret"  # noqa: S105
"""What stands for a secret of the stack file, which only the real stack can decrypt."""
_UNREADABLE: Final = {"secure": ""}


@dataclass(frozen=True)
class RehearsedProject:
    """The project of `original` at `site`. Its methods raise StackFileError as `up` would, before anything runs."""

    original: Project
    site: Site

    @classmethod
    def make(cls, original: Project, site: Site) -> "RehearsedProject":
        """Link the project's files into the site, and copy the stack file."""
        if original.spec.cluster.kind == "existing":
            raise RehearsalError(_runs_already(original))
        own = stack_file(original.directory, original.stack).name
        for link in site.project.iterdir():  # of another revision, where the site has seen one
            if link.is_symlink():
                link.unlink()
        for entry in original.directory.iterdir():
            if entry.name not in (own, ".git"):
                (site.project / entry.name).symlink_to(entry.resolve())
        project = cls(original, site)
        project.take(stack_file(original.directory, original.stack))
        return project

    @property
    def project(self) -> Project:
        """What the stack file says now."""
        return Project(self.site.project, self.original.stack, load_file(self._file))

    def take(self, file: Path) -> None:
        """Make `file` the stack file; what is encrypted in it is nothing until `engine` is asked for."""
        load_file(file)
        content = yaml.safe_load(file.read_text())
        kept = {key: value for key, value in content.items() if key not in _SECRETS}
        mine = yaml.safe_load(self._file.read_text()) if self._file.exists() else {}
        secrets = {key: value for key, value in mine.items() if key in _SECRETS}
        self._write(without_secrets(kept, _UNREADABLE) | secrets)

    def set_in_cluster(self, **values: Any) -> None:
        """Change fields of the cluster in the stack file: `version="1.36"`."""
        content = yaml.safe_load(self._file.read_text())
        content["config"][_CLUSTER] |= values
        self._write(content)
        load_file(self._file)

    def unprotect(self) -> None:
        """Say in the stack file that the stack may be taken down, in both places where it has to be said."""
        content = yaml.safe_load(self._file.read_text())
        content["config"].setdefault(_POLICY, {}).setdefault("levels", {})["protect-cluster"] = "disabled"
        self._write(content)
        self.set_in_cluster(deletionProtection=False)

    def settings(self, tools: Mapping[str, Tool]) -> dict[str, str]:
        """The variables that the engine runs with."""
        own = {"PATH": self.site.search_path(search_path(tools))}
        if (
            pack := self.site.project / "policy" / "PulumiPolicy.yaml"
        ).is_file():  # of the same revision as the program
            own["PULUMI_OPTION_POLICY_PACK"] = str(pack.parent)
        return self.project.settings | self.site.settings() | own

    def engine(self, tools: Mapping[str, Tool]) -> Engine:
        """The engine on this stack, with secrets that it can decrypt."""
        engine = Engine(tools["pulumi"], self.original.stack, self.settings(tools), self.site.project)
        files = StateFiles.of_project(engine.backend_url, self.site.project, engine.stack)
        if not (files and files.state.exists()):
            engine.select()
        config = yaml.safe_load(self._file.read_text()).get("config") or {}
        for key in (place for name, value in config.items() for place in _unreadable(value, name)):
            engine.ask("config", "set", "--secret", "--path", key, "--stack", engine.stack, stdin=SECRET)
        return engine

    def ensure_tools(self) -> Mapping[str, Tool]:
        """The engine with what it runs programs with, and a control plane: every rehearsed cluster is one.

        Stand-ins are written for the SDKs that are installed, so they come after the cloud's.
        """
        ensure_sdk(self.original.cloud)
        write_stand_ins(self.site.directory / "home")
        tools = toolchain.ensure(toolchain.ENGINE + toolchain.CONTROL_PLANE)
        ensure_language_host(tools["pulumi"])
        return tools

    @property
    def _file(self) -> Path:
        return stack_file(self.site.project, self.original.stack)

    def _write(self, content: Mapping[str, Any]) -> None:
        write_atomically(self._file, yaml.safe_dump(content, sort_keys=False))


@dataclass(frozen=True)
class Begun:
    """A rehearsed project with all that a run needs; `stand_ins` are bundles of which a stand-in had to be taken."""

    rehearsed: RehearsedProject
    tools: Mapping[str, Tool]
    engine: Engine
    stand_ins: Sequence[str]


def begin(project: Project, site: Site, standing: Collection[str] = ()) -> Begun:
    """Get everything that a run of `project` at a site needs, and start a local stack's control plane, unless that of
    its cluster is `standing` there."""
    rehearsed = RehearsedProject.make(project, site)
    tools = rehearsed.ensure_tools()
    stand_ins = ensure_bundles(project.bundles, rehearsal=True)
    if project.is_local and project.cluster_name not in standing:
        project.control_plane(dict(tools)).start()
    return Begun(rehearsed, tools, rehearsed.engine(tools), stand_ins)


def _unreadable(value: Any, path: str) -> Iterator[str]:
    """Where in `value`, which is at `path`, secrets have nothing in them; as the engine writes paths."""
    if value == _UNREADABLE:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unreadable(item, f'{path}["{key}"]')
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unreadable(item, f"{path}[{index}]")


def _runs_already(project: Project) -> Problem:
    return Problem(
        code="PK702",
        summary="a cluster that runs already cannot be rehearsed",
        file=stack_file(project.directory, project.stack).name,
        where="cluster.kind",
        found=project.spec.cluster.kind,
        allowed="kinds whose cluster polykube makes",
        remedy="try the platform on a stack of kind local, or preview this one",
    )
