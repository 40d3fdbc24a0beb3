"""What rules are written in: resources, the stack as a whole, findings.

Rules see plain dictionaries, secrets unwrapped (so a rule never prints a value of a Secret) and values that
are not known during a preview as `policy.unknown.Unknown`. A rule is a function that yields findings:

    def _limit_ratio(workload: Resource, *, ratio: int) -> Iterator[Finding]: ...
    def _ns_quota(namespace: Resource, stack: Stack) -> Iterator[Finding]: ...

It is called for each resource of the rule's kinds; keyword arguments are the rule's options.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, TypeVar

from common.kinds import is_namespaced
from components.naming import component_type
from policy.shapes import Damage, read
from policy.unknown import Undetermined, known

Properties = Mapping[str, Any]
ADD_ON: Final = component_type("addons", "")
"""How the types of add-ons' components begin."""
T = TypeVar("T")


class Level(StrEnum):
    """What a finding does: stop the run, be shown, be mended, or nothing."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"


class Category(StrEnum):
    """The families of rules, as the reference page groups them."""

    QUOTA = "quota"
    NETWORK = "network"
    WORKLOAD = "workload"
    CLUSTER = "cluster"
    COST = "cost"


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as the engine hands it over; `properties` are those of the Kubernetes object or cloud type."""

    urn: str
    type: str
    name: str
    properties: Properties
    protect: bool = False
    damages: Sequence[Damage] = ()  # what the API server cannot read, and so is not among the properties

    @cached_property
    def as_read(self) -> "Resource":
        """The object as the API server reads it (`policy.shapes`); what is not Kubernetes' stays as it is."""
        if not self.is_kubernetes:
            return self
        reading = read(self.api_version, self.type.rpartition(":")[2], self.properties)
        if reading.properties is self.properties and not reading.damages:
            return self
        return replace(self, properties=reading.properties, damages=tuple(reading.damages))

    @cached_property
    def is_kubernetes(self) -> bool:
        """Whether this is an object in a cluster (a patch is not: it says nothing of the whole)."""
        return self.type.startswith("kubernetes:") and "kind" in self.properties and not self.type.endswith("Patch")

    @cached_property
    def kind(self) -> str:
        """What rules name in `kinds`.

        For Kubernetes' own objects the kind (`Service`), for those of other groups kind and group as kubectl
        has it (`Service.serving.knative.dev`), for cloud resources the type token without the version of an
        API (`aws:eks/cluster:Cluster`, `azure-native:containerservice:ManagedCluster`).
        """
        package, module, kind = f"{self.type}::".split(":")[:3]
        module = module.partition("/")[0]
        if not self.is_kubernetes:
            return f"{package}:{module}:{kind}" if package == "azure-native" else self.type
        return f"{kind}.{module}" if "." in module and not module.endswith(".k8s.io") else kind

    @property
    def api_version(self) -> str:
        """The apiVersion of a Kubernetes object."""
        return self.type.split(":")[1].removeprefix("core/")

    @cached_property
    def ancestry(self) -> tuple[str, ...]:
        """The types of its parents, outermost first, as the URN has them; the stack is not among them."""
        qualified = self.urn.split("::")[2] if self.urn.count("::") > 1 else ""
        return tuple(qualified.split("$")[:-1])

    @property
    def is_part_of_add_on(self) -> bool:
        """Whether an add-on's component is among its parents."""
        return any(parent.startswith(ADD_ON) for parent in self.ancestry)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The object's metadata."""
        metadata: Mapping[str, Any] = self.properties.get("metadata") or {}
        return metadata

    @property
    def namespace(self) -> str:
        """The namespace it is in, `default` where it states none; empty for what is in none."""
        stated = str(self.metadata.get("namespace") or "")
        return stated or ("default" if self.is_kubernetes and is_namespaced(self.api_version, self.kind) else "")

    @property
    def object_name(self) -> str:
        """Its name in the cluster, or its logical name where the cluster's is not known."""
        name = self.metadata.get("name", self.metadata.get("generateName"))
        return str(name) if known(name) and name else self.name

    @cached_property
    def identity(self) -> tuple[str, str, str] | None:
        """Kind, namespace and name, which only one object of a cluster has; None where they are not known (yet)."""
        name = self.metadata.get("name") if self.is_kubernetes and known(self.properties.get("metadata")) else None
        if not known(name) or not name or not known(self.metadata.get("namespace")):
            return None
        return self.kind, self.namespace, str(name)

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        return self.metadata.get("labels") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The object's spec."""
        spec: Mapping[str, Any] = self.properties.get("spec") or {}
        return spec

    @cached_property
    def title(self) -> str:
        """`shop/Deployment/frontend`: how findings and waivers name it; `aws:eks/cluster:Cluster/main` elsewhere."""
        if not self.is_kubernetes:
            return f"{self.type}/{self.name}"
        metadata = self.properties.get("metadata")
        if not isinstance(metadata, Mapping):  # unknown, or not an object at all
            return f"{self.kind}/{self.name}"
        namespace = metadata.get("namespace")
        parts = (namespace if known(namespace) else "?", self.kind, self.object_name)
        return "/".join(str(part) for part in parts if part)


