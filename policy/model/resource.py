"""A resource as rules see it: plain dictionaries, with secrets unwrapped and unknown values as `Unknown`.

So a rule never prints a value of a Secret, and none passes because it could not see (`policy.model.unknown`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from common.kinds import is_namespaced
from common.wire import shown
from components.naming import component_type
from policy.model.shapes import Damage, read
from policy.model.unknown import Unknown, known, name_unknowns

Properties = Mapping[str, Any]
ADD_ON: Final = component_type("addons", "")
"""How the types of add-ons' components begin."""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as the engine hands it over; `properties` are those of the Kubernetes object or cloud type."""

    urn: str
    type: str
    name: str
    properties: Properties
    protect: bool = False
    damages: Sequence[Damage] = ()  # what the API server cannot read, and so is not among the properties

    @classmethod
    def planned(cls, urn: str, type_: str, inputs: Properties, *, protect: bool = False) -> "Resource":
        """One of the engine's plan; what is secret there, or known after `up` only, is an `Unknown`."""
        name, properties = urn.rpartition("::")[2], shown(inputs, secret=lambda _: Unknown(), unknown=Unknown)
        name_unknowns(properties, name)
        return cls(urn, type_, name, properties, protect)

    @cached_property
    def as_read(self) -> "Resource":
        """The object as the API server reads it (`policy.model.shapes`); what is not Kubernetes' stays as it is."""
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
