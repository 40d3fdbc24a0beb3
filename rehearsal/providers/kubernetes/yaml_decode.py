"""The function `kubernetes:yaml:decode`, by which the SDK's yaml v1 components read manifests."""

from typing import Any

import yaml

from common.wire import Properties, plain
from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes.discovery import DiscoveryClient
from rehearsal.providers.kubernetes.objects import kind_of, namespace_of, set_metadata
from rehearsal.providers.kubernetes.scope import Scopes


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: what looks like a date is text."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))


def decode_yaml(arguments: Properties, scopes: Scopes, discovery: DiscoveryClient | None) -> Properties:
    """The objects in `text`, each placed in `defaultNamespace` if it has a namespace and names none."""
    text, namespace = plain(arguments.get("text")), plain(arguments.get("defaultNamespace"))
    if not isinstance(text, str):
        raise ProviderError("the argument 'text' must be a string")
    try:
        documents: list[Any] = list(yaml.load_all(text, _Loader))
    except yaml.YAMLError as error:
        raise ProviderError(f"the text is not YAML: {error}") from error
    objects = [item for item in documents if isinstance(item, dict) and item.get("kind") and item.get("apiVersion")]
    for obj in objects:
        if namespace and not namespace_of(obj) and scopes.namespaced(kind_of(obj), discovery):
            set_metadata(obj, "namespace", namespace)
    return {"result": objects}
