"""The checks that the level restricted adds: what hardens a pod."""

from collections.abc import Iterator
from typing import Final

from policy.admission.pod_security.baseline import (
    DEFAULT_CAPABILITIES,
    beyond_default_capabilities,
    has_seccomp_profile,
    listed,
    path_of_host,
    unconfined,
    unmasked,
)
from policy.admission.pod_security.subject import CheckedPod, Found
from policy.model.unknown import off, present

_VOLUMES: Final = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
)


def privilege_escalation(pod: CheckedPod) -> Iterator[Found]:
    """No process gets more rights than its parent."""
    if pod.on_windows:
        return
    for path, context in pod.contexts(pod=False):
        if not off(context.get("allowPrivilegeEscalation")):
            yield f"{path}.allowPrivilegeEscalation", "it is not false"


def capabilities(pod: CheckedPod) -> Iterator[Found]:
    """No capabilities at all, but for ports below 1024."""
    if pod.on_windows:
        return
    for path, context in pod.contexts(pod=False):
        given = context.get("capabilities") or {}
        if "ALL" not in (given.get("drop") or ()):
            yield f"{path}.capabilities.drop", "ALL is not dropped"
        added = given.get("add") or ()
        yield from beyond_default_capabilities(path, added)
        if given_anyway := [name for name in added if name in DEFAULT_CAPABILITIES and name != "NET_BIND_SERVICE"]:
            yield f"{path}.capabilities.add", f"{listed(given_anyway)} is added"


def proc_mount(pod: CheckedPod) -> Iterator[Found]:
    """/proc is masked."""
    yield from unmasked(pod)


def volumes(pod: CheckedPod) -> Iterator[Found]:
    """Volumes of the kinds that a pod needs, none of storage that somebody else has set up."""
    for path, volume in pod.volumes():
        kinds = {kind for kind, value in volume.items() if kind != "name" and present(value)}
        if "hostPath" in kinds and kinds.isdisjoint(_VOLUMES):
            yield path_of_host(path, volume)
        elif kinds and kinds.isdisjoint(_VOLUMES):  # a volume of no kind is an emptyDir
            yield path, f"volume {volume.get('name')} is a {', '.join(sorted(kinds))}"


def run_as_non_root(pod: CheckedPod) -> Iterator[Found]:
    """No container runs as root: the pod says so, or all containers do."""
    if pod.in_user_namespace:
        return
    by_default = pod.context.get("runAsNonRoot")
    if off(by_default):
        yield "securityContext.runAsNonRoot", "it is false"
    for path, context in pod.contexts(pod=False):
        own = context.get("runAsNonRoot")
        if off(own):
            yield f"{path}.runAsNonRoot", "it is false"
        elif not own and not by_default:
            yield f"{path}.runAsNonRoot", "neither it nor the pod's is true"


def run_as_user(pod: CheckedPod) -> Iterator[Found]:
    """No container runs as user 0."""
    if pod.in_user_namespace:
        return
    for path, context in pod.contexts():
        if off(context.get("runAsUser")):
            yield f"{path}.runAsUser", "it is 0"


def seccomp(pod: CheckedPod) -> Iterator[Found]:
    """A seccomp profile confines every container: the pod states it, or all containers do."""
    if pod.on_windows:
        return
    by_default = has_seccomp_profile(pod.context)
    yield from unconfined("securityContext", pod.context)
    for path, context in pod.contexts(pod=False):
        if present(context.get("seccompProfile")):
            yield from unconfined(path, context)
        elif not by_default:
            yield f"{path}.seccompProfile.type", "neither it nor the pod's is RuntimeDefault or Localhost"
