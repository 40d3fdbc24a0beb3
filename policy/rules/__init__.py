"""Every rule, by family. A new rule is a function in its family's file, listed in that file's `RULES`."""

from typing import Final

from policy.model import Rule
from policy.rules import cost, exposure, fit, flows, network, pod_security, quota, workload

RULES: Final[tuple[Rule, ...]] = (
    *quota.RULES,
    *fit.RULES,
    *network.RULES,
    *flows.RULES,
    *exposure.RULES,
    *workload.RULES,
    *pod_security.RULES,
    *cost.RULES,
)
