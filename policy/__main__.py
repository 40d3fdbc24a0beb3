"""The process that the engine starts for `--policy-pack policy`."""

from policy.engine.server import serve_pack
from policy.rules import RULES

serve_pack(RULES)