@dataclass(frozen=True)
class Finding:
    """A broken rule: on what, at which field path, what is wrong, and how to mend it.

    `why` is said instead of the rule's own, where that does not fit; `advice` is what stops nothing, whatever the
    level of its rule.
    """

    resource: Resource
    path: str
    message: str
    remedy: str
    why: str = ""
    advice: bool = False


class Stack:
    """All resources of a stack, for rules that look at several together.

    What the API server would refuse for its form (`Resource.damages`) is a subject, and not there for others. Of an
    object that is given twice, the last one counts, as `kubectl apply` has it.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.subjects: Sequence[Resource] = tuple(resource.as_read for resource in resources)
        self._counted = _last_of_each(it for it in self.subjects if not it.damages)
        self.resources: Sequence[Resource] = tuple(self._counted.values())
        self._by_kind: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._by_kind.setdefault(resource.kind, []).append(resource)
        self._made: dict[tuple[Hashable, ...], Any] = {}

    def subjects_of(self, kinds: frozenset[str]) -> Iterator[Resource]:
        """What a rule on these kinds judges; all there is where it names none."""
        subjects = (
            self.subjects
            if not kinds
            else sorted((it for it in self.subjects if it.kind in kinds), key=lambda it: it.kind)
        )
        yield from subjects

    def counted(self, resource: Resource) -> Resource | None:
        """The one that counts of those with the identity of `resource`; None where it has none that is known."""
        return self._counted.get(resource.identity) if resource.identity else None

    def of_kind(self, *kinds: str, namespace: str | None = None) -> Iterator[Resource]:
        """Resources of the given kinds (see `Resource.kind`), in one namespace or in all.

        `Undetermined` where a namespace is asked for and an object of the kind has an unknown one.
        """
        for kind in kinds:
            if namespace is None:
                yield from self._by_kind.get(kind, ())
            else:
                yield from self.once(_in_namespaces, kind).get(namespace, ())

    def once(self, build: Callable[..., T], *arguments: Hashable) -> T:
        """`build(self, *arguments)`, made once; if it raised `Undetermined`, that is raised again."""
        key = (build, *arguments)
        if key not in self._made:
            try:
                self._made[key] = build(self, *arguments)
            except Undetermined as undetermined:
                self._made[key] = undetermined
        made: T | Undetermined = self._made[key]
        if isinstance(made, Undetermined):
            raise made
        return made


def _last_of_each(resources: Iterable[Resource]) -> Mapping[Hashable, Resource]:
    return {resource.identity or id(resource): resource for resource in resources}


def _in_namespaces(stack: Stack, kind: str) -> Mapping[str, Sequence[Resource]]:
    placed: dict[str, list[Resource]] = {}
    for resource in stack.of_kind(kind):
        placed.setdefault(resource.namespace, []).append(resource)
    return placed


@dataclass(frozen=True)
class Option:
    """Something that a rule can be told. `type` is what pydantic can check; `name` is in camel case, as in files."""

    name: str
    type: Any
    default: Any
    description: str

    @property
    def parameter(self) -> str:
        """Its name as an argument of the rule's functions."""
        return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", self.name)


Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `why` is one clause, put behind what is wrong; `kinds` are the kinds of its subjects, none for all."""

    id: str
    category: Category
    level: Level
    summary: str
    why: str
    kinds: frozenset[str]
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule that needs nothing but the resource that it judges.

    `mend` is how a rule of level REMEDIATE puts a resource right: it yields paths and the values to set there.
    """

    check: Callable[..., Iterable[Finding]]
    mend: Callable[..., Iterable[tuple[Path, Any]]] | None = None


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule that judges each subject in the light of the whole stack."""

    check: Callable[..., Iterable[Finding]]
