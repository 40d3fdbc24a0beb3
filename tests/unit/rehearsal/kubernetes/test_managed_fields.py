"""Ownership of fields is taken over from client-side apply, and from nobody else.

Guards against a first apply that conflicts with the provider's own create, and against one that takes
fields away from controllers.
"""

from typing import Any

import pytest

from rehearsal.providers.kubernetes.managed_fields import has_own_updates, is_foreign, taken_over
from rehearsal.providers.kubernetes.objects import Object

ME = "pulumi-kubernetes-1234"
A: Object = {"f:data": {"f:a": {}}}
B: Object = {"f:data": {"f:b": {}, ".": {}}}


def _live(*entries: tuple[str, str, Object], subresource: str = "") -> Object:
    managed = [
        {"manager": manager, "operation": operation, "fieldsV1": fields, "subresource": subresource}
        for manager, operation, fields in entries
    ]
    return {"metadata": {"managedFields": managed}}


@pytest.mark.parametrize(
    ("manager", "operation", "taken"),
    [
        ("pulumi-kubernetes", "Update", True),
        ("pulumi-resource-kubernetes", "Update", True),
        ("pulumi-kubernetes-other", "Update", True),
        ("kubectl-client-side-apply", "Update", True),
        ("kubectl", "Apply", True),
        ("before-first-apply", "Update", True),
        ("pulumi-kubernetes-other", "Apply", False),
        ("kube-controller-manager", "Update", False),
        ("helm", "Apply", False),
    ],
)
def test_own_and_kubectl_fields_are_taken_over(manager: str, operation: str, *, taken: bool) -> None:
    entries = taken_over(_live((manager, operation, A)), ME)
    assert (entries is not None) is taken
    if entries:
        assert [(e["manager"], e["operation"], e["fieldsV1"]) for e in entries] == [(ME, "Apply", A)]


def test_fields_of_a_subresource_stay_with_their_manager() -> None:
    assert taken_over(_live(("pulumi-kubernetes", "Update", A), subresource="status"), ME) is None


def test_what_is_taken_over_joins_the_own_fields_and_the_rest_stays() -> None:
    live = _live((ME, "Apply", A), ("pulumi-kubernetes", "Update", B), ("other", "Apply", A))
    entries = taken_over(live, ME)
    assert entries is not None
    assert [(e["manager"], e["fieldsV1"]) for e in entries] == [
        ("other", A),
        (ME, {"f:data": {"f:a": {}, "f:b": {}, ".": {}}}),
    ]


@pytest.mark.parametrize(
    ("owners", "foreign"),
    [(["other"], True), ([ME], False), (["other", ME], False), ([], False)],
)
@pytest.mark.parametrize("path", [("data",), ("data", "a")])
def test_a_field_is_foreign_when_only_others_own_it(owners: list[str], path: Any, *, foreign: bool) -> None:
    assert is_foreign(_live(*((owner, "Apply", A) for owner in owners)), path, ME) is foreign


def test_the_provider_recognises_what_it_created() -> None:
    assert has_own_updates(_live(("pulumi-kubernetes", "Update", A)))
    assert not has_own_updates(_live(("pulumi-kubernetes", "Apply", A), ("kubectl", "Update", A)))
