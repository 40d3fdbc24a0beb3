"""Kubernetes versions as managed clouds treat them: what is offered, and one minor at a time."""

from collections.abc import Sequence

from rehearsal.providers.clouds.behaviour import Refused

_SKEW = 3  # minors that a kubelet may be behind its API server (kubernetes.io/releases/version-skew-policy, 1.36)


def minor(version: str) -> int:
    """36 of `1.36`, `1.36.3` and `1.36.3-gke.100`."""
    return int(version.split(".")[1])


def check_control_plane(old: str | None, new: str, offered: Sequence[str]) -> None:
    """Refused when `new` is not offered, or cannot follow on `old`."""
    if ".".join(new.split(".")[:2]) not in offered:
        raise Refused("refused", reason=f"unsupported Kubernetes version {new}; offered: {', '.join(offered)}")
    if old and minor(new) < minor(old):
        raise Refused("refused", reason=f"a cluster of version {old} cannot be downgraded to {new}")
    if old and minor(new) > minor(old) + 1:
        raise Refused("refused", reason=f"unsupported Kubernetes minor version update from {old} to {new}")


def check_nodes(nodes: str, control_plane: str) -> None:
    """Refused when nodes of a version cannot join the control plane."""
    if not 0 <= minor(control_plane) - minor(nodes) <= _SKEW:
        reason = f"nodes of version {nodes} cannot join a control plane of version {control_plane}"
        raise Refused("refused", reason=reason)
