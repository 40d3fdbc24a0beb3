"""Workloads: what every pod says about itself, so that it can be scheduled, watched and trusted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from common.kinds import is_brought_without_namespace, is_namespaced
from common.quantity import QuantityError, parse
from policy.model.kubernetes import POD_SPECS, containers, pod_spec
from policy.model.resource import Resource
from policy.model.rule import Category, Level, Option, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.unknown import off, present

_FIELDS: Final = ("requests", "limits")
_NEEDED: Final = tuple((field, resource) for field in _FIELDS for resource in ("cpu", "memory"))
_SCALER: Final = "HorizontalPodAutoscaler"
_LONG_RUNNING: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})
_PROBES: Final = ("readinessProbe", "livenessProbe")


_WORKLOADS: Final = frozenset(POD_SPECS)


@rule(
    id="container-resources",
    category=Category.WORKLOAD,
    why="the scheduler and quotas reckon with what is stated, not with what is used",
    kinds=_WORKLOADS,
)
def container_resources(workload: Resource) -> Iterator[RuleFinding]:
    """Every container, or its pod for it, sets requests and limits for cpu and memory."""
    of_pod = pod_spec(workload)[1].get("resources") or {}
    for path, container in containers(workload):
        resources = container.get("resources") or {}
        missing = [
            f"{field}.{name}"
            for field, name in _NEEDED
            if name not in (resources.get(field) or {}) and name not in (of_pod.get(field) or {})
        ]
        if missing:
            yield RuleFinding(
                workload,
                f"{path}.resources",
                f"container {container.get('name', '')} sets no {', '.join(missing)}",
                "Set requests and limits for cpu and memory.",
            )


@rule(
    id="limit-ratio",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="a node is filled by requests, and runs out of what its pods may use beyond them",
    kinds=_WORKLOADS,
    options=(Option("most", int, 15, "How many times its request a limit may be."),),
)
def limit_ratio(workload: Resource, *, most: int) -> Iterator[RuleFinding]:
    """Limits are not a multiple of what is requested."""
    for path, container in containers(workload):
        requests, limits = ((container.get("resources") or {}).get(field) or {} for field in _FIELDS)
        for name in ("cpu", "memory"):
            request, limit = _nanos(requests.get(name)), _nanos(limits.get(name))
            if request and limit > most * request:
                what = f"the limit {limits[name]} is more than {most} times the request {requests[name]}"
                yield RuleFinding(
                    workload, f"{path}.resources.limits.{name}", what, "Raise the request or lower the limit."
                )


def _nanos(amount: Any) -> int:
    try:
        return 0 if amount is None else parse(str(amount)).nanos
    except QuantityError:
        return 0  # the API server refuses it


@rule(
    id="ephemeral-storage",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="logs and scratch files of one pod fill the node's disk, and all of its pods are evicted",
    kinds=_WORKLOADS,
)
def ephemeral_storage(workload: Resource) -> Iterator[RuleFinding]:
    """Every container has a limit for ephemeral storage."""
    for path, container in containers(workload):
        if "ephemeral-storage" not in ((container.get("resources") or {}).get("limits") or {}):
            what = f"container {container.get('name', '')} has no limit for ephemeral storage"
            yield RuleFinding(workload, f"{path}.resources.limits", what, "Set limits.ephemeral-storage.")


@rule(
    id="replica-range",
    category=Category.WORKLOAD,
    why="a number with a digit too many takes the whole cluster",
    kinds={"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", _SCALER},
    options=(
        Option("least", int, 0, "The smallest number of replicas."),
        Option("most", int, 100, "The largest number of replicas."),
    ),
)
def replica_range(workload: Resource, *, least: int, most: int) -> Iterator[RuleFinding]:
    """Replicas, and the bounds of autoscalers, are within a range."""
    fields = ("minReplicas", "maxReplicas") if workload.kind == _SCALER else ("replicas",)
    given = {field: value for field in fields if (value := workload.spec.get(field)) is not None}
    for field, value in given.items():
        if not least <= value <= most:
            what = f"{value} is not between {least} and {most}"
            yield RuleFinding(workload, f"spec.{field}", what, f"Set it to {least} at least and {most} at most.")
    if given.get("minReplicas", 0) > given.get("maxReplicas", most):
        yield RuleFinding(
            workload, "spec.minReplicas", "it is more than spec.maxReplicas", "Lower it, or raise the other."
        )


@rule(
    id="sa-token",
    category=Category.WORKLOAD,
    why="who breaks into the pod can talk to the API server with it",
    kinds={*POD_SPECS, "ServiceAccount"},
)
def sa_token(subject: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """No pod mounts a token of the ServiceAccount default."""
    remedy = "Set automountServiceAccountToken to false, or name a ServiceAccount with the rights that it needs."
    if subject.kind == "ServiceAccount":
        if subject.object_name == "default" and not off(subject.properties.get("automountServiceAccountToken")):
            yield RuleFinding(subject, "automountServiceAccountToken", "every pod gets a token of it unasked", remedy)
        return
    path, spec = pod_spec(subject)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    if account != "default":
        return
    stated = spec.get("automountServiceAccountToken")
    accounts = stack.of_kind("ServiceAccount", namespace=subject.namespace)
    by_account = (it.properties.get("automountServiceAccountToken") for it in accounts if it.object_name == account)
    if not off(stated if present(stated) else next(by_account, None)):
        what = "it mounts a token of the ServiceAccount default"
        yield RuleFinding(subject, f"{path}.automountServiceAccountToken", what, remedy)


@rule(
    id="no-default-ns",
    category=Category.WORKLOAD,
    why="it has no quota, no limits and no network policy of any tenant",
)
def no_default_ns(resource: Resource) -> Iterator[RuleFinding]:
    """Nothing is put into the namespace default."""
    if not resource.is_kubernetes or is_brought_without_namespace(resource.api_version, resource.kind):
        return
    stated = resource.metadata.get("namespace") or ""
    if stated == "default" or (not stated and is_namespaced(resource.api_version, resource.kind)):
        what = "it is in the namespace default" if stated else "it states no namespace, which puts it into default"
        yield RuleFinding(resource, "metadata.namespace", what, "Put it into a namespace of its tenant.")


@rule(
    id="given-once",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="in a cluster there is one of it, and whichever comes last changes it back",
)
def given_once(resource: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """No object is given twice."""
    last = stack.counted(resource)
    if last is not None and last is not resource and not resource.damages:
        what = f"it is given again at {last.urn}, and the last one counts"
        yield RuleFinding(resource, "metadata.name", what, "Remove one of the two.")


@rule(
    id="image",
    category=Category.WORKLOAD,
    why="an image that changes under its name runs differently on each node, and cannot be rolled back",
    kinds=_WORKLOADS,
    options=(
        Option("registries", tuple[str, ...], (), "Allowed beginnings of full image names; none allows all."),
        Option("digest", bool, False, "Whether an image must have a digest."),
    ),
)
def image(workload: Resource, *, registries: Sequence[str], digest: bool) -> Iterator[RuleFinding]:
    """Every image has a version or digest, and comes from an allowed registry."""
    for path, container in containers(workload):
        image = container.get("image") or ""
        if not image:
            continue  # a patch, or what the API server refuses by itself
        reference, _, by_digest = image.partition("@")
        name, _, tag = reference.rpartition(":")
        if not name or "/" in tag:  # what follows the colon is a registry's port
            name, tag = reference, ""
        if not by_digest and (digest or tag in ("", "latest")):
            what = f"the image {image} names no digest" if digest else f"the image {image} is whatever is newest"
            yield RuleFinding(
                workload, f"{path}.image", what, "Name a version's digest." if digest else "Name a version."
            )
        if registries and not any(_full_name(name).startswith(f"{prefix.rstrip('/')}/") for prefix in registries):
            what = f"the image {image} comes from none of {', '.join(registries)}"
            yield RuleFinding(workload, f"{path}.image", what, "Take it from an allowed registry.")


def _full_name(name: str) -> str:
    """An image's name with registry and path: `docker.io/library/nginx` for `nginx`."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


