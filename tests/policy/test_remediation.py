"""A remedy that loses what it does not understand, or that is applied though nobody wants it."""

from datetime import date
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2

from common.wire import UNKNOWN, SecretValue, decode, encode
from policy.engine.exemptions import ExemptionRegistry, ScopedExemption
from policy.engine.judge import Judge
from policy.engine.remediation import remediated
from policy.engine.server import PolicyServer
from policy.engine.settings import RuleSettings
from policy.model.resource import Resource
from policy.model.rule import Level
from policy.rules import RULES

MANAGED_BY = "app.kubernetes.io/managed-by"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db", "namespace": "shop"},
    "stringData": SecretValue({"password": "open sesame"}),
    "immutable": UNKNOWN,
}
WANTED = {"ns-psa-labels": {"level": "baseline", "version": "v1.36"}}


def remedies(
    body: dict[str, Any], settings: RuleSettings | None = None, *leaves: ScopedExemption
) -> list[tuple[str, dict[str, Any]]]:
    """Rule and properties after it, for each rule that mends `body`."""
    resource = Resource("urn", f"kubernetes:core/{body['apiVersion']}:{body['kind']}", "it", body)
    found = remediated(Judge(RULES, settings), ExemptionRegistry(leaves, date(2026, 1, 1)), resource, encode(body))
    return [(rule.id, decode(properties)) for rule, properties in found]


def test_a_label_is_added_and_all_else_stays_as_it_was_on_the_wire() -> None:
    labelled = {**SECRET["metadata"], "labels": {MANAGED_BY: "pulumi"}}  # type: ignore[dict-item]
    assert remedies(SECRET) == [("tags", SECRET | {"metadata": labelled})]


def test_each_rule_mends_what_the_one_before_it_left() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}
    (_, first), (_, second) = remedies(namespace, RuleSettings(options=WANTED))
    standard = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.36"}
    assert first["metadata"]["labels"] == {"a": "b", **standard}
    assert second["metadata"]["labels"] == {"a": "b", **standard, MANAGED_BY: "pulumi"}


def test_what_is_right_is_left_alone() -> None:
    labelled = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "labels": {MANAGED_BY: "me"}}}
    assert remedies(labelled) == []


def test_a_rule_of_another_level_mends_nothing() -> None:
    assert remedies(SECRET, RuleSettings({"tags": Level.MANDATORY})) == []


def test_who_has_leave_is_left_alone() -> None:
    waiver = ScopedExemption("tags", "-", "me", date(2026, 1, 1), "shop/Secret/*")
    assert remedies(SECRET, None, waiver) == []


def test_unknown_labels_are_left_to_the_judge() -> None:
    server = PolicyServer(RULES)
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "labels": UNKNOWN}}
    request = analyzer_pb2.AnalyzeRequest(type="kubernetes:core/v1:Secret", name="it", properties=encode(body))
    assert list(server.Remediate(request, None).remediations) == []
    said = [each.message for each in server.Analyze(request, None).diagnostics if each.policyName == "tags"]
    assert len(said) == 1
    assert "tags is undetermined until up, as metadata.labels of it is not known yet" in said[0]


def test_the_engine_is_handed_the_whole_of_the_properties() -> None:
    request = analyzer_pb2.AnalyzeRequest(type="kubernetes:core/v1:Secret", name="it", properties=encode(SECRET))
    (remedy,) = PolicyServer(RULES).Remediate(request, None).remediations
    assert (remedy.policyName, remedy.policyPackName) == ("tags", "polykube")
    before: Struct = request.properties
    changed = json_format.MessageToDict(remedy.properties)
    del changed["metadata"]["labels"]
    assert changed == json_format.MessageToDict(before)
