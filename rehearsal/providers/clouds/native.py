"""azure-native, which speaks Azure's own API (pulumi-azure-native, provider/pkg/provider/provider.go, v3, 2026-08)."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from common.wire import Properties, plain
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.provider_kind import ProviderKind, element, notes, unique, without_notes
from rehearsal.providers.clouds.rules import TypeRules
from rehearsal.providers.sdk_schema import ObjectType, ResourceSchema

_CREATES_FIRST: Final = "__createBeforeDelete"  # in the inputs: the name was made up at random
_ABSENT: Final = object()


class Native(ProviderKind):
    """azure-native."""

    def named(self, rules: TypeRules, request: Request, inputs: Properties) -> Properties:
        """What lies in another resource is called by its logical name alone, role assignments get a UUID."""
        name = rules.named
        if not name or name in inputs:
            return inputs
        if old := request.old_inputs.get(name):
            return {**inputs, name: old, **_noted(request.old_inputs.get(_CREATES_FIRST))}
        made = {
            "random": f"{request.name}{unique(request)}",
            "copy": request.name,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{request.urn}{request.seed.hex()}")),
        }
        return {**inputs, name: made[rules.automatic], **_noted(rules.automatic != "copy")}

    def compared(self, rules: TypeRules, schema: ResourceSchema, request: Request) -> tuple[Properties, Properties]:
        """The old inputs; how a location is spelt makes no difference (diff.go, applyAzureSpecificDiff)."""
        old, new = without_notes(plain(request.old_inputs)), without_notes(plain(request.inputs))
        if _spelt(old.get("location")) == _spelt(new.get("location")):
            old, new = ({name: value for name, value in each.items() if name != "location"} for each in (old, new))
        return old, new

    def deletes_first(self, rules: TypeRules, old: Properties, new: Properties) -> bool:
        """Unless the name of the old one was made up at random, whatever the new one is called."""
        return old.get(_CREATES_FIRST) is not True

    def order(self, rules: TypeRules) -> str:
        at_random = rules.named and rules.automatic != "copy"
        return "the old one goes first" + f", unless {rules.named} was made up" * bool(at_random)

    def refreshed(self, schema: ResourceSchema, request: Request, outputs: Properties) -> Properties:
        """The inputs, with what has changed in Azure between the outputs before and those that were read now.

        What Azure fills in is in both, and never gets into the inputs.
        """
        before, now = (_as_inputs(each, schema) for each in (plain(request.state), outputs))
        told = plain(request.inputs)
        return {**_applied(without_notes(told), before, now), **notes(told)}


def _noted(creates_first: Any) -> Properties:
    return {_CREATES_FIRST: True} if creates_first is True else {}


def _spelt(location: Any) -> Any:
    return location.replace(" ", "").lower() if isinstance(location, str) else location


def _as_inputs(outputs: Properties, schema: ResourceSchema) -> Properties:
    """Outputs in the shape of inputs, without what can only be read."""
    return {name: _as_input(outputs[name], type_) for name, type_ in schema.inputs.items() if name in outputs}


def _as_input(value: Any, type_: Any) -> Any:
    if get_origin(type_) is Sequence:
        items = list(value) if isinstance(value, Mapping) else value  # a set of ids comes out as a map by id
        return [_as_input(item, get_args(type_)[0]) for item in items] if isinstance(items, list) else items
    if isinstance(type_, ObjectType) and isinstance(value, Mapping):
        fields = type_.fields
        return {name: _as_input(inner, fields[name]) for name, inner in value.items() if name in fields}
    return value


def _applied(told: Any, before: Any, now: Any) -> Any:
    """`told` with the changes from `before` to `now`, at any depth (diff.go, applyDiff)."""
    if isinstance(told, Mapping) and isinstance(before, Mapping) and isinstance(now, Mapping):
        kept = {name: value for name, value in told.items() if name in now or name not in before}
        changed = {name: value for name, value in now.items() if before.get(name, _ABSENT) != value}
        return {
            **kept,
            **{name: _applied(told.get(name), before.get(name), value) for name, value in changed.items()},
        }
    if isinstance(told, list) and isinstance(before, list) and isinstance(now, list):
        return [
            value
            if index >= min(len(told), len(before))
            else _applied(element(told, index), element(before, index), value)
            for index, value in enumerate(now)
        ]
    return now
