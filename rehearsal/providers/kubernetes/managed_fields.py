"""Who owns which field: taking over from client-side apply, and keeping out of other managers' fields.

Rules: fluxcd/pkg/ssa v0.71 and provider/pkg/await/await.go of the official provider, 4.32.
"""

from typing import Any, Final

from rehearsal.providers.kubernetes.objects import Object, at, items_at

_Entry = dict[str, Any]

_PULUMI: Final = ("pulumi-kubernetes", "pulumi-resource-kubernetes")
_TAKEN_OVER: Final = {
    "Update": (*_PULUMI, "kubectl", "before-first-apply"),
    "Apply": ("kubectl",),
}


def taken_over(live: Object, manager: str) -> list[_Entry] | None:
    """The managed fields of `live` once `manager` has taken over; None if there is nothing to take over.

    Taken over is what this provider, or kubectl, manages without server-side apply, so that the first
    apply neither conflicts with it nor leaves removed fields behind.
    """
    entries = items_at(live, "metadata", "managedFields")
    own = next((entry for entry in entries if _is_own(entry, manager)), None)
    taken = [entry for entry in entries if entry is not own and _is_taken_over(entry)]
    if not taken:
        return None
    base = own or taken[0]
    merged: Any = {}
    for entry in (base, *taken):
        merged = _union(merged, entry.get("fieldsV1", {}))
    kept = [entry for entry in entries if entry is not own and not any(entry is other for other in taken)]
    return [*kept, {**base, "manager": manager, "operation": "Apply", "fieldsV1": merged}]


def has_own_updates(live: Object) -> bool:
    """Whether this provider made or changed `live` without server-side apply, as it does on create."""
    return any(
        entry.get("operation") == "Update" and entry.get("manager") in _PULUMI
        for entry in items_at(live, "metadata", "managedFields")
    )


def is_foreign(live: Object, path: tuple[str, ...], manager: str) -> bool:
    """Whether managers other than `manager`, and only those, own the field at `path` or something under it."""
    owners = {
        entry.get("manager")
        for entry in items_at(live, "metadata", "managedFields")
        if at(entry.get("fieldsV1"), *(f"f:{step}" for step in path)) is not None
    }
    return bool(owners) and manager not in owners


def _is_own(entry: _Entry, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply"


def _is_taken_over(entry: _Entry) -> bool:
    prefixes = _TAKEN_OVER.get(entry.get("operation", ""), ())
    return not entry.get("subresource") and str(entry.get("manager", "")).startswith(prefixes)


def _union(some: Any, others: Any) -> Any:
    """The union of two field sets, each a tree of field names."""
    return {**some, **{key: _union(some.get(key, {}), subset) for key, subset in others.items()}}
