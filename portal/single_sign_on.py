"""The file that says who lets people in by single sign-on, and which roles their groups bring.

    issuer: https://login.example.com
    clientId: polykube
    groups:
      platform: [{role: admin}]
      shop: [{role: planner, stack: "*-dev"}, {role: viewer}]

The client's secret comes from `POLYKUBE_PORTAL_OIDC_SECRET`, so that the file can be in a repository.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from common.errors import PortalError, Problem
from portal.access.oidc import OidcSettings
from portal.data.models import StoredGrant
from portal.data.roles import ANY, Role

SECRET: Final = "POLYKUBE_PORTAL_OIDC_SECRET"  # noqa: S105 - the variable's name


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class _Grant(_Model):
    role: Role
    stack: str = ANY
    tenant: str = ANY


class _Provider(_Model):
    issuer: str
    client_id: str
    label: str = "single sign-on"
    scope: str = "openid profile email"
    groups_claim: str = "groups"
    authority: Path | None = None
    groups: Mapping[str, tuple[_Grant, ...]] = {}


def read_provider(file: Path | None) -> OidcSettings | None:
    """The provider in a file; PortalError (PK935) for what cannot be one, or without its secret."""
    if file is None:
        return None
    try:
        found = _Provider.model_validate(yaml.safe_load(file.read_text()))
    except ValidationError as error:
        problems = error.errors(include_input=False)
        raise PortalError([_wrong(file, ".".join(map(str, each["loc"])), each["msg"]) for each in problems]) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PortalError(_wrong(file, "", str(error))) from None
    if not (secret := os.environ.get(SECRET)):
        raise PortalError(_wrong(file, SECRET, "the variable is not set"))
    grants = {
        group: [StoredGrant(role=each.role.value, stack=each.stack, tenant=each.tenant) for each in given]
        for group, given in found.groups.items()
    }
    return OidcSettings(**found.model_dump(exclude={"groups"}), client_secret=SecretStr(secret), grants=grants)


def _wrong(file: Path, where: str, found: str) -> Problem:
    return Problem(
        code="PK935",
        summary="the settings of single sign-on cannot be used",
        file=str(file),
        where=where,
        found=found,
        allowed=f"issuer, clientId, label, scope, groupsClaim, authority, groups; the client's secret in {SECRET}",
        remedy="see docs/guide/portal.md for what each takes",
    )
