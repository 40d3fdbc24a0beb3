"""What update sends, by whose force, and what it makes of refusals.

Guards against previews that change the cluster, against fields that are taken from other managers without being asked
to, and against state that says what the cluster does not.
"""

from typing import Any

import pytest

from common.wire import UNKNOWN
from rehearsal.providers.base import InitializationFailed, ProviderError, Request
from rehearsal.providers.kubernetes.api import APPLY, JSON_PATCH, NoAnswer
from rehearsal.providers.kubernetes.objects import Object
from rehearsal.providers.kubernetes.recorded_state import to_state
from rehearsal.providers.kubernetes.update import update
from tests.unit.rehearsal.kubernetes.api_stub import ApiStub, cluster, refusal
from tests.unit.rehearsal.kubernetes.support import config_map, custom, urn

MANAGER = "pulumi-kubernetes-test"


def _live(manager: str = "", operation: str = "Apply", data: Any = None) -> Object:
    entry = {"manager": manager, "operation": operation, "fieldsV1": {"f:data": {"f:a": {}}}}
    return config_map(data or {"a": "1"}, managedFields=[entry] if manager else [])


def _update(api: ApiStub, new: Object, *, preview: bool = False, ignore: tuple[str, ...] = (), **options: Any) -> Any:
    old = config_map() if new["kind"] == "ConfigMap" else new
    state = to_state(old, old, {}, old["apiVersion"], MANAGER)
    request = Request(
        urn=urn(new), id="ns/subject", inputs=new, state=state, preview=preview, ignore_changes=ignore, old_inputs=old
    )
    return update(cluster(api, **options), request)


def test_an_update_is_applied_under_the_manager_of_the_state() -> None:
    made = config_map({"a": "2"}, uid="u")
    api = ApiStub({"get": [_live(MANAGER)], "patch": [made]})
    assert _update(api, config_map({"a": "2"})).outputs["metadata"]["uid"] == "u"
    path = "/api/v1/namespaces/ns/configmaps/subject"
    assert api.sent == [("patch", {"path": path, "type": APPLY, "fieldManager": MANAGER, "force": "false"})]


def test_a_preview_is_a_dry_run() -> None:
    api = ApiStub({"get": [_live(MANAGER)], "patch": [config_map({"a": "2"}, uid="u")]})
    assert _update(api, config_map({"a": "2"}), preview=True).outputs["metadata"]["uid"] == "u"
    assert [parameters["dryRun"] for _, parameters in api.sent] == ["All"]


@pytest.mark.parametrize("obj", [config_map({"a": UNKNOWN}), custom({})], ids=["not known yet", "not served yet"])
def test_a_preview_that_cannot_be_a_dry_run_sends_nothing(obj: Object) -> None:
    api = ApiStub({})
    assert _update(api, obj, preview=True).outputs == obj
    assert api.sent == []


BY_FORCE = {"pulumi.com/patchForce": "true"}


@pytest.mark.parametrize(
    ("live", "annotations", "options", "forced"),
    [
        pytest.param(_live("someone"), {}, {}, "false", id="fields of another"),
        pytest.param(_live("someone"), BY_FORCE, {}, "true", id="by annotation"),
        pytest.param(_live("someone"), {}, {"enablePatchForce": "true"}, "true", id="by option"),
        pytest.param(_live(), {}, {}, "true", id="nobody's fields"),
        pytest.param(_live("pulumi-kubernetes", "Update"), {}, {"preview": True}, "true", id="what it created itself"),
        pytest.param(_live("someone"), {}, {"preview": True}, "false", id="a preview with fields of another"),
    ],
)
def test_fields_of_others_are_taken_only_by_force(live: Object, annotations: Any, options: Any, forced: str) -> None:
    api = ApiStub({"get": [live], "patch": [live]})
    _update(api, config_map({"a": "2"}, annotations=annotations), **options)
    assert [parameters["force"] for _, parameters in api.sent] == [forced]


def test_what_it_created_itself_becomes_its_own_before_the_first_apply() -> None:
    live = _live("pulumi-kubernetes", "Update")
    api = ApiStub({"get": [live], "patch": [live]})
    _update(api, config_map({"a": "2"}))
    assert [parameters["type"] for _, parameters in api.sent] == [JSON_PATCH, APPLY]
    (operation,) = api.bodies[0]
    assert [entry["manager"] for entry in operation["value"]] == [MANAGER]


@pytest.mark.parametrize(("owner", "sent"), [("someone", {}), (MANAGER, {"a": "live"})])
def test_an_ignored_change_is_not_sent_where_others_own_it_else_as_it_is(owner: str, sent: Any) -> None:
    live = _live(owner, data={"a": "live"})
    api = ApiStub({"get": [live], "patch": [live]})
    _update(api, config_map({"a": "2"}), ignore=("data.a",))
    assert [body["data"] for body in api.bodies] == [sent]


def test_another_manager_has_the_fields_of_the_former_given_up() -> None:
    live = _live(MANAGER)
    api = ApiStub({"get": [live], "patch": [live]})
    _update(api, config_map({"a": "2"}, annotations={"pulumi.com/patchFieldManager": "other"}))
    assert [parameters["fieldManager"] for _, parameters in api.sent] == ["other", MANAGER]
    assert "data" not in api.bodies[1]


def test_a_preview_that_is_not_allowed_goes_on_from_the_inputs() -> None:
    api = ApiStub({"get": [_live(MANAGER)], "patch": [refusal("Forbidden")]})
    assert _update(api, config_map({"a": "2"}), preview=True).outputs == config_map({"a": "2"})


@pytest.mark.parametrize(("reason", "preview"), [("Forbidden", False), ("Conflict", False), ("Conflict", True)])
def test_a_refused_update_leaves_the_object_as_it_is_and_says_so(reason: str, *, preview: bool) -> None:
    api = ApiStub({"get": [_live(MANAGER)], "patch": [refusal(reason, "not yours")]})
    with pytest.raises(InitializationFailed) as failed:
        _update(api, config_map({"a": "2"}), preview=preview)
    assert failed.value.state.outputs["data"] == {"a": "1"}
    assert "ns/subject is not as it should be: not yours" in failed.value.reasons[0]


def test_one_that_cannot_even_be_read_names_both_failures() -> None:
    api = ApiStub({"get": [_live(MANAGER), NoAnswer("gone away")], "patch": [refusal("Invalid", "bad key")]})
    with pytest.raises(ProviderError, match="was not updated: bad key; reading it failed, too: gone away"):
        _update(api, config_map({"a": "2"}))


def test_a_kind_that_is_no_longer_served_fails_before_anything_is_sent() -> None:
    api = ApiStub({})
    with pytest.raises(ProviderError, match=r"was not updated: no matches for kind 'Widget'.*Is the CRD"):
        _update(api, custom({}))
