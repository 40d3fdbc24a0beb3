"""Entry point of the plugin executable `pulumi-resource-gcp`."""

from rehearsal.providers.clouds.gcp.provider import GcpStandIn

GcpStandIn.main()
