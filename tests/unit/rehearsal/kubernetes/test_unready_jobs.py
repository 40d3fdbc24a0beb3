"""A Job that has not completed is replaced where the program asks for it.

Guards against Jobs that run again though they are done, and against those that never run again.
"""

from typing import Any

import pytest

from rehearsal.providers.base import Request
from rehearsal.providers.kubernetes import provider as played
from rehearsal.providers.kubernetes.objects import Object
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from rehearsal.providers.kubernetes.recorded_state import to_state
from tests.unit.rehearsal.kubernetes.api_stub import ApiStub, cluster, refusal
from tests.unit.rehearsal.kubernetes.support import condition, config_map, urn
from tests.unit.rehearsal.kubernetes.test_unreachable import NOWHERE

JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "subject", "namespace": "ns"}, "spec": {}}
COMPLETE = {"startTime": "t", "conditions": [condition("Complete")]}


@pytest.mark.parametrize(
    ("obj", "answer", "replaced"),
    [
        pytest.param(JOB, JOB | {"status": COMPLETE}, False, id="complete"),
        pytest.param(JOB, JOB | {"status": {"startTime": "t"}}, True, id="not complete"),
        pytest.param(JOB, refusal("NotFound", "", 404), False, id="gone"),
        pytest.param(config_map(), config_map(), False, id="no Job"),
    ],
)
def test_a_job_that_has_not_completed_is_replaced_where_it_is_asked_for(
    obj: Object, answer: Any, monkeypatch: pytest.MonkeyPatch, *, replaced: bool
) -> None:
    asking = obj | {"metadata": obj["metadata"] | {"annotations": {"pulumi.com/replaceUnready": "true"}}}
    monkeypatch.setattr(played, "connect", lambda *_: cluster(ApiStub({"get": [answer]})))
    provider = KubernetesStandIn()
    provider.configure({"kubernetes:config:kubeconfig": NOWHERE})
    state = to_state(asking, asking, {}, obj["apiVersion"], "m")
    diff = provider.diff(Request(urn=urn(obj), id="ns/subject", inputs=asking, state=state))
    assert bool(diff.replaces) is replaced
