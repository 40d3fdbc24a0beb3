"""Cutting one object back to the shape of another: the live object to what the program asked for."""

from typing import Any

from rehearsal.providers.kubernetes.objects import Object


def pruned(live: Object, shape: Object) -> Object:
    """The part of `live` that `shape` has too.

    Maps keep the common keys; lists are matched by index and cut to the length of the shape. Where the
    types differ, the live value stays whole. A live null stays, too.
    """
    return {key: _pruned_value(value, shape[key]) for key, value in live.items() if key in shape}


def _pruned_value(value: Any, shape: Any) -> Any:
    if isinstance(value, dict) and isinstance(shape, dict):
        return pruned(value, shape)
    if isinstance(value, list) and isinstance(shape, list):
        return _pruned_list(value, shape)
    return value


def _pruned_list(values: list[Any], shape: list[Any]) -> list[Any]:
    if not values or not shape:
        return []
    if type(values[0]) is not type(shape[0]):
        return values
    return [_pruned_value(value, model) for value, model in zip(values, shape, strict=False)]
