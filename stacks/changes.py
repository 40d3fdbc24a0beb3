"""Whether what a stack file says can follow on what the stack is, asked before anything happens.

A cloud refuses another version in the middle of a run, and so it does with networks and clusters that would have to be
replaced below what is in them. The engine finds what it may not delete when the rest of the run is done. So the
program asks here before it registers anything, whoever runs it, and the commands ask before they start anything.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi

from common.errors import EngineError, Problem
from common.paths import control_plane_dir
from components.clusters.base import ClusterSpec, minor_of
from stacks.config import NAMESPACE, StackSpec

_WHERE: Final = f"{NAMESPACE}cluster."
_STACK_OUTPUTS: Final = "pulumi:pulumi:readStackOutputs"
_HALF_WRITTEN: Final = "failed to load checkpoint"
_PAUSES: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 0.0)  # seconds


def recorded_outputs() -> Mapping[str, Any]:
    """What the stack that the program runs for exported last; nothing before its first run.

    The engine answers from its backend (pulumi, pkg/resource/deploy/builtins.go, v3.259): nothing is registered for it.
    A backend of files may be writing that very file, as the stack itself has just been registered: it is read again.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in _PAUSES:
        try:
            outputs: Mapping[str, Any] = pulumi.runtime.invoke(_STACK_OUTPUTS, {"name": name}).value["outputs"]
        except Exception as error:
            if not pause or _HALF_WRITTEN not in str(error):
                raise
            time.sleep(pause)
        else:
            break
    return outputs


def outputs_in(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, out of the stack's state; secrets are encrypted."""
    for resource in deployment.get("resources") or []:
        if resource["type"] == "pulumi:pulumi:Stack":
            found: Mapping[str, Any] = resource.get("outputs") or {}
            return found
    return {}


def check_changes(outputs: Mapping[str, Any], spec: StackSpec) -> None:
    """EngineError with PK405 for a version that cannot follow, PK407 for each immutable field, PK412 for a local
    cluster that would be left behind, and PK413 for what is protected and would go.

    `outputs` are the stack's. A cluster that is not in them, or that runs anyway, can be anything.
    """
    recorded, cluster = outputs.get("cluster") or {}, spec.cluster
    if _runs_here(recorded) and recorded["name"] != cluster.name:
        raise EngineError(_left_behind(recorded["name"], cluster))
    problems = list(_immutable(recorded, cluster))
    if cluster.goes_up and (recorded.get("kind"), recorded.get("name")) == (cluster.kind, cluster.name):
        problems += version_step(str(recorded["version"]), cluster)
    if recorded.get("protected"):
        problems += _protected(outputs, spec)
    if problems:
        raise EngineError(problems)


def version_step(has: str, spec: ClusterSpec) -> Iterator[Problem]:
    """Why a cluster of version `has` cannot become what `spec` says (PK405), if it cannot.

    One minor up is what clouds and kubeadm do at a time, and none goes down.
    """
    step = spec.minor - minor_of(has)
    if step in (0, 1):
        return
    following = f"1.{minor_of(has) + 1}"
    yield Problem(
        code="PK405",
        summary="a cluster goes up by one minor version at a time, and never down",
        where=f"{_WHERE}version",
        found=f"{spec.version}, and the cluster {spec.name} has {has}",
        allowed=f"{has} or {following}",
        remedy=f'write "{following}" and bring the stack up, one after the other' if step > 0 else f'write "{has}"',
    )


def _immutable(recorded: Mapping[str, Any], spec: ClusterSpec) -> Iterator[Problem]:
    """What stays as it was made. Another kind or name is another cluster, which may come in place of this one."""
    now, protected = spec.immutable_fields(), bool(recorded.get("protected"))
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


def _protected(outputs: Mapping[str, Any], spec: StackSpec) -> Iterator[Problem]:
    """What the engine would refuse to delete: tenants, and the protection itself where nobody says that it may go."""
    gone = [f"tenant {name}" for name in outputs.get("tenants", ()) if name not in {each.name for each in spec.tenants}]
    for what in gone + (["protection"] if spec.protection is None else []):
        yield Problem(
            code="PK413",
            summary="the stack is protected, and keeps what is in it",
            where=f"{NAMESPACE}tenants" if what in gone else f"{NAMESPACE}stage",
            found=f"no {what}",
            allowed=f"the {what} that the stack has",
            remedy="write it again; or write deletionProtection: false in polykube:cluster and protect-cluster: "
            "disabled in the levels of polykube:policy, bring the stack up with that, and then remove it",
        )


def _runs_here(recorded: Mapping[str, Any]) -> bool:
    """Whether the cluster is a control plane of this machine."""
    return recorded.get("kind") == "local" and control_plane_dir(recorded["name"]).is_dir()


def _left_behind(name: str, spec: ClusterSpec) -> Problem:
    return Problem(
        code="PK412",
        summary="the stack's control plane would go on running, and no stack would know of it",
        where=f"{_WHERE}name",
        found=f"{spec.name}, and the control plane {name} of this machine is the stack's",
        allowed=name,
        remedy=f"write {name} again and `polykube down`; then write {spec.name} and bring the stack up",
    )
