"""Holes: what stands in a document where something is wrong, so that all the rest can still be checked.

`validation` reports what is wrong, puts a hole there and looks again. A hole fits every field and every
place in a list. As NaN does, it compares false with everything, and whatever is asked of it is a hole again,
so that rules between fields find nothing wrong with it. Whether it is true, how long it is and what it adds up to
cannot be said: `Undecided` ends the check that asks, which is asked again when the value is right.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidatorFunctionWrapHandler

_T = TypeVar("_T")


class Undecided(Exception):
    """A check depends on a value that is wrong."""


class Hole:
    """Something that is there, but wrong; that has been reported already."""

    def __getattr__(self, name: str) -> "Hole":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any) -> "Hole":
        return self

    def __getitem__(self, _: Any) -> "Hole":
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


HOLE = Hole()


def fits_anywhere(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """The validator around fields and list items that lets holes through."""
    return value if isinstance(value, Hole) else handler(value)


def decided(*checks: Iterable[_T]) -> Iterator[_T]:
    """What `checks` find, each of them up to where it depends on a value that is wrong."""
    for check in checks:
        with suppress(Undecided):
            yield from check


def is_hole(value: object) -> bool:
    """Whether `value`, whatever its type says, is a hole."""
    return isinstance(value, Hole)


def solid(items: Iterable[_T]) -> Iterator[tuple[int, _T]]:
    """The items that are no holes, with their indexes."""
    return ((index, item) for index, item in enumerate(items) if not isinstance(item, Hole))
