"""Putting resources right: the changes of rules of level REMEDIATE, made to properties as they are on the wire.

The wire form is kept, so that what is secret or unknown stays so.
"""

from collections.abc import Iterator

from google.protobuf.struct_pb2 import Struct

from common.wire import encode
from policy.engine.exemptions import ExemptionRegistry
from policy.engine.judge import Judge
from policy.model.resource import Resource
from policy.model.rule import Level, Path, ResourceRule
from policy.model.unknown import Undetermined


def remediated(
    judge: Judge, exemptions: ExemptionRegistry, resource: Resource, properties: Struct
) -> Iterator[tuple[ResourceRule, Struct]]:
    """Each rule that changes something and has no exemption for the resource, with the properties as it leaves them."""
    for rule in judge.rules_for(resource.kind):
        if rule.remediate is None or judge.settings.level(rule) != Level.REMEDIATE:
            continue
        try:
            changes = list(rule.remediate(resource, **judge.settings.arguments(rule)))
        except Undetermined:
            continue  # the judge says so
        if changes and not exemptions.exemption_for(rule.id, resource):
            after = Struct()
            after.CopyFrom(properties)
            for path, value in changes:
                _set(after, path, value)
            properties = after
            yield rule, after


def _set(properties: Struct, path: Path, value: object) -> None:
    *parents, last = path
    for key in parents:
        field = properties.fields[key]
        field.struct_value.SetInParent()
        properties = field.struct_value
    properties.fields[last].CopyFrom(encode({last: value}).fields[last])
