"""Pod Security: which pods a namespace's `pod-security.kubernetes.io/enforce` label admits.

Checks by level and version: k8s.io/pod-security-admission/policy (v0.36.3, and 8f84a87 for 1.37).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.admission.pod_security import baseline, restricted
from policy.admission.pod_security.subject import CheckedPod, Found
from policy.model.unknown import Undetermined

_LABEL: Final = "pod-security.kubernetes.io/enforce"
_LATEST: Final = 36  # the minor version of clusters that state none
_NEWEST: Final = 37  # the minor version with the last change of a check
_LEVELS: Final = ("privileged", "baseline", "restricted")


@dataclass(frozen=True)
class Standard:
    """A level and the minor version of Kubernetes whose checks it means."""

    level: str
    minor: int = _LATEST

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> "Standard | None":
        """What a namespace's labels enforce; None where they say nothing."""
        if _LABEL not in labels:
            return None
        level = str(labels[_LABEL])
        version = re.fullmatch(r"v1\.(\d+)", str(labels.get(f"{_LABEL}-version", "latest")))
        minor = min(int(version[1]), _NEWEST) if version else _LATEST
        return cls(level if level in _LEVELS else "restricted", minor)


@dataclass(frozen=True)
class Check:
    """One thing that is asked of pods. `name` is what the API server calls it."""

    name: str
    level: str
    find: Callable[[CheckedPod], Iterator[Found]]
    remedy: str
    in_place_of: str = ""  # the baseline check that is not applied where this one is
    since: int = 0  # the minor version of Kubernetes that began to make it


@dataclass(frozen=True)
class Violation:
    """What a pod breaks, where below its spec, and what is asked instead."""

    check: Check
    path: str
    message: str


_REMOVE: Final = "Remove it."
_PROFILE: Final = "Set RuntimeDefault or Localhost."
_VOLUME: Final = "Take another kind of volume."

CHECKS: Final = (
    Check("forbidden AppArmor profile", "baseline", baseline.app_armor, _PROFILE),
    Check("non-default capabilities", "baseline", baseline.capabilities, _REMOVE),
    Check("host namespaces", "baseline", baseline.host_namespaces, _REMOVE),
    Check("hostPath volumes", "baseline", baseline.host_paths, _VOLUME),
    Check("hostPort", "baseline", baseline.host_ports, "Remove it, and reach the pod by a Service."),
    Check("probe or lifecycle host", "baseline", baseline.probe_hosts, _REMOVE, since=34),
    Check("privileged", "baseline", baseline.privileged, _REMOVE),
    Check("procMount", "baseline", baseline.proc_mount, _REMOVE),
    Check("seLinuxOptions", "baseline", baseline.se_linux, _REMOVE),
    Check("seccompProfile", "baseline", baseline.seccomp, _PROFILE),
    Check("forbidden sysctls", "baseline", baseline.sysctls, _REMOVE),
    Check("hostProcess", "baseline", baseline.windows_host_process, _REMOVE),
    Check(
        "allowPrivilegeEscalation != false", "restricted", restricted.privilege_escalation, "Set it to false.", since=8
    ),
    Check(
        *("unrestricted capabilities", "restricted", restricted.capabilities),
        "Drop ALL, and add at most NET_BIND_SERVICE.",
        "non-default capabilities",
        since=22,
    ),
    Check("procMount", "restricted", restricted.proc_mount, _REMOVE, "procMount", since=35),
    Check("restricted volume types", "restricted", restricted.volumes, _VOLUME, "hostPath volumes"),
    Check("runAsNonRoot != true", "restricted", restricted.run_as_non_root, "Set it to true."),
    Check("runAsUser=0", "restricted", restricted.run_as_user, "Name another user.", since=23),
    Check("seccompProfile", "restricted", restricted.seccomp, _PROFILE, "seccompProfile", since=19),
)


def applied(standard: Standard) -> Iterator[Check]:
    """The checks that pods have to pass."""
    if standard.level == "privileged":
        return
    checks = [check for check in CHECKS if check.since <= standard.minor]
    chosen = [check for check in checks if check.level == "restricted"] if standard.level == "restricted" else []
    replaced = {check.in_place_of for check in chosen}
    yield from (check for check in checks if check.level == "baseline" and check.name not in replaced)
    yield from chosen


def violations(spec: Mapping[str, Any], annotations: Mapping[str, str], standard: Standard) -> Iterator[Violation]:
    """Everything that a pod spec breaks; at last Undetermined, where a check could not be made."""
    subject = CheckedPod(spec, annotations, standard.minor)
    unknown: Undetermined | None = None
    for check in applied(standard):
        try:
            for path, message in check.find(subject):
                yield Violation(check, path, message)
        except Undetermined as undetermined:
            unknown = undetermined
    if unknown:
        raise unknown
