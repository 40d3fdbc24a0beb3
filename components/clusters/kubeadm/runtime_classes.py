"""The RuntimeClasses by which pods get into sandboxes, and the guard of sandboxed pools."""

import json
from collections.abc import Collection
from typing import Final

from components.addons.rendered import Manifest, register
from components.clusters.kubeadm.core_add_ons import CoreAddOns
from components.clusters.kubeadm.runtimes import RUNTIMES, SANDBOXES, SandboxedPool
from components.naming import SANDBOX_LABEL
from components.platform.guards import POD_VARIABLES, PODS, Guard, make_guard

_ENTERING: Final = (
    f'variables.pod.?tolerations.orValue([]).filter(t, t.?key.orValue("") == "{SANDBOX_LABEL}"'
    " && !(t in variables.had.?tolerations.orValue([])))"
)


def make_runtime_classes(parts: CoreAddOns, cluster: str, pools: Collection[SandboxedPool]) -> None:
    """A RuntimeClass for each sandbox that a pool has, called as it is, and nothing else lets tenants' pods enter."""
    used = sorted({pool.sandbox for pool in pools if pool.sandbox})
    if used:
        register([runtime_class(name) for name in used], parts.place)
        list(make_guard(sandbox_guard(), cluster, parts.outside))


def runtime_class(name: str) -> Manifest:
    """The RuntimeClass of a sandbox: pods of it get to the pools that have it, with what they take besides."""
    sandbox = RUNTIMES[name]
    taint = {"key": SANDBOX_LABEL, "operator": "Equal", "value": name, "effect": "NoSchedule"}
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": name},
        "handler": sandbox.handler,
        "overhead": {"podFixed": dict(sandbox.overhead)},
        "scheduling": {"nodeSelector": {SANDBOX_LABEL: name}, "tolerations": [taint]},
    }


def sandbox_guard() -> Guard:
    """Who tolerates the taint by hand would run there without the sandbox.

    To pods of the class the API server adds the toleration, before this is asked.
    """
    names = json.dumps(SANDBOXES)
    return Guard(
        "tenant-sandboxes",
        PODS,
        variables={**POD_VARIABLES, "entering": _ENTERING},
        validations={
            f'variables.entering.size() == 0 || variables.pod.?runtimeClassName.orValue("") in {names}': '"nodes with a'
            f' sandbox are for pods that run in one: write runtimeClassName, and no toleration of {SANDBOX_LABEL}"'
        },
    )
