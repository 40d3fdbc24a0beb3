"""Every rule, by family. A new rule is a function in its family's file, listed in that file's `RULES`."""

from typing import Final

from policy.model import Rule
from policy.rules import (
    control_plane,
    cost,
    disruption,
    dns,
    exposure,
    firewall,
    fit,
    flows,
    identity,
    kubeadm,
    labels,
    network,
    node_hardening,
    pod_security,
    protection,
    quota,
    rbac,
    workload,
)

RULES: Final[tuple[Rule, ...]] = (
    *quota.RULES,
    *fit.RULES,
    *network.RULES,
    *dns.RULES,
    *flows.RULES,
    *exposure.RULES,
    *workload.RULES,
    *disruption.RULES,
    *rbac.RULES,
    *pod_security.RULES,
    *labels.RULES,
    *control_plane.RULES,
    *kubeadm.RULES,
    *node_hardening.RULES,
    *identity.RULES,
    *firewall.RULES,
    *protection.RULES,
    *cost.RULES,
)
