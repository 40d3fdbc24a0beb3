"""Updates without server-side apply: three-way patches, worked out here from what was, is and shall be.

Built-in kinds get a strategic merge patch, in which lists of maps are merged by key; other kinds get a
JSON merge patch, in which lists are replaced.

Rules: k8s.io/apimachinery pkg/util/strategicpatch, v0.36.
"""

from typing import Any

from rehearsal.providers.kubernetes.api import MERGE_PATCH, STRATEGIC_MERGE_PATCH
from rehearsal.providers.kubernetes.objects import Object, kind_of
from rehearsal.providers.kubernetes.typed_form import MergeStrategy, merge_strategy, struct_within, top_struct


def three_way_patch(before: Object, after: Object, live: Object) -> tuple[str, Object]:
    """Content type and patch that bring `live`, applied as `before`, to `after`.

    What `after` has and `live` has not, or has otherwise, is set; what `before` had and `after` has no
    more is removed; anything else in `live` stays.
    """
    struct = top_struct(kind_of(after))
    return (STRATEGIC_MERGE_PATCH if struct else MERGE_PATCH), _patch(before, after, live, struct)


def _patch(before: Any, after: Object, live: Object, struct: str) -> Object:
    before = before if isinstance(before, dict) else {}
    patch: Object = {}
    for key, value in after.items():
        strategy = merge_strategy(struct, key)
        if key not in live:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(live[key], dict):
            if nested := _patch(before.get(key), value, live[key], struct_within(struct, key)):
                patch[key] = _with_directives(nested, value, strategy)
        elif isinstance(value, list) and isinstance(live[key], list) and strategy.merges:
            patch |= _list_patch(key, before.get(key), value, live[key], struct)
        elif value != live[key]:
            patch[key] = value
    return patch | dict.fromkeys(before.keys() - after.keys())


def _with_directives(nested: Object, value: Object, strategy: MergeStrategy) -> Object:
    if strategy.replaces:
        return {"$patch": "replace", **value}
    return {"$retainKeys": sorted(value), **nested} if strategy.retains_keys else nested


def _list_patch(key: str, before: Any, after: list[Any], live: list[Any], struct: str) -> Object:
    before = before if isinstance(before, list) else []
    by = merge_strategy(struct, key).key
    if not by:
        added, removed = [item for item in after if item not in live], [item for item in before if item not in after]
        additions = {key: added} if added else {}
        return additions | ({f"$deleteFromPrimitiveList/{key}": removed} if removed else {})
    old, new, current = ({item.get(by): item for item in items} for items in (before, after, live))
    patches: list[Any] = []
    for name, item in new.items():
        if name not in current:
            patches.append(item)
        elif nested := _patch(old.get(name), item, current[name], struct_within(struct, key)):
            patches.append({**_with_directives(nested, item, merge_strategy(struct, key)), by: name})
    patches += [{"$patch": "delete", by: name} for name in old.keys() - new.keys()]
    return {key: patches, f"$setElementOrder/{key}": [{by: name} for name in new]} if patches else {}
