"""Pods of an add-on that get a token nobody asked for, or more of a node than is requested for them."""

import pytest

from components.addons.rendered import size
from components.addons.workloads import CPU_BURST, Container, PodTemplate


@pytest.mark.parametrize(
    ("account", "token", "mounted"), [("", True, False), ("", False, False), ("a", True, True), ("a", False, False)]
)
def test_pods_get_a_token_only_of_an_account_of_their_own(account: str, *, token: bool, mounted: bool) -> None:
    spec = PodTemplate(name="a", containers=[], service_account=account, token=token).template().spec
    assert spec is not None
    assert spec.automount_service_account_token is mounted  # type: ignore[union-attr]


def test_rendered_and_own_containers_are_bounded_alike() -> None:
    rendered: dict[str, dict[str, dict[str, str]]] = {}
    size(rendered, 200, 256)
    resources = rendered["resources"]
    own = Container(name="a", image="i", cpu=200, memory=256).build().resources
    assert (own.requests, own.limits) == (resources["requests"], resources["limits"])  # type: ignore[union-attr]
    assert resources["requests"] == {"cpu": "200m", "memory": "256Mi"}
    assert resources["limits"] == {"cpu": f"{200 * CPU_BURST}m", "memory": "256Mi"}
