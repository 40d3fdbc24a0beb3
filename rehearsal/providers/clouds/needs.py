"""What has to be on in an account before types of resources can be made: APIs, resource providers, linked roles.

Google's APIs are those that the stand-in holds each type to (gcp/project.py); Azure's resource providers are the first
parts of the actions that a type takes (azure_native/permissions.yaml); AWS's service-linked roles stand in `linked` of
aws/permissions.yaml.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.providers.clouds.account import Limit, read_numbers
from rehearsal.providers.clouds.gcp.project import SERVICE, api_of
from rehearsal.providers.clouds.runner import read_permissions

_HERE: Final = Path(__file__).parent
_ALWAYS_ON: Final = {"Microsoft.Resources", "Microsoft.Authorization"}
"""learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resource-providers, November 2026."""


def package_of(cloud: str) -> Path:
    """Where the data of a cloud is, by the name of its Pulumi package."""
    return _HERE / cloud.replace("-", "_")


def services(cloud: str, types: Iterable[str]) -> dict[str, set[str]]:
    """What has to be on, with the types that want it."""
    found: dict[str, set[str]] = {}
    for type_ in types:
        for service in _FINDERS[cloud](type_):
            found.setdefault(service, set()).add(type_)
    return found


def switched_on(resources: Iterable[tuple[str, Mapping[str, Any]]]) -> set[str]:
    """What a program switches on by itself."""
    return {str(inputs.get("service")) for type_, inputs in resources if type_ == SERVICE}


def amounts(cloud: str, resources: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[Limit, int]]:
    """How much of each limit the resources take, of those that they take something of."""
    made = list(resources)
    for limit in read_numbers(package_of(cloud)).limits:
        taken = sum(limit.amount(type_, inputs) for type_, inputs in made)
        if taken:
            yield limit, taken


def _apis(type_: str) -> Iterator[str]:
    if type_.startswith("gcp:") and type_ != SERVICE:
        yield f"{api_of(type_)}.googleapis.com"


def _providers(type_: str) -> Iterator[str]:
    known = read_permissions(package_of("azure-native"))
    actions = {action for operation in known.types.get(type_, {}).values() for action in operation}
    yield from {action.partition("/")[0] for action in actions} - _ALWAYS_ON
    yield from _listed("azure-native", "behind", type_)


def _linked_roles(type_: str) -> Iterator[str]:
    yield from _listed("aws", "linked", type_)


def _listed(cloud: str, key: str, type_: str) -> Iterator[str]:
    content = yaml.safe_load((package_of(cloud) / "permissions.yaml").read_text())
    yield from content.get(key, {}).get(type_, ())


_FINDERS: Final[Mapping[str, Callable[[str], Iterator[str]]]] = {
    "gcp": _apis,
    "azure-native": _providers,
    "aws": _linked_roles,
}
