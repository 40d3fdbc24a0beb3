"""What Autopilot refuses: pods that write to their node, are in its network, or may do everything there.

Guards against add-ons that come up in a rehearsal of Autopilot, and nowhere else.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.gcp.autopilot import OBJECTS, guard
from tests.support.api import Api, ApiError
from tests.support.objects import SECURE, deployment
from tests.support.polling import eventually

LOGS = {"name": "logs", "hostPath": {"path": "/var/log"}}
OWN = {"name": "own", "hostPath": {"path": "/var/lib/own"}}
CONTAINER = {"name": "main", "image": "example.test/main:1", "securityContext": SECURE}


@pytest.fixture
def refusal(control_plane: ControlPlane, api: Api, namespace: str) -> Iterator[Callable[..., str]]:
    """What the API server says to a workload with such pods; nothing, if it takes it."""

    def ask(**spec: Any) -> str:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All"
        try:
            api.post(path, deployment(namespace, "web", **spec))
        except ApiError as refused:
            return str(refused)
        return ""

    with clusters.api(control_plane.name) as cloud:
        assert cloud is not None
        try:
            guard(cloud)
            eventually(lambda: ask(hostNetwork=True), what="the guard")
            yield ask
        finally:
            for path in OBJECTS:
                cloud.delete(path)
            # The API server is shared: what it still refuses, it would refuse to the next test.
            eventually(lambda: not ask(hostNetwork=True), what="the end of the guard")


@pytest.mark.parametrize(
    ("spec", "denied"),
    [
        ({"volumes": [OWN]}, "autogke-no-write-mode-hostpath"),
        (
            {
                "volumes": [LOGS],
                "containers": [{**CONTAINER, "volumeMounts": [{"name": "logs", "mountPath": "/logs"}]}],
            },
            "autogke-no-write-mode-hostpath",
        ),
        ({"hostPID": True}, "autogke-disallow-hostnamespaces"),
        ({"containers": [{**CONTAINER, "securityContext": {"privileged": True}}]}, "autogke-disallow-privilege"),
    ],
    ids=["a directory of the node", "logs to write", "the node's processes", "privileged"],
)
def test_what_touches_its_node_is_refused(refusal: Callable[..., str], spec: dict[str, Any], denied: str) -> None:
    assert f"denied by {denied}" in refusal(**spec)


def test_reading_logs_is_allowed(refusal: Callable[..., str]) -> None:
    mount = {"name": "logs", "mountPath": "/logs", "readOnly": True}
    assert refusal(volumes=[LOGS], containers=[{**CONTAINER, "volumeMounts": [mount]}]) == ""