@rule(
    id="ro-rootfs",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="who breaks in can replace the program",
    kinds=_WORKLOADS,
)
def ro_rootfs(workload: Resource) -> Iterator[RuleFinding]:
    """Every container has a read-only root file system."""
    for path, container in containers(workload):
        if (container.get("securityContext") or {}).get("readOnlyRootFilesystem") is not True:
            what = f"container {container.get('name', '')} can write to its root file system"
            remedy = "Set it to true, with an emptyDir where the program must write."
            yield RuleFinding(workload, f"{path}.securityContext.readOnlyRootFilesystem", what, remedy)


@rule(
    id="probes",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="traffic is sent to what is not ready yet, and what hangs is never restarted",
    kinds=_LONG_RUNNING | {"Pod"},
)
def probes(workload: Resource) -> Iterator[RuleFinding]:
    """Every container that keeps running has a readiness and a liveness probe."""
    if pod_spec(workload)[1].get("restartPolicy", "Always") != "Always":
        return
    for path, container in containers(workload):
        missing = [probe for probe in _PROBES if not container.get(probe)]
        if missing and ("initContainers[" not in path or container.get("restartPolicy") == "Always"):
            what = f"container {container.get('name', '')} has no {' and no '.join(missing)}"
            yield RuleFinding(workload, path, what, "Add the probe, of something that tells this container's state.")


@rule(
    id="secret-as-file",
    category=Category.WORKLOAD,
    level=Level.ADVISORY,
    why="the environment is inherited by child processes and shown in crash reports",
    kinds=_WORKLOADS,
)
def secret_as_file(workload: Resource) -> Iterator[RuleFinding]:
    """Secrets are mounted as files, not put into the environment."""
    for path, container in containers(workload):
        for place, entry in _environment(container):
            if secret := (entry or {}).get("name"):
                what = f"the Secret {secret} is put into the environment"
                yield RuleFinding(workload, f"{path}.{place}", what, "Mount it as a file.")


def _environment(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Path and reference of every Secret in a container's environment."""
    for index, entry in enumerate(container.get("env") or ()):
        yield f"env[{index}].valueFrom.secretKeyRef", (entry.get("valueFrom") or {}).get("secretKeyRef")
    for index, entry in enumerate(container.get("envFrom") or ()):
        yield f"envFrom[{index}].secretRef", entry.get("secretRef")
