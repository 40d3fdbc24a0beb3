"""What stands of a stack, and what a tenant uses, as pages show it."""

from typing import Any

import pytest
from lightkube.models.core_v1 import ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from automation.api.standing import standing_of
from common.errors import EngineError, Problem
from portal.web import resources, usage
from portal.web.resources import Branch, tree_of
from tests.portal.web.conftest import Browsers
from tests.portal.web.test_attacks import ATTACK, active_in

_ROOT = "urn:pulumi:dev::polykube::pulumi:pulumi:Stack::polykube-dev"


def _resource(name: str, parent: str, kind: str = "kubernetes:core/v1:Pod", **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::polykube::{kind}::{name}", "type": kind, "custom": True, "parent": parent, **more}


_COMPONENT = _resource("shop", _ROOT, "polykube:platform:Tenant", custom=False)
_DEPLOYMENT = {
    "resources": [
        {
            "urn": _ROOT,
            "type": "pulumi:pulumi:Stack",
            "outputs": {
                "endpoint": ATTACK,
                "kubeconfig": {_special_sig_key: _special_secret_sig, "ciphertext": "v1:hidden"},
            },
        },
        _resource("default", _ROOT, "pulumi:providers:kubernetes"),
        _COMPONENT,
        _resource(f"shop/{ATTACK}", _COMPONENT["urn"], protect=True),
        _resource("old", _COMPONENT["urn"], delete=True),
        _resource("alone", _ROOT),
    ]
}


def test_a_state_is_a_tree_of_components_without_what_is_only_the_engines() -> None:
    found = standing_of(_DEPLOYMENT)

    def names(tree: list[Branch]) -> list[Any]:
        return [(each.resource.name, names(list(each.children))) for each in tree]

    assert names(tree_of(found.resources)) == [("shop", [(f"shop/{ATTACK}", [])]), ("alone", [])]
    assert [each.protected for each in found.resources] == [False, True, False]
    assert "hidden" not in str(found.outputs)


def test_the_page_shows_it_and_runs_nothing_of_it(browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "standing", lambda *_: standing_of(_DEPLOYMENT))
    answer = browsers("viewer").get("/stacks/dev/resources")
    assert "2 resources" in answer.text
    assert "[secret]" in answer.text
    assert active_in(answer.text) == []
    told = browsers("viewer").get("/api/v1/stacks/dev/resources").json()
    assert [each["name"] for each in told["resources"]] == ["shop", f"shop/{ATTACK}", "alone"]


def test_an_engine_that_cannot_say_is_told_with_its_remedy(browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError(Problem(code="PK402", summary="there is no passphrase", remedy="export one"))

    monkeypatch.setattr(resources, "standing", fail)
    text = browsers("viewer").get("/stacks/dev/resources").text
    assert "PK402" in text
    assert "export one" in text


def test_a_quota_is_shown_as_the_cluster_counts_it(browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = ResourceQuota(
        spec=ResourceQuotaSpec(hard={"pods": "4", "requests.memory": "1Gi"}),
        status=ResourceQuotaStatus(used={"pods": "3", "requests.memory": "256Mi"}),
    )

    class Cluster:
        def __init__(self, **_: object) -> None:
            pass

        def get(self, _: object, name: str, namespace: str) -> ResourceQuota:
            assert (name, namespace) == ("quota", "lab")
            return quota

    monkeypatch.setattr(usage, "Client", Cluster)
    monkeypatch.setattr(usage, "kubeconfig_of", lambda _: None)
    browser = browsers("viewer-of-lab")
    text = browser.get("/stacks/dev/tenants/lab").text
    assert "3 of 4" in text
    assert 'value="0.750"' in text
    assert 'value="0.250"' in text
    told = browser.get("/api/v1/stacks/dev/tenants/lab").json()
    assert told["quota"][0] == {"what": "pods", "used": "3", "hard": "4"}
    assert told["silent"] == ""


def test_without_a_cluster_a_tenant_sees_what_its_file_allows_and_no_path_of_the_machine(browsers: Browsers) -> None:
    text = browsers("viewer-of-lab").get("/stacks/dev/tenants/lab").text
    assert "does not answer" in text
    assert "? of 2" in text
    assert "kubeconfig" not in text
