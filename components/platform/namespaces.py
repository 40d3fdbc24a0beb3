"""Namespaces with the Pod Security Standard that their pods must meet."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.platform.place import Place


def make_namespace(name: str, level: str, version: str, place: Place) -> pulumi.Resource:
    """The namespace `name`; `version` pins the standard as the API server wants it: `v1.36` or `latest`."""
    standard: dict[str, str] = {}
    for mode in ("enforce", "warn", "audit"):
        standard[f"pod-security.kubernetes.io/{mode}"] = level
        standard[f"pod-security.kubernetes.io/{mode}-version"] = version
    metadata = place.metadata(name, labels=standard)
    return kubernetes.core.v1.Namespace(name, metadata=metadata, opts=place.options())
