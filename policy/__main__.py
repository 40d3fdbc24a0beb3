"""The process that the engine starts for `--policy-pack policy`."""

from policy.rules import RULES
from policy.server import serve_pack

serve_pack(RULES)
