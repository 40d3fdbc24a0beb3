"""The controller with its rights, and the class of Gateways that are its own (gateway.k8s.aws, 3.5).

It looks for the Gateway API once, when it starts, so that the definitions come before it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_random as random
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.addon import InstallContext
from components.addons.bundles import load
from components.addons.certificates import certify
from components.addons.files import secret_volume
from components.addons.gateway_api.spec import GatewayApiSpec
from components.addons.load_balancing.spec import CONTROLLER, METRICS, NAMESPACE, VERSION
from components.addons.rendered import register
from components.addons.secrets import make_tls_secret
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account, scraped
from components.facilities import LoadBalancerControllerConfig
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_CERTIFICATES: Final = "/certificates"
_HEALTH: Final = 61779
_OFF: Final = ("EnableServiceController", "GatewayListenerSet", "GlobalAcceleratorController", "NLBGatewayAPI")
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "patch", "update")


def _rule(group: str, resources: Sequence[str], *verbs: str) -> PolicyRuleArgs:
    return PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=list(verbs))


_GATEWAYS: Final = ("gatewayclasses", "gateways")
_ROUTES: Final = ("grpcroutes", "httproutes")
_PARAMETERS: Final = ("listenerruleconfigurations", "loadbalancerconfigurations", "targetgroupconfigurations")
# Upstream's, without those for what is off. Ingresses it always reads, and may write none.
_RULES: Final = (
    _rule("", ("endpoints", "namespaces", "nodes", "pods", "services"), *_READ),
    _rule("", ("events",), "create", "patch"),
    _rule("discovery.k8s.io", ("endpointslices",), *_READ),
    _rule("networking.k8s.io", ("ingressclasses", "ingresses"), *_READ),
    _rule("elbv2.k8s.aws", ("ingressclassparams",), *_READ),
    _rule("elbv2.k8s.aws", ("targetgroupbindings", "targetgroupbindings/status"), *_READ, *_WRITE),
    _rule("gateway.k8s.aws", _PARAMETERS, *_READ, "patch"),
    _rule("gateway.networking.k8s.io", (*_GATEWAYS, "referencegrants"), *_READ, "patch"),
    _rule("gateway.networking.k8s.io", _ROUTES, *_READ),
    *(
        _rule(
            group, [f"{kind}/{part}" for kind in kinds for part in ("finalizers", "status")], "get", "patch", "update"
        )
        for group, kinds in (("gateway.k8s.aws", _PARAMETERS), ("gateway.networking.k8s.io", (*_GATEWAYS, *_ROUTES)))
    ),
)
_LEADER: Final = _rule("coordination.k8s.io", ("leases",), "create", "get", "patch", "update")


def create_resources(context: InstallContext, place: Place) -> None:
    """The controller, then its class of Gateways: with that goes every Gateway, and that before the controller does."""
    config = context.cluster.facility(LoadBalancerControllerConfig)
    identity = context.cluster.identity_for(f"{place.namespace}/{CONTROLLER}", config.grants)
    assert not identity.annotations, "pods get their identity by EKS Pod Identity"
    kinds = [*register(load("aws-load-balancers"), place), *context.components([GatewayApiSpec])]
    account = make_service_account(CONTROLLER, _RULES, place.depends_on(*kinds, *identity.after), here=[_LEADER])
    # Its half for Ingresses is always on: of one of its class, which has the mark that it may not set itself, it would
    # make a load balancer for whoever wrote it.
    unclaimed = random.RandomId(NAMESPACE, byte_length=16, opts=pulumi.ResourceOptions(parent=place.parent)).hex
    pods = _pods(context.cluster.name, config, unclaimed)
    running = make_deployment(pods, context.replicas, account.depends_on(_make_secret(place)))
    ours = context.cluster.gateways(internal=False).gateway_class
    ManifestObject(_gateway_class(ours), replace(place.depends_on(running), namespace=""))


def _make_secret(place: Place) -> core.Secret:
    """What its webhooks would show, which it does not start without."""
    made = certify(NAMESPACE, CONTROLLER, [f"{CONTROLLER}.{place.namespace}.svc"], place.parent)
    return make_tls_secret(CONTROLLER, made.certificate, made.key, place)


def _pods(cluster: str, config: LoadBalancerControllerConfig, unclaimed: pulumi.Output[str]) -> PodTemplate:
    """The controller; `unclaimed` is a class of Ingress that nobody can name."""
    container = Container(
        name=CONTROLLER,
        image=f"public.ecr.aws/eks/{CONTROLLER}:v{VERSION}",
        cpu=100,
        memory=256,
        args=(
            f"--cluster-name={cluster}",
            f"--aws-region={config.region}",
            config.network.apply(lambda network: f"--aws-vpc-id={network}"),
            "--default-target-type=ip",
            unclaimed.apply(lambda name: f"--ingress-class={name}"),
            *(f"--enable-{firewall}=false" for firewall in ("shield", "waf", "wafv2")),
            f"--feature-gates={','.join(f'{each}=false' for each in _OFF)}",
            f"--webhook-cert-dir={_CERTIFICATES}",
        ),
        ports={"health": _HEALTH, "metrics": METRICS},
        health="/readyz",
        mounts={_CERTIFICATES: "certificates"},
    )
    return PodTemplate(
        name=CONTROLLER,
        containers=[container],
        volumes=[secret_volume("certificates", CONTROLLER)],
        service_account=CONTROLLER,
        annotations=scraped(METRICS),
    )


def _gateway_class(name: str) -> dict[str, object]:
    version, spec = "gateway.networking.k8s.io/v1", {"controllerName": "gateway.k8s.aws/alb"}
    return {"apiVersion": version, "kind": "GatewayClass", "metadata": {"name": name}, "spec": spec}
