"""external-dns as one pod, for a second one would only do the same again; its rights here and in the cloud."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.dns import azure_part
from components.addons.external_dns.spec import METRICS, VERSION, ExternalDnsSpec
from components.addons.files import make_files
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account, scraped
from components.contract import Cluster
from components.facilities import Dns
from components.platform.place import Place

_NAME: Final = "external-dns"
_CONFIG: Final = "/etc/external-dns"
_READ: Final = ["get", "list", "watch"]
_RULES: Final = (
    PolicyRuleArgs(api_groups=[""], resources=["services", "pods", "nodes"], verbs=_READ),
    PolicyRuleArgs(api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=_READ),
)


def create_resources(spec: ExternalDnsSpec, cluster: Cluster, place: Place) -> None:
    """A Deployment with its rights, in the cluster and in the cloud."""
    dns = cluster.facility(Dns)
    grants = dns.grants_for(_NAME, [zone.id for zone in spec.zones])
    identity = cluster.identity_for(f"{place.namespace}/{_NAME}", grants)
    files = make_files(_NAME, {"azure.json": azure_config(spec, dns)} if dns.service == "azure" else {}, place)
    container = Container(
        name=_NAME,
        image=f"registry.k8s.io/{_NAME}/{_NAME}:v{VERSION}",
        cpu=10,
        memory=128,
        args=arguments(spec, dns, cluster.name),
        ports={"http": METRICS},
        health="/healthz",
        environment=[core.EnvVarArgs(name="AWS_REGION", value=dns.account["region"])] if dns.service == "aws" else (),
        mounts={_CONFIG: "config"},
    )
    pods = PodTemplate(
        name=_NAME,
        containers=[container],
        volumes=[files.volume("config")],
        service_account=_NAME,
        labels=identity.labels,
        annotations=scraped(METRICS),
    )
    make_deployment(pods, 1, make_service_account(_NAME, _RULES, place.depends_on(files.resource), identity=identity))


def arguments(spec: ExternalDnsSpec, dns: Dns, owner: str) -> Sequence[str]:
    """What it is told; records of others than `owner` are none of its business."""
    places = {
        "aws": (),
        "google": (f"--google-project={dns.account.get('project')}",),
        "azure": (f"--azure-config-file={_CONFIG}/azure.json",),
    }
    return (
        f"--provider={dns.service}",
        *places[dns.service],
        "--source=service",
        *(f"--domain-filter={zone.name}" for zone in spec.zones),
        *(f"--zone-id-filter={zone.id}" for zone in spec.zones),
        f"--policy={spec.policy}",
        "--registry=txt",
        f"--txt-owner-id={owner}",
        "--events",
        "--log-format=json",
    )


def azure_config(spec: ExternalDnsSpec, dns: Dns) -> dict[str, Any]:
    """The file by which it finds the zones; the identity comes to the pod by itself."""
    return {
        "tenantId": dns.account["tenant"],
        "subscriptionId": azure_part(spec.zones[0].id, "subscriptions"),
        "resourceGroup": azure_part(spec.zones[0].id, "resourceGroups"),
        "useWorkloadIdentityExtension": True,
    }
