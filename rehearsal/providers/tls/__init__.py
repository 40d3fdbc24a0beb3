"""The `tls` stand-in: private keys, certificate requests and certificates, really computed.

Plays pulumi-tls 5.6.2: same inputs, outputs, ids, secret outputs, replacements and renewals. Not modelled,
and refused: write-only keys (`privateKeyPemWo`), a proxy, and fetching a certificate from a URL. What the
official provider finds out only when it creates, or gets silently wrong, is refused before anything is
made: unparsable PEM, addresses and names, a CA without a subject, a key that is not the CA's, a signer
that is no CA, country codes that are not two letters, validity beyond Go's 292 years.
"""
