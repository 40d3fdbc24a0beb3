"""Random namespaces: limit ranges, pods, claims, services, and quotas that are about as large as what they count."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from common.quantity import Quantity
from components.platform.manifests import type_token
from policy.admission.quotas import read_quota
from policy.admission.usage import usage_of
from policy.model.resource import Resource
from policy.model.stack import Stack
from tests.support.api import Object

CPU: Final = ("1m", "50m", "100m", "0.1", "250m", "1", "1500m", "1e-1", "100u", "33333u", "2", "0")
MEMORY: Final = ("64Mi", "100M", "0.5Gi", "123456789", "1e8", "1500m", "128974848", "1Gi", "1023Ki", "0")
DISK: Final = ("1Gi", "10M", "500Ki", "2e9")
GPU: Final = "example.com/gpu"
PAGES: Final = "hugepages-2Mi"
PRIORITIES: Final = ("exam-low", "exam-high")
RUNTIME: Final = "exam-sandbox"
OVERHEAD: Final = {"cpu": "50m", "memory": "10Mi"}
STORAGE_CLASSES: Final = ("gold", "silver")
_SPELLINGS: Final = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": DISK}

CLUSTER: Final[tuple[Object, ...]] = (
    *(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": 1000 + number,
        }
        for number, name in enumerate(PRIORITIES)
    ),
    {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": RUNTIME},
        "handler": "sandbox",
        "overhead": {"podFixed": OVERHEAD},
    },
)


def as_resource(body: Object) -> Resource:
    """An object as the policy pack sees it."""
    return Resource(body["metadata"]["name"], type_token(body), body["metadata"]["name"], body)


class Draw:
    """Random objects of one namespace."""

    def __init__(self, seed: str, namespace: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._namespace = namespace
        self._tidy = self._maybe(0.7)  # whether all its containers state what quotas may ask for

    def limit_ranges(self) -> list[Object]:
        """None, or one with an item for containers, pods or claims."""
        if self._maybe(0.5):
            return []
        limits: list[Object] = [{"type": "PersistentVolumeClaim", "max": {"storage": "1Pi"}}]
        if self._maybe(0.8):
            limits.append(self._container_limits())
        if self._maybe(0.25):
            item: Object = {"type": "Pod", "max": {self._pick(("cpu", "memory")): "8"}}
            if "memory" in item["max"]:
                item["max"] = {"memory": self._pick(("600Mi", "4Gi"))}
            limits.append(item)
        return [self._object("v1", "LimitRange", "limits", spec={"limits": limits})]

    def objects(self) -> list[Object]:
        """Pods and whatever else quotas count, in the order in which they are created."""
        made = [self._pod(index) for index in range(self._random.randint(1, 5))]
        made += [self._claim(index) for index in range(self._few())]
        made += [self._service(index) for index in range(self._few())]
        made += [self._object("v1", "ConfigMap", f"config-{index}") for index in range(self._few())]
        self._random.shuffle(made)
        return made

    def quotas(self, others: Sequence[Object]) -> list[Object]:
        """One to three, with keys that `others` count for, and others."""
        return [self._quota(index, others) for index in range(self._random.randint(1, 3))]

    def _quota(self, index: int, others: Sequence[Object]) -> Object:
        spec: Object = self._scope()
        keys = self._keys(scoped=bool(spec), best_effort=spec.get("scopes") == ["BestEffort"])
        used = self._used({**spec, "hard": dict.fromkeys(keys, "0")}, others)
        spec["hard"] = {key: self._hard(used.get(key, Quantity(0)), key) for key in keys}
        return self._object("v1", "ResourceQuota", f"quota-{index}", spec=spec)

    def _used(self, spec: Object, others: Sequence[Object]) -> Mapping[str, Quantity]:
        stack = Stack(map(as_resource, (*CLUSTER, *others)))
        quota = read_quota("", spec)
        used = dict.fromkeys(quota.hard, Quantity(0))
        for each in usage_of(stack, self._namespace).objects:
            if each.counted_by(quota):
                for key in used.keys() & each.amounts.keys():
                    used[key] += each.amounts[key]
        return used

    def _hard(self, used: Quantity, key: str) -> str:
        step = 10**6 if "cpu" in key else 10**9
        change = self._random.choices((0, -step, step, used.nanos), (5, 2, 3, 4))[0]
        whole = -(-max(used.nanos + change, 0) // step) * step
        return str(Quantity(whole, used.format))

    def _scope(self) -> Object:
        if self._maybe(0.55):
            return {}
        if self._maybe(0.5):
            plain = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
            return {"scopes": [self._pick(plain)]}
        operator = self._pick(("In", "NotIn", "Exists", "DoesNotExist"))
        expression: Object = {"scopeName": "PriorityClass", "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = [self._pick(PRIORITIES)]
        return {"scopeSelector": {"matchExpressions": [expression]}}

    def _keys(self, *, scoped: bool, best_effort: bool) -> list[str]:
        if best_effort:
            return ["pods"]
        keys = ["pods", "cpu", "requests.cpu", "limits.cpu", "memory", "requests.memory", "limits.memory"]
        if not scoped:
            keys += ["count/pods", "requests.ephemeral-storage", "limits.ephemeral-storage", "ephemeral-storage"]
            keys += [f"requests.{GPU}", PAGES, f"requests.{PAGES}"]
            keys += ["persistentvolumeclaims", "requests.storage", "count/persistentvolumeclaims"]
            keys += ["gold.storageclass.storage.k8s.io/requests.storage"]
            keys += ["silver.storageclass.storage.k8s.io/persistentvolumeclaims"]
            keys += ["services", "services.loadbalancers", "services.nodeports", "configmaps", "count/configmaps"]
        return self._random.sample(keys, self._random.randint(1, min(5, len(keys))))

    def _container_limits(self) -> Object:
        item: Object = {"type": "Container"}
        for resource, ladder in (("cpu", ("10m", "100m", "500m", "3")), ("memory", ("1Mi", "64Mi", "256Mi", "2Gi"))):
            for field, amount in zip(("min", "defaultRequest", "default", "max"), ladder, strict=True):
                if self._maybe(0.5):
                    item.setdefault(field, {})[resource] = amount
        if self._maybe(0.1):
            item["maxLimitRequestRatio"] = {self._pick(("cpu", "memory")): self._pick(("2", "1500m", "10"))}
        return item

    def _pod(self, index: int) -> Object:
        states = self._tidy or self._maybe(0.8)
        spec: Object = {"containers": [self._container(f"main-{it}", states) for it in range(1 + self._few() // 2)]}
        if inits := [self._container(f"init-{it}", states) for it in range(self._few())]:
            for container in inits:
                if self._maybe(0.4):
                    container["restartPolicy"] = "Always"
            spec["initContainers"] = inits
        if self._maybe(0.15):
            spec["resources"] = self._pod_level()
        if self._maybe(0.2):
            spec["runtimeClassName"] = RUNTIME
        if self._maybe(0.3):
            spec["priorityClassName"] = self._pick(PRIORITIES)
        if self._maybe(0.3):
            spec["activeDeadlineSeconds"] = 600
        if self._maybe(0.15):
            spec["affinity"] = self._affinity()
        return self._object("v1", "Pod", f"pod-{index}", spec=spec)

    def _container(self, name: str, states: bool) -> Object:
        resources: dict[str, dict[str, str]] = {}
        for resource, chance in (("cpu", 0.97), ("memory", 0.97), ("ephemeral-storage", 0.2)):
            if states and (self._tidy or self._maybe(chance)):
                self._state(resources, resource)
        if self._maybe(0.08):
            resources.setdefault("limits", {})[GPU] = self._pick(("1", "2"))
        if self._maybe(0.06):
            resources.setdefault("limits", {})[PAGES] = self._pick(("2Mi", "4Mi"))
        return {"name": name, "image": "example.test/main:1", "resources": resources}

    def _state(self, resources: dict[str, dict[str, str]], resource: str) -> None:
        request, limit = self._pick(_SPELLINGS[resource]), self._pick(_SPELLINGS[resource])
        shapes = ("limit", "same") if self._tidy else ("limit", "same", "request", "both")
        shape = self._pick(shapes)
        if shape != "limit":
            resources.setdefault("requests", {})[resource] = request
        if shape != "request":
            resources.setdefault("limits", {})[resource] = request if shape == "same" else limit

    def _pod_level(self) -> Object:
        large = {"cpu": ("8", "12500m"), "memory": ("6Gi", "9e9")}
        fields = self._pick((("requests",), ("limits",), ("requests", "limits")))
        names = self._pick((("cpu",), ("memory",), ("cpu", "memory")))
        amounts = {name: self._pick(large[name]) for name in names}
        return {field: dict(amounts) for field in fields}

    def _affinity(self) -> Object:
        term: Object = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}
        if self._maybe(0.7):
            term |= self._pick(({"namespaces": ["kube-system"]}, {"namespaceSelector": {}}))
        rule = self._pick(
            (
                {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
                {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]},
            )
        )
        return {self._pick(("podAffinity", "podAntiAffinity")): rule}

    def _claim(self, index: int) -> Object:
        size = self._pick(("1Gi", "10G", "1.5Gi", "1000000000500m", "1e9"))
        spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        spec["storageClassName"] = self._pick((*STORAGE_CLASSES, ""))
        return self._object("v1", "PersistentVolumeClaim", f"claim-{index}", spec=spec)

    def _service(self, index: int) -> Object:
        ports = [{"name": f"p{it}", "port": 80 + it} for it in range(1 + self._few())]
        spec: Object = {"ports": ports, "type": self._pick(("ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer"))}
        if spec["type"] == "LoadBalancer" and self._maybe(0.4):
            spec["allocateLoadBalancerNodePorts"] = False
        return self._object("v1", "Service", f"service-{index}", spec=spec)

    def _object(self, api_version: str, kind: str, name: str, **content: Any) -> Object:
        metadata = {"namespace": self._namespace, "name": name}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _few(self) -> int:
        return self._random.choices((0, 1, 2, 3), (5, 3, 2, 1))[0]

    def _pick(self, options: Sequence[Any]) -> Any:
        return self._random.choice(options)


def objects_in(namespace: str, seed: str) -> Iterator[list[Object]]:
    """Limit ranges, then objects, then quotas of a random namespace."""
    draw = Draw(seed, namespace)
    limits, objects = draw.limit_ranges(), draw.objects()
    yield limits
    yield objects
    yield draw.quotas([*limits, *objects])
