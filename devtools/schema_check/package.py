"""A package's schema, and the resources of a stack that it speaks of."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from automation.planned import PlannedResource
from devtools.schema_check.types import Mismatch, Types, is_open

_ENGINES_OWN: Final = ("version", "pluginDownloadURL", "parameterization")  # inputs of any provider
_GROUPS_OF_OTHERS: Final = "kubernetes"  # the package whose provider takes types that its schema does not name


@dataclass(frozen=True)
class Package:
    """A package's schema, as `pulumi package get-schema` gives it."""

    schema: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The version that the schema says it is of; empty if it says none."""
        return str(self.schema.get("version", ""))

    def covers(self, resource: PlannedResource) -> bool:
        """False for a Kubernetes resource of an API group that the schema does not know: a custom resource."""
        if resource.package != _GROUPS_OF_OTHERS or resource.is_provider:
            return True
        return _group(resource.type) in self._groups

    def mismatches(self, resource: PlannedResource) -> Iterator[Mismatch]:
        """Where the inputs of `resource`, which the schema covers, are not what it says."""
        if resource.is_provider:
            spec = self.schema.get("provider") or {}
            properties = spec.get("inputProperties") or {}
            inputs = {
                name: _as_json(value, properties.get(name, {}))
                for name, value in resource.inputs.items()
                if name not in _ENGINES_OWN
            }
        elif resource.type in self.schema["resources"]:
            spec, inputs = self.schema["resources"][resource.type], dict(resource.inputs)
        else:
            yield Mismatch("", "is no type of the package", resource.type, f"a type of {self.schema['name']}")
            return
        if message := spec.get("deprecationMessage"):
            yield Mismatch("", "is of a deprecated type", resource.type, message, warning=True)
        types = Types(self.schema.get("types") or {})
        properties, required = spec.get("inputProperties") or {}, spec.get("requiredInputs") or []
        yield from types.object_mismatches("", inputs, properties, required)

    @cached_property
    def _groups(self) -> set[str]:
        return {_group(token) for token in self.schema["resources"]}


def _group(token: str) -> str:
    """`apps` of `kubernetes:apps/v1:Deployment`."""
    return token.split(":")[1].partition("/")[0]


def _as_json(value: Any, spec: Mapping[str, Any]) -> Any:
    """A provider's input is text; what is meant as something else is in there as JSON."""
    if spec.get("type") == "string" or not isinstance(value, str) or is_open(value):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
