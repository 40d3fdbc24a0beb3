"""A rule that the API server applies otherwise than the pack does: one set of cases is put to both.

What the pack says of a case stands in its head, and is held by test_rule_cases.py. Here every object of every case of
the rules that can be said in CEL goes to an API server that has the policies, as a dry run in a tenant's namespace.
"""

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Final

import pytest

from components.naming import TENANT_LABEL
from components.platform.guards import Guard
from components.platform.rule_guards import NOT_SAID, SAID, rule_guards
from policy.model.rule import Level
from policy.rules import RULES
from rehearsal.control_plane import ControlPlane
from stacks.config import Policy
from tests.policy.cases import CASES, UNKNOWN_VALUE, Case
from tests.support.api import Api, ApiError, Object
from tests.support.definitions import defined
from tests.support.objects import pod
from tests.support.polling import eventually
from tests.support.registered import registered
from tests.support.stack_files import load_stack, planned

STACK: Final = "eks-dev"
GROUP: Final = "admissionregistration.k8s.io"
POLICY: Final = "ValidatingAdmissionPolicy"
REFUSED_ANYHOW: Final = ("limit-ratio.error.lower-option", "replica-range.error.bounds-the-wrong-way-round")
"""Cases that the API server refuses by itself, for it takes no such object."""
PODS_OF: Final = {
    **dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"), True),
    **dict.fromkeys(("CronJob", "Job", "Pod"), False),
}
"""Kinds with pods, and whether they find them by labels."""
PLURALS: Final = {POLICY: "validatingadmissionpolicies", f"{POLICY}Binding": "validatingadmissionpolicybindings"}


def made(policy: Policy) -> list[Object]:
    """The policies and bindings of rules that a stack has with these settings."""
    spec = load_stack(STACK).model_copy(update={"policy": policy})
    return [
        dict(each.inputs)
        for each in registered(spec, STACK).values()
        if each.name.startswith("rule-") and POLICY in each.type
    ]


def test_every_rule_is_said_or_it_is_said_why_not() -> None:
    assert SAID.keys() | NOT_SAID.keys() == {rule.id for rule in RULES}
    assert SAID.keys() & NOT_SAID.keys() == set()


def test_levels_and_options_are_those_of_the_pack() -> None:
    rules = {rule.id: rule for rule in RULES}
    for name, said in SAID.items():
        assert said.mandatory == (rules[name].level is Level.MANDATORY), name
        assert dict(said.options) == {option.name: option.default for option in rules[name].options}, name


def test_without_being_asked_a_stack_has_none() -> None:
    assert [each.name for each in planned(STACK).values() if each.name.startswith("rule-")] == []


def test_denying_denies_what_is_mandatory_and_warns_of_the_rest() -> None:
    levels = {"probes": "mandatory", "image": "advisory", "no-public-svc": "disabled"}
    guards = {
        each.name: each for each in rule_guards("deny", {"ro-rootfs": "deny", "limit-ratio": "off"}, levels, {}, ())
    }
    denied = {name.removeprefix("rule-") for name, guard in guards.items() if guard.actions == ("Deny",)}
    warned = {name.removeprefix("rule-") for name, guard in guards.items() if guard.actions == ("Warn", "Audit")}
    assert denied == {
        *("container-resources", "replica-range", "no-cluster-admin", "no-rbac-wildcard", "probes", "ro-rootfs")
    }
    assert warned == {"image", "ephemeral-storage", "secret-as-file", "ingress-tls"}


def test_off_needs_no_quotes() -> None:
    """YAML reads it as a truth value."""
    assert Policy.model_validate({"admission": False, "admissionRules": {"image": False}}).admission == "off"


def test_warning_denies_nothing() -> None:
    assert {each.actions for each in rule_guards("warn", {}, {}, {}, ())} == {("Warn", "Audit")}


def test_what_cannot_be_said_cannot_be_asked_for() -> None:
    """Nor what is no rule at all; that it is off may be said of any."""
    wanted = {"pdb-sane": "deny", "imgae": "warn", "tags": "off", "image": "deny"}
    policy = Policy.model_construct(admission_rules=wanted)
    found = {each.at[1]: each for each in policy.findings()}
    assert found.keys() == {"pdb-sane", "imgae"}
    assert "several objects" in found["pdb-sane"].found
    assert "Write image" in found["imgae"].remedy


