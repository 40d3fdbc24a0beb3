"""What create sends, how often, and what it makes of refusals.

Guards against previews that change the cluster or fail on what the real run gets over, against waiting for what will
never come, and against fields that are taken from other managers without being asked to.
"""

import re
from typing import Any

import pytest

from common.wire import UNKNOWN
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.kubernetes.api import NoAnswer
from rehearsal.providers.kubernetes.create import create
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.api_stub import ApiStub, cluster, refusal
from tests.unit.rehearsal.kubernetes.support import config_map, custom, urn

MADE = config_map(uid="u") | {"status": {"phase": "new"}}
NAMESPACE = refusal("NotFound", 'namespaces "ns" not found', 404, kind="namespaces")
IMMUTABLE = refusal("Invalid", "data: Invalid value: field is immutable")


def _create(api: ApiStub, obj: Object | None = None, *, preview: bool = False, **options: Any) -> Any:
    obj = obj or config_map()
    patch, version = options.pop("patch", False), options.pop("version", (1, 36))
    request = Request(urn=urn(obj, patch=patch), inputs=obj, preview=preview)
    return create(cluster(api, version, **options), request)


def test_an_object_is_posted_once_and_its_state_is_what_the_server_made_of_it() -> None:
    api = ApiStub({"create": [MADE]})
    state = _create(api)
    assert (state.id, state.outputs["metadata"]["uid"]) == ("ns/subject", "u")
    path = "/api/v1/namespaces/ns/configmaps"
    assert api.sent == [("create", {"path": path, "fieldManager": "pulumi-kubernetes"})]


def test_a_preview_is_a_dry_run_and_foretells_no_status() -> None:
    api = ApiStub({"create": [MADE]})
    state = _create(api, preview=True)
    assert [parameters["dryRun"] for _, parameters in api.sent] == ["All"]
    assert (state.id, state.outputs["metadata"]["uid"], "status" in state.outputs) == ("", "u", False)


@pytest.mark.parametrize(
    ("obj", "options"),
    [
        pytest.param(config_map({"a": UNKNOWN}), {}, id="a value is not known yet"),
        pytest.param(custom({}), {}, id="the kind is not served yet"),
        pytest.param(config_map(), {"patch": True}, id="a Patch"),
        pytest.param(config_map(), {"enableServerSideApply": "false"}, id="client-side apply"),
    ],
)
def test_a_preview_that_cannot_be_a_dry_run_sends_nothing(obj: Object, options: Any) -> None:
    api = ApiStub({})
    assert _create(api, obj, preview=True, **options).outputs == obj
    assert api.sent == []


@pytest.mark.parametrize(
    "refused",
    [
        NAMESPACE,
        refusal("BadRequest", "admission webhook x does not support dry run"),
        refusal("AlreadyExists"),
        refusal("Forbidden"),
    ],
    ids=lambda refused: refused.reason,
)
def test_a_refusal_that_is_left_to_the_real_run_does_not_fail_the_preview(refused: Exception) -> None:
    assert _create(ApiStub({"create": [refused]}), preview=True).outputs == config_map()


@pytest.mark.parametrize(
    "refused",
    [
        refusal("NotFound", "no", 404, kind="widgets"),
        refusal("BadRequest", "unknown field"),
        refusal("Invalid", "bad port"),
        NoAnswer("no answer"),
    ],
)
def test_any_other_refusal_fails_the_preview_and_names_the_object(refused: Exception) -> None:
    with pytest.raises(ProviderError, match=f"ConfigMap 'subject' was not created: {refused}"):
        _create(ApiStub({"create": [refused]}), preview=True)


def test_what_is_missing_gets_a_minute_to_appear() -> None:
    api = ApiStub({"create": [NAMESPACE, NAMESPACE, MADE]})
    assert _create(api).id == "ns/subject"
    assert api.paused == [1, 2]
    never = ApiStub({"create": [NAMESPACE]})
    with pytest.raises(ProviderError, match='was not created: namespaces "ns" not found'):
        _create(never)
    assert sum(never.paused) == 63


def test_other_refusals_are_final() -> None:
    api = ApiStub({"create": [refusal("Invalid", "bad port"), MADE]})
    with pytest.raises(ProviderError, match="bad port"):
        _create(api)
    assert api.paused == []


@pytest.mark.parametrize(("version", "tries"), [((1, 24), 6), ((1, 25), 0), ((1, 36), 0)])
def test_a_kind_that_kubernetes_dropped_is_not_waited_for(version: tuple[int, int], tries: int) -> None:
    budget = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}}
    api = ApiStub({})
    with pytest.raises(ProviderError, match="no matches for kind 'PodDisruptionBudget' in version 'policy/v1beta1'"):
        _create(api, budget, version=version)
    assert len(api.paused) == tries


UPSERT: dict[str, Any] = {"upsertExistingObjects": "true"}
BY_FORCE = config_map(annotations={"pulumi.com/patchForce": "true"})


@pytest.mark.parametrize(
    ("obj", "options", "forced"),
    [
        (config_map(), UPSERT, "false"),
        (config_map(), {"patch": True}, "false"),
        (BY_FORCE, UPSERT, "true"),
        (config_map(), UPSERT | {"enablePatchForce": "true"}, "true"),
        (config_map(), UPSERT | {"preview": True}, "true"),
    ],
)
def test_what_is_applied_takes_fields_from_others_only_by_force(obj: Object, options: Any, forced: str) -> None:
    api = ApiStub({"patch": [MADE]})
    _create(api, obj, **options)
    (verb, parameters), *_ = api.sent
    assert (verb, parameters["force"]) == ("patch", forced)
    assert parameters["fieldManager"].startswith("pulumi-kubernetes-")


def test_a_replacement_that_is_to_be_applied_is_previewed_under_another_name() -> None:
    api = ApiStub({"patch": [IMMUTABLE, MADE]})
    _create(api, preview=True, **UPSERT)
    first, second = (body["metadata"]["name"] for body in api.bodies)
    assert first == "subject"
    assert re.fullmatch("subject-[0-9a-f]{6}", second)


@pytest.mark.parametrize(
    ("verb", "refused", "options"),
    [
        pytest.param("create", IMMUTABLE, {}, id="not applied"),
        pytest.param("patch", refusal("Invalid", "bad port"), UPSERT, id="invalid in another way"),
        pytest.param("patch", refusal("Conflict", "field is immutable"), UPSERT, id="refused for another reason"),
    ],
)
def test_no_other_refusal_is_taken_for_a_replacement(verb: str, refused: Exception, options: Any) -> None:
    api = ApiStub({verb: [refused, MADE]})
    with pytest.raises(ProviderError, match=str(refused)):
        _create(api, preview=True, **options)
