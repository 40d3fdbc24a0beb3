"""Values that are not known during a preview.

Whatever a rule does with an unknown value raises `Undetermined`, which the judge turns into a finding that
names the value; so no rule passes because it could not see. The one thing that does not raise is to ask for
its type: a rule that must look before it touches asks `known`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn


class Unknown:
    """A value that only `up` will tell; `name` says whose it is: `spec.replicas of frontend`."""

    __slots__ = ("name",)

    def __init__(self, name: str = "an input") -> None:
        self.name = name

    def _raise(self, *_: object) -> NoReturn:
        raise Undetermined(self)

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __contains__ = __str__ = __hash__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _raise
    __int__ = __float__ = __index__ = __round__ = __ceil__ = __neg__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __or__ = __ror__ = _raise
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _raise

    def __repr__(self) -> str:
        return f"Unknown({self.name})"


class Undetermined(Exception):
    """A rule touched a value that is only known after `up`."""

    def __init__(self, value: Unknown) -> None:
        super().__init__(value.name)


def known(value: Any) -> bool:
    """Whether `value` itself is known; parts of it may still not be."""
    return not isinstance(value, Unknown)


def present(value: Any) -> bool:
    """Whether there is a value; unlike `is not None`, it raises Undetermined where that is not known."""
    return bool(value != None)  # noqa: E711 - asks the value, which `is` does not


def off(value: Any) -> bool:
    """Whether a value is there and false; it raises Undetermined where that is not known."""
    return present(value) and not value


def name_unknowns(value: Any, owner: str, path: str = "") -> None:
    """Tell every unknown in `value`, at any depth, its path and `owner`."""
    for where, unknown in _unknowns(value, path):
        unknown.name = f"{where} of {owner}"


def _unknowns(value: Any, path: str) -> Iterator[tuple[str, Unknown]]:
    if isinstance(value, Unknown):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknowns(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknowns(item, f"{path}[{index}]")
