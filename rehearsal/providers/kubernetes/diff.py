"""Diff: the new inputs against the live object as last recorded, without asking the server.

The recorded object is cut to the shape of the inputs it came from, so that what the cluster added is no
difference, and what it changed shows only after a refresh.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from common.wire import UNKNOWN
from rehearsal.providers.base import ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE, Diff, Request
from rehearsal.providers.kubernetes.annotations import AUTONAMED, REPLACE_UNREADY, is_true
from rehearsal.providers.kubernetes.naming import is_named
from rehearsal.providers.kubernetes.normalise import normalised
from rehearsal.providers.kubernetes.objects import (
    Object,
    from_properties,
    is_patch,
    kind_of,
    name_of,
    namespace_of,
    set_metadata,
)
from rehearsal.providers.kubernetes.property_path import contains, parsed, written
from rehearsal.providers.kubernetes.prune import pruned
from rehearsal.providers.kubernetes.recorded_state import recorded
from rehearsal.providers.kubernetes.replace_paths import Path, forces, forcing_paths
from rehearsal.providers.kubernetes.scope import canonical
from rehearsal.providers.kubernetes.settings import Settings

_UNREADY: Final = "." + written(("metadata", "annotations", REPLACE_UNREADY))  # the dot is the official one's
_REPLACING: Final = {ADD: ADD_REPLACE, DELETE: DELETE_REPLACE, UPDATE: UPDATE_REPLACE}


class PropertyDiff(NamedTuple):
    """One difference: `kind` is ADD, DELETE or UPDATE, `value` the new value (None for a removal)."""

    path: Path
    kind: Any
    value: Any = None


def diff(request: Request, settings: Settings, *, namespaced: bool, unready: bool = False) -> Diff:
    """What has to be done to bring the object to the request's inputs; an `unready` one is replaced."""
    new = normalised(from_properties(request.inputs))
    old = recorded(request.state)
    before = pruned(old.live, normalised(old.inputs))
    _align(before, new, old.live, namespaced=namespaced)
    forcing = forcing_paths(new, settings, patch=is_patch(request.type, new))
    ignored = [parsed(text) for text in request.ignore_changes]
    detailed, removed = {}, set()
    for change in changes(before, new):
        if any(contains(path, change.path) for path in ignored):
            continue
        replaces = forces(change.path, change.value, forcing)
        path = written(change.path)
        detailed[path] = _REPLACING[change.kind] if replaces else change.kind
        if change.kind == DELETE:
            removed.add(path)
    forced = [path for path in ("metadata",) if detailed.get(path) == DELETE] + [_UNREADY] * unready
    result = Diff(detailed, forced=tuple(forced), input_paths=frozenset(removed), names_properties=False)
    return replace(result, delete_before_replace=bool(result.replaces) and _takes_the_same_name(new, old.live))


def changes(before: Object, after: Object, path: Path = ()) -> Iterator[PropertyDiff]:
    """The differences of two maps, as deep as both have maps; a new subtree is one change.

    As the official provider has it, a map that becomes unknown loses each of its keys, and a null is a
    removal even of what is not there.
    """
    for key, value in after.items():
        if key not in before:
            yield PropertyDiff((*path, key), ADD if value is not None else DELETE, value)
        else:
            yield from _value_changes(before[key], value, (*path, key))
    for key in before.keys() - after.keys():
        yield PropertyDiff((*path, key), DELETE)


def _value_changes(before: Any, after: Any, path: Path) -> Iterator[PropertyDiff]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from changes(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    elif after is UNKNOWN and isinstance(before, dict):
        yield from (PropertyDiff((*path, key), DELETE) for key in before)
    elif after is None and before is not None:
        yield PropertyDiff(path, DELETE)
    elif after is UNKNOWN or type(before) is not type(after) or before != after:
        yield PropertyDiff(path, UPDATE, after)


def _list_changes(before: list[Any], after: list[Any], path: Path) -> Iterator[PropertyDiff]:
    common = min(len(before), len(after))
    for index in range(common):
        yield from _value_changes(before[index], after[index], (*path, index))
    for index in range(common, len(after)):
        yield PropertyDiff((*path, index), ADD, after[index])
    for index in range(common, len(before)):
        yield PropertyDiff((*path, index), DELETE)


def _align(before: Object, new: Object, live: Object, *, namespaced: bool) -> None:
    """Take away what is no difference: namespace `default` and none, a version, a name made by the server."""
    for obj in (before, new):
        if namespaced:
            set_metadata(obj, "namespace", canonical(namespace_of(obj)))
        elif isinstance(obj.get("metadata"), dict):
            obj["metadata"].pop("namespace", None)
    metadata = before.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("resourceVersion", None)
    if name_of(new):
        set_metadata(before, "name", name_of(live))
    if not before.get("kind"):
        before["apiVersion"], before["kind"] = kind_of(new).api_version, new.get("kind")


def _takes_the_same_name(new: Object, live: Object) -> bool:
    return (
        is_named(new)
        and not is_true(new, AUTONAMED)
        and name_of(new) == name_of(live)
        and namespace_of(new) == namespace_of(live)
    )
