"""Where control planes listen."""

from typing import Final

PORT: Final = 6443
"""Where API servers listen."""
BALANCED_PORT: Final = 8443
"""Where a balancer on the control planes themselves listens, beside their API servers."""
