"""Bridged Terraform providers, as pulumi-terraform-bridge makes pulumi-aws and pulumi-gcp of them (2026-08-05)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from common.wire import Properties, plain
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.provider_kind import ProviderKind, element, notes, unique, without_notes
from rehearsal.providers.clouds.rules import TypeRules
from rehearsal.providers.sdk_schema import ObjectType, ResourceSchema

_DEFAULTS: Final = "__defaults"  # in the inputs: those that the provider has filled in


class Bridged(ProviderKind):
    """A bridged Terraform provider."""

    def named(self, rules: TypeRules, request: Request, inputs: Properties) -> Properties:
        """An automatic name stays; one that the program gave before is not taken for automatic (applyDefaults).

        After a refresh, which drops an empty list of defaults, it is.
        """
        name = rules.named
        if not name or inputs.keys() & {name, f"{name}Prefix"}:
            return {**inputs, _DEFAULTS: []}
        stays = name in request.old_inputs.get(_DEFAULTS, [name])
        old = request.old_inputs.get(name) if stays else None
        return {**inputs, name: old or f"{request.name}-{unique(request)}", _DEFAULTS: [name]}

    def compared(self, rules: TypeRules, schema: ResourceSchema, request: Request) -> tuple[Properties, Properties]:
        """Terraform compares the configuration with the state that was read back, not with what was configured.

        What neither the old inputs nor the new ones speak of is computed (provider.go, Diff).
        """
        old, new = without_notes(plain(request.old_inputs)), without_notes(plain(request.inputs))
        always = [rule.top for rule in rules.read_back if not rule.tolerated]
        seen = {
            name: _of_concern(value, old.get(name), new.get(name), schema.inputs.get(name))
            for name, value in plain(request.state).items()
            if name in old or name in new or (name in always and name in schema.inputs)
        }
        return seen, new

    def deletes_first(self, rules: TypeRules, old: Properties, new: Properties) -> bool:
        """With an explicit value of the property that is named automatically, even when it is that what changes.

        With a prefix there is no such value (schema.go, nameRequiresDeleteBeforeReplace).
        """
        return rules.named in new and rules.named not in new.get(_DEFAULTS, ())

    def order(self, rules: TypeRules) -> str:
        return f"with {rules.named} given the old one goes first" if rules.named else "the new one comes first"

    def refreshed(self, schema: ResourceSchema, request: Request, outputs: Properties) -> Properties:
        """Of what was read, that which the inputs spoke of before (schema.go, extractInputs)."""
        told = plain(request.inputs)
        kept = {name: value for name, value in notes(told).items() if value}
        return {**_as_told(without_notes(told), outputs), **kept}


def _of_concern(seen: Any, old: Any, new: Any, type_: Any) -> Any:
    """What was read, without what of objects neither the old inputs nor the new ones say; maps count as a whole."""
    if isinstance(seen, Mapping) and get_origin(type_) is not Mapping:
        sides = [side for side in (old, new) if isinstance(side, Mapping)]
        named = {name for side in sides for name in side}
        fields = type_.fields if isinstance(type_, ObjectType) else {}
        return {
            name: _of_concern(value, _field(old, name), _field(new, name), fields.get(name))
            for name, value in seen.items()
            if name in named or not sides
        }
    if isinstance(seen, list):
        inner = get_args(type_)[0] if get_origin(type_) is Sequence else None
        return [_of_concern(value, element(old, index), element(new, index), inner) for index, value in enumerate(seen)]
    return seen


def _field(side: Any, name: str) -> Any:
    return side.get(name) if isinstance(side, Mapping) else None


def _as_told(told: Any, seen: Any) -> Any:
    if isinstance(told, Mapping) and isinstance(seen, Mapping):
        return {name: _as_told(value, seen[name]) for name, value in told.items() if name in seen}
    if isinstance(told, list) and isinstance(seen, list):
        return [_as_told(*pair) for pair in zip(told, seen, strict=False)]
    return seen
