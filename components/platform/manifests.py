"""Plain Kubernetes YAML as resources: each object is registered by itself, so that policies and previews see it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.naming import MANAGED_BY_LABEL, PROJECT
from components.platform.place import Place

_SEALED: Final = ("data", "stringData")
_SKIP_AWAIT: Final = "pulumi.com/skipAwait"


class ManifestObject(pulumi.CustomResource):
    """One object as it stands in a manifest, under the type token that the provider's SDK gives its kind."""

    def __init__(
        self,
        body: Mapping[str, Any],
        place: Place,
        ignore: Sequence[str] = (),
        more: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register `body` in `place`, with `more` options than the place's.

        Paths of `ignore` are left as whoever changes them has them.
        """
        options = pulumi.ResourceOptions.merge(place.options(), more)
        options.ignore_changes = list(ignore)
        super().__init__(type_token(body), place.logical(body["metadata"]["name"]), _placed(body, place), options)


def type_token(body: Mapping[str, Any]) -> str:
    """`kubernetes:apps/v1:Deployment`; the core group is spelt `core`."""
    version = body["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{body['kind']}"


def _placed(body: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The object in the place's namespace, if that is one, with the place's labels under its own."""
    metadata = dict(body["metadata"])
    if place.namespace:
        metadata["namespace"] = place.namespace
    metadata["labels"] = {MANAGED_BY_LABEL: PROJECT, **place.labels, **(metadata.get("labels") or {})}
    if _is_internal_service(body):
        # The provider would watch it for 10 s at least; whether it works is seen by its pods' readiness.
        metadata["annotations"] = {_SKIP_AWAIT: "true", **(metadata.get("annotations") or {})}
    # The SDK's own class seals what is in a Secret; a resource by its bare type has to do it itself.
    sealed = [key for key in _SEALED if body["kind"] == "Secret" and key in body]
    return {**body, "metadata": metadata, **{key: pulumi.Output.secret(body[key]) for key in sealed}}


def _is_internal_service(body: Mapping[str, Any]) -> bool:
    return body["kind"] == "Service" and (body.get("spec") or {}).get("type") in (None, "ClusterIP")
