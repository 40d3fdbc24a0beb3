"""The rule of `keepers`, which all kinds but one share."""

from typing import Any

from common.wire import UNKNOWN
from rehearsal.providers.computed import ComputedType


class Kept(ComputedType):
    """The base of kinds whose `keepers` replace it when a value changes; null and absent values are the same."""

    def replaces(self, name: str, old: Any, new: Any) -> bool:
        return name != "keepers" or _values(old) != _values(new)


def _values(keepers: Any) -> Any:
    if keepers is UNKNOWN:
        return UNKNOWN
    return {key: value for key, value in (keepers or {}).items() if value is not None}
