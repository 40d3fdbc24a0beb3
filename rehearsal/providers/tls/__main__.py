"""Entry point of the plugin executable `pulumi-resource-tls`."""

from rehearsal.providers.tls.provider import TlsProvider

TlsProvider.main()
