"""What a provider may say aloud: everything but the secret values of the call that it answers.

A server quotes the values that it refuses, and the engine prints what it is told: its own filter knows only
the secrets of the stack's configuration. So whatever a person gets to read goes through `discreet`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from common.wire import Properties, SecretValue, decode

_SHORTEST: Final = 3  # characters, as in the engine's own filter: less would blot out parts of common words
_MASK: Final = "[secret]"

_call: ContextVar[Message | None] = ContextVar("call", default=None)


@contextmanager
def discretion_of(call: Message) -> Iterator[None]:
    """While this lasts, `discreet` knows the secrets of `call`, in this thread."""
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)


def discreet(text: str) -> str:
    """`text` without the secret values of the call under way, as they are or as JSON and Go quote them."""
    call = _call.get()
    structs = [value for _, value in call.ListFields() if isinstance(value, Struct)] if call else []
    secrets = {secret for struct in structs for secret in _secret_texts(_decoded(struct)) if len(secret) >= _SHORTEST}
    quoted = {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets}
    for secret in sorted(secrets | quoted, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def _decoded(struct: Struct) -> Properties:
    try:
        return decode(struct)
    except NotImplementedError:  # the call was refused for it, before anything was made of its values
        return {}


def _secret_texts(value: Any, *, secret: bool = False) -> Iterator[str]:
    """The texts and numbers in `value` that are secret."""
    match value:
        case SecretValue():
            yield from _secret_texts(value.value, secret=True)
        case dict():
            for item in value.values():
                yield from _secret_texts(item, secret=secret)
        case list():
            for item in value:
                yield from _secret_texts(item, secret=secret)
        case str() | int() | float() if secret and not isinstance(value, bool):
            yield str(value)
