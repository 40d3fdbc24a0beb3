"""What whoever runs the program may do: an operation of a provider is calls to the cloud, and each takes a right.

`permissions.yaml` of a cloud says which calls a provider makes for a type. They are noted in the store, and held to the
policy of the runner where the rehearsal has one: a policy document of AWS, a custom role of Google Cloud
(`includedPermissions`) or of Azure (`Actions`, `NotActions`), in `runner-policy.json` of the rehearsal's directory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from common.errors import Problem, RehearsalError
from common.wire import Properties
from rehearsal.providers.clouds.policies import AccessPolicy, Call, Denial, Unreadable, read_policy
from rehearsal.providers.clouds.rules import at_path, flat
from rehearsal.providers.clouds.store import Resource, Store

FILE: Final = "runner-policy.json"
OPERATIONS: Final = ("create", "read", "update", "delete")
CHANGE: Final = "change"
"""What a later change of something takes: it is noted when the thing is made."""
_PASSING: Final = "iam:PassRole"
_LINKING: Final = "iam:CreateServiceLinkedRole"
_LINKED: Final = "arn:aws:iam::*:role/aws-service-role/*"


@dataclass(frozen=True)
class Permissions:
    """The rights that the provider of one cloud needs, by type and operation, as its `permissions.yaml` has them."""

    types: Mapping[str, Mapping[str, tuple[str, ...]]]
    passes: Mapping[str, Mapping[str, str]]
    everywhere: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)

    def actions(self, type_: str, operation: str) -> tuple[str, ...]:
        """What an operation asks for; the provider reads what it has made or changed, and before it deletes."""
        known = self.types.get(type_, {})
        asked = () if operation == "read" else known.get(operation, ())
        return tuple(dict.fromkeys((*asked, *known.get("read", ()))))

    def calls(self, operation: str, old: Resource | None, new: Resource | None, region: str = "") -> Iterator[Call]:
        """The calls of an operation that makes `new` of `old`; `old` and `new` are None before and after its life."""
        subject = new or old
        assert subject is not None
        passed = list(self._passed(subject))
        context = {
            "aws:RequestedRegion": region,
            **{f"aws:RequestTag/{key}": value for key, value in (new.tags if new else {}).items()},
            **{f"aws:ResourceTag/{key}": value for key, value in (old.tags if old else {}).items()},
        }
        asked = self.actions(subject.type, operation)
        making = {"ec2:CreateAction": asked[0].partition(":")[2]} if asked and operation == "create" else {}
        for action in asked:
            for target in self._targets(action, subject, [role for role, _ in passed]):
                yield Call(action, target, context | making)
        if operation in {"create", "update"}:
            yield from (Call(_PASSING, role, {"iam:PassedToService": service}) for role, service in passed)

    def _targets(self, action: str, subject: Resource, roles: Sequence[str]) -> Sequence[str]:
        """What an action is asked of: the resource, a role that it gets, or nothing in particular of a service."""
        name = str(subject.outputs.get("arn") or subject.id)
        if action == _LINKING:
            return [_LINKED]
        if not name.startswith("arn:"):
            return ["*" if self.passes else name]
        if any(fnmatchcase(action, pattern) for pattern in self.everywhere):
            return ["*"]
        service = action.partition(":")[0]
        if name.split(":")[2] == service:
            return [name]
        return roles if service == "iam" and roles else ["*"]

    def _passed(self, subject: Resource) -> Iterator[tuple[str, str]]:
        """The roles (ARNs) that a resource hands to a service, with the service."""
        for path, service in self.passes.get(subject.type, {}).items():
            for role in at_path(subject.inputs, path):
                yield (role if ":" in role else f"arn:aws:iam::*:role/{role}"), service


def read_permissions(package: Path) -> Permissions:
    """The permissions in the package of a cloud."""
    content = yaml.safe_load((package / "permissions.yaml").read_text())
    verbs = content.get("verbs", {})
    return Permissions(
        {type_: _operations(entry, verbs) for type_, entry in content["types"].items()},
        {type_: entry["passes"] for type_, entry in content["types"].items() if "passes" in entry},
        tuple(content.get("everywhere", ())),
        content.get("codes", {}),
    )


def _operations(entry: Mapping[str, Any], verbs: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    of, common = entry.get("of"), entry.get("verbs", verbs)
    own = {key: [text.format(of=of) for text in common.get(key, ())] for key in OPERATIONS}
    return {key: tuple(dict.fromkeys([*own[key], *flat(entry.get(key, ()))])) for key in OPERATIONS}


def read_runner_policy(path: Path) -> AccessPolicy | None:
    """The runner's policy, none if there is no file; RehearsalError (PK707) says what is wrong with it."""
    if not path.is_file():
        return None
    try:
        return read_policy(path.read_text())
    except Unreadable as error:
        raise RehearsalError(
            Problem(
                code="PK707",
                summary="the runner's policy cannot be used",
                file=str(path),
                found=str(error),
                allowed="a policy document of AWS, or a custom role of Google Cloud or Azure, as JSON",
                remedy="start from what `polykube permissions STACK` prints",
            )
        ) from error


class Runner:
    """Who runs the program, at one cloud of a rehearsal."""

    def __init__(self, package: Path, rehearsal: Path, store: Store) -> None:
        self._permissions = read_permissions(package)
        self._policy = read_runner_policy(rehearsal / FILE)
        self._store = store

    def ask(self, operation: str, old: Resource | None, new: Resource | None, region: str) -> Denial | None:
        """Note the calls of an operation; the first that the runner may not make, if there is one."""
        calls = list(self._permissions.calls(operation, old, new, region))
        subject = new or old
        assert subject is not None
        self._note(subject.type, operation, calls)
        if operation == "create":
            self._note(subject.type, CHANGE, self._permissions.calls("update", new, new, region))
        return next((it for call in calls if self._policy and (it := self._policy.denial(call))), None)

    def _note(self, type_: str, operation: str, calls: Iterable[Call]) -> None:
        self._store.note_calls(type_, operation, [(call.action, call.on) for call in calls])

    def words(self, denial: Denial) -> Properties:
        """How the cloud says no."""
        code = self._permissions.codes.get(denial.call.action.partition(":")[0], "AccessDeniedException")
        return {"code": code, "right": denial.call.action, "on": denial.call.on, "because": denial.because}