def batches() -> list[list[Case]]:
    """The cases of each rule that can be said, and of each set of options that it has in them."""
    together: dict[str, list[Case]] = {}
    for case in CASES:
        if case.rule in SAID:
            together.setdefault(f"{case.rule} {case.options}", []).append(case)
    return list(together.values())


@pytest.fixture(scope="module")
def gateways(control_plane: ControlPlane) -> Iterator[None]:
    """The Gateway API's own kind, of which Kubernetes knows nothing."""
    with closing(Api(control_plane.kubeconfig)) as api, defined(api, "gateway.networking.k8s.io", "v1", "Gateway"):
        yield


@pytest.mark.usefixtures("gateways")
@pytest.mark.parametrize("cases", batches(), ids=lambda cases: cases[0].path.stem)
def test_the_api_server_says_of_every_case_what_the_pack_says(api: Api, namespace: str, cases: list[Case]) -> None:
    rule = cases[0].rule
    policy = Policy.model_validate({"options": {rule: cases[0].options}, "admissionRules": {rule: "deny"}})
    with in_force(api, namespace, made(policy)):
        wrong = [each for case in cases for each in differences(api, namespace, case)]
    assert wrong == []


@contextmanager
def in_force(api: Api, namespace: str, manifests: list[Object]) -> Iterator[None]:
    """Policies that are in force in one namespace, of a tenant, until the end of the block."""
    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {TENANT_LABEL: namespace}}})
    names = [each["metadata"]["name"] for each in manifests if each["kind"] == POLICY]
    try:
        for manifest in manifests:
            api.apply(watched(manifest, namespace))
        for name in names:
            eventually(partial(refusal, api, namespace, sentinel(name)), what=f"{name} to be in force")
        yield
    finally:
        for manifest in manifests:
            api.delete(f"/apis/{GROUP}/v1/{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}")
    for name in names:  # or one of the same name would be taken for the next
        eventually(lambda: not refusal(api, namespace, sentinel(name)), what=f"{name} to be out of force")  # noqa: B023


