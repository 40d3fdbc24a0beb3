"""Every rule, by family. A new rule is a function in its family's file, listed in that file's `RULES`."""

from typing import Final

from policy.model import Rule
from policy.rules import (
    cost,
    disruption,
    exposure,
    fit,
    flows,
    labels,
    network,
    pod_security,
    quota,
    rbac,
    workload,
)

RULES: Final[tuple[Rule, ...]] = (
    *quota.RULES,
    *fit.RULES,
    *network.RULES,
    *flows.RULES,
    *exposure.RULES,
    *workload.RULES,
    *disruption.RULES,
    *rbac.RULES,
    *pod_security.RULES,
    *labels.RULES,
    *cost.RULES,
)
