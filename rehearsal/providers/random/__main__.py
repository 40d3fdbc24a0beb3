"""Entry point of the plugin executable `pulumi-resource-random`."""

from rehearsal.providers.random.provider import RandomProvider

RandomProvider.main()
