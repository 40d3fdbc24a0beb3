"""Policies of the clouds, evaluated as the clouds do: who says no to a call, and how.

AWS: an explicit deny wins over an allow, and what no statement allows is denied
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). Google: a permission is in the role
or not. Azure: `Actions` less `NotActions`, which other roles may still give
(learn.microsoft.com/azure/role-based-access-control/role-definitions). All read in November 2026.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final


@dataclass(frozen=True)
class Call:
    """A call of a cloud's API: `context` is what the cloud tells of it to the conditions of policies."""

    action: str
    on: str = "*"
    context: Mapping[str, str | Sequence[str]] | None = None


@dataclass(frozen=True)
class Denial:
    """A call that is denied; `because` are AWS's words for why."""

    call: Call
    because: str


class Unreadable(Exception):
    """The text is no policy that can be evaluated here."""


class AccessPolicy(ABC):
    """What somebody may do."""

    @abstractmethod
    def denial(self, call: Call) -> Denial | None:
        """Why the call is denied; None when it is allowed."""


@dataclass(frozen=True)
class AwsPolicy(AccessPolicy):
    """A policy document of AWS."""

    statements: Sequence[Mapping[str, Any]]

    def denial(self, call: Call) -> Denial | None:
        effects = {statement["Effect"] for statement in self.statements if _applies(statement, call)}
        if "Deny" in effects:
            return Denial(call, "with an explicit deny in an identity-based policy")
        if "Allow" in effects:
            return None
        return Denial(call, f"because no identity-based policy allows the {call.action} action")


@dataclass(frozen=True)
class GoogleRole(AccessPolicy):
    """A custom role of Google Cloud: permissions have no wildcards."""

    permissions: frozenset[str]

    def denial(self, call: Call) -> Denial | None:
        return None if call.action in self.permissions else Denial(call, "")


@dataclass(frozen=True)
class AzureRoles(AccessPolicy):
    """Custom roles of Azure; case does not matter."""

    roles: Sequence[Mapping[str, Sequence[str]]]

    def denial(self, call: Call) -> Denial | None:
        allowed = any(
            _any(call.action, role.get("actions", ())) and not _any(call.action, role.get("notactions", ()))
            for role in self.roles
        )
        return None if allowed else Denial(call, "")


def read_policy(text: str) -> AccessPolicy:
    """The policy of whichever cloud; Unreadable says what is wrong with it."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"no JSON: {error}") from error
    if isinstance(content, Mapping) and isinstance(permissions := content.get("includedPermissions"), list):
        return GoogleRole(frozenset(permissions))
    roles = [{key.lower(): value for key, value in it.items()} for it in _list(content) if isinstance(it, Mapping)]
    if roles and all("actions" in role for role in roles):
        return AzureRoles(roles)
    if isinstance(content, Mapping) and "Statement" in content:
        return AwsPolicy([_checked(each) for each in _list(content["Statement"])])
    raise Unreadable("neither Statement, nor includedPermissions, nor Actions")


def _checked(statement: Any) -> Mapping[str, Any]:
    if not isinstance(statement, Mapping) or statement.get("Effect") not in {"Allow", "Deny"}:
        raise Unreadable(f"a statement without Effect: {json.dumps(statement)}")
    unknown = sorted({operator.rpartition(":")[2] for operator in statement.get("Condition", {})} - {*_OPERATORS})
    if unknown:
        raise Unreadable(f"conditions that are not evaluated here: {', '.join(unknown)}")
    return statement


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    """Whether a statement of AWS speaks of the call."""
    action = _any(call.action, _list(statement.get("Action", ()))) if "Action" in statement else True
    if "NotAction" in statement:
        action = not _any(call.action, _list(statement["NotAction"]))
    on = any(_like(call.on, pattern) for pattern in _list(statement.get("Resource", "*")))
    if "NotResource" in statement:
        on = not any(_like(call.on, pattern) for pattern in _list(statement["NotResource"]))
    return action and on and _holds(statement.get("Condition", {}), call.context or {})


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any]) -> bool:
    """Whether all conditions are met; a key that the call does not tell meets none but those that allow for it."""
    for operator, wanted in conditions.items():
        of_all, _, name = operator.rpartition(":")
        for key, values in wanted.items():
            told = [str(value) for value in _list(context[key])] if key in context else []
            if not _OPERATORS[name](told, [str(value) for value in _list(values)], of_all == "ForAllValues"):
                return False
    return True


def _comparison(matches: Callable[[str, str], bool], *, if_exists: bool = False) -> Callable[..., bool]:
    def holds(told: Sequence[str], wanted: Sequence[str], of_all: bool) -> bool:
        if not told:
            return if_exists or of_all
        each = [any(matches(value, pattern) for pattern in wanted) for value in told]
        return all(each) if of_all else any(each)

    return holds


def _differs(told: Sequence[str], wanted: Sequence[str], _: bool) -> bool:
    return not set(told) & set(wanted)


def _is_null(told: Sequence[str], wanted: Sequence[str], _: bool) -> bool:
    return (not told) == (wanted[0].lower() == "true")


def _same_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _like(value: str, pattern: str) -> bool:
    """Wildcards of AWS: `*` for any text, `?` for a character, and nothing else."""
    return _pattern(pattern).fullmatch(value) is not None


_OPERATORS: Final[Mapping[str, Callable[..., bool]]] = {
    "StringEquals": _comparison(str.__eq__),
    "StringEqualsIfExists": _comparison(str.__eq__, if_exists=True),
    "StringNotEquals": _differs,
    "StringLike": _comparison(_like),
    "StringLikeIfExists": _comparison(_like, if_exists=True),
    "ArnLike": _comparison(_like),
    "ArnEquals": _comparison(_like),
    "Bool": _comparison(_same_case),
    "Null": _is_null,
}


def _any(action: str, patterns: Sequence[str]) -> bool:
    return any(_like(action.lower(), pattern.lower()) for pattern in patterns)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
