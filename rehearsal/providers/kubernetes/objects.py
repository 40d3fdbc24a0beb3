"""Kubernetes objects as plain dicts: names, kinds and nested values, read with care for what is unknown.

Between engine and API server an object is JSON; secrets are unwrapped on the way in (`from_properties`)
and marked again on the way out (see `secrecy`).
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from common.wire import Properties, SecretValue

Object: TypeAlias = dict[str, Any]

DISCOVERY: Final = ",".join(  # v2 since 1.30
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
"""What an API server is asked with (`Accept`) for all kinds that it serves."""

# The schema keywords of a CRD that no SDK can have as a property name, and how state and programs spell them.
_DASHED: Final = {
    spelling: spelling.replace("_", "-")
    for spelling in (
        "x_kubernetes_embedded_resource",
        "x_kubernetes_int_or_string",
        "x_kubernetes_list_map_keys",
        "x_kubernetes_list_type",
        "x_kubernetes_map_type",
        "x_kubernetes_preserve_unknown_fields",
        "x_kubernetes_validations",
    )
}
_UNDERSCORED: Final = {dashed: underscored for underscored, dashed in _DASHED.items()}


class GroupVersionKind(NamedTuple):
    """A group, version and kind; the core group is the empty string."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As objects say it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


def kind_of(obj: Object) -> GroupVersionKind:
    """The kind that `obj` says it is of; empty parts where it does not say."""
    group, _, version = text_at(obj, "apiVersion").rpartition("/")
    return GroupVersionKind("" if group == "core" else group, version, text_at(obj, "kind"))


def from_properties(value: Any) -> Any:
    """A copy of `value` without secret marks, with the names that the API server knows."""
    match value:
        case dict():
            return {_DASHED.get(key, key): from_properties(item) for key, item in value.items()}
        case list():
            return [from_properties(item) for item in value]
        case SecretValue():
            return from_properties(value.value)
    return value


def to_properties(value: Any) -> Any:
    """A copy of `value` with the names that programs know."""
    if isinstance(value, dict):
        return {_UNDERSCORED.get(key, key): to_properties(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_properties(item) for item in value]
    return value


def at(obj: Any, *keys: str) -> Any:
    """The value at `keys`; None when there is none, or when something on the way is no map."""
    for key in keys:
        if not isinstance(obj, dict) or key not in obj:
            return None
        obj = obj[key]
    return obj


def text_at(obj: Any, *keys: str) -> str:
    """The string at `keys`; empty when there is none."""
    value = at(obj, *keys)
    return value if isinstance(value, str) else ""


def number_at(obj: Any, *keys: str) -> int:
    """The integer at `keys`; 0 when there is none."""
    value = at(obj, *keys)
    return value if isinstance(value, int) else 0


def items_at(obj: Any, *keys: str) -> list[Object]:
    """The maps in the list at `keys`; empty when there is none."""
    value = at(obj, *keys)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def name_of(obj: Object) -> str:
    """`metadata.name`, or empty."""
    return text_at(obj, "metadata", "name")


def namespace_of(obj: Object) -> str:
    """`metadata.namespace`, or empty."""
    return text_at(obj, "metadata", "namespace")


def annotation(obj: Object, key: str) -> str:
    """The annotation `key`, or empty."""
    return text_at(obj, "metadata", "annotations", key)


def set_metadata(obj: Object, key: str, value: str) -> None:
    """Set `metadata.<key>`; where metadata is not known yet, nothing can be set."""
    metadata = obj.setdefault("metadata", {})
    if isinstance(metadata, dict):
        metadata[key] = value


def set_in_metadata(obj: Object, section: str, key: str, value: str) -> None:
    """Set an annotation or label; where the map is not known yet, nothing can be set."""
    metadata = obj.setdefault("metadata", {})
    entries = metadata.setdefault(section, {}) if isinstance(metadata, dict) else None
    if isinstance(entries, dict):
        entries[key] = value


def id_of(obj: Object) -> str:
    """The resource id: `namespace/name`, or `name` for what has no namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_id(id_: str) -> tuple[str, str]:
    """Namespace (perhaps empty) and name of a resource id."""
    namespace, _, name = id_.rpartition("/")
    return namespace, name


def is_owned_by(obj: Object, owner: Object) -> bool:
    """Whether `owner` is among the direct owners of `obj`."""
    uid = text_at(owner, "metadata", "uid")
    return any(reference.get("uid") == uid for reference in items_at(obj, "metadata", "ownerReferences"))


def is_crd(obj: Mapping[str, Any]) -> bool:
    """Whether `obj` is a CustomResourceDefinition."""
    version = obj.get("apiVersion")
    return (
        obj.get("kind") == "CustomResourceDefinition"
        and isinstance(version, str)
        and version.startswith("apiextensions.k8s.io/")
    )


def is_core(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether `obj` is of a `kind` of the core group."""
    return obj.get("kind") == kind and obj.get("apiVersion") in {"v1", "core/v1"}


def kind_of_token(token: str) -> GroupVersionKind:
    """The kind that a type token `kubernetes:<group>/<version>:<Kind>` names; ValueError when it names none."""
    _, module, kind = token.split(":")
    group, separator, version = module.partition("/")
    if not separator or "/" in version:
        raise ValueError(f"{token!r} has no apiVersion of the form group/version")
    return GroupVersionKind("" if group == "core" else group, version, kind)


def is_patch(token: str, obj: Object) -> bool:
    """Whether the resource patches an object rather than owning it. A kind may itself end in `Patch`."""
    kind = text_at(obj, "kind")
    return bool(kind) and token.rpartition(":")[2] == f"{kind}Patch"


def properties(obj: Object) -> Properties:
    """`obj` as a new map of properties, so that marking secrets leaves `obj` alone."""
    return {key: to_properties(value) for key, value in obj.items()}
