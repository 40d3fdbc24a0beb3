"""A role escalates where the API server's authorizer gives its holder a right that does: SubjectAccessReview's word.

Guards against rights that a Role cannot give, and against wildcards that give more than they name.
"""

import os
import random
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from policy.engine.judge import Judge
from policy.model.rights import ESCALATING, Right
from policy.model.stack import Stack
from policy.rules import rbac
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, Object
from tests.support.polling import eventually

ROLES: Final = max(int(os.environ.get("POLYKUBE_EXAM", "0")) // 5, 12)
_JUDGE: Final = Judge([rbac.no_escalation])
_API: Final = "rbac.authorization.k8s.io"
_NEVER: Final = {"apiGroups": ["example.com"], "resources": ["nothing"], "verbs": ["get"]}
# What the API server asks about in a namespace; also ClusterRoles, where they are bound in it.
_OF_NAMESPACES: Final = ("roles", "serviceaccounts", "serviceaccounts/token", "nothing")


class Dice(random.Random):
    """A random role."""

    def role(self, name: str, namespace: str) -> Object:
        """A Role or a ClusterRole, with rules on what may escalate and on its neighbours, some by wildcards."""
        metadata, kind = {"name": name}, self.choice(["Role", "ClusterRole"])
        if kind == "Role":
            metadata["namespace"] = namespace
        rules = [self._rule() for _ in range(self.randint(1, 3))]
        return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata, "rules": [*rules, _NEVER]}

    def _rule(self) -> Object:
        right = self.choice(ESCALATING)
        if right.needs and self.random() < 0.5:
            right = right.needs
        resource, verb = self.choice(right.resources), self.choice(right.verbs)
        subresource = f"*/{resource.partition('/')[2]}" if "/" in resource else "*"
        return {
            "apiGroups": [self.choice([right.group, right.group, right.group, "*", "example.com"])],
            "resources": [self.choice([resource, resource, "*", subresource, resource.partition("/")[0]])],
            "verbs": [self.choice([verb, verb, "*", "get", "list"])],
        }


def by_authorizer(api: Api, role: Object, namespace: str) -> set[str]:
    """The titles of the rights that a user with the role has, and nothing else."""
    name, kind = role["metadata"]["name"], role["kind"]
    binding: Object = {
        "apiVersion": f"{_API}/v1",
        "kind": f"{kind}Binding",
        "metadata": role["metadata"],
        "roleRef": {"apiGroup": _API, "kind": kind, "name": name},
        "subjects": [{"apiGroup": _API, "kind": "User", "name": name}],
    }
    api.apply(role, binding)

    def may(group: str, resource: str, verb: str) -> bool:
        plural, _, subresource = resource.partition("/")
        asked = {"group": group, "resource": plural, "subresource": subresource, "verb": verb}
        if kind == "Role" and (resource in _OF_NAMESPACES or verb == "bind"):
            asked["namespace"] = namespace
        body = {"spec": {"user": name, "resourceAttributes": asked}}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", **body}
        return bool(api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"])

    def has(right: Right) -> bool:
        asked = any(may(right.group, resource, verb) for resource in right.resources for verb in right.verbs)
        return asked and (right.needs is None or has(right.needs))

    never: Any = (_NEVER["apiGroups"][0], _NEVER["resources"][0], _NEVER["verbs"][0])
    eventually(lambda: may(*never), what="the role")
    found = {right.title for right in ESCALATING if has(right)}
    api.delete(api.path(binding))
    api.delete(api.path(role))
    return found


def by_rules(role: Object) -> set[str]:
    """The titles of the rights that the rule finds in it."""
    said = [verdict.finding.message for verdict in _JUDGE.judge_stack(Stack([as_resource(role)]))]
    return {title for message in said for title in message.removeprefix("who has it can ").split(" and ")}


def test_roles_escalate_where_the_authorizer_says_so(api: Api, namespace: str, tally: Tally) -> None:
    run = secrets.token_hex(3)
    verdicts: Counter[str] = Counter()

    def put(index: int) -> Any:
        role = Dice(f"{SEED}-{index}").role(f"exam-{run}-{index}", namespace)
        ours, theirs = by_rules(role), by_authorizer(api, role, namespace)
        verdicts["escalates" if theirs else "does not"] += 1
        return None if ours == theirs else (ours, theirs, role)

    with ThreadPoolExecutor(4) as pool:
        different = [each for each in pool.map(put, range(ROLES)) if each]
    tally.add("roles", ROLES, ROLES - len(different), verdicts)
    assert not different, different[:3]
    assert len(verdicts) == 2
