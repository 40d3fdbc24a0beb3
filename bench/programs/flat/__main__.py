"""What the stack `dev` registers, written out by hand in one file: no spec, no checks, no components.

The rival of `bench`: how much slower is the program than what a person would write for this one cluster?
"""

import json
import os
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import yaml

kubeconfig = Path(os.environ["KUBECONFIG"]).read_text()
provider = k8s.Provider(
    "dev",
    kubeconfig=pulumi.Output.secret(kubeconfig),
    cluster_identifier="flat",
    enable_patch_force=True,
    kube_client_settings={"qps": 1000, "burst": 2000},
)
BACKGROUND = {"pulumi.com/deletionPropagationPolicy": "background"}


def options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=provider, depends_on=list(after))


def meta(name: str, namespace: str | None = None, labels: dict[str, str] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
    labels = {"app.kubernetes.io/managed-by": "flat", **(labels or {})}
    return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=labels, annotations=BACKGROUND)


nodes = []
for pool, count, taints in (
    ("system", 1, [k8s.core.v1.TaintArgs(key="CriticalAddonsOnly", value="true", effect="NoSchedule")]),
    ("general", 3, None),
):
    for index in range(count):
        capacity = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "50Gi"}
        node = k8s.core.v1.Node(
            f"{pool}-{index}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=f"{pool}-{index}",
                labels={"workload": pool, "kwok.x-k8s.io/node": "fake", "topology.kubernetes.io/zone": "local-a"},
                annotations={"polykube.dev/capacity": json.dumps(capacity)},
            ),
            spec=k8s.core.v1.NodeSpecArgs(taints=taints),
            opts=options(),
        )
        nodes.append(node)

classes = [
    k8s.storage.v1.StorageClass(
        name,
        metadata=meta(name),
        provisioner="volumes.polykube.dev",
        reclaim_policy=reclaim,
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=False,
        opts=options(),
    )
    for name, reclaim in (("standard", "Delete"), ("retained", "Retain"))
]
for name, value, preemption in (("interactive", 1000, None), ("batch", 100, "Never")):
    k8s.scheduling.v1.PriorityClass(
        name, metadata=meta(name), value=value, description=name, preemption_policy=preemption, opts=options()
    )

HARD = {
    "pods": "2",
    "requests.cpu": "1",
    "requests.memory": "20Mi",
    "limits.cpu": "2",
    "limits.memory": "2Gi",
    "configmaps": "10",
    "persistentvolumeclaims": "4",
    "secrets": "10",
    "services": "10",
}
DNS = k8s.networking.v1.NetworkPolicyEgressRuleArgs(
    to=[
        k8s.networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=k8s.meta.v1.LabelSelectorArgs(
                match_labels={"kubernetes.io/metadata.name": "kube-system"}
            ),
            pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
        )
    ],
    ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")],
)
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def selector(labels: dict[str, str] | None = None) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels=labels)


def policy(tenant: str, name: str, after: pulumi.Resource, **spec: object) -> pulumi.Resource:
    return k8s.networking.v1.NetworkPolicy(
        f"{tenant}-{name}",
        metadata=meta(name, tenant),
        spec=k8s.networking.v1.NetworkPolicySpecArgs(**spec),  # type: ignore[arg-type]  # brevity, as people write it
        opts=options(after),
    )


def guardrails(tenant: str) -> list[pulumi.Resource]:
    standard = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    namespace = k8s.core.v1.Namespace(tenant, metadata=meta(tenant, labels=standard), opts=options())
    role = k8s.rbac.v1.Role(
        f"{tenant}-developer",
        metadata=meta("developer", tenant),
        rules=[
            k8s.rbac.v1.PolicyRuleArgs(api_groups=[group], resources=resources, verbs=VERBS)
            for group, resources in (
                ("", ["pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"]),
                ("apps", ["deployments", "statefulsets", "daemonsets", "replicasets"]),
                ("batch", ["jobs", "cronjobs"]),
                ("networking.k8s.io", ["ingresses"]),
            )
        ],
        opts=options(namespace),
    )
    binding = k8s.rbac.v1.RoleBinding(
        f"{tenant}-developer",
        metadata=meta("developer", tenant),
        role_ref=k8s.rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name="developer"),
        subjects=[
            k8s.rbac.v1.SubjectArgs(api_group="rbac.authorization.k8s.io", kind="Group", name=f"{tenant}-developers")
        ],
        opts=options(role),
    )
    account = k8s.core.v1.ServiceAccountPatch(
        f"{tenant}-default",
        metadata=k8s.meta.v1.ObjectMetaPatchArgs(name="default", namespace=tenant),
        automount_service_account_token=False,
        opts=options(namespace),
    )
    quota = k8s.core.v1.ResourceQuota(
        f"{tenant}-quota",
        metadata=meta("quota", tenant),
        spec=k8s.core.v1.ResourceQuotaSpecArgs(hard=HARD),
        opts=options(namespace),
    )
    limits = k8s.core.v1.LimitRange(
        f"{tenant}-limits",
        metadata=meta("limits", tenant),
        spec=k8s.core.v1.LimitRangeSpecArgs(
            limits=[
                k8s.core.v1.LimitRangeItemArgs(
                    type="Container",
                    default={"cpu": "200m", "memory": "6Mi"},
                    default_request={"cpu": "100m", "memory": "5Mi"},
                )
            ]
        ),
        opts=options(namespace),
    )
    deny = policy(tenant, "default-deny", namespace, pod_selector=selector(), policy_types=["Ingress", "Egress"])
    dns = policy(tenant, "allow-dns", namespace, pod_selector=selector(), policy_types=["Egress"], egress=[DNS])
    return [namespace, role, binding, account, quota, limits, deny, dns]


guardrails("lab")
rails = guardrails("shop")
rails.append(
    k8s.core.v1.ResourceQuota(
        "shop-jobs",
        metadata=meta("jobs", "shop"),
        spec=k8s.core.v1.ResourceQuotaSpecArgs(hard={"pods": "1"}, scopes=["Terminating"]),
        opts=options(rails[0]),
    )
)
ports = [k8s.networking.v1.NetworkPolicyPortArgs(port=6379, protocol="TCP")]
frontend, database = selector({"app": "frontend"}), selector({"app": "db"})
to_database = [k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=database)]
from_frontend = [k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=frontend)]
rails += [
    policy(
        "shop",
        "frontend-to-db-egress",
        rails[0],
        pod_selector=frontend,
        policy_types=["Egress"],
        egress=[k8s.networking.v1.NetworkPolicyEgressRuleArgs(to=to_database, ports=ports)],
    ),
    policy(
        "shop",
        "frontend-to-db-ingress",
        rails[0],
        pod_selector=database,
        policy_types=["Ingress"],
        ingress=[k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=from_frontend, ports=ports)],
    ),
]
for file in sorted(Path(__file__).resolve().parents[3].glob("examples/shop/*.yaml")):
    for body in yaml.safe_load_all(file.read_text()):
        body["metadata"]["namespace"] = "shop"
        version, kind, name = body["apiVersion"], body["kind"], body["metadata"]["name"]
        token = f"kubernetes:{version if '/' in version else 'core/' + version}:{kind}"
        pulumi.CustomResource(token, f"shop-{name}", body, options(*rails, *nodes, *classes))
