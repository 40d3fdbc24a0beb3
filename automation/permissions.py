"""`polykube permissions`: the least that whoever runs a stack has to be allowed, from the calls of a rehearsal.

Changes of what was made are among them, though the rehearsal makes none: a right that only a change takes would be
missed on the day of the change.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from automation.project import Project
from automation.rehearsal_report import RehearsalReport
from automation.rehearse import parse_steps, prepare
from automation.show import err
from common.errors import Problem, RehearsalError
from rehearsal.providers.clouds.store import MadeCall
from rehearsal.site import new_site, sweep

_STEPS: Final = "up,refresh,destroy"
_LIMIT: Final = 6144
"""Characters of a managed policy of AWS, without white space (docs.aws.amazon.com/IAM, quotas, November 2026)."""


@dataclass(frozen=True)
class Needs:
    """The rights that a stack takes: by action, on what, and for which types."""

    stack: str
    cluster: str
    cloud: str
    calls: Sequence[MadeCall]

    def as_policy(self) -> dict[str, Any]:
        """What the cloud takes: a policy document of AWS, or a custom role."""
        return _FORMS[self.cloud](self)

    def as_json(self) -> dict[str, Any]:
        """The policy, and which types and operations take each right."""
        why: dict[str, set[str]] = {}
        for call in self.calls:
            why.setdefault(call.action, set()).add(f"{call.type} {call.operation}")
        reasons = {action: sorted(types) for action, types in sorted(why.items())}
        return {"stack": self.stack, "cloud": self.cloud, "policy": self.as_policy(), "neededBy": reasons}


def find(stack: str) -> Needs:
    """Rehearse the stack and see what it asks of its cloud."""
    project = Project.open(stack)
    if not project.cloud:
        raise RehearsalError(_no_cloud(project))
    sweep()
    report = RehearsalReport(stack, with_faults=False)
    with new_site(stack) as site:
        prepare(project, site, report).carry_out(parse_steps(_STEPS))
        made = site.store.calls()
    return Needs(stack, project.spec.cluster.name, project.cloud, made)


def show(stack: str, *, as_json: bool) -> None:
    """Print them: alone the policy, ready for a file, or everything with the reasons as JSON."""
    err.print(f"[bold]rehearsing[/bold] {stack} to see what it asks for", soft_wrap=True)
    needs = find(stack)
    print(json.dumps(needs.as_json() if as_json else needs.as_policy(), indent=2))
    size = len(json.dumps(needs.as_policy(), separators=(",", ":")))
    if needs.cloud == "aws" and size > _LIMIT:
        parts = -(-size // _LIMIT)
        err.print(f"{size} characters: a managed policy holds {_LIMIT}, so split the statements over {parts}")


def _aws(needs: Needs) -> dict[str, Any]:
    """A policy document: rights on what has the cluster's name in its ARN are for such names alone."""
    on: dict[str, set[str]] = {}
    for call in needs.calls:
        on.setdefault(call.action, set()).add(_pattern(call.target, needs.cluster))
    by_target: dict[tuple[str, ...], list[str]] = {}
    for action, targets in on.items():
        by_target.setdefault(("*",) if "*" in targets else tuple(sorted(targets)), []).append(action)
    statements = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": list(targets)}
        for targets, actions in sorted(by_target.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _pattern(target: str, cluster: str) -> str:
    """An ARN for every account, and from the cluster's name on for every suffix; `*` where no name is to go by."""
    known = re.match(rf"(arn:[^:]*:[^:]*:[^:]*:)[^:]*:(.*?{re.escape(cluster)})\b", target)
    account = "" if target.startswith("arn:aws:s3:") else "*"
    if known:
        return f"{known[1]}{account}:{known[2]}*"
    return target if target.endswith("*") else "*"


def _google(needs: Needs) -> dict[str, Any]:
    """A custom role, as `gcloud iam roles create --file` takes it."""
    permissions = sorted({call.action for call in needs.calls})
    return {"title": f"polykube {needs.stack}", "stage": "GA", "includedPermissions": permissions}


def _azure(needs: Needs) -> dict[str, Any]:
    """A custom role, as `az role definition create --role-definition` takes it."""
    scopes = {match[0] for call in needs.calls if (match := re.match(r"/subscriptions/[^/]+", call.target))}
    return {
        "Name": f"polykube {needs.stack}",
        "IsCustom": True,
        "Description": f"What the stack {needs.stack} of polykube takes",
        "Actions": sorted({call.action for call in needs.calls}),
        "NotActions": [],
        "AssignableScopes": sorted(scopes),
    }


_FORMS: Final[Mapping[str, Callable[[Needs], dict[str, Any]]]] = {"aws": _aws, "gcp": _google, "azure-native": _azure}


def _no_cloud(project: Project) -> Problem:
    return Problem(
        code="PK706",
        summary="a stack without a cloud takes no rights in one",
        where="cluster.kind",
        found=project.spec.cluster.kind,
        allowed="eks, gke, aks",
        remedy="name a stack on a cloud",
    )
