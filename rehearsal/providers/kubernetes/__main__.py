"""Entry point of the plugin executable `pulumi-resource-kubernetes`."""

from rehearsal.providers.kubernetes.provider import KubernetesStandIn

KubernetesStandIn.main()
