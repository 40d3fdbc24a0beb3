"""Whether what a stack file says can follow on what the stack is, asked before anything happens.

A cloud refuses another version in the middle of a run, and so it does with networks and clusters that would have to be
made anew below what is in them: a plain `pulumi up` is told no more than that.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from common.errors import EngineError, Problem
from components.clusters.base import ClusterSpec

_WHERE: Final = "polykube:cluster."


def check_changes(deployment: Mapping[str, Any], spec: ClusterSpec, local: Collection[str] = ()) -> None:
    """EngineError with PK405 for a version that cannot follow, PK407 for each key that is fixed, and PK412 for a local
    cluster that would be left behind.

    `deployment` is the stack's state. A cluster that is not in it, or that no cloud runs, can be anything. `local` are
    the names of the control planes of this machine.
    """
    recorded = _recorded(deployment)
    if recorded.get("kind") == "local" and recorded["name"] in local and recorded["name"] != spec.name:
        raise EngineError(_left_behind(recorded["name"], spec))
    problems = list(_fixed(recorded, spec, protected=_is_protected(deployment)))
    if spec.cloud and (recorded.get("kind"), recorded.get("name")) == (spec.kind, spec.name):
        problems += _version(str(recorded["version"]), spec)
    if problems:
        raise EngineError(problems)


def _version(has: str, spec: ClusterSpec) -> Iterator[Problem]:
    """One minor up is what clouds do at a time, and none goes down."""
    step = _minor(spec.version) - _minor(has)
    if step in (0, 1):
        return
    following = f"1.{_minor(has) + 1}"
    yield Problem(
        code="PK405",
        summary="a cluster goes up by one minor version at a time, and never down",
        where=f"{_WHERE}version",
        found=f"{spec.version}, and the cluster {spec.name} has {has}",
        allowed=f"{has} or {following}",
        remedy=f'write "{following}" and bring the stack up, one after the other' if step > 0 else f'write "{has}"',
    )


def _fixed(recorded: Mapping[str, Any], spec: ClusterSpec, *, protected: bool) -> Iterator[Problem]:
    """What stays as it was made. Another kind or name is another cluster, which may come in place of this one."""
    now = spec.fixed()
    if not protected and any(now[key] != recorded.get(key) for key in ("kind", "name")):
        return
    for key, had in recorded.get("fixed", {}).items():
        if spec.keeps(key, had):
            continue
        yield Problem(
            code="PK407",
            summary="the cluster keeps what it was made with",
            where=f"{_WHERE}{key.partition(':')[0]}",
            found=f"{now.get(key, 'nothing')}, and the cluster {recorded['name']} was made with {had}",
            allowed=had,
            remedy=f"write {had} again, and bring up another stack for what is to be different"
            + ("" if protected else "; or destroy this one first"),
        )
        if key == "kind":
            return  # another kind has other keys


def _left_behind(name: str, spec: ClusterSpec) -> Problem:
    return Problem(
        code="PK412",
        summary="the stack's control plane would go on running, and no stack would know of it",
        where=f"{_WHERE}name",
        found=f"{spec.name}, and the control plane {name} of this machine is the stack's",
        allowed=name,
        remedy=f"write {name} again and `polykube down`; then write {spec.name} and bring the stack up",
    )


def _is_protected(deployment: Mapping[str, Any]) -> bool:
    return any(resource.get("protect") for resource in deployment.get("resources") or ())


def _recorded(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stack's output `cluster`; nothing before the first run."""
    for resource in deployment.get("resources") or []:
        if resource["type"] == "pulumi:pulumi:Stack":
            found: Mapping[str, Any] = (resource.get("outputs") or {}).get("cluster") or {}
            return found
    return {}


def _minor(version: str) -> int:
    return int(version.split(".")[1])
