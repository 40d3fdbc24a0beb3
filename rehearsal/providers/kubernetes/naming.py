"""Names that the provider gives: to objects without one, and to its own field manager."""

import hashlib
import secrets
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from common.wire import UNKNOWN
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.kubernetes.annotations import AUTONAMED, PATCH_FIELD_MANAGER, is_true
from rehearsal.providers.kubernetes.objects import Object, annotation, at, name_of, set_in_metadata, set_metadata
from rehearsal.providers.kubernetes.settings import Settings

STATIC_FIELD_MANAGER: Final = "pulumi-kubernetes"
_DIGITS: Final = 8
_Options: Final = provider_pb2.CheckRequest.AutonamingOptions


def is_named(obj: Object) -> bool:
    """Whether `obj` has a name, be it one that is not known yet."""
    return bool(name_of(obj)) or at(obj, "metadata", "name") is UNKNOWN


def is_named_by_server(obj: Object) -> bool:
    """Whether the API server is to make up the name, by `generateName`."""
    generate = at(obj, "metadata", "generateName")
    return not is_named(obj) and (generate is UNKNOWN or bool(generate))


def adopt_name(obj: Object, old: Object) -> None:
    """Keep the name that an earlier run gave, where the program still gives none."""
    if not is_named(obj) and is_true(old, AUTONAMED):
        _name(obj, name_of(old))


def assign_name(obj: Object, request: Request) -> None:
    """Name an object that neither program nor server names, as the engine's autonaming options want it.

    The name is the logical one with eight hexadecimal digits that follow from the engine's seed.
    """
    if is_named(obj) or is_named_by_server(obj):
        return
    autonaming: Any = request.autonaming
    if autonaming is None:
        _name(obj, f"{request.name}-{_digits(request.seed)}")
    elif autonaming.mode == _Options.DISABLE:
        raise ProviderError("autonaming is disabled: set metadata.name")
    else:
        _name(obj, autonaming.proposed_name)


def field_manager(settings: Settings, inputs: Object, stored: str = "") -> str:
    """The manager to apply as: the one an annotation names, else the `stored` one, else a new one."""
    if not settings.server_side_apply:
        return STATIC_FIELD_MANAGER
    return annotation(inputs, PATCH_FIELD_MANAGER) or stored or f"{STATIC_FIELD_MANAGER}-{_digits(b'')}"


def _name(obj: Object, name: str) -> None:
    set_metadata(obj, "name", name)
    set_in_metadata(obj, "annotations", AUTONAMED, "true")


def _digits(seed: bytes) -> str:
    return (hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_DIGITS))[:_DIGITS]
