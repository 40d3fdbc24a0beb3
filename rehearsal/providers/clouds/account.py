"""What an account may have, and which rights and identities it sees late: `account.yaml` of a cloud.

Limits that every account has are enforced always; others where the faults file of a rehearsal says so.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.providers.clouds import machines
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.faults import Conditions
from rehearsal.providers.clouds.in_time import persisting
from rehearsal.providers.clouds.rules import at_path, value_at
from rehearsal.providers.clouds.store import HIDDEN, Resource, Store

_STANDARD: Final = re.compile(r"[acdhimrtz]\d")  # the families that AWS counts together
_ZONES: Final = 3  # of a region, where a pool names none


@dataclass(frozen=True)
class Limit:
    """How many there may be of some types; the keys are explained in aws/account.yaml."""

    name: str
    of: tuple[str, ...]
    most: int | None
    fresh: int | None
    per: str
    when: Mapping[str, Any]
    counts: str
    quota: str
    says: Sequence[Any]

    def amount(self, type_: str, inputs: Mapping[str, Any]) -> int:
        """How much of the limit a resource takes."""
        if type_ not in self.of or any(value_at(inputs, path) != value for path, value in self.when.items()):
            return 0
        return _VCPUS[type_](inputs) if self.counts == "vcpus" else 1


@dataclass(frozen=True)
class PropagationDelay:
    """A right (or an identity) that some types need, and that does not count while its `grant` propagates.

    `begun` says that the cloud asks for it when it has begun with the resource, which fails then; `needed`, that it has
    to be given at all to what the stack has made, if there is a `scope`, on that which stands at this path.
    """

    of: tuple[str, ...]
    at: str
    grant: str
    match: str
    retried: float
    says: Sequence[Any]
    where: Mapping[str, str] = field(default_factory=dict)
    begun: bool = False
    needed: bool = False
    scope: str = ""


@dataclass(frozen=True)
class Numbers:
    """What is known of every account of a cloud."""

    limits: tuple[Limit, ...]
    settling: tuple[PropagationDelay, ...]


def read_numbers(package: Path) -> Numbers:
    """The numbers in the package of a cloud."""
    content = yaml.safe_load((package / "account.yaml").read_text())
    limits = tuple(_limit(name, entry) for name, entry in content["limits"].items())
    return Numbers(
        limits, tuple(PropagationDelay(**entry | {"of": _types(entry["of"])}) for entry in content["settling"])
    )


def _limit(name: str, entry: Mapping[str, Any]) -> Limit:
    return Limit(
        name=name,
        of=_types(entry["of"]),
        most=entry.get("most"),
        fresh=entry.get("fresh"),
        per=entry.get("per", ""),
        when=entry.get("when", {}),
        counts=entry.get("counts", ""),
        quota=entry["quota"],
        says=entry["says"],
    )


def _types(of: str | Sequence[str]) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)


class Account:
    """The account of one cloud in a rehearsal, under the conditions that its faults file sets."""

    def __init__(self, package: Path, conditions: Conditions, store: Store) -> None:
        self._numbers = read_numbers(package)
        self._conditions, self._store = conditions, store

    def admit(self, new: Resource) -> None:
        """Raise Refused when there is no room for `new`, or when a right that it needs does not count yet."""
        self.check_limits(new)
        self.check_rights(new, begun=False)

    def check_rights(self, new: Resource, *, begun: bool) -> None:
        """Raise Refused when a right does not count yet, of those that are asked for before `new` is begun or after."""
        rights = [each for each in self._numbers.settling if new.type in each.of and each.begun is begun]
        for right in rights:
            for target in map(str, at_path(new.inputs, right.at)):
                unseen = partial(self._unseen, right, target)
                if persisting(unseen, lambda _: True, right.retried) or self._lacks(right, target, new):
                    raise Refused("own words", **_told(right.says, {"target": target}))

    def check_limits(self, new: Resource) -> None:
        """Raise Refused when there is no room for `new` beside what the store has."""
        for limit in self._numbers.limits:
            self._check_limit(limit, new)

    def _check_limit(self, limit: Limit, new: Resource) -> None:
        own = self._conditions.limits.get(limit.name)
        most = own if own is not None else limit.fresh if self._conditions.fresh and limit.fresh else limit.most
        if most is None or not (wanted := limit.amount(new.type, new.inputs)):
            return
        among = [each for type_ in limit.of for each in self._store.all(type_) if each.id != new.id]
        if limit.per:
            among = [each for each in among if value_at(each.inputs, limit.per) == value_at(new.inputs, limit.per)]
        left = most - sum(limit.amount(each.type, each.inputs) for each in among)
        if wanted > left:
            words = {"most": str(most), "wanted": str(wanted), "left": str(max(left, 0)), "short": str(wanted - left)}
            raise Refused("own words", **_told(limit.says, words))

    def _unseen(self, right: PropagationDelay, target: str) -> list[Mapping[str, Any]]:
        """The grants to what is called `target` that do not count yet."""
        names = self._names(target)
        hidden = ({**each.outputs, **each.inputs} for each in self._store.marked(HIDDEN, right.grant))
        return [each for each in hidden if each.get(right.match) in names and _is_meant(right, each)]

    def _lacks(self, right: PropagationDelay, target: str, new: Resource) -> bool:
        """Whether something that the stack has made lacks a right that it needs."""
        ours = any(each.id == target for each in self._store.all())
        if not (right.needed and ours):
            return False
        names = self._names(target)
        given = ({**each.outputs, **each.inputs} for each in self._store.all(right.grant))
        meant = [each for each in given if each.get(right.match) in names and _is_meant(right, each)]
        if not right.scope:
            return not meant
        used = [id_ for value in at_path(new.inputs, right.scope) for id_ in self._ids(str(value))]
        return any(not _covers(meant, id_) for id_ in used)

    def _names(self, target: str) -> set[str]:
        named = (each for each in self._store.all() if each.id == target)
        principals = {str(each.outputs["principalId"]) for each in named if "principalId" in each.outputs}
        return {target, target.rpartition("/")[2], *principals}

    def _ids(self, value: str) -> list[str]:
        """The ids of what a value names; it may be one itself."""
        found = [each.id for each in self._store.all() if value in (each.id, each.outputs.get("keyUriWithVersion"))]
        return found or [value]


def _covers(grants: Sequence[Mapping[str, Any]], id_: str) -> bool:
    return any(f"{id_}/".startswith(f"{each.get('scope')}/") for each in grants)


def _is_meant(right: PropagationDelay, grant: Mapping[str, Any]) -> bool:
    return all(fnmatchcase(str(grant.get(name, "")), pattern) for name, pattern in right.where.items())


def _told(says: Sequence[Any], words: Mapping[str, str]) -> dict[str, str]:
    status, text = says
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    return {"status": str(status), "text": text}


def _of_eks(inputs: Mapping[str, Any]) -> int:
    type_ = (inputs.get("instanceTypes") or ["t3.medium"])[0]
    if not _STANDARD.match(type_):
        return 0  # accelerated and large ones have limits of their own
    machine = machines.known(machines.aws, type_)
    return machine.cpus * int(value_at(inputs, "scalingConfig.desiredSize") or 0)


def _of_gke(inputs: Mapping[str, Any]) -> int:
    machine = machines.known(machines.gcp, value_at(inputs, "nodeConfig.machineType") or "e2-medium")
    scaling = inputs.get("autoscaling", {})
    each = inputs.get("nodeCount") or inputs.get("initialNodeCount") or scaling.get("minNodeCount") or 0
    return machine.cpus * int(
        each * len(inputs.get("nodeLocations") or range(_ZONES)) or scaling.get("totalMinNodeCount", 0)
    )


def _of_aks_pool(inputs: Mapping[str, Any]) -> int:
    return machines.known(machines.azure, inputs["vmSize"]).cpus * int(inputs.get("count", 1))


_VCPUS: Final[Mapping[str, Callable[[Mapping[str, Any]], int]]] = {
    "aws:eks/nodeGroup:NodeGroup": _of_eks,
    "gcp:container/nodePool:NodePool": _of_gke,
    "azure-native:containerservice:AgentPool": _of_aks_pool,
    "azure-native:containerservice:ManagedCluster": lambda inputs: sum(
        map(_of_aks_pool, inputs.get("agentPoolProfiles") or ())
    ),
}
