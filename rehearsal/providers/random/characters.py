"""`RandomString` and `RandomPassword`: characters drawn from classes, with a minimum of each class."""

import random
import secrets
import string
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import bcrypt
import pulumi_random as sdk

from common.wire import Properties
from rehearsal.providers.base import Failure
from rehearsal.providers.computed import Made
from rehearsal.providers.input_checks import at_least
from rehearsal.providers.random.keepers import Kept

_BCRYPT_COST: Final = 10
_BCRYPT_LIMIT: Final = 72  # bytes; bcrypt ignores what follows
_CHARACTERS: Final = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",
}
_MINIMUMS: Final = {"upper": "minUpper", "lower": "minLower", "numeric": "minNumeric", "special": "minSpecial"}


class _Characters(Kept):
    """What `RandomString` and `RandomPassword` share: `number` is the former name of `numeric`."""

    defaults: ClassVar = {"upper": True, "lower": True, "special": True} | dict.fromkeys(_MINIMUMS.values(), 0)
    rules: ClassVar = {"length": at_least(1)} | dict.fromkeys(_MINIMUMS.values(), at_least(0))

    def planned(self, inputs: Properties) -> Properties:
        numeric = inputs.get("numeric", inputs.get("number", True))
        return super().planned(inputs) | {"numeric": numeric, "number": numeric}

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        planned = self.planned(inputs)
        if inputs.get("number", planned["numeric"]) != planned["numeric"]:
            yield Failure("number", "must not contradict numeric, its new name")
        if planned["length"] < sum(planned[minimum] for minimum in _MINIMUMS.values()):
            yield Failure("length", f"must be at least the sum of {', '.join(_MINIMUMS.values())}")
        if not any(planned[name] for name in _CHARACTERS):
            yield Failure("", f"at least one of {', '.join(_CHARACTERS)} must be true")

    def replaces(self, name: str, old: Any, new: Any) -> bool:
        if name == "overrideSpecial":
            return old != "" or new is not None  # earlier versions stored an empty string for none
        return super().replaces(name, old, new)

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        length = len(id_.encode())  # bytes: the official provider counts so here, and characters on create
        inputs = dict.fromkeys(("upper", "lower", "number", "numeric", "special"), True)
        return {"length": length, **inputs}, self._made(id_)

    def create(self, inputs: Properties) -> Made:
        return self._made(_characters(inputs))

    def _made(self, result: str) -> Made:
        return Made(result, {"result": result})


class String(_Characters):
    """`RandomString`; its id is the string."""

    sdk = sdk.RandomString
    state_version = 2


class Password(_Characters):
    """`RandomPassword`; the id says nothing. Imported by the password itself."""

    sdk = sdk.RandomPassword
    state_version = 3

    def _made(self, result: str) -> Made:
        salt = bcrypt.gensalt(_BCRYPT_COST, prefix=b"2a")
        digest = bcrypt.hashpw(result.encode()[:_BCRYPT_LIMIT], salt)
        return Made("none", {"result": result, "bcryptHash": digest.decode()})


def _characters(inputs: Properties) -> str:
    """`length` characters of the chosen classes, with at least the asked-for number of each class."""
    classes = _CHARACTERS | {"special": inputs.get("overrideSpecial") or _CHARACTERS["special"]}
    chosen = [secrets.choice(classes[name]) for name, minimum in _MINIMUMS.items() for _ in range(inputs[minimum])]
    pool = "".join(characters for name, characters in classes.items() if inputs[name])
    chosen += [secrets.choice(pool) for _ in range(inputs["length"] - len(chosen))]
    random.SystemRandom().shuffle(chosen)
    return "".join(chosen)
