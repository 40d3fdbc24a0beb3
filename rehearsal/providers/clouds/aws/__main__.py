"""Entry point of the plugin executable `pulumi-resource-aws`."""

from rehearsal.providers.clouds.aws.provider import AwsStandIn

AwsStandIn.main()
