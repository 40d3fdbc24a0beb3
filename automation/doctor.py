"""What is there, where it came from, and how to get what is missing."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rehearsal.plugins import install_command, language_host, look_up_plugins
from rehearsal.toolchain import ENGINE, Tool, Unfit, look_up, read_lock


@dataclass(frozen=True)
class Finding:
    """One thing that polykube needs: `ok` is False when it is missing; `remedy` may improve even what is ok."""

    name: str
    kind: str
    ok: bool
    version: str
    source: str
    path: str
    remedy: str

    def as_json(self) -> dict[str, str | bool]:
        """The finding as plain data."""
        return asdict(self)


def examine() -> Iterator[Finding]:
    """Engine, language host, provider plugins and tools, in this order."""
    engine = look_up(ENGINE[0])
    yield _tool(ENGINE[0], "engine", engine)
    yield _host(engine)
    for name, plugin in look_up_plugins().items():
        if plugin is None:
            yield Finding(name, "provider", ok=False, version="", source="missing", path="", remedy="make setup")
        else:
            remedy = "" if plugin.official else f"{install_command(name)}, where the engine can download it"
            yield Finding(name, "provider", True, plugin.version, plugin.source, str(plugin.path), remedy)
    for name in read_lock()[1]:
        if name not in ENGINE:
            yield _tool(name, "tool", look_up(name))


def _tool(name: str, kind: str, found: Tool | Unfit | None) -> Finding:
    match found:
        case Tool():
            return Finding(name, kind, True, found.version, found.source, str(found.path), "")
        case Unfit():
            reason = f"missing: {found.path} {found.reason}"
            return Finding(name, kind, False, "", reason, "", "make setup builds it from source")
        case None:
            return Finding(name, kind, False, "", "missing", "", "make setup builds it from source")


def _host(engine: Tool | Unfit | None) -> Finding:
    host = language_host(engine) if isinstance(engine, Tool) else None
    if host is None:
        return Finding("python", "language host", False, "", "missing", "", "make setup")
    remedy = "" if host.official else "a released pulumi on PATH brings the official one"
    return Finding("python", "language host", True, host.version, host.source, str(host.path), remedy)
