"""A RuntimeClass or a guard of sandboxes that a real API server takes otherwise than we mean it."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from components.naming import SANDBOX_LABEL, TENANT_LABEL
from tests.contract.test_hosts import STACK, changed
from tests.support.api import Api, ApiError, Object
from tests.support.needs import stand_ins
from tests.support.objects import deployment, pod
from tests.support.polling import eventually
from tests.support.registered import registered

BY_HAND: Final = [{"key": SANDBOX_LABEL, "operator": "Exists"}]


@pytest.fixture
def tenant(api: Api, namespace: str) -> Iterator[str]:
    """A tenant's namespace, in a cluster with the objects that the program registers for a pool with gVisor."""
    with stand_ins():
        made = registered(changed({"nodePools.1.sandbox": "gvisor"}), STACK).values()
    objects: list[Object] = []
    for each in made:
        _, version, kind = each.type.split(":")[:3] if each.type.startswith("kubernetes:") else ("", "", "")
        if kind == "RuntimeClass" or (kind.startswith("ValidatingAdmission") and "sandbox" in each.name):
            objects.append({"apiVersion": version, "kind": kind, **_plain(each.inputs)})
    assert len(objects) == 3
    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {TENANT_LABEL: namespace}}})
    api.apply(*objects)
    yield namespace
    for written in objects:
        api.delete(api.path(written))


def _plain(inputs: Any) -> Object:
    return {
        key: value for key, value in inputs.items() if key in ("metadata", "spec", "handler", "overhead", "scheduling")
    }


def tried(api: Api, namespace: str, **spec: Any) -> Object:
    """The pod as it would be admitted."""
    return api.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod(namespace, "test", **spec))


def test_pods_of_the_class_get_what_brings_them_there_and_nobody_else_may(api: Api, tenant: str) -> None:
    def refusal() -> str:
        try:
            tried(api, tenant, tolerations=BY_HAND)
        except ApiError as error:
            return str(error)
        return ""

    said = eventually(refusal, what="the guard")  # a policy counts a moment after it was written
    assert "nodes with a sandbox are for pods that run in one" in said
    admitted = tried(api, tenant, runtimeClassName="gvisor")["spec"]
    assert admitted["overhead"] == {"cpu": "50m", "memory": "64Mi"}
    assert admitted["nodeSelector"] == {SANDBOX_LABEL: "gvisor"}
    assert {"key": SANDBOX_LABEL, "operator": "Equal", "value": "gvisor", "effect": "NoSchedule"} in admitted[
        "tolerations"
    ]
    with pytest.raises(ApiError, match="nodes with a sandbox"):
        api.post(f"/apis/apps/v1/namespaces/{tenant}/deployments", deployment(tenant, "by-hand", tolerations=BY_HAND))
    tried(api, tenant)