def sentinel(name: str) -> Object:
    """What a policy refuses as long as it acts: `watched`."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def watched(manifest: Object, namespace: str) -> Object:
    """The same in this namespace alone; and it refuses a ConfigMap of its own name, which tells when it acts."""
    changed = copy.deepcopy(manifest)
    if changed["kind"] == POLICY:
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}
        changed["spec"]["matchConstraints"]["resourceRules"].append(rule)
        name = changed["metadata"]["name"]
        expression = f'object.kind != "ConfigMap" || object.metadata.name != "{name}"'
        changed["spec"]["validations"].append({"expression": expression, "message": "it is in force"})
    else:
        changed["spec"]["matchResources"]["namespaceSelector"]["matchLabels"] = {TENANT_LABEL: namespace}
    return changed


def differences(api: Api, namespace: str, case: Case) -> Iterator[str]:
    """The objects of a case of which the API server says otherwise than the case."""
    options = {**SAID[case.rule].options, **case.options}
    guard = SAID[case.rule].make(options)
    for manifest in case.documents():
        if not is_asked(manifest, guard) or manifest["metadata"].get("namespace") in options.get("namespaces", ()):
            continue
        metadata = manifest["metadata"]
        title = f"{metadata.get('namespace', 'default')}/{manifest['kind']}/{metadata['name']}"
        expected = any(line.startswith(f"{title} ") for line in case.expected)
        said = refusal(api, namespace, completed(manifest))
        by_the_rule = f"'rule-{case.rule}." in said or case.path.stem in REFUSED_ANYHOW
        if bool(said) != expected or (said and not by_the_rule):
            yield f"{case.path.name}: {title} is {'not refused' if expected and not said else f'refused: {said}'}"


def is_asked(manifest: Object, guard: Guard) -> bool:
    """Whether an object is one that the API server is asked about: of these kinds, and all of it is known."""
    plurals = {kind for kinds in guard.resources.values() for kind in kinds}
    kind = str(manifest.get("kind", "")).lower()
    return bool({f"{kind}s", f"{kind}es"} & plurals) and UNKNOWN_VALUE not in str(manifest)


def completed(manifest: Object) -> Object:
    """The same with what the API server cannot do without, and no rule looks at."""
    whole = copy.deepcopy(manifest)
    kind, spec = whole["kind"], whole.get("spec", {})
    if kind == "HorizontalPodAutoscaler":
        spec.setdefault("scaleTargetRef", {"apiVersion": "apps/v1", "kind": "Deployment", "name": "frontend"})
    if kind == "Service":
        spec.setdefault("ports", [{"port": 80}])
    if kind in PODS_OF:
        if kind == "CronJob":
            spec.setdefault("schedule", "0 7 * * *")
            spec = spec["jobTemplate"]["spec"]
        pods = spec if kind == "Pod" else spec.setdefault("template", {}).setdefault("spec", {})
        for container in [*pods.setdefault("containers", [{}]), *pods.get("initContainers", ())]:
            container.setdefault("name", "main")
            container["image"] = container.get("image") or "example.test/main:1"
        if PODS_OF[kind]:
            spec["selector"] = {"app": "a"} if kind == "ReplicationController" else {"matchLabels": {"app": "a"}}
            spec["template"]["metadata"] = {"labels": {"app": "a"}}
        elif kind != "Pod":
            pods.setdefault("restartPolicy", "Never")
    return whole


def refusal(api: Api, namespace: str, manifest: Object) -> str:
    """What the API server says when it is asked to make an object in a namespace; nothing if it would."""
    mine = copy.deepcopy(manifest)
    mine["metadata"]["namespace"] = namespace
    collection = api.path(mine).rpartition("/")[0]
    try:
        api.request("POST", f"{collection}?dryRun=All", mine)
    except ApiError as refused:
        return refused.message
    return ""


def test_the_namespaces_of_the_ingress_are_left_to_it(api: Api, namespace: str) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gateway"}}
    service["spec"] = {"type": "LoadBalancer", "ports": [{"port": 443}]}
    for others, words in (["elsewhere"], "a LoadBalancer is a door past the ingress"), ([namespace], ""):
        options = {"no-public-svc": {"namespaces": others}}
        policy = Policy.model_validate({"options": options, "admissionRules": {"no-public-svc": "deny"}})
        with in_force(api, namespace, made(policy)):
            assert words in refusal(api, namespace, service)
            assert bool(words) == bool(refusal(api, namespace, service))


def test_a_waiver_lets_its_object_pass_and_no_other(api: Api, namespace: str) -> None:
    waivers = [("image", f"{namespace}/Pod/legacy-*"), ("probes", "*")]
    (guard,) = (each for each in rule_guards("deny", {}, {}, {}, waivers) if each.name == "rule-image")
    assert guard.conditions["not-waived"]
    newest = pod(namespace, "legacy-1")
    newest["spec"]["containers"][0]["image"] = "example.test/main"
    manifests = [
        each
        for each in made(Policy.model_validate({"admissionRules": {"image": "deny"}}))
        if "rule-image" in each["metadata"]["name"]
    ]
    condition = {"name": "not-waived", "expression": guard.conditions["not-waived"]}
    for each in manifests:
        if each["kind"] == POLICY:
            each["spec"]["matchConditions"].append(condition)
    with in_force(api, namespace, manifests):
        assert refusal(api, namespace, newest) == ""
        newest["metadata"]["name"] = "modern"
        assert "name a version" in refusal(api, namespace, newest)


def test_a_warning_is_a_header_and_nothing_is_refused(api: Api, namespace: str) -> None:
    newest = pod(namespace, "web")
    newest["spec"]["containers"][0]["image"] = "example.test/main"
    manifests = [each for each in made(Policy(admission="warn")) if "rule-image" in each["metadata"]["name"]]
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"

    def warnings() -> list[str]:
        return api.warnings("POST", path, newest)

    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {TENANT_LABEL: namespace}}})
    try:
        api.apply(*manifests)
        (said,) = eventually(warnings, what="a warning")
        assert "name a version, for the image of the containers: main" in said
    finally:
        for manifest in manifests:
            api.delete(f"/apis/{GROUP}/v1/{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}")


def test_no_expression_is_of_another_type_than_what_it_judges(api: Api) -> None:
    manifests = [each for each in made(Policy(admission="warn")) if each["kind"] == POLICY]
    try:
        api.apply(*manifests)
        for manifest in manifests:
            path = f"/apis/{GROUP}/v1/{PLURALS[POLICY]}/{manifest['metadata']['name']}"
            checked = api.until(path, lambda it: "typeChecking" in it.get("status", {}))["status"]["typeChecking"]
            assert checked == {}, manifest["metadata"]["name"]
    finally:
        for manifest in manifests:
            api.delete(f"/apis/{GROUP}/v1/{PLURALS[POLICY]}/{manifest['metadata']['name']}")
