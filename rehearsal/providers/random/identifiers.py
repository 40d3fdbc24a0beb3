"""`RandomBytes`, `RandomId` and the UUIDs: random bits and the forms they are written in."""

import base64
import binascii
import secrets
import time
import uuid
from abc import abstractmethod
from typing import ClassVar

import pulumi_random as sdk

from common.wire import Properties
from rehearsal.providers.base import ProviderError
from rehearsal.providers.computed import ComputedType, Made
from rehearsal.providers.input_checks import at_least
from rehearsal.providers.random.keepers import Kept


class Bytes(ComputedType):
    """`RandomBytes`; its id is its base64 value, as the official provider has it."""

    sdk = sdk.RandomBytes
    rules: ClassVar = {"length": at_least(1)}
    has_id_output = False

    def create(self, inputs: Properties) -> Made:
        return self._made(secrets.token_bytes(inputs["length"]))

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        raw = _from_base64(id_, b"+/")
        return {"length": len(raw)}, self._made(raw)

    def _made(self, raw: bytes) -> Made:
        encoded = base64.b64encode(raw).decode()
        return Made(encoded, {"base64": encoded, "hex": raw.hex()})


class Id(Kept):
    """`RandomId`; imported as `id` or `prefix,id`."""

    sdk = sdk.RandomId
    rules: ClassVar = {"byteLength": at_least(1)}

    def create(self, inputs: Properties) -> Made:
        return self._made(secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", ""))

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        prefix, _, encoded = id_.rpartition(",")
        raw = _from_base64(encoded, b"-_")
        inputs: Properties = {"byteLength": len(raw)} | ({"prefix": prefix} if prefix else {})
        return inputs, self._made(raw, prefix)

    def _made(self, raw: bytes, prefix: str) -> Made:
        id_ = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        forms = {
            "b64Url": id_,
            "b64Std": base64.b64encode(raw).decode(),
            "hex": raw.hex(),
            "dec": str(int.from_bytes(raw)),
        }
        return Made(id_, {name: prefix + form for name, form in forms.items()})


class _AnyUuid(Kept):
    """What the UUID kinds share; the id is the UUID."""

    @staticmethod
    @abstractmethod
    def generate() -> uuid.UUID:
        """A new UUID of this kind."""

    def create(self, inputs: Properties) -> Made:
        return self._made(self.generate())

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        try:
            return {}, self._made(uuid.UUID(id_))
        except ValueError as error:
            raise ProviderError(f"cannot import {id_!r}: not a UUID") from error

    def _made(self, result: uuid.UUID) -> Made:
        return Made(str(result), {"result": str(result)})


class Uuid(_AnyUuid):
    """`RandomUuid`: 128 random bits in the form of a UUID, without a version."""

    sdk = sdk.RandomUuid

    @staticmethod
    def generate() -> uuid.UUID:
        return uuid.UUID(bytes=secrets.token_bytes(16))


class Uuid4(_AnyUuid):
    """`RandomUuid4` (RFC 9562, section 5.4)."""

    sdk = sdk.RandomUuid4

    @staticmethod
    def generate() -> uuid.UUID:
        return uuid.uuid4()


class Uuid7(_AnyUuid):
    """`RandomUuid7` (RFC 9562, section 5.7): 48 bits of milliseconds, then version, variant and randomness."""

    sdk = sdk.RandomUuid7

    @staticmethod
    def generate() -> uuid.UUID:
        milliseconds = time.time_ns() // 1_000_000
        version, variant = 0x7, 0b10
        return uuid.UUID(
            int=milliseconds << 80 | version << 76 | secrets.randbits(12) << 64 | variant << 62 | secrets.randbits(62)
        )


def _from_base64(text: str, alternatives: bytes) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=alternatives, validate=True)
    except binascii.Error as error:
        raise ProviderError(f"cannot import: the id is not base64 ({error})") from error
