"""Secrets of add-ons. The caller marks what is secret in them, but for a private key that the stack file gives."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core

from components.addons.key_pair import KeyPairSpec
from components.platform.place import Place

TLS: Final = "kubernetes.io/tls"
"""The type of a Secret that holds a certificate, `tls.crt`, and its private key, `tls.key`."""


def make_secret(
    name: str,
    content: pulumi.Input[Mapping[str, pulumi.Input[str]]],
    place: Place,
    *,
    type_: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> core.Secret:
    """The Secret `name` with `content`, text by key. Without a type it is Kubernetes' default, Opaque."""
    return core.Secret(
        place.logical(name),
        metadata=place.metadata(name, labels=labels),
        type=type_,
        string_data=content,
        opts=place.options(),
    )


def make_tls_secret(name: str, certificate: pulumi.Input[str], key: pulumi.Input[str], place: Place) -> core.Secret:
    """The Secret `name` with a certificate and its private key, both PEM."""
    return make_secret(name, {"tls.crt": certificate, "tls.key": key}, place, type_=TLS)


def make_key_pair_secret(name: str, pair: KeyPairSpec, place: Place) -> core.Secret:
    """The Secret `name` with a certificate and its private key as the stack file has them."""
    content = pulumi.Output.secret({"tls.crt": pair.certificate, "tls.key": pair.key.text or ""})
    return make_secret(name, content, place, type_=TLS)
