"""Built-in kinds the way Go's types spell them: what `client-go` would make of an object and write back.

Unknown fields vanish, and so do empty values of optional fields; quantities, times and base64 get their
canonical spelling. The facts are in `typed_forms.json`, which `tools/typed-forms` prints from the Go
types; its header explains the codes.
"""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from common.quantity import QuantityError, parse
from rehearsal.providers.kubernetes.objects import GroupVersionKind, Object, kind_of

_Converter: TypeAlias = Callable[[Any], Any]
_WITHOUT_GO_TYPE: Final = frozenset(  # in client-go, that is
    {"apiextensions.k8s.io/v1/CustomResourceDefinition", "apiregistration.k8s.io/v1/APIService"}
)
_DATA: Final = Path(__file__).with_name("typed_forms.json")


class Removal(NamedTuple):
    """A kind that Kubernetes stops serving at `release`, and the kind to use `instead`, if there is one."""

    release: tuple[int, int]
    instead: str


class MergeStrategy(NamedTuple):
    """How a strategic merge patch takes a field: `words` of Go's patchStrategy, and the `key` of list items."""

    words: str = ""
    key: str = ""

    @property
    def merges(self) -> bool:
        """Whether a list is merged rather than replaced: by `key`, or as a set if that is empty."""
        return "merge" in self.words

    @property
    def replaces(self) -> bool:
        """Whether a map is replaced rather than merged."""
        return self.words == "replace"

    @property
    def retains_keys(self) -> bool:
        """Whether a map loses all keys that the patch does not name."""
        return "retainKeys" in self.words


class _Mismatch(Exception):
    """A value is not of its field's type."""


class _Field(NamedTuple):
    convert: _Converter
    zero: Callable[[], Any]
    empty_vanishes: bool
    null_vanishes: bool


def is_built_in(api_version: str, kind: str) -> bool:
    """Whether Kubernetes itself defines the kind."""
    return f"{api_version}/{kind}" in _WITHOUT_GO_TYPE or f"{api_version}/{kind}" in _data()["kinds"]


def is_built_in_group(api_version: str) -> bool:
    """Whether Kubernetes itself serves this group and version."""
    return api_version in _groups()


def input_properties(api_version: str, kind: str) -> frozenset[str]:
    """The top-level properties of a built-in kind that are inputs; empty for other kinds."""
    name = _data()["kinds"].get(f"{api_version}/{kind}")
    if f"{api_version}/{kind}" in _WITHOUT_GO_TYPE:
        return frozenset({"apiVersion", "kind", "metadata", "spec"})
    return frozenset(_fields(name)) - {"status"} if name else frozenset()


def removal(api_version: str, kind: str) -> Removal | None:
    """When a built-in kind ceases to be served, if that is planned."""
    if f"{api_version}/{kind}" not in _data()["removed"]:
        return None
    release, instead = _data()["removed"][f"{api_version}/{kind}"]
    major, minor = release.split(".")
    return Removal((int(major), int(minor)), instead)


def top_struct(kind: GroupVersionKind) -> str:
    """The name of a built-in kind's Go type; empty for other kinds."""
    return str(_data()["kinds"].get(str(kind), ""))


def struct_within(struct: str, field: str) -> str:
    """The name of the Go type of a field, or of its items; empty if that is no struct, or `struct` is empty."""
    codes = _data()["structs"].get(struct, {}).items()
    code = next((code.lstrip("?*[{") for code, names in codes if field in names.split()), "")
    return code if code in _data()["structs"] else ""


def merge_strategy(struct: str, field: str) -> MergeStrategy:
    """How a strategic merge patch takes `field` of the Go type `struct`."""
    return MergeStrategy(*_data()["merged"].get(struct, {}).get(field, ()))


def typed(obj: Object) -> Object:
    """`obj` as Go would write it; `obj` itself if a value does not fit or the kind is not built in."""
    name = top_struct(kind_of(obj))
    if not name:
        return obj
    try:
        return _struct(name)(obj)  # type: ignore[no-any-return]  # a struct converter returns a map
    except _Mismatch:
        return obj


@cache
def _data() -> dict[str, Any]:
    return json.loads(_DATA.read_text())  # type: ignore[no-any-return]  # JSON is whatever the generator wrote


@cache
def _groups() -> frozenset[str]:
    kinds = (*_data()["kinds"], *_data()["removed"], *_WITHOUT_GO_TYPE)
    return frozenset(kind.rpartition("/")[0] for kind in kinds)


@cache
def _fields(struct: str) -> dict[str, _Field]:
    fields = {}
    for marked, names in _data()["structs"][struct].items():
        code = marked.lstrip("?*")
        field = _Field(_converter(code), _zero(code), marked.startswith("?"), marked != code)
        fields.update(dict.fromkeys(names.split(), field))
    return fields


def _zero(code: str) -> Callable[[], Any]:
    """A maker of what Go writes where the program says null, and the field is there all the same."""
    return dict if code in _data()["structs"] else lambda: _ZEROS.get(code)


@cache
def _converter(code: str) -> _Converter:
    if code in _SCALARS:
        return _SCALARS[code]
    if code.startswith("["):
        return _list_of(_converter(code[1:]), _zero(code[1:]))
    if code.startswith("{"):
        return _map_of(_converter(code[1:]), _zero(code[1:]))
    return _struct(code)


@cache
def _struct(name: str) -> _Converter:
    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse()
        fields = _fields(name)
        converted = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None or (item is None and field.null_vanishes):
                continue
            result = field.zero() if item is None else field.convert(item)
            if result or not field.empty_vanishes:
                converted[key] = result
        return converted

    return convert


def _list_of(convert: _Converter, zero: Callable[[], Any]) -> _Converter:
    def convert_list(value: Any) -> Any:
        if not isinstance(value, list):
            _refuse()
        return [zero() if item is None else convert(item) for item in value]

    return convert_list


def _map_of(convert: _Converter, zero: Callable[[], Any]) -> _Converter:
    def convert_map(value: Any) -> Any:
        if not isinstance(value, dict):
            _refuse()
        return {key: zero() if item is None else convert(item) for key, item in value.items()}

    return convert_map


def _refuse(_cause: Exception | None = None) -> NoReturn:
    raise _Mismatch


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else _refuse()


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else _refuse()


def _integer(value: Any) -> Any:
    return value if type(value) is int else _refuse()


def _integer_or_string(value: Any) -> Any:
    return value if type(value) in (int, str) else _refuse()


def _quantity(value: Any) -> Any:
    if type(value) not in (int, float, str):
        _refuse()
    try:
        return parse(str(value).strip()).canonical()
    except QuantityError as error:
        _refuse(error)


def _bytes(value: Any) -> Any:
    try:
        return base64.b64encode(base64.b64decode(_string(value).translate(_NEWLINES), validate=True)).decode()
    except binascii.Error as error:
        _refuse(error)


def _time(timespec: str) -> _Converter:
    def convert(value: Any) -> Any:
        try:
            moment = datetime.fromisoformat(_string(value))
        except ValueError as error:
            _refuse(error)
        if moment.tzinfo is None:
            _refuse()
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"

    return convert


_NEWLINES: Final = str.maketrans("", "", "\r\n")  # Go's decoder skips them
_ZEROS: Final = {"s": "", "b": False, "i": 0, "q": "0", "x": 0}
_SCALARS: Final[dict[str, _Converter]] = {
    "s": _string,
    "b": _boolean,
    "i": _integer,
    "q": _quantity,
    "x": _integer_or_string,
    "y": _bytes,
    "t": _time("seconds"),
    "u": _time("microseconds"),
    "r": lambda value: value,
}
