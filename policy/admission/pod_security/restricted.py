"""The checks that the level restricted adds: what hardens a pod."""

from collections.abc import Iterator
from typing import Final

from policy.admission.pod_security.baseline import has_seccomp_profile, unmasked
from policy.admission.pod_security.subject import Found, Subject
from policy.unknown import off, present

_VOLUMES: Final = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
)


def privilege_escalation(pod: Subject) -> Iterator[Found]:
    """No process gets more rights than its parent."""
    if pod.on_windows:
        return
    for path, context in pod.contexts(pod=False):
        if not off(context.get("allowPrivilegeEscalation")):
            yield f"{path}.allowPrivilegeEscalation", "it is not false"


def capabilities(pod: Subject) -> Iterator[Found]:
    """No capabilities at all, but for ports below 1024."""
    if pod.on_windows:
        return
    for path, context in pod.contexts(pod=False):
        given = context.get("capabilities") or {}
        if "ALL" not in (given.get("drop") or ()):
            yield f"{path}.capabilities.drop", "ALL is not dropped"
        if beyond := [name for name in given.get("add") or () if name != "NET_BIND_SERVICE"]:
            yield f"{path}.capabilities.add", f"{', '.join(beyond)} is added"


def proc_mount(pod: Subject) -> Iterator[Found]:
    """/proc is masked."""
    yield from unmasked(pod)


def volumes(pod: Subject) -> Iterator[Found]:
    """Volumes of the kinds that a pod needs, none of storage that somebody else has set up."""
    for path, volume in pod.volumes():
        kinds = {kind for kind, value in volume.items() if kind != "name" and present(value)}
        if kinds and kinds.isdisjoint(_VOLUMES):  # a volume of no kind is an emptyDir
            yield path, f"volume {volume.get('name')} is a {', '.join(sorted(kinds))}"


def run_as_non_root(pod: Subject) -> Iterator[Found]:
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


def run_as_user(pod: Subject) -> Iterator[Found]:
    """No container runs as user 0."""
    if pod.in_user_namespace:
        return
    for path, context in pod.contexts():
        if off(context.get("runAsUser")):
            yield f"{path}.runAsUser", "it is 0"


def seccomp(pod: Subject) -> Iterator[Found]:
    """A seccomp profile confines every container: the pod states it, or all containers do."""
    if pod.on_windows:
        return
    by_default = has_seccomp_profile(pod.context)
    if present(pod.context.get("seccompProfile")) and not by_default:
        yield "securityContext.seccompProfile.type", "it is neither RuntimeDefault nor Localhost"
    for path, context in pod.contexts(pod=False):
        confined = has_seccomp_profile(context) if present(context.get("seccompProfile")) else by_default
        if not confined:
            yield f"{path}.seccompProfile.type", "neither it nor the pod's is RuntimeDefault or Localhost"
