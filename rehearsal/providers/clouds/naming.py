"""Automatic names, and what a name means for the order of a replacement.

With a name that the program gives, the new resource and the old one would be called the same, so providers have the
old one go first; with a name of their own making they let the new one come first. The program's own
`delete_before_replace`, true or false, overrides what a provider says (pulumi, pkg/resource/deploy/step_generator.go,
2026-08-21), and what depends on a resource that goes first is deleted before it.
"""

import hashlib
import uuid
from abc import ABC, abstractmethod
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.rules import Rules

_DEFAULTS: Final = "__defaults"
_CREATES_FIRST: Final = "__createBeforeDelete"
_DIGITS: Final = 7  # of the suffix that makes an automatic name unique


class Naming(ABC):
    """How one kind of provider names resources, and what it notes about that in their inputs."""

    @abstractmethod
    def named(self, rules: Rules, request: Request, inputs: Properties) -> Properties:
        """`inputs` with a name if they have none, and the note whether the provider has made it up."""

    @abstractmethod
    def deletes_first(self, rules: Rules, old: Properties, new: Properties) -> bool:
        """Whether the provider wants the old resource gone before a new one is made in its place."""


class Bridged(Naming):
    """A bridged Terraform provider: `__defaults` lists the inputs that it has filled in.

    An explicit value of the property that is named automatically means that the old one goes first, even when that
    value is what changes; with a prefix there is no such value (pulumi-terraform-bridge, pkg/tfbridge/schema.go,
    nameRequiresDeleteBeforeReplace, and provider.go, Diff, 2026-08-05). A name that was given explicitly before is
    not kept as an automatic one (defaults of schema.go).
    """

    def named(self, rules: Rules, request: Request, inputs: Properties) -> Properties:
        name = rules.named
        if not name or inputs.keys() & {name, f"{name}Prefix"}:
            return {**inputs, _DEFAULTS: []}
        was_automatic = name in request.old_inputs.get(_DEFAULTS, ())
        old = request.old_inputs.get(name) if was_automatic else None
        return {**inputs, name: old or f"{request.name}-{_suffix(request)}", _DEFAULTS: [name]}

    def deletes_first(self, rules: Rules, old: Properties, new: Properties) -> bool:
        return rules.named in new and rules.named not in new.get(_DEFAULTS, ())


class Native(Naming):
    """azure-native: the old one goes first, unless the old inputs say that their name was made up at random.

    (pulumi-azure-native, provider/pkg/provider/provider.go, Diff and getDefaultName, v3.) What lies in another
    resource is called by its logical name alone; role assignments get a UUID.
    """

    def named(self, rules: Rules, request: Request, inputs: Properties) -> Properties:
        name = rules.named
        if not name or name in inputs:
            return inputs
        if old := request.old_inputs.get(name):
            return {**inputs, name: old, **_noted(request.old_inputs.get(_CREATES_FIRST) is True)}
        made: dict[str, Any] = {
            "random": f"{request.name}{_suffix(request)}",
            "copy": request.name,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{request.urn}{request.seed.hex()}")),
        }
        return {**inputs, name: made[rules.automatic], **_noted(rules.automatic != "copy")}

    def deletes_first(self, rules: Rules, old: Properties, new: Properties) -> bool:
        return old.get(_CREATES_FIRST) is not True


def without_notes(properties: Properties) -> Properties:
    """Properties as the cloud sees them, without what a provider has noted for itself."""
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def notes(properties: Properties) -> Properties:
    """What a provider has noted for itself in the inputs of a resource."""
    return {name: value for name, value in properties.items() if name.startswith("__")}


def _noted(creates_first: bool) -> Properties:
    return {_CREATES_FIRST: True} if creates_first else {}


def _suffix(request: Request) -> str:
    """What makes an automatic name unique: the same at each look of one run."""
    return hashlib.sha256(request.urn.encode() + request.seed).hexdigest()[:_DIGITS]
