"""Putting resources right: the changes of rules of level REMEDIATE, made to properties as they are on the wire.

The wire form is kept, so that what is secret or unknown stays so.
"""

from collections.abc import Iterator

from google.protobuf.struct_pb2 import Struct

from common.wire import encode
from policy.judge import Judge
from policy.leave import Book
from policy.model import Level, Path, Resource, ResourceRule
from policy.unknown import Undetermined


def mended(judge: Judge, book: Book, resource: Resource, properties: Struct) -> Iterator[tuple[ResourceRule, Struct]]:
    """Each rule that changes something and has no leave not to, with the properties after it and those before it."""
    for rule in judge.rules_for(resource.kind):
        if rule.mend is None or judge.settings.level(rule) != Level.REMEDIATE:
            continue
        try:
            changes = list(rule.mend(resource, **judge.settings.arguments(rule)))
        except Undetermined:
            continue  # the judge says so
        if changes and not book.leave_for(rule.id, resource):
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
