"""Whether the version in a stack file can follow on the one that the stack has.

A cloud refuses it as well, but in the middle of a run, which is when a plain `pulumi up` is told.
"""

from collections.abc import Mapping
from typing import Any

from common.errors import EngineError, Problem
from components.clusters.base import ClusterSpec


def check_version(deployment: Mapping[str, Any], spec: ClusterSpec) -> None:
    """EngineError (PK405) unless `spec` keeps the version of the cluster in `deployment`, or raises it by one minor.

    `deployment` is the stack's state. A cluster that is not in it, or that no cloud runs, can have any version.
    """
    recorded = _recorded(deployment)
    if not spec.cloud or (recorded.get("kind"), recorded.get("name")) != (spec.kind, spec.name):
        return
    has, wanted = str(recorded["version"]), spec.version
    step = _minor(wanted) - _minor(has)
    if step in (0, 1):
        return
    following = f"1.{_minor(has) + 1}"
    raise EngineError(
        Problem(
            code="PK405",
            summary="a cluster goes up by one minor version at a time, and never down",
            where="polykube:cluster.version",
            found=f"{wanted}, and the cluster {spec.name} has {has}",
            allowed=f"{has} or {following}",
            remedy=f'write "{following}" and bring the stack up, one after the other' if step > 0 else f'write "{has}"',
        )
    )


def _recorded(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stack's output `cluster`; nothing before the first run."""
    for resource in deployment.get("resources") or []:
        if resource["type"] == "pulumi:pulumi:Stack":
            found: Mapping[str, Any] = (resource.get("outputs") or {}).get("cluster") or {}
            return found
    return {}


def _minor(version: str) -> int:
    return int(version.split(".")[1])
