"""Entry point of the plugin executable `pulumi-resource-azure-native`."""

from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn

AzureNativeStandIn.main()
