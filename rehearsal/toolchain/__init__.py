"""The binaries that polykube uses, pinned in `tools.lock`: found on PATH, downloaded, or built into the cache.

Every binary is made at most once per machine and lock content, under a temporary name that is renamed
when it is complete, with one lock per binary against two processes at once.
"""

from collections.abc import Iterable
from dataclasses import replace

from rehearsal.toolchain.build import build, built
from rehearsal.toolchain.find import Tool, Unfit, find
from rehearsal.toolchain.lock import Binary, read_lock
from rehearsal.toolchain.releases import download, downloaded

__all__ = ["CONTROL_PLANE", "ENGINE", "Binary", "Tool", "Unfit", "ensure", "look_up", "read_lock"]

ENGINE = ("pulumi",)
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def look_up(name: str) -> Tool | Unfit | None:
    """The tool as it is now, making nothing; `Unfit` when only a program that will not do was found."""
    binary = read_lock()[1][name]
    found = find(binary)
    if isinstance(found, Tool):
        return found
    ours = downloaded(binary) or built(binary)
    return _instead(ours, found) if ours else found


def ensure(names: Iterable[str]) -> dict[str, Tool]:
    """The tools called `names`, making those that are missing; ToolchainError when one cannot be made."""
    tools = {}
    for name in names:
        found = look_up(name)
        tools[name] = found if isinstance(found, Tool) else _instead(_made(read_lock()[1][name]), found)
    return tools


def _made(binary: Binary) -> Tool:
    return download(binary) or build(binary)


def _instead(ours: Tool, passed_over: Unfit | None) -> Tool:
    """What we made, with the reason why what is there already was not taken."""
    if passed_over is None:
        return ours
    return replace(ours, source=f"{ours.source}, as {passed_over.path} {passed_over.reason}:")
