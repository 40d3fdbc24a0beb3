"""Rights: nobody is made an administrator on the quiet.

Roles are read as the API server resolves them (RBAC of Kubernetes 1.36): wildcards stand for whatever they
match, and an aggregated ClusterRole has the rules of those that its selectors select.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from common.reachability import selects
from policy.model.resource import Resource
from policy.model.rights import ESCALATING
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack

_ADMIN: Final = "cluster-admin"
_MASTERS: Final = "system:masters"
_RBAC: Final = "rbac.authorization.k8s.io"
_AGGREGATE: Final = f"{_RBAC}/aggregate-to-"
_BUILT_IN_AGGREGATES: Final = ("admin", "edit", "view")
_Rule = Mapping[str, Any]


_ROLES: Final = frozenset({"Role", "ClusterRole"})


@rule(
    id="no-cluster-admin",
    category=Category.WORKLOAD,
    why="it can do everything to everyone, and no admission stops it",
    kinds={"RoleBinding", "ClusterRoleBinding"},
)
def no_cluster_admin(binding: Resource) -> Iterator[RuleFinding]:
    """No binding gives cluster-admin, nor anything to system:masters."""
    role = binding.properties.get("roleRef") or {}
    if role.get("kind") == "ClusterRole" and role.get("name") == _ADMIN:
        remedy = "Bind a role with the rights that are needed."
        yield RuleFinding(binding, "roleRef", f"it gives cluster-admin to {_names(binding)}", remedy)
    for index, subject in enumerate(binding.properties.get("subjects") or ()):
        if subject.get("kind") == "Group" and subject.get("name") == _MASTERS:
            remedy = "Name a group of your identity provider."
            yield RuleFinding(binding, f"subjects[{index}]", f"it gives rights to the group {_MASTERS}", remedy)


def _names(binding: Resource) -> str:
    subjects = binding.properties.get("subjects") or ()
    return ", ".join(f"{each.get('kind')} {each.get('name')}" for each in subjects) or "nobody yet"


@rule(
    id="no-rbac-wildcard",
    category=Category.WORKLOAD,
    why="it grants what is not even invented yet",
    kinds=_ROLES,
)
def no_rbac_wildcard(role: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """No role has a wildcard, by itself or by aggregation."""
    return _findings(role, stack, _wildcards, "Name what is needed.")


@rule(
    id="no-escalation",
    category=Category.WORKLOAD,
    why="it is cluster-admin by a detour",
    kinds=_ROLES,
)
def no_escalation(role: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """No role lets who has it gain more rights: bind, escalate, impersonate, tokens, certificates, nodes/proxy,
    webhooks.
    """
    sources = (role, *_aggregated(role, stack))
    rules = [each for source in sources for each in source.properties.get("rules") or ()]
    rights = [it for it in ESCALATING if it.completed_by(rules, in_namespace=role.kind == "Role")]

    def escalations(rule: _Rule) -> Iterator[str]:
        granted = (it.title for it in rights if it.granted_by(rule, in_namespace=role.kind == "Role"))
        if found := list(dict.fromkeys(granted)):
            yield f"who has it can {' and '.join(found)}"

    return _findings(role, stack, escalations, "Take the right away, or give it to fewer.")


def _wildcards(rule: _Rule) -> Iterator[str]:
    fields = ("verbs", "resources", "apiGroups", "nonResourceURLs")
    if found := [field for field in fields if "*" in (rule.get(field) or ())]:
        yield f"* stands for all {' and all '.join(found)}"


def _findings(
    role: Resource, stack: Stack, judge: Callable[[_Rule], Iterator[str]], remedy: str
) -> Iterator[RuleFinding]:
    """What `judge` finds in the role's own rules, and in those that are aggregated into it."""
    into = _aggregated_into(role)
    for index, granted in enumerate(role.properties.get("rules") or ()):
        for found in judge(granted):
            spread = f", and is aggregated into {' and '.join(into)}" if into else ""
            yield RuleFinding(role, f"rules[{index}]", f"{found}{spread}", remedy)
    for source in _aggregated(role, stack):
        for granted in source.properties.get("rules") or ():
            for found in judge(granted):
                path = "aggregationRule.clusterRoleSelectors"
                yield RuleFinding(role, path, f"by ClusterRole {source.object_name}, {found}", remedy)


def _aggregated_into(role: Resource) -> list[str]:
    """The ClusterRoles of Kubernetes' own that take the role's rules."""
    if role.kind != "ClusterRole":
        return []
    return [name for name in _BUILT_IN_AGGREGATES if role.labels.get(f"{_AGGREGATE}{name}") == "true"]


def _aggregated(role: Resource, stack: Stack) -> Iterator[Resource]:
    """The ClusterRoles whose rules the role takes, directly or through others."""
    found: dict[str, Resource] = {}
    open_ends = [role]
    while open_ends:
        selectors = (open_ends.pop().properties.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        for source in stack.of_kind("ClusterRole") if selectors else ():
            name = source.object_name
            if name not in found and source is not role and any(selects(each, source.labels) for each in selectors):
                found[name] = source
                open_ends.append(source)
    yield from found.values()
