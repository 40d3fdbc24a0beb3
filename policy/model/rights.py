"""Rights by which who has them gets further rights, as the API server's authorizer (RBAC) understands rules.

Which: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks, read 2026-11.
A Role gives rights in its namespace only, and so nothing on what belongs to the whole cluster.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_RBAC: Final = "rbac.authorization.k8s.io"
_CERTIFICATES: Final = "certificates.k8s.io"
_ROLES: Final = ("roles", "clusterroles")
_WEBHOOKS: Final = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
_SIGNERS: Final = frozenset(  # of certificates that the API server takes for a user's
    f"kubernetes.io/{name}" for name in ("*", "kube-apiserver-client", "kube-apiserver-client-kubelet")
)


@dataclass(frozen=True, kw_only=True)
class Right:
    """A verb on any of some resources of a group.

    `in_namespace` are the resources on which a Role can give it; `names` are the objects that matter, where it is given
    for named ones (None: all); `needs` is what else it takes.
    """

    title: str
    verbs: Sequence[str]
    group: str
    resources: Sequence[str]
    in_namespace: Sequence[str] = ()
    names: frozenset[str] | None = None
    needs: "Right | None" = None

    def granted_by(self, rule: Mapping[str, Any], *, in_namespace: bool) -> bool:
        """Whether a rule of a role gives it: of a Role's, or of a ClusterRole's for the whole cluster."""
        resources = self.in_namespace if in_namespace else self.resources
        return (
            any(_matches(verb, rule.get("verbs")) for verb in self.verbs)
            and _matches(self.group, rule.get("apiGroups"))
            and any(_matches_resource(resource, rule.get("resources")) for resource in resources)
            and (self.names is None or not (named := rule.get("resourceNames")) or not self.names.isdisjoint(named))
        )

    def completed_by(self, rules: Iterable[Mapping[str, Any]], *, in_namespace: bool) -> bool:
        """Whether the rules of a role give what else it takes."""
        needs = self.needs
        return needs is None or any(needs.granted_by(rule, in_namespace=in_namespace) for rule in rules)


def _matches(wanted: str, given: Sequence[str] | None) -> bool:
    return any(each in ("*", wanted) for each in given or ())


def _matches_resource(wanted: str, given: Sequence[str] | None) -> bool:
    _, slash, subresource = wanted.partition("/")
    return _matches(wanted, given) or bool(slash and f"*/{subresource}" in (given or ()))


_APPROVAL: Final = Right(
    title="write approvals",
    verbs=("update", "patch"),
    group=_CERTIFICATES,
    resources=("certificatesigningrequests/approval",),
)
_TOKEN: Final = ("serviceaccounts/token",)
ESCALATING: Final = (
    Right(title="escalate roles", verbs=("escalate",), group=_RBAC, resources=_ROLES, in_namespace=("roles",)),
    Right(title="bind roles", verbs=("bind",), group=_RBAC, resources=_ROLES, in_namespace=_ROLES),
    Right(
        title="impersonate others",
        verbs=("impersonate",),
        group="",
        resources=("users", "groups", "serviceaccounts"),
        in_namespace=("serviceaccounts",),
    ),
    Right(
        title="impersonate others",
        verbs=("impersonate",),
        group="authentication.k8s.io",
        resources=("uids", "userextras"),
    ),
    Right(title="reach kubelets through nodes/proxy", verbs=("get", "create"), group="", resources=("nodes/proxy",)),
    Right(
        title="change admission webhooks",
        verbs=("create", "update", "patch"),
        group="admissionregistration.k8s.io",
        resources=_WEBHOOKS,
    ),
    Right(
        title="mint tokens of any ServiceAccount",
        verbs=("create",),
        group="",
        resources=_TOKEN,
        in_namespace=_TOKEN,
        names=frozenset(),  # of a named account it is that account's rights, and no more
    ),
    Right(
        title="approve certificates of any user",
        verbs=("approve",),
        group=_CERTIFICATES,
        resources=("signers",),
        names=_SIGNERS,
        needs=_APPROVAL,
    ),
)
