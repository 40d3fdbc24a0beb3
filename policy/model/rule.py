"""What rules are written in: a check, which yields findings, under a decorator that says what it is.

    @rule(id="ns-quota", category=Category.QUOTA, why="without one, a single tenant can take all", kinds={"Namespace"})
    def ns_quota(namespace: Resource, stack: Stack) -> Iterator[Finding]:
        \"\"\"Every tenant namespace has a ResourceQuota.\"\"\"

The check is called for each resource of the rule's kinds. One that takes a `Stack` as well judges the resource in the
light of the whole stack. Keyword arguments are the rule's options; the docstring is the summary that people read.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter, getdoc, signature
from typing import Any

from policy.model.resource import Resource

Path = tuple[str, ...]
Check = Callable[..., Iterable["RuleFinding"]]
Remedy = Callable[..., Iterable[tuple[Path, Any]]]


class Level(StrEnum):
    """What a finding does: stop the run, be shown, be remediated, or nothing."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"


class Category(StrEnum):
    """The families of rules, as the reference page groups them."""

    QUOTA = "quota"
    NETWORK = "network"
    WORKLOAD = "workload"
    CLUSTER = "cluster"
    COST = "cost"


@dataclass(frozen=True)
class RuleFinding:
    """A broken rule: on what, at which field path, what is wrong, and how to mend it.

    `why` is said instead of the rule's own, where that does not fit; `advice` is what stops nothing, whatever the
    level of its rule.
    """

    resource: Resource
    path: str
    message: str
    remedy: str
    why: str = ""
    advice: bool = False


@dataclass(frozen=True)
class Option:
    """Something that a rule can be told. `type` is what pydantic can check; `name` is in camel case, as in files."""

    name: str
    type: Any
    default: Any
    description: str

    @property
    def parameter(self) -> str:
        """Its name as an argument of the rule's functions."""
        return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", self.name)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. `why` is one clause, put behind what is wrong; `kinds` are the kinds of its subjects, none for all."""

    id: str
    category: Category
    level: Level
    summary: str
    why: str
    kinds: frozenset[str]
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule that needs nothing but the resource that it judges.

    `remediate` is how a rule of level REMEDIATE puts a resource right: it yields paths and the values to set there.
    """

    check: Check
    remediate: Remedy | None = None


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule that judges each subject in the light of the whole stack."""

    check: Check


def rule(  # noqa: PLR0913 - what there is to say of a rule, by name
    *,
    id: str,  # noqa: A002 - what everybody calls it
    category: Category,
    why: str,
    kinds: Iterable[str] = (),
    level: Level = Level.MANDATORY,
    options: tuple[Option, ...] = (),
    remediate: Remedy | None = None,
) -> Callable[[Check], Rule]:
    """Make a rule of the check below, as the fields of `Rule` and `ResourceRule` say; its docstring is the summary."""

    def make(check: Check) -> Rule:
        summary = " ".join((getdoc(check) or "").split())
        subjects = [it for it in signature(check).parameters.values() if it.kind is Parameter.POSITIONAL_OR_KEYWORD]
        given: dict[str, Any] = {
            "id": id,
            "category": category,
            "level": level,
            "summary": summary,
            "why": why,
            "kinds": frozenset(kinds),
            "options": options,
            "check": check,
        }
        return StackRule(**given) if len(subjects) > 1 else ResourceRule(**given, remediate=remediate)

    return make
