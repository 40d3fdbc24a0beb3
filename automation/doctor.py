"""What is there, where it came from, and how to get what is missing."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from automation.engine import Engine
from automation.environment import backend_url, engine_settings
from automation.project import project_directory
from automation.show import out, table
from automation.state.backends import VARIABLE, check_url, shown
from common.errors import EngineError
from rehearsal.plugins import install_command, language_host, look_up_plugins
from rehearsal.toolchain import CONTROL_PLANE, ENGINE, Tool, Unfit, look_up, read_lock


@dataclass(frozen=True)
class ToolStatus:
    """One thing that polykube uses.

    `ok` is False when it is missing, `needed` is True when no stack comes up without it; `detail`
    says why what is there will not do; `remedy` may improve even what is ok.
    """

    name: str
    kind: str
    ok: bool
    version: str = ""
    source: str = "missing"
    path: str = ""
    detail: str = ""
    remedy: str = "make setup"
    needed: bool = True

    @property
    def mark(self) -> str:
        """✓ there, ✗ missing, · missing and not needed yet."""
        return "✓" if self.ok else "✗" if self.needed else "·"

    def as_json(self) -> dict[str, str | bool]:
        """The finding as plain data."""
        return asdict(self)


def examine() -> Iterator[ToolStatus]:
    """Engine, backend, language host, provider plugins and tools, in this order."""
    engine = look_up(ENGINE[0])
    yield _tool(ENGINE[0], "engine", engine)
    yield _backend(engine)
    yield _host(engine)
    for name, plugin in look_up_plugins().items():
        if plugin is None:
            yield ToolStatus(name, "provider", ok=False)
        else:
            remedy = "" if plugin.official else install_command(name)
            yield ToolStatus(name, "provider", True, plugin.version, plugin.source, str(plugin.path), remedy=remedy)
    for name in read_lock()[1]:
        if name not in ENGINE:
            yield _tool(name, "tool", look_up(name))


def show(findings: Sequence[ToolStatus]) -> None:
    """A table of what was found, then what to do: each remedy once, its command on a line of its own."""
    rows = [(f.mark, f.kind, f.name, f.version or "–", f.source) for f in findings]
    out.print(table("Doctor", ("", "kind", "name", "version", "source"), rows))
    for finding in findings:
        if finding.detail:
            out.print(f"\n{finding.detail}", soft_wrap=True, markup=False)
    for title, some in {
        "missing": [f for f in findings if not f.ok and f.needed],
        "not needed yet": [f for f in findings if not f.ok and not f.needed],
        "could be the official one, where the engine can download it": [f for f in findings if f.ok and f.remedy],
    }.items():
        for remedy in dict.fromkeys(f.remedy for f in some):
            names = ", ".join(f.name for f in some if f.remedy == remedy)
            out.print(f"\n[bold]{title}[/bold]: {names}")
            out.print(f"  {remedy}", soft_wrap=True, markup=False)


def _tool(name: str, kind: str, found: Tool | Unfit | None) -> ToolStatus:
    needed = name in ENGINE + CONTROL_PLANE
    match found:
        case Tool():
            return ToolStatus(name, kind, True, found.version, found.source, str(found.path), remedy="", needed=needed)
        case Unfit():
            return ToolStatus(name, kind, ok=False, detail=f"{found.path} {found.reason}", needed=needed)
        case None:
            return ToolStatus(name, kind, ok=False, needed=needed)


def _backend(engine: Tool | Unfit | None) -> ToolStatus:
    """Where states are: whether the engine, if it is there, can list them."""
    url = backend_url()
    given, problem = shown(url), None
    try:
        check_url(url)
        if isinstance(engine, Tool):
            settings = engine_settings(local=False, cluster="")
            Engine(engine, "", settings, project_directory()).exists()
    except EngineError as error:
        (problem,) = error.problems
    source = VARIABLE if VARIABLE in os.environ else "by default"
    if problem:
        return ToolStatus(given, "backend", ok=False, source=source, detail=problem.found, remedy=problem.remedy)
    return ToolStatus(given, "backend", ok=True, source=source, remedy="")


def _host(engine: Tool | Unfit | None) -> ToolStatus:
    host = language_host(engine) if isinstance(engine, Tool) else None
    if host is None:
        return ToolStatus("python", "language host", ok=False)
    remedy = "" if host.official else "put a released pulumi on PATH, which brings it"
    return ToolStatus("python", "language host", True, host.version, host.source, str(host.path), remedy=remedy)
