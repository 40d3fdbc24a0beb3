"""What rules are written in: resources, the stack as a whole, findings.

Rules see plain dictionaries, secrets unwrapped (so a rule never prints a value). A value that is not known
during a preview is `UNDETERMINED`: whatever a rule does with it raises, the judge turns that into a finding
of its own for this one resource and rule, and no rule is ever silenced by it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, NoReturn

Properties = Mapping[str, Any]


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


class Undetermined(Exception):
    """A rule touched a value that is only known after `up`."""


class _UndeterminedValue:
    """Raises on whatever a rule could want of a value."""

    def _raise(self, *_: object) -> NoReturn:
        raise Undetermined

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = __int__ = __float__ = __hash__ = _raise

    def __repr__(self) -> str:
        return "UNDETERMINED"


UNDETERMINED: Final = _UndeterminedValue()


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as the engine hands it over; `properties` are those of the Kubernetes object or cloud type."""

    urn: str
    type: str
    name: str
    properties: Properties
    parents: Sequence[str] = ()

    @cached_property
    def kind(self) -> str:
        """The Kubernetes kind; the last part of the type token for anything else."""
        return str(self.properties["kind"]) if self.is_kubernetes else self.type.rpartition(":")[2]

    @property
    def is_kubernetes(self) -> bool:
        """Whether this is an object in a cluster (a patch is not: it says nothing of the whole)."""
        return self.type.startswith("kubernetes:") and "kind" in self.properties and not self.type.endswith("Patch")

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """The object's metadata."""
        metadata: Mapping[str, Any] = self.properties.get("metadata") or {}
        return metadata

    @property
    def namespace(self) -> str:
        """The namespace it is in; empty for what is in none."""
        return str(self.metadata.get("namespace") or "")

    @property
    def object_name(self) -> str:
        """Its name in the cluster, or its logical name where the cluster's is not known."""
        name = self.metadata.get("name") or self.metadata.get("generateName")
        return self.name if name is None or name is UNDETERMINED else str(name)

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        return self.metadata.get("labels") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The object's spec."""
        spec: Mapping[str, Any] = self.properties.get("spec") or {}
        return spec

    @property
    def title(self) -> str:
        """`shop/Deployment/frontend`: how findings name it."""
        return "/".join(part for part in (self.namespace, self.kind, self.object_name) if part)


@dataclass(frozen=True)
class Finding:
    """A broken rule: on what, at which field path, what is wrong, and how to mend it."""

    resource: Resource
    path: str
    message: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Stack:
    """All resources of a stack, for rules that look at several together."""

    resources: Sequence[Resource]

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.is_kubernetes:
                found.setdefault(resource.kind, []).append(resource)
        return found

    def of_kind(self, *kinds: str, namespace: str | None = None) -> Iterator[Resource]:
        """Kubernetes objects of the given kinds, in one namespace or in all."""
        for kind in kinds:
            for resource in self._by_kind.get(kind, ()):
                if namespace is None or resource.namespace == namespace:
                    yield resource


@dataclass(frozen=True)
class Rule:
    """One rule. `why` is one clause, put behind what is wrong; `kinds` are the kinds of its subjects."""

    id: str
    category: Category
    level: Level
    summary: str
    why: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that needs nothing but the resource that it judges."""

    check: Callable[[Resource], Iterable[Finding]] = field(repr=False)


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule that judges each subject in the light of the whole stack."""

    check: Callable[[Resource, Stack], Iterable[Finding]] = field(repr=False)
