"""The closed, frozen base of all models, and the way their checks speak."""

import difflib
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from spec.invalid import Invalid, decided, let_invalid_through, valid
from spec.problems import Code, Finding, listed, quoted

_T = TypeVar("_T")

Many: TypeAlias = Annotated[tuple[Annotated[_T, WrapValidator(let_invalid_through)], ...], Field(strict=False)]
"""A list in the file, a tuple in the model; `strict` would want a tuple in the file, and goes for the items."""

FINDINGS: Final = "findings"
"""The pydantic error type, and the key of its context, that carries findings of ours."""


@dataclass(frozen=True)
class Origin:
    """What the models need to know of where the spec comes from; it is pydantic's validation context.

    `stack` names the cluster unless the spec does; relative paths start at `directory`.
    """

    stack: str = ""
    directory: Path = Path()


def refused(*findings: Finding) -> PydanticCustomError:
    """The exception by which a validator hands over findings; their paths are relative to its value."""
    return PydanticCustomError(FINDINGS, "see the findings", {FINDINGS: findings})


class StackModel(BaseModel):
    """A mapping of the stack file: unknown keys are refused, values keep their types, nothing changes later."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        hide_input_in_errors=True,
        defer_build=True,  # a command that needs few of the models does not wait for validators of all
    )

    renamed_keys: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The present names of keys that had another one."""

    def findings(self) -> Iterable[Finding]:
        """What is wrong between the fields of this model. Fields that are wrong themselves are `INVALID`."""
        return ()

    @classmethod
    def takes(cls, key: str) -> bool:
        """Whether a key that is no field is allowed all the same."""
        del key
        return False

    @property
    def is_whole(self) -> bool:
        """Whether every field is valid: for checks that ask more of a value than to compare it."""
        return not any(isinstance(value, Invalid) for _, value in self)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_and_empty_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            wrong = [_unknown(key, known, cls.renamed_keys) for key in data if key not in known and not cls.takes(key)]
            wrong += [_empty(key) for key in known if key in data and data[key] is None]
            if wrong:
                raise refused(*wrong)
        return data

    @field_validator("*", mode="wrap")
    @classmethod
    def _let_invalid_through(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        return let_invalid_through(value, handler)

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if findings := tuple(decided(self.findings())):
            raise refused(*findings)
        return self


def _unknown(key: str, known: list[str], renamed: Mapping[str, str]) -> Finding:
    if key in renamed:
        remedy = f"Write {renamed[key]}, which it is called now; nothing else changes."
        return Finding(Code.UNKNOWN_KEY, found=quoted(key), allowed=renamed[key], remedy=remedy, at=(key,))
    meant = did_you_mean(key, known)
    remedy = f"Write {meant}, if that is meant." if meant else "Remove it, or see the reference for where it belongs."
    return Finding(Code.UNKNOWN_KEY, found=quoted(key), allowed=listed(sorted(known)), remedy=remedy, at=(key,))


def _empty(key: str) -> Finding:
    return Finding(Code.EMPTY_VALUE, "nothing", "a value", "Write a value, or leave the key out.", at=(key,))


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The known word that `word` is probably a misspelling of, or nothing; namespaces (`x:`) do not count."""
    folded = {candidate.rpartition(":")[2].casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word[:100].rpartition(":")[2].casefold(), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else ""


def _name(item: Any) -> Hashable:
    name: Hashable = item.name
    return name


def same_twice(
    what: str, field: str, items: Iterable[Any], identity: Callable[[Any], Hashable] = _name, key: str = "name"
) -> Iterator[Finding]:
    """A finding for each item of the list `field` whose `identity` (by default its name) another has already.

    The finding is at the item's `key`, or at the item itself when `key` is empty.
    """
    first: dict[Hashable, int] = {}
    for index, item in valid(items):
        same = identity(item)
        parts = same if isinstance(same, tuple) else (same,)
        if any(isinstance(part, Invalid) for part in parts) or first.setdefault(same, index) == index:
            continue
        shown = " ".join(map(str, parts))
        remedy = f"Rename or remove one of them; {field}[{first[same]}] has it already."
        at = (field, index, key) if key else (field, index)
        yield Finding(Code.SAME_NAME_TWICE, found=f"a second {what} {shown}", remedy=remedy, at=at)
