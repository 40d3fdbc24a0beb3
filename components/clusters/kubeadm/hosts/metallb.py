"""MetalLB: a node for each Service answers for its address by ARP, on hosts, where no cloud has load balancers.

Upstream: metallb/metallb 0.16, config/manifests/metallb-native.yaml, in a namespace of its own with the guardrails of
add-ons. Without its webhook, which would refuse the addresses until it has a certificate that it makes itself: they
were looked at in the stack file, and with it go the rights to change webhooks and definitions. Metrics are off, for
speakers would show them on the hosts' network.
"""

from collections.abc import Sequence
from typing import Final

from components.addons.bundles import load
from components.addons.namespaces import make_add_on_namespace, quota
from components.addons.rendered import Manifest, register, size
from components.clusters.kubeadm.core_add_ons import CoreAddOns, hardened, on_control_planes
from components.clusters.kubeadm.hosts.spec import METALLB
from components.contract import Cluster, Namespace, PodSecurity
from components.platform.flows import Pods, to_api_server

NAMESPACE: Final = "metallb-system"
_CONTROLLER: Final = "controller"
_SPEAKER: Final = "speaker"
_POOL: Final = "hosts"  # what the range of addresses is called
_SIZES: Final = {_CONTROLLER: (20, 128), _SPEAKER: (20, 128)}  # thousandths of a CPU and MiB
_OF_WEBHOOK: Final = ("ValidatingWebhookConfiguration", "Service", "Secret")
_GROUPS: Final = ("admissionregistration.k8s.io", "apiextensions.k8s.io", "policy")  # of rights that nothing needs
_PODS: Final = 300  # at most: a speaker on each host


def announce_addresses(
    parts: CoreAddOns, cluster: Cluster, ranges: Sequence[str], *, from_control_planes: bool
) -> None:
    """Have Services of type LoadBalancer get addresses of these ranges, each as `first-last`.

    kubeadm keeps control planes out of load balancing; `from_control_planes` lets them answer nevertheless.
    """
    namespace = Namespace(NAMESPACE, PodSecurity.PRIVILEGED, quota(pods=_PODS, cpu=10, gibibytes=48))
    flows = [to_api_server(Pods(NAMESPACE, {"component": _CONTROLLER}), METALLB)]
    place = make_add_on_namespace(namespace, cluster, flows, parts.outside)
    running = place.depends_on(*register(_manifests(from_control_planes=from_control_planes), place))
    register(_addresses(ranges), running)


def _manifests(*, from_control_planes: bool) -> list[Manifest]:
    objects = [each for each in load(METALLB) if each["kind"] not in (*_OF_WEBHOOK, "Namespace")]
    for each in objects:
        if "rules" in each:
            each["rules"] = [rule for rule in each["rules"] if rule["apiGroups"][0] not in _GROUPS]
        elif each["metadata"]["name"] == "bgppeers.metallb.io":
            each["spec"]["conversion"] = {"strategy": "None"}  # the webhook's, of which there is one version
        elif each["kind"] == "Deployment":
            _configure_controller(each)
        elif each["kind"] == "DaemonSet":
            _configure_speaker(each, from_control_planes=from_control_planes)
    return objects


def _configure_controller(deployment: Manifest) -> None:
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    _configure(template, container, "--webhook-mode=disabled")
    del container["volumeMounts"], template["spec"]["volumes"], container["securityContext"]  # the certificate's
    pod = on_control_planes({**template["spec"], "priorityClassName": "system-cluster-critical"})
    template["spec"] = pod | {"containers": [hardened(container)]}


def _configure_speaker(daemons: Manifest, *, from_control_planes: bool) -> None:
    template = daemons["spec"]["template"]
    (container,) = template["spec"]["containers"]
    _configure(template, container, *(["--ignore-exclude-lb"] if from_control_planes else []))
    template["spec"] |= {"priorityClassName": "system-node-critical", "tolerations": [{"operator": "Exists"}]}
    container["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}


def _configure(template: Manifest, container: Manifest, *arguments: str) -> None:
    """Its size and arguments, without metrics."""
    size(container, *_SIZES[container["name"]])
    told = [each for each in container["args"] if not each.startswith("--port=")]
    container["args"] = [*told, "--port=0", *arguments]
    container["ports"] = [each for each in container["ports"] if each["name"].startswith("memberlist")]
    del template["metadata"]["annotations"]  # where metrics are


def _addresses(ranges: Sequence[str]) -> list[Manifest]:
    metadata = {"name": _POOL, "namespace": NAMESPACE}
    group = "metallb.io/v1beta1"
    return [
        {"apiVersion": group, "kind": "IPAddressPool", "metadata": dict(metadata), "spec": {"addresses": list(ranges)}},
        {
            "apiVersion": group,
            "kind": "L2Advertisement",
            "metadata": dict(metadata),
            "spec": {"ipAddressPools": [_POOL]},
        },
    ]
