"""The provider reaches its cluster with the credentials and at the pace that it is told.

Guards against a stand-in that knows only the ways in that its own control plane offers, and against
rehearsals that are faster than the official provider would be.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes.api import ApiServer
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource, configured
from tests.support.api import Api


def _as(control_plane: ControlPlane, user: Any, **context: str) -> str:
    """The control plane's kubeconfig with another user."""
    document = yaml.safe_load(control_plane.kubeconfig.read_text())
    document["users"] = [{"name": "other", "user": user}]
    document["contexts"][0]["context"] |= {"user": "other"} | context
    return json.dumps(document)


@pytest.fixture
def token(api: Api, namespace: str) -> str:
    """A token of the test namespace's default service account, which may edit in it."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "editor", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }
    api.apply(binding)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token", request)
    return str(answer["status"]["token"])


def test_a_credential_plugin_is_asked_for_the_token(
    control_plane: ControlPlane, token: str, config_map: ConfigMap, tmp_path: Path
) -> None:
    script = tmp_path / "get-token.py"
    script.write_text(
        "import json, os\n"
        "request = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        f"print(json.dumps({{**request, 'status': {{'token': {token!r}}}}}))\n"
    )
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(script)]}
    resource = Resource(configured(_as(control_plane, {"exec": plugin})))
    assert resource.apply(config_map())["metadata"]["uid"]


def test_a_credential_plugin_that_is_missing_makes_the_cluster_unreachable(
    control_plane: ControlPlane, config_map: ConfigMap
) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "no-such-plugin"}
    with pytest.raises(ProviderError, match=r"unreachable.*no-such-plugin"):
        Resource(configured(_as(control_plane, {"exec": plugin}))).apply(config_map())


def test_the_rights_of_the_user_are_the_servers_to_judge(
    control_plane: ControlPlane, token: str, config_map: ConfigMap
) -> None:
    resource = Resource(configured(_as(control_plane, {"token": token})))
    elsewhere = config_map(namespace="default")
    assert resource.preview(elsewhere) == elsewhere
    with pytest.raises(ProviderError, match='cannot create resource "configmaps"'):
        resource.apply(elsewhere)


def test_a_token_that_is_not_valid_makes_the_cluster_unreachable(
    control_plane: ControlPlane, config_map: ConfigMap
) -> None:
    resource = Resource(configured(_as(control_plane, {"token": "wrong"})))
    assert resource.preview(config_map()) == config_map()
    with pytest.raises(ProviderError, match=r"unreachable.*Unauthorized"):
        resource.apply(config_map())


def test_the_namespace_of_the_context_is_the_default(
    control_plane: ControlPlane, token: str, config_map: ConfigMap, namespace: str
) -> None:
    resource = Resource(configured(_as(control_plane, {"token": token}, namespace=namespace)))
    obj = config_map()
    del obj["metadata"]["namespace"]
    resource.apply(obj)
    assert resource.id == f"{namespace}/subject"


def test_requests_keep_to_the_client_side_limit(
    control_plane: ControlPlane, config_map: ConfigMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(ApiServer, "wait", lambda _, seconds: pauses.append(seconds))
    resource = Resource(configured(control_plane.kubeconfig, kubeClientSettings={"qps": 0.001, "burst": 1}))
    resource.preview(config_map())
    assert pauses[0] == 0
    assert all(pause > 100 for pause in pauses[1:])  # each further request waits for its thousand seconds
