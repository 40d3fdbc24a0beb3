"""Requests of a tenant's member as data (tests/e2e/attempts), and who answers for a refusal."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from common.paths import CHECKOUT
from tests.support.api import Api, ApiError, Object
from tests.support.objects import pod_template

ROOM: Final = "room"
"""The tenant whose member it is."""
NEIGHBOURS: Final = "neighbours"
"""Another tenant of the cluster."""
_CLUSTER: Final = "cluster"
_DATA: Final = CHECKOUT / "tests" / "e2e" / "attempts"
_METHODS: Final = {"create": "POST", "change": "PATCH", "delete": "DELETE", "read": "GET"}
_REFUSALS: Final = {  # who refuses, by the words of the API server
    r'User "\w+" cannot ': "RBAC",
    r'violates PodSecurity "restricted:': "Pod Security",
    r"exceeded quota: ([\w-]+)": "ResourceQuota `{}`",
    r"(?:max|min)imum \w+ usage per ": "LimitRange `limits`",
    r"^.*ValidatingAdmissionPolicy '([\w-]+)\..* denied request: ": "ValidatingAdmissionPolicy `{}`",
    r"priority .* must not be provided in pod spec": "the admission plugin Priority",
}


@dataclass(frozen=True)
class Attempt:
    """One request: `resource` may go on with a name and a subresource; `by` refuses it, or nobody."""

    title: str
    verb: str
    version: str
    resource: str
    namespace: str
    body: Object = field(hash=False)
    by: str = ""

    @property
    def path(self) -> str:
        """Where it goes."""
        if self.resource.startswith("/"):
            return self.resource
        root = "/apis" if "/" in self.version else "/api"
        place = "" if self.namespace == _CLUSTER else f"/namespaces/{self.namespace}"
        return f"{root}/{self.version}{place}/{self.resource}"

    @property
    def request(self) -> str:
        """The request in a few words."""
        where = "" if self.namespace in (ROOM, _CLUSTER) else f" in {self.namespace}"
        return f"{self.verb} {self.resource.partition('.CLUSTER')[0]}{where}"

    @property
    def has_pods(self) -> bool:
        """Whether it makes pods at once."""
        kinds = ("pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs")
        return self.verb == "create" and self.resource in kinds

    def run(self, api: Api, cluster: str) -> Object:
        """What the API server of `cluster` answers; ApiError."""
        headers = {"Content-Type": "application/merge-patch+json"} if self.verb == "change" else {}
        content = None if self.verb in ("read", "delete") else self.body
        return api.request(_METHODS[self.verb], self.path.replace("CLUSTER", cluster), content, **headers)


def refused() -> list[Attempt]:
    """What is tried in vain."""
    return [_attempt(each, group["by"]) for group in _read("refused") for each in group["attempts"]]


def allowed() -> list[Attempt]:
    """What succeeds, in this order."""
    return [_attempt(each) for each in _read("allowed")]


def refuser(error: ApiError) -> str:
    """Who refused, or the message of somebody unknown."""
    for pattern, who in _REFUSALS.items():
        if found := re.search(pattern, error.message):
            return who.format(*found.groups())
    return f"{error.status} {error.message}"


def _read(name: str) -> Any:
    return yaml.safe_load(Path(_DATA, f"{name}.yaml").read_text(encoding="utf-8"))


def _attempt(given: Mapping[str, Any], by: str = "") -> Attempt:
    verb, version, resource = _words(given.get("request", "create v1 pods"))
    name = given.get("named") or re.sub(r"\W+", "-", given["attempt"].lower()).strip("-")
    body = copy.deepcopy(given.get("body", {}))
    if verb == "create":
        body.setdefault("metadata", {}).setdefault("name", name)
        _lay(body, _workload(resource, name, given))
    return Attempt(given["attempt"], verb, version, resource, given.get("in", ROOM), body, by)


def _words(request: str) -> tuple[str, str, str]:
    verb, *rest = request.split()
    return (verb, *rest) if len(rest) == 2 else (verb, "", rest[0])  # type: ignore[return-value]


def _workload(resource: str, name: str, given: Mapping[str, Any]) -> Object:
    """The part of an object of a `resource` with pods that says how these are; nothing of the others."""
    ends = {"restartPolicy": "Never"} if resource in ("jobs", "cronjobs") else {}
    template = copy.deepcopy(pod_template(**ends, **given.get("pod", {})))
    _lay(template["spec"]["containers"][0], given.get("container", {}))
    labels = {"app": name}
    template["metadata"]["labels"] = labels
    match resource:
        case "pods":
            return template
        case "jobs":
            return {"spec": {"template": template}}
        case "cronjobs":
            return {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}}}
        case "deployments" | "statefulsets" | "daemonsets" | "replicasets":
            return {"spec": {"selector": {"matchLabels": labels}, "template": template}}
        case _:
            return {}


def _lay(below: Object, above: Mapping[str, Any]) -> None:
    """Put `above` over `below`, key by key."""
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            _lay(below[key], value)
        else:
            below[key] = copy.deepcopy(value)


def rows(attempts: list[Attempt]) -> Iterator[tuple[str, ...]]:
    """The attempts as rows of a table."""
    return ((each.title, f"`{each.request}`", *([each.by] if each.by else [])) for each in attempts)
