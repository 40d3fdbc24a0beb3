"""Rules of the policy pack as guards: the API server gives tenants the answer that the pack gives `up`.

Each is its rule in CEL, of what a single object says; what needs others beside it, or is not in a tenant's namespace,
cannot be said here, and `NOT_SAID` tells why. tests/policy holds both to the same cases. Level and options stand here
as the pack has them, which knows nothing of components, nor they of it: a test compares the two.

What controllers of Kubernetes make of a template is not judged again, or a workload that was there before the rule
could not have another pod; nor is what changes nothing that rules look at, or nobody could finalize it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from common.load_balancers import INTERNAL
from components.platform.guards import POD_VARIABLES, PODS, Guard

Admission: TypeAlias = Literal["off", "warn", "deny"]
Options: TypeAlias = Mapping[str, Any]

_WORKLOADS: Final = {**PODS, "": ("pods", "replicationcontrollers")}
_RUNNING: Final = {"": ("pods", "replicationcontrollers"), "apps": PODS["apps"]}
_ALL: Final = "variables.pod.?initContainers.orValue([]) + variables.pod.?containers.orValue([])"
_CONTROLLERS: Final = (
    '!(request.userInfo.username == "system:kube-controller-manager"'
    ' || request.userInfo.username.startsWith("system:serviceaccount:kube-system:"))'
)
_CHANGES: Final = (
    'request.operation == "CREATE" || dyn(object).metadata.?annotations.orValue({}) != '
    'dyn(oldObject).metadata.?annotations.orValue({}) || ["spec", "rules", "roleRef", "subjects"].exists(f, '
    "dyn(object)[?f].orValue(dyn(null)) != dyn(oldObject)[?f].orValue(dyn(null)))"
)
_CONDITIONS: Final = {"of-no-controller": _CONTROLLERS, "changes-something": _CHANGES}


@dataclass(frozen=True)
class SaidRule:
    """A rule that can be said: whether it stops a run (`mandatory`), its options with their defaults, and its guard."""

    make: Callable[[Options], Guard]
    mandatory: bool = True
    options: Options = field(default_factory=dict)


def _containers(name: str, bad: str, message: str, resources: Mapping[str, Sequence[str]] = _WORKLOADS) -> Guard:
    """A guard against containers `c` of which `bad` holds; their names stand behind the message."""
    named = 'variables.bad.map(c, string(c.?name.orValue(""))).join(", ")'
    return Guard(
        name,
        resources,
        variables={"pod": POD_VARIABLES["pod"], "all": _ALL, "bad": f"variables.all.filter(c, {bad})"},
        validations={"variables.bad.size() == 0": f"{json.dumps(f'{message}: ')} + {named}"},
    )


def _container_resources(_: Options) -> Guard:
    needed = [f"?resources.?{kind}.?{name}" for kind in ("requests", "limits") for name in ("cpu", "memory")]
    missing = " || ".join(f"!(c.{each}.hasValue() || variables.pod.{each}.hasValue())" for each in needed)
    return _containers("container-resources", missing, "set requests and limits for cpu and memory of the containers")


def _limit_ratio(options: Options) -> Guard:
    def over(name: str) -> str:
        limit, request = (f"c.?resources.?{kind}.?{name}" for kind in ("limits", "requests"))
        amounts = [f"quantity(string({each}.value())).asApproximateFloat()" for each in (limit, request)]
        return (
            f"({limit}.hasValue() && {request}.hasValue() && {amounts[1]} > 0.0"
            f" && {amounts[0]} > {options['most'] * 1.000001:.6f} * {amounts[1]})"  # floats are not exact
        )

    message = f"a limit is more than {options['most']} times its request in the containers"
    return _containers("limit-ratio", f"{over('cpu')} || {over('memory')}", message)


def _ephemeral_storage(_: Options) -> Guard:
    bad = '!("ephemeral-storage" in c.?resources.?limits.orValue({}))'
    return _containers("ephemeral-storage", bad, "set limits.ephemeral-storage of the containers")


def _ro_rootfs(_: Options) -> Guard:
    bad = "c.?securityContext.?readOnlyRootFilesystem.orValue(false) != true"
    return _containers("ro-rootfs", bad, "set readOnlyRootFilesystem of the containers")


def _probes(_: Options) -> Guard:
    guard = _containers(
        "probes",
        "!c.?readinessProbe.hasValue() || !c.?livenessProbe.hasValue()",
        "set a readiness and a liveness probe of the containers",
        _RUNNING,
    )
    sidecars = 'variables.pod.?initContainers.orValue([]).filter(c, c.?restartPolicy.orValue("") == "Always")'
    kept = 'variables.pod.?restartPolicy.orValue("Always") == "Always"'
    long_running = f"{kept} ? {sidecars} + variables.pod.?containers.orValue([]) : []"
    return replace(guard, variables={**guard.variables, "all": long_running})


def _secret_as_file(_: Options) -> Guard:
    one = 'c.?env.orValue([]).exists(e, e.?valueFrom.?secretKeyRef.?name.orValue("") != "")'
    whole = 'c.?envFrom.orValue([]).exists(e, e.?secretRef.?name.orValue("") != "")'
    return _containers("secret-as-file", f"{one} || {whole}", "mount Secrets as files in the containers")


def _image(options: Options) -> Guard:
    image = 'c.?image.orValue("")'
    versioned = "false" if options["digest"] else f'({image}.matches("^.+:[^/:]+$") && !{image}.endsWith(":latest"))'
    bad = f'{image} != "" && ((!{image}.matches("@.") && !{versioned})'
    message = "name a version's digest" if options["digest"] else "name a version"
    if options["registries"]:
        full = (
            f'({image}.matches("^([^/]*[.:][^/]*|localhost)/") ? {image}'
            f' : ({image}.contains("/") ? "docker.io/" : "docker.io/library/") + {image})'
        )
        allowed = json.dumps([f"{each.rstrip('/')}/" for each in options["registries"]])
        bad += f" || !{allowed}.exists(r, {full}.startsWith(r))"
        message += f" in {' or '.join(options['registries'])}"
    return _containers("image", f"{bad})", f"{message}, for the image of the containers")


def _replica_range(options: Options) -> Guard:
    least, most = options["least"], options["most"]
    scaler = "dyn(object).?spec.?minReplicas.orValue(dyn(1)), dyn(object).?spec.?maxReplicas.orValue(dyn(1))"
    given = (
        f'request.kind.kind == "HorizontalPodAutoscaler" ? [{scaler}] : [dyn(object).?spec.?replicas.orValue(dyn(1))]'
    )
    return Guard(
        "replica-range",
        {
            "": ("replicationcontrollers", "replicationcontrollers/scale"),
            "apps": tuple(
                f"{kind}{part}" for kind in ("deployments", "replicasets", "statefulsets") for part in ("", "/scale")
            ),
            "autoscaling": ("horizontalpodautoscalers",),
        },
        variables={"given": given},
        validations={
            f"variables.given.all(n, n >= {least} && n <= {most})": f'"replicas are to be between {least} and {most}"'
        },
    )


def _no_public_svc(options: Options) -> Guard:
    annotations = "object.metadata.?annotations.orValue({})"
    inside = " || ".join(
        f'{annotations}[?{json.dumps(key)}].orValue("") == {json.dumps(value)}' for key, value in INTERNAL.items()
    )
    kind = 'object.spec.?type.orValue("")'
    return Guard(
        "no-public-svc",
        {"": ("services",)},
        variables={"exempt": f"object.metadata.namespace in {json.dumps(list(options['namespaces']))}"},
        validations={
            f'variables.exempt || !({kind} == "NodePort" || ({kind} == "LoadBalancer" && !({inside})))': (
                f'"a " + {kind} + " is a door past the ingress: make it a ClusterIP, or its load balancer internal"'
            ),
            "variables.exempt || object.spec.?externalIPs.orValue([]).size() == 0": '"externalIPs are refused"',
        },
    )


def _ingress_tls(_: Options) -> Guard:
    gateway = 'request.kind.kind == "Gateway"'
    covered = "t.?hosts.orValue([])"
    parent = '"*." + h.split(".", 2)[size(h.split(".", 2)) - 1]'
    listed = f"variables.tls.exists(t, h in {covered} || ({parent}) in {covered})"
    return Guard(
        "ingress-tls",
        {"networking.k8s.io": ("ingresses",), "gateway.networking.k8s.io": ("gateways",)},
        variables={
            "tls": f"{gateway} ? [] : dyn(object).spec.?tls.orValue([])",
            "every": f'variables.tls.exists(t, t.?secretName.orValue("") != "" && {covered}.size() == 0)',
            "rules": f"{gateway} ? [] : dyn(object).spec.?rules.orValue([])",
            "listeners": f"{gateway} ? dyn(object).spec.?listeners.orValue([]) : []",
            "hosts": f'{gateway} ? variables.listeners.map(l, l.?hostname.orValue(""))'
            ' : variables.rules.size() == 0 ? [""] : variables.rules.map(r, r.?host.orValue(""))',
        },
        validations={
            'variables.hosts.all(h, h != "" && !h.startsWith("*"))': '"name the hosts, without a wildcard"',
            f'{gateway} || variables.every || variables.hosts.all(h, h == "" || {listed})': '"add TLS for every host"',
            'variables.listeners.all(l, !(l.?protocol.orValue("") in ["HTTP", "TCP", "UDP"]))': '"HTTPS or TLS only"',
        },
    )


def _no_cluster_admin(_: Options) -> Guard:
    role = 'object.roleRef.kind == "ClusterRole" && object.roleRef.name == "cluster-admin"'
    masters = 'object.?subjects.orValue([]).exists(s, s.kind == "Group" && s.name == "system:masters")'
    return Guard(
        "no-cluster-admin",
        {"rbac.authorization.k8s.io": ("rolebindings",)},
        validations={
            f"!({role})": '"bind a role with the rights that are needed, not cluster-admin"',
            f"!({masters})": '"system:masters is the cluster\'s own group"',
        },
    )


def _no_rbac_wildcard(_: Options) -> Guard:
    fields = " && ".join(f'!("*" in r.?{each}.orValue([]))' for each in ("verbs", "resources", "apiGroups"))
    return Guard(
        "no-rbac-wildcard",
        {"rbac.authorization.k8s.io": ("roles",)},
        validations={
            f"object.?rules.orValue([]).all(r, {fields})": '"name verbs, resources and API groups, without *"'
        },
    )


SAID: Final[Mapping[str, SaidRule]] = {
    "container-resources": SaidRule(_container_resources),
    "limit-ratio": SaidRule(_limit_ratio, mandatory=False, options={"most": 15}),
    "ephemeral-storage": SaidRule(_ephemeral_storage, mandatory=False),
    "replica-range": SaidRule(_replica_range, options={"least": 0, "most": 100}),
    "image": SaidRule(_image, options={"registries": (), "digest": False}),
    "ro-rootfs": SaidRule(_ro_rootfs, mandatory=False),
    "probes": SaidRule(_probes, mandatory=False),
    "secret-as-file": SaidRule(_secret_as_file, mandatory=False),
    "no-public-svc": SaidRule(
        _no_public_svc, options={"namespaces": ("ingress", "ingress-nginx", "istio-ingress", "traefik")}
    ),
    "ingress-tls": SaidRule(_ingress_tls, mandatory=False),
    "no-cluster-admin": SaidRule(_no_cluster_admin),
    "no-rbac-wildcard": SaidRule(_no_rbac_wildcard),
}
"""By the ids that the pack has for them. Of roles and bindings those of a namespace are meant."""

_CLOUD: Final = "it is of the cloud, of which no API server of Kubernetes is asked"
_STACK: Final = "it looks at several objects together, and CEL sees the one that is asked for"
_GUARDED: Final = "tenants may not write such objects"
_ARITHMETIC: Final = "admission of quotas is the API server's own; this one reckons before there is a pod"
_POD_SECURITY: Final = "Pod Security admission is the API server's own, by the labels of the namespace"

NOT_SAID: Final[Mapping[str, str]] = {
    **dict.fromkeys(("quota-fits", "quota-surge", "quota-hpa-max"), _ARITHMETIC),
    **dict.fromkeys(("pss-baseline", "pss-restricted"), _POD_SECURITY),
    **dict.fromkeys(("ns-quota", "ns-limitrange", "ns-psa-labels", "quota-sane", "default-deny"), _GUARDED),
    **dict.fromkeys(
        ("dns-egress", "workload-isolated", "dangling-netpol", "forbidden-flows", "pdb-sane", "given-once", "sa-token"),
        _STACK,
    ),
    **dict.fromkeys(
        (
            *("api-private", "cni-enforces", "cp-logs", "iam-no-star", "instance-allowlist", "no-local-auth"),
            *("no-world-ssh", "node-hardening", "nodepool-max", "private-nodes", "protect-cluster", "repair-upgrade"),
            *("secrets-kms", "workload-identity"),
        ),
        _CLOUD,
    ),
    "kubeadm-flags": "it is of kubeadm's documents, which are no objects",
    "no-allow-all": "ranges of addresses that make up all of them together cannot be added up in CEL",
    "no-default-ns": "the namespace default is no tenant's",
    "no-escalation": "what several rules of a role give together is too much for CEL; nobody gives rights by RBAC that "
    "he has not, which is the API server's own",
    "removed-api": "the API server does not serve it",
    "tags": "`up` puts labels on what it makes, and what tenants make is theirs to label",
}
"""Why the other rules are not said."""


def rule_guards(
    admission: Admission,
    of_rules: Mapping[str, Admission],
    levels: Mapping[str, str],
    options: Mapping[str, Options],
    waivers: Sequence[tuple[str, str]],
) -> Iterator[Guard]:
    """The guards that a stack asks for: of all rules, or of single ones otherwise (`of_rules`).

    A rule that only advises warns where others deny, unless it is asked for by name; one whose level is disabled has no
    guard. `waivers` are rules with the patterns of findings' titles that they let pass (`shop/Deployment/legacy-*`).
    """
    for rule, said in SAID.items():
        asked = of_rules.get(rule, admission)
        level = levels.get(rule, "mandatory" if said.mandatory else "advisory")
        if asked == "off" or level == "disabled":
            continue
        denies = asked == "deny" and (rule in of_rules or level == "mandatory")
        patterns = [pattern for waived, pattern in waivers if waived == rule]
        guard = said.make({**said.options, **options.get(rule, {})})
        yield replace(
            guard,
            name=f"rule-{rule}",
            conditions={**_CONDITIONS, **_waived(patterns)},
            actions=("Deny",) if denies else ("Warn", "Audit"),
        )


def _waived(patterns: Sequence[str]) -> Mapping[str, str]:
    """The condition that a request is for nothing that a waiver names, if there is any."""
    if not patterns:
        return {}
    name = 'object.metadata.?name.orValue(object.metadata.?generateName.orValue(""))'
    title = f'request.namespace + "/" + request.kind.kind + "/" + {name}'
    expressions = [json.dumps(f"^{_regex(pattern)}$") for pattern in patterns]
    return {"not-waived": f"![{', '.join(expressions)}].exists(p, ({title}).matches(p))"}


def _regex(pattern: str) -> str:
    """A pattern of file names as RE2 has it: `*` is any text, `?` any character."""
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
