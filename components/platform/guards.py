"""What the API server refuses in tenants' namespaces, whoever asks: content is judged, for controllers make the pods.

Each guard is a ValidatingAdmissionPolicy (GA since Kubernetes 1.30). Templates are judged as pods are, so that their
author is told. What an object had before the guard it may keep: else nobody could finalize it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as kubernetes

from common.reserved import PRIORITY_CLASSES, TAINTS, TOLERABLE
from components.naming import TENANT_LABEL
from components.platform.place import Place

_CREATED: Final = ("CREATE",)
_WRITTEN: Final = ("CREATE", "UPDATE")


@dataclass(frozen=True)
class Guard:
    """One policy: the objects that it judges (resources by API group), what must hold, and the message if it does not.

    Conditions, messages and variables are expressions of CEL. Only requests that meet all of `conditions`, by name, are
    judged; `actions` are what becomes of one that does not pass: Deny, Warn or Audit.
    """

    name: str
    resources: Mapping[str, Sequence[str]]
    validations: Mapping[str, str]
    operations: Sequence[str] = _WRITTEN
    variables: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    actions: Sequence[str] = ("Deny",)


def _pod_spec(of: str) -> str:
    """The pod spec in the object that `of` says; dyn, because the kinds have theirs at different places."""
    template = f"dyn({of}).?spec.?template.?spec.orValue({{}})"
    scheduled = f"dyn({of}).?spec.?jobTemplate.?spec.?template.?spec.orValue({{}})"
    by_kind = f'request.kind.kind == "CronJob" ? {scheduled} : {template}'
    return f'request.kind.kind == "Pod" ? dyn({of}).?spec.orValue({{}}) : {by_kind}'


_IS_SYSTEMS: Final = (
    f'(t.?key.orValue("") == "" || t.key in {json.dumps(TAINTS)}'
    f' || (t.key.matches("^([^/]+[.])?(kubernetes|k8s)[.]io/") && !(t.key in {json.dumps(TOLERABLE)})))'
)
_HAD_NONE: Final = "oldObject == null ? dyn({}) : "

PODS: Final = {
    "": ("pods",),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
}
"""What guards of pods judge: pods, and what has templates of them."""
POD_VARIABLES: Final = {"pod": _pod_spec("object"), "had": f"{_HAD_NONE}({_pod_spec('oldObject')})"}
"""Their variables: the pod spec as it is to be, and as it was."""

GUARDS: Final = (
    Guard(
        "tenant-pods",
        PODS,
        variables={
            **POD_VARIABLES,
            "node": 'variables.pod.?nodeName.orValue("")',
            "foreign": f"variables.pod.?tolerations.orValue([]).filter(t, {_IS_SYSTEMS}"
            " && !(t in variables.had.?tolerations.orValue([])))",
            # Of pods it is counted by a quota.
            "priority": 'request.kind.kind == "Pod" ? "" : variables.pod.?priorityClassName.orValue("")',
        },
        validations={
            'variables.node == "" || variables.node == variables.had.?nodeName.orValue("")': '"nodeName "'
            ' + variables.node + " goes past the scheduler: choose nodes by nodeSelector or affinity"',
            "variables.foreign.size() == 0": '"nodes that are kept for the platform may not be tolerated: "'
            ' + variables.foreign.map(t, t.?key.orValue("") == "" ? "a toleration without key" : t.key).join(", ")',
            f"!(variables.priority in {json.dumps(PRIORITY_CLASSES)})"
            ' || variables.priority == variables.had.?priorityClassName.orValue("")': '"the priority class "'
            ' + variables.priority + " is the platform\'s"',
        },
    ),
    Guard(
        "tenant-services",
        {"": ("services",)},
        # As the admission plugin DenyServiceExternalIPs, which no cloud lets its users switch on (CVE-2020-8554).
        validations={
            "object.spec.?externalIPs.orValue([]).all(it, oldObject != null"
            " && it in oldObject.spec.?externalIPs.orValue([]))": '"externalIPs take what is sent to others: "'
            ' + object.spec.externalIPs.join(", ")',
        },
    ),
    Guard(
        "tenant-secrets",
        {"": ("secrets",)},
        validations={
            'object.?type.orValue("") != "kubernetes.io/service-account-token"': '"a token in a Secret never expires:'
            ' pods get one that does by their serviceAccountName"',
        },
        operations=_CREATED,
    ),
)


def make_guard(guard: Guard, cluster: str, place: Place) -> Iterator[pulumi.Resource]:
    """A policy with its binding to all namespaces of tenants.

    Their names end with the `cluster`'s, because stacks may share a cluster, each under a name of its own.
    """
    tenants = kubernetes.meta.v1.LabelSelectorRequirementArgs(key=TENANT_LABEL, operator="Exists")
    where = kubernetes.admissionregistration.v1.MatchResourcesArgs(
        namespace_selector=kubernetes.meta.v1.LabelSelectorArgs(match_expressions=[tenants])
    )
    metadata = place.metadata(f"{guard.name}.{cluster}")
    policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
        place.logical(guard.name), metadata=metadata, spec=_spec(guard), opts=place.options()
    )
    yield policy
    yield kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
        place.logical(guard.name),
        metadata=metadata,
        spec=kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpecArgs(
            policy_name=f"{guard.name}.{cluster}", validation_actions=list(guard.actions), match_resources=where
        ),
        opts=place.depends_on(policy).options(),
    )


def _spec(guard: Guard) -> "kubernetes.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs":
    rules = [
        kubernetes.admissionregistration.v1.NamedRuleWithOperationsArgs(
            api_groups=[group], api_versions=["v1"], resources=list(resources), operations=list(guard.operations)
        )
        for group, resources in guard.resources.items()
    ]
    return kubernetes.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        match_constraints=kubernetes.admissionregistration.v1.MatchResourcesArgs(resource_rules=rules),
        match_conditions=[
            kubernetes.admissionregistration.v1.MatchConditionArgs(name=name, expression=expression)
            for name, expression in guard.conditions.items()
        ]
        or None,
        variables=[
            kubernetes.admissionregistration.v1.VariableArgs(name=name, expression=expression)
            for name, expression in guard.variables.items()
        ],
        validations=[
            kubernetes.admissionregistration.v1.ValidationArgs(
                expression=expression, message_expression=message, reason="Forbidden"
            )
            for expression, message in guard.validations.items()
        ],
    )
