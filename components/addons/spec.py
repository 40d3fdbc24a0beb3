"""Options of add-ons, as a stack file has them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from components.platform.tenants import TenantSpec
from spec.invalid import is_invalid, valid
from spec.model import StackModel, did_you_mean
from spec.problems import Code, Finding, listed, quoted


class AddOnSpec(StackModel):
    """The base of the add-ons' options. `{}` is a working choice for every add-on but those that need a place."""

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterable[Finding]:
        """What is wrong between the options and the stack's tenants."""
        del tenants
        return ()

    def storage_classes(self) -> Mapping[str, str | None]:
        """The classes that its volumes ask for, by the option that says so; None for the cluster's default class."""
        return {}


AnySpec = TypeVar("AnySpec", bound=AddOnSpec)
SpecType: TypeAlias = type[AddOnSpec]
"""The type of an add-on's options, by which other add-ons name it."""


@dataclass(frozen=True)
class Selection:
    """The options of all add-ons that are on, by their types. While a stack file is checked, they may be invalid."""

    specs: Mapping[SpecType, AddOnSpec]

    def __contains__(self, of: SpecType) -> bool:
        """Whether the add-on with options of this type is on."""
        return of in self.specs

    def get(self, of: type[AnySpec]) -> AnySpec | None:
        """The options of this type, if their add-on is on and nothing is wrong with them."""
        found = self.specs.get(of)
        return found if isinstance(found, of) else None


def unknown_tenants(names: Iterable[str], tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
    """A finding for each of `names`, the options' list `tenants`, that is no tenant of the stack."""
    if is_invalid(tenants) or any(map(is_invalid, tenants)):
        return
    known = [tenant.name for tenant in tenants]
    for index, name in valid(names):
        if name not in known:
            meant = did_you_mean(name, known)
            remedy = f"Write {meant}, if that is meant." if meant else "Remove it, or declare the tenant."
            yield Finding(Code.UNKNOWN_TENANT, quoted(name), listed(sorted(known)), remedy, at=("tenants", index))
