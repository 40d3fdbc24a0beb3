"""Requests to the stand-in's parts, as the engine would make them."""

from typing import Any

from common.wire import Properties
from rehearsal.providers.base import Diff, Request
from rehearsal.providers.kubernetes import settings
from rehearsal.providers.kubernetes.diff import diff
from rehearsal.providers.kubernetes.objects import Object
from rehearsal.providers.kubernetes.recorded_state import to_state


def token(obj: Object, *, patch: bool = False) -> str:
    """The type token of a resource that makes (or patches) `obj`."""
    group, _, version = obj["apiVersion"].rpartition("/")
    return f"kubernetes:{group or 'core'}/{version}:{obj['kind']}{'Patch' if patch else ''}"


def urn(obj: Object, name: str = "subject", *, patch: bool = False) -> str:
    """The URN of a resource `name` that makes (or patches) `obj`."""
    return f"urn:pulumi:dev::test::{token(obj, patch=patch)}::{name}"


def difference(
    old: Object,
    new: Object,
    live: Object | None = None,
    *,
    patch: bool = False,
    ignore: tuple[str, ...] = (),
    **options: Any,
) -> Diff:
    """What changing the inputs from `old` to `new` means, when the cluster holds `live` (else just `old`)."""
    state = to_state(old, live or old, {}, old["apiVersion"], "pulumi-kubernetes-test")
    request = Request(urn=urn(new, patch=patch), inputs=new, state=state, id="ns/subject", ignore_changes=ignore)
    return diff(request, settings.read(options), namespaced=True)


def config_map(data: Properties | None = None, **metadata: Any) -> Object:
    """A ConfigMap `subject` in the namespace `ns`."""
    identity = {"name": "subject", "namespace": "ns"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": identity | metadata,
        "data": {"a": "1"} if data is None else data,
    }


def pod_spec(**container: Any) -> Object:
    """The spec of a pod with one container."""
    return {"containers": [{"name": "main", "image": "example.test/main:1", **container}]}


def deployment(**spec: Any) -> Object:
    """A Deployment `subject` in the namespace `ns`; `spec` is its own."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod_spec()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "subject", "namespace": "ns"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template} | spec,
    }


def custom(spec: Any) -> Object:
    """A custom resource `subject` in the namespace `ns`."""
    metadata = {"name": "subject", "namespace": "ns"}
    return {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": metadata, "spec": spec}


def live(name: str = "subject", spec: Any = None, status: Any = None, **metadata: Any) -> Object:
    """A live object with this spec and status; `metadata` beside name and uid."""
    return {"metadata": {"name": name, "uid": f"uid-{name}", **metadata}, "spec": spec or {}, "status": status or {}}


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> Object:
    """A condition of a status."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def owned(name: str, owner: str = "subject", **rest: Any) -> Object:
    """A live object that belongs to `owner`."""
    return live(name, ownerReferences=[{"uid": f"uid-{owner}"}], **rest)
