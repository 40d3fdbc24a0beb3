"""Roles of Google Cloud and Azure that nobody upstream asks for."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.registered import Registered
from tests.support.stack_files import registered_with

pytestmark = pytest.mark.usefixtures("bundles")

_ZONES: Final = {
    "gke-prod": "example-test",
    "aks-prod": "/subscriptions/1/resourceGroups/dns/providers/Microsoft.Network/dnszones/example.test",
}
_CLOUDS: Final = {"gke-prod": "gcp", "aks-prod": "azure-native"}


def known(stack: str) -> list[Mapping[str, Any]]:
    """What upstream advises for the cloud of a stack."""
    return list(yaml.safe_load(Path(__file__).with_name("roles.yaml").read_text(encoding="utf-8"))[_CLOUDS[stack]])


def bindings(stack: str) -> Iterator[tuple[str, str, str]]:
    """Name, role and type of every binding of a stack with add-ons that have rights in its cloud."""
    zones = [{"name": "example.test", "id": _ZONES[stack]}]
    acme = {"email": "platform@example.com", "zones": zones}
    issuers = [{"name": "public", "acme": acme}]
    made = registered_with(stack, externalDns={"zones": zones}, certManager={"issuers": issuers}, backup={})
    yield from (binding for each in made.values() if (binding := _binding(each)))


def _binding(resource: Registered) -> tuple[str, str, str] | None:
    role = resource.inputs.get("role") or resource.inputs.get("roleDefinitionId")
    if not isinstance(role, str) or resource.type.startswith("kubernetes:"):
        return None
    last = role if role.startswith("roles/") else role.rpartition("/")[2]
    return resource.name, last, resource.type.split(":")[1]


@pytest.mark.parametrize("stack", _ZONES)
def test_every_role_is_one_that_upstream_asks_for(stack: str) -> None:
    found = list(bindings(stack))
    used = set()
    for name, role, on in found:
        advised = [
            number
            for number, each in enumerate(known(stack))
            if fnmatchcase(name, each["name"]) and role == each["role"] and on == each.get("on", on)
        ]
        assert advised, f"{name} gets {role} on {on}"
        used.update(advised)
    assert used == set(range(len(known(stack)))), "something here is given to nobody"
