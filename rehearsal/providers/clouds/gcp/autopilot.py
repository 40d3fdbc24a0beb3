"""What Autopilot lets no workload do, as an admission policy where GKE has a webhook of its own (GKE Warden).

(cloud.google.com/kubernetes-engine/docs/concepts/autopilot-security, November 2026; DataDog/helm-charts #629,
elastic/cloud-on-k8s #4699)
"""

from typing import Any, Final

from rehearsal.providers.clouds.api import Api

_NAME: Final = "gke-autopilot"
_GROUP: Final = "admissionregistration.k8s.io/v1"
OBJECTS: Final = {
    f"/apis/{_GROUP}/validatingadmissionpolicies/{_NAME}": "ValidatingAdmissionPolicy",
    f"/apis/{_GROUP}/validatingadmissionpolicybindings/{_NAME}": "ValidatingAdmissionPolicyBinding",
}
"""The policy and its binding: kinds by path."""
_RULES: Final = (
    {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]},
    {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["daemonsets", "deployments", "statefulsets"]},
    {"apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"]},
)
_VARIABLES: Final = {
    "spec": "object.kind == 'Pod' ? object.spec : object.spec.template.spec",
    "volumes": "variables.spec.?volumes.orValue([])",
    "containers": "variables.spec.containers + variables.spec.?initContainers.orValue([])",
    "logs": "variables.volumes.filter(v, has(v.hostPath) && (v.hostPath.path + '/').startsWith('/var/log/'))"
    ".map(v, v.name)",
}
_ALLOWED: Final = {
    "autogke-no-write-mode-hostpath": "variables.volumes.all(v, !has(v.hostPath) || v.name in variables.logs) && "
    "variables.containers.all(c, c.?volumeMounts.orValue([]).all(m, !(m.name in variables.logs) || "
    "m.?readOnly.orValue(false)))",
    "autogke-disallow-hostnamespaces": "!variables.spec.?hostNetwork.orValue(false) && "
    "!variables.spec.?hostPID.orValue(false) && !variables.spec.?hostIPC.orValue(false)",
    "autogke-disallow-privilege": "variables.containers.all(c, !c.?securityContext.privileged.orValue(false))",
}


def guard(api: Api) -> None:
    """Have an Autopilot cluster refuse such workloads, but for those of the system."""
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [{**rule, "operations": ["CREATE", "UPDATE"]} for rule in _RULES]},
        "variables": [{"name": name, "expression": text} for name, text in _VARIABLES.items()],
        "validations": [
            {"expression": text, "message": f"GKE Warden rejected the request: [denied by {name}]"}
            for name, text in _ALLOWED.items()
        ],
    }
    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
    binding = {
        "policyName": _NAME,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchExpressions": [others]}},
    }
    for (path, kind), content in zip(OBJECTS.items(), (spec, binding), strict=True):
        api.apply(path, {"apiVersion": _GROUP, "kind": kind, "metadata": {"name": _NAME}, "spec": content})
