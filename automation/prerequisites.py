"""What a stack wants of its project, subscription or account: what has to be on there, and the limits that it meets.

It follows from the resources that the stack would make, by a preview with stand-ins: no cloud is asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from automation.planned import planned
from automation.project import Project
from automation.show import out
from rehearsal.providers.clouds.account import Limit
from rehearsal.providers.clouds.needs import amounts, services, switched_on

_COMMANDS: Final[Mapping[str, str]] = {
    "gcp": "gcloud services enable {service} --project {account}",
    "azure-native": "az provider register --namespace {service} --subscription {account}",
    "aws": "aws iam create-service-linked-role --aws-service-name {service}",
}
_KINDS: Final = {"gcp": "API", "azure-native": "resource provider", "aws": "service-linked role"}
_RAISE: Final[Mapping[str, str]] = {
    "gcp": "gcloud compute regions describe {region} --project {account}   # {quota}",
    "azure-native": "az vm list-usage --location {region} --subscription {account}   # {quota}",
    "aws": "aws service-quotas list-service-quotas --service-code ec2 --region {region}   # {quota}",
}


@dataclass(frozen=True)
class Prerequisite:
    """Something that has to be so before `up`; `command` looks or sees to it, `by_stack` says that `up` does."""

    kind: str
    name: str
    wanted_by: tuple[str, ...]
    command: str
    by_stack: bool = False
    takes: int = 0
    default: str = ""


@dataclass(frozen=True)
class CloudAccount:
    """Where a stack's resources are: the Pulumi package of the cloud, the region, the project or subscription."""

    cloud: str
    region: str
    account: str

    @classmethod
    def of(cls, project: Project) -> "CloudAccount":
        """The place of a stack on a cloud."""
        cluster: Any = project.spec.cluster
        account = getattr(cluster, "project", "") or getattr(cluster, "subscription", "")
        return cls(project.cloud, cluster.region, str(account))


def find(place: CloudAccount, resources: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Prerequisite]:
    """What the resources (type and inputs) want: services first, then the limits that a new account may not have."""
    made = list(resources)
    on = switched_on(made)
    for service, types in sorted(services(place.cloud, {type_ for type_, _ in made}).items()):
        command = _COMMANDS[place.cloud].format(service=service, account=place.account)
        yield Prerequisite(_KINDS[place.cloud], service, tuple(sorted(types)), command, by_stack=service in on)
    for limit, taken in amounts(place.cloud, made):
        if _is_met(limit, taken):
            command = _RAISE[place.cloud].format(region=place.region, account=place.account, quota=limit.quota)
            default = str(limit.fresh if limit.fresh is not None else limit.most)
            yield Prerequisite("limit", limit.name, limit.of, command, takes=taken, default=default)


def show(stack: str, *, as_json: bool) -> None:
    """Print what a stack wants of its account."""
    project = Project.open(stack)
    resources = [(each.type, each.inputs) for each in (planned(project)[1] if project.cloud else ())]
    found = list(find(CloudAccount.of(project), resources)) if project.cloud else []
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=1))
        return
    out.print(f"[bold]{stack}[/bold] wants of its account", soft_wrap=True)
    for each in found:
        out.print(f"  {each.kind}  {each.name}: {_remark(each)}", soft_wrap=True)
        if not each.by_stack:
            out.print(f"    [dim]{each.command}[/dim]", soft_wrap=True)


def _is_met(limit: Limit, taken: int) -> bool:
    """Whether a new account could have too little: what varies by account, or more than half of a limit."""
    if limit.fresh is not None:
        return True
    return not limit.per and limit.most is not None and taken * 2 > limit.most


def _remark(each: Prerequisite) -> str:
    if each.kind == "limit":
        return f"takes {each.takes}; a new account has {each.default}"
    return "switched on by `up`" if each.by_stack else "has to be on"
