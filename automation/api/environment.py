"""Of our own environment, what a run may see: what finds programs and networks, and the clouds' and Pulumi's own."""

import os
from collections.abc import Mapping
from typing import Final

from automation.state.backends import VARIABLES
from common.plugin_process import CLOUD_VARIABLES

_NAMES: Final = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_DIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "KUBECONFIG"),
        *VARIABLES,
    }
)
_PREFIXES: Final = (*CLOUD_VARIABLES, "PULUMI_", "POLYKUBE_", "XDG_")


def inherited(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that a run gets of these; tokens of whoever embeds it are not among them."""
    return {name: value for name, value in environment.items() if name in _NAMES or name.startswith(tuple(_PREFIXES))}
