"""What providers of one kind have in common, whatever they are for: names, comparison, order of replacement, refresh.

The clouds' providers are of two kinds: bridged Terraform providers (bridged.py) and azure-native (native.py).
"""

import hashlib
from abc import ABC, abstractmethod
from typing import Any

from common.wire import Properties
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.rules import TypeRules
from rehearsal.providers.sdk_schema import ResourceSchema

_DIGITS = 7  # of the suffix that makes an automatic name unique


class ProviderKind(ABC):
    """A kind of provider.

    What it notes for itself in the inputs of a resource begins with two underscores; the cloud never sees it.
    """

    @abstractmethod
    def named(self, rules: TypeRules, request: Request, inputs: Properties) -> Properties:
        """`inputs` with a name if they have none, and the note whether the provider has made it up."""

    @abstractmethod
    def compared(self, rules: TypeRules, schema: ResourceSchema, request: Request) -> tuple[Properties, Properties]:
        """What the new inputs are compared with, and the new inputs, both plain and without notes."""

    @abstractmethod
    def deletes_first(self, rules: TypeRules, old: Properties, new: Properties) -> bool:
        """Whether a replacement deletes the old resource before a new one is made in its place.

        The program's own `delete_before_replace`, true or false, overrides it, and what depends on a resource that
        goes first and would be replaced is deleted before it (pulumi, pkg/resource/deploy/step_generator.go,
        2026-08-21).
        """

    @abstractmethod
    def order(self, rules: TypeRules) -> str:
        """`deletes_first` in words."""

    @abstractmethod
    def refreshed(self, schema: ResourceSchema, request: Request, outputs: Properties) -> Properties:
        """The inputs after a refresh that has read `outputs`, plain and with their notes."""


def notes(properties: Properties) -> Properties:
    """What a provider has noted for itself in the inputs of a resource."""
    return {name: value for name, value in properties.items() if name.startswith("__")}


def without_notes(properties: Properties) -> Properties:
    """Properties as the cloud sees them."""
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def unique(request: Request) -> str:
    """What makes an automatic name unique: the same at each look of one run."""
    return hashlib.sha256(request.urn.encode() + request.seed).hexdigest()[:_DIGITS]


def element(values: Any, index: int) -> Any:
    """The element of a list, None when there is none."""
    return values[index] if isinstance(values, list) and index < len(values) else None
