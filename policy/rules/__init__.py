"""Every rule, by family. A new rule is a function under `@rule` in its family's file, which is all that it takes."""

from types import ModuleType
from typing import Final

from policy.model.rule import Rule
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
    upgrade,
    workload,
)

FAMILIES: Final[tuple[ModuleType, ...]] = (
    quota,
    fit,
    network,
    dns,
    flows,
    exposure,
    workload,
    disruption,
    rbac,
    pod_security,
    labels,
    upgrade,
    control_plane,
    kubeadm,
    node_hardening,
    identity,
    firewall,
    protection,
    cost,
)


def rules_of(family: ModuleType) -> tuple[Rule, ...]:
    """The rules of a family's file, in the order in which they stand there."""
    return tuple(each for each in vars(family).values() if isinstance(each, Rule))


RULES: Final[tuple[Rule, ...]] = tuple(each for family in FAMILIES for each in rules_of(family))
