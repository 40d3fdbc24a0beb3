"""metrics-server, its rights and its certificate, and the API that it answers for."""

import base64
from dataclasses import replace
from typing import Final

import pulumi_kubernetes.rbac.v1 as rbac
from pulumi_kubernetes.apiregistration.v1 import APIService, APIServiceSpecArgs, ServiceReferenceArgs

from components.addons.addon import Created
from components.addons.certificates import Certified, certify
from components.addons.files import secret_volume
from components.addons.metrics_server.spec import NAMESPACE, PORT, VERSION
from components.addons.secrets import make_tls_secret
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service, make_service_account
from components.platform.place import Place

_NAME: Final = "metrics-server"
_GROUP: Final = "metrics.k8s.io"
_CERTIFICATES: Final = "/etc/certificates"
_READ: Final = ["get", "list", "watch"]
_RULES: Final = (
    rbac.PolicyRuleArgs(api_groups=[""], resources=["nodes/metrics"], verbs=["get"]),
    rbac.PolicyRuleArgs(api_groups=[""], resources=["pods", "nodes"], verbs=_READ),
    # To know the API server, and to ask it who calls and what they may: system:auth-delegator and its counterpart in
    # kube-system, without an object there.
    rbac.PolicyRuleArgs(
        api_groups=[""],
        resources=["configmaps"],
        resource_names=["extension-apiserver-authentication"],
        verbs=_READ,
    ),
    rbac.PolicyRuleArgs(api_groups=["authentication.k8s.io"], resources=["tokenreviews"], verbs=["create"]),
    rbac.PolicyRuleArgs(api_groups=["authorization.k8s.io"], resources=["subjectaccessreviews"], verbs=["create"]),
)


def create_resources(replicas: int, place: Place) -> Created:
    """All but the APIService, which `finalize` registers, so that it is deleted before anything else.

    Without anybody who answers it would keep every namespace from being deleted.
    """
    certified = certify(_NAME, _NAME, [f"{_NAME}.{NAMESPACE}.svc"], place.parent)
    secret = make_tls_secret(_NAME, certified.certificate, certified.key, place)
    pods = _pods()
    behind = make_service_account(_NAME, _RULES, place.depends_on(secret))
    _let_users_read(place)
    made = (make_service(pods, behind), make_deployment(pods, replicas, behind))
    return Created(finalize=lambda others: _make_api(certified, place.depends_on(*made, *others)))


def _pods() -> PodTemplate:
    container = Container(
        name=_NAME,
        image=f"registry.k8s.io/metrics-server/metrics-server:v{VERSION}",
        cpu=100,
        memory=200,
        args=(
            f"--secure-port={PORT}",
            f"--tls-cert-file={_CERTIFICATES}/tls.crt",
            f"--tls-private-key-file={_CERTIFICATES}/tls.key",
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            "--kubelet-use-node-status-port",
            "--metric-resolution=15s",
        ),
        ports={"https": PORT},
        health="/readyz",
        secure=True,
        mounts={_CERTIFICATES: "certificates"},
    )
    volumes = [secret_volume("certificates", _NAME)]
    return PodTemplate(name=_NAME, containers=[container], volumes=volumes, service_account=_NAME)


def _let_users_read(place: Place) -> None:
    """Whoever may view a namespace may see what its pods use."""
    roles = {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in ("view", "edit", "admin")}
    whole = replace(place, namespace="")
    rules = [rbac.PolicyRuleArgs(api_groups=[_GROUP], resources=["pods", "nodes"], verbs=_READ)]
    rbac.ClusterRole(
        f"{_NAME}-view", metadata=whole.metadata(f"{_NAME}-view", labels=roles), rules=rules, opts=whole.options()
    )


def _make_api(certified: Certified, place: Place) -> None:
    # By itself, and not with the cluster: unanswered, it would keep every namespace from being deleted.
    whole = replace(place, namespace="", deleted_with=None)
    name = f"v1beta1.{_GROUP}"
    APIService(
        name,
        metadata=whole.metadata(name),
        spec=APIServiceSpecArgs(
            group=_GROUP,
            version="v1beta1",
            service=ServiceReferenceArgs(name=_NAME, namespace=NAMESPACE, port=PORT),
            ca_bundle=certified.authority.apply(lambda pem: base64.b64encode(pem.encode()).decode()),
            group_priority_minimum=100,
            version_priority=100,
        ),
        opts=whole.options(),
    )
