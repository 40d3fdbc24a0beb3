"""Invalid values: what stands in a document in place of each, so that all the rest can still be checked.

`validation` reports what is wrong, puts `INVALID` there and validates again. It fits every field and every place in
a list. As NaN does, it compares false with everything, and whatever is asked of it is invalid again, so that rules
between fields find nothing wrong with it. Whether it is true, how long it is and what it adds up to cannot be said:
`Undecided` ends the check that asks, which is asked again when the value is right.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidatorFunctionWrapHandler

_T = TypeVar("_T")


class Undecided(Exception):
    """A check depends on a value that is wrong."""


class Invalid:
    """The placeholder of a value that is wrong, which has been reported already."""

    def __getattr__(self, name: str) -> "Invalid":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any) -> "Invalid":
        return self

    def __getitem__(self, _: Any) -> "Invalid":
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, _: Any) -> bool:
        return False

    def _undecided(self, *_: Any) -> Any:
        raise Undecided

    __bool__ = __len__ = __int__ = __float__ = __index__ = __format__ = _undecided
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __or__ = __ror__ = _undecided
    __floordiv__ = __rfloordiv__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = _undecided

    def _incomparable(self, _: Any) -> bool:
        return False

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _incomparable
    __hash__ = object.__hash__


INVALID = Invalid()


def let_invalid_through(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """The validator around fields and list items that lets the placeholder through."""
    return value if isinstance(value, Invalid) else handler(value)


def decided(*checks: Iterable[_T]) -> Iterator[_T]:
    """What `checks` find, each of them up to where it depends on a value that is wrong."""
    for check in checks:
        with suppress(Undecided):
            yield from check


def is_invalid(value: object) -> bool:
    """Whether `value`, whatever its type says, is the placeholder of one that is wrong."""
    return isinstance(value, Invalid)


def valid(items: Iterable[_T]) -> Iterator[tuple[int, _T]]:
    """The items that are valid, with their indexes."""
    return ((index, item) for index, item in enumerate(items) if not isinstance(item, Invalid))
