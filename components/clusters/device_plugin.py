"""NVIDIA's device plugin, for node pools whose images have the driver and nothing that offers the GPUs to pods.

Without it nodes have no `nvidia.com/gpu`, and pods that ask for one wait for ever. AL2023's image for NVIDIA leaves it
to the cluster (docs.aws.amazon.com/eks/latest/userguide/ml-eks-optimized-ami.html), and so do AKS' pools
(learn.microsoft.com/azure/aks/use-nvidia-gpu), both November 2026. Upstream:
NVIDIA/k8s-device-plugin, deployments/static/nvidia-device-plugin.yml, 0.18.2.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pulumi
import pulumi_kubernetes as kubernetes

from components.contract import Exemption
from components.naming import NODE_POOL_LABEL, component_type, selector
from components.platform.place import Place

_NAME: Final = "nvidia-device-plugin"
_IMAGE: Final = "nvcr.io/nvidia/k8s-device-plugin:v0.18.2"
_NAMESPACE: Final = "kube-system"  # a namespace of its own has a quota, and no pods of this priority
_SOCKETS: Final = "/var/lib/kubelet/device-plugins"
_REASON: Final = "the device plugin registers with the kubelet by a socket in a directory of the node, as root"


class DevicePlugin(pulumi.ComponentResource):
    """The plugin on each node of the pools by these names, whatever taints they have."""

    def __init__(self, cluster: str, pools: Sequence[str], options: pulumi.ResourceOptions) -> None:
        exemptions = [
            Exemption(rule, _REASON, "platform", date(2027, 11, 30)).as_input()
            for rule in ("pss-baseline", "pss-restricted")
        ]
        type_ = component_type("addons", "DevicePlugin")  # as one that has exemptions
        super().__init__(type_, f"{cluster}-device-plugin", {"exemptions": exemptions}, options)
        place = Place(self, namespace=_NAMESPACE)
        kubernetes.apps.v1.DaemonSet(
            place.logical(_NAME),
            metadata=place.metadata(_NAME, labels=selector(_NAME)),
            spec=kubernetes.apps.v1.DaemonSetSpecArgs(
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=selector(_NAME)),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=selector(_NAME)), spec=_pods(sorted(pools))
                ),
            ),
            opts=place.options(),
        )
        self.register_outputs({})


def _pods(pools: list[str]) -> "kubernetes.core.v1.PodSpecArgs":
    core = kubernetes.core.v1
    of_pools = core.NodeSelectorRequirementArgs(key=NODE_POOL_LABEL, operator="In", values=pools)
    return core.PodSpecArgs(
        priority_class_name="system-node-critical",
        automount_service_account_token=False,
        security_context=core.PodSecurityContextArgs(
            run_as_user=0, run_as_group=0, seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault")
        ),
        affinity=core.AffinityArgs(
            node_affinity=core.NodeAffinityArgs(
                required_during_scheduling_ignored_during_execution=core.NodeSelectorArgs(
                    node_selector_terms=[core.NodeSelectorTermArgs(match_expressions=[of_pools])]
                )
            )
        ),
        tolerations=[core.TolerationArgs(operator="Exists")],
        containers=[_container()],
        volumes=[
            core.VolumeArgs(name="sockets", host_path=core.HostPathVolumeSourceArgs(path=_SOCKETS, type="Directory"))
        ],
    )


def _container() -> "kubernetes.core.v1.ContainerArgs":
    core = kubernetes.core.v1
    return core.ContainerArgs(
        name=_NAME,
        image=_IMAGE,
        # A node whose driver is not ready yet is looked at again, instead of a restart now and then.
        env=[core.EnvVarArgs(name="FAIL_ON_INIT_ERROR", value="false")],
        resources=core.ResourceRequirementsArgs(
            requests={"cpu": "10m", "memory": "128Mi"}, limits={"cpu": "100m", "memory": "128Mi"}
        ),
        security_context=core.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[core.VolumeMountArgs(name="sockets", mount_path=_SOCKETS)],
    )
