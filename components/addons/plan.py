"""The add-ons of a stack together: what keeps them from it, and how they are installed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.addons.addon import AddOn, AddOnType, InstallContext, Installed
from components.addons.health import Check
from components.addons.spec import Selection, SpecType
from components.contract import BuiltIn, Capability, Cluster
from components.platform.flows import Flow
from components.platform.tenants import TenantAdditions
from spec.invalid import is_invalid
from spec.problems import Code, Finding


@dataclass(frozen=True)
class InstalledAddOns:
    """The add-ons of a cluster, and the flows that they need, of which some end at tenants."""

    add_ons: Sequence[Installed]
    flows: Sequence[Flow]

    @property
    def components(self) -> list[pulumi.Resource]:
        """The components of all of them."""
        return [each.component for each in self.add_ons]

    @property
    def tenant_prerequisites(self) -> list[pulumi.Resource]:
        """What has to be there before what tenants make."""
        return [each for installed in self.add_ons for each in installed.tenant_prerequisites]

    def finalize(self, tenants: Sequence[pulumi.Resource]) -> None:
        """Register what depends on all add-ons and on `tenants`, so that it is deleted before them."""
        for each in self.add_ons:
            if each.created.finalize:
                others = [other for other in self.components if other is not each.component]
                each.created.finalize([*others, *tenants])


@dataclass(frozen=True)
class AddOnPlan:
    """The add-ons that are on, in the order in which they are installed, and the `others`, which are off.

    `internal` are add-ons that no stack file names: they are installed first, if one that is on depends on them.
    """

    add_ons: Sequence[AddOn[Any]]
    others: Sequence[AddOnType] = ()
    internal: Sequence[AddOnType] = ()

    def __iter__(self) -> Iterator[AddOn[Any]]:
        return iter(self.add_ons)

    def __contains__(self, add_on: SpecType) -> bool:
        """Whether the add-on with options of this type is on."""
        return add_on in self.selection

    @property
    def all_add_ons(self) -> list[AddOn[Any]]:
        """They, behind the internal ones that they depend on."""
        wanted = {spec_type for each in self.add_ons for spec_type in each.depends_on()}
        return [*(each(each.spec_type()) for each in self.internal if each.spec_type in wanted), *self.add_ons]

    @property
    def selection(self) -> Selection:
        """Their options."""
        return Selection({each.spec_type: each.spec for each in self.add_ons})

    @property
    def bundles(self) -> list[str]:
        """The bundles that they load."""
        return [name for each in self.all_add_ons for name in each.bundles()]

    @property
    def api_groups(self) -> frozenset[str]:
        """The API groups of which they define kinds."""
        return frozenset(group for each in self.add_ons for group in each.defines)

    def tenant_additions(self, tenant: str) -> TenantAdditions:
        """What they add to the namespace of `tenant`."""
        return TenantAdditions.merged(each.tenant_additions(tenant) for each in self.add_ons)

    def findings(
        self, kind: str, capabilities: Collection[Capability], built_in: Collection[BuiltIn] = ()
    ) -> Iterator[Finding]:
        """What keeps them from a cluster of `kind` that has `capabilities` and `built_in`, each below its key."""
        provided = {*capabilities, *(each for add_on in self.add_ons for each in add_on.provides)}
        for add_on in self.add_ons:
            findings = [*self._conflicting(add_on), *_built_in_already(add_on, kind, built_in)]
            if not is_invalid(add_on.spec):
                findings += [*self._missing(add_on), *self._incapable(add_on, kind, provided)]
            yield from (finding.below(add_on.key()) for finding in findings)

    def health(self, built_in: frozenset[BuiltIn]) -> Iterator[tuple[AddOn[Any], Sequence[Check]]]:
        """What must be so of each that is installed, in a cluster that provides `built_in` itself."""
        for each in self.all_add_ons:
            if built_in.isdisjoint(each.superseded_by):
                yield each, list(each.health(built_in))

    def warnings(self, minor: int) -> Iterator[Finding]:
        """What should be looked at in a cluster of Kubernetes 1.`minor`, each below its add-on's key."""
        for add_on in self.add_ons:
            for finding in add_on.kubernetes.warnings(minor, f"{add_on.name} {add_on.version}"):
                yield finding.below(add_on.key())

    def _incapable(self, add_on: AddOn[Any], kind: str, capabilities: Collection[Capability]) -> Iterator[Finding]:
        """What a cluster of `kind` cannot do of what `add_on` needs, with the other add-on that would provide it."""
        for capability in add_on.capabilities():
            if capability not in capabilities:
                change = "Remove" if capability in add_on.required_capabilities else "Choose other options of"
                able = (each for each in self.others if {*each.required_capabilities} <= {*capabilities})
                helping = [f"add `{each.key()}: {{}}`" for each in able if capability in each.provides]
                other = helping[0] if helping else "choose a kind of cluster that has it"
                found = f"a cluster of kind {kind} without {capability}"
                remedy = f"{change} {add_on.name}, or {other}."
                yield Finding(Code.CAPABILITY_MISSING, found, str(capability), remedy)

    def _missing(self, add_on: AddOn[Any]) -> Iterator[Finding]:
        """The add-ons that `add_on` depends on and that are off."""
        wanted = add_on.depends_on()
        for other in self.others:
            if other.spec_type in wanted:
                remedy = f"Add `{other.key()}: {{}}`, or remove {add_on.key()}."
                yield Finding(Code.ADD_ONS_APART, f"no {other.name}", other.name, remedy)

    def _conflicting(self, add_on: AddOn[Any]) -> Iterator[Finding]:
        """The add-ons beside which `add_on` cannot be and that are on."""
        for other in self.add_ons:
            if other.spec_type in add_on.conflicts:
                remedy = f"Remove {add_on.key()} or {other.key()}."
                yield Finding(Code.ADD_ONS_APART, other.name, f"no {other.name}", remedy)

    def install(self, cluster: Cluster, *, redundant: bool, dependencies: Sequence[pulumi.Resource]) -> InstalledAddOns:
        """Register the add-ons, each behind those that it is installed after, all behind `dependencies`."""
        absent = {namespace.name for each in self.others for namespace in each.namespaces}
        flows = [
            flow
            for each in self.add_ons
            for flow in (*each.all_flows(), *each.cluster_flows(cluster))
            if flow.namespaces.isdisjoint(absent)
        ]
        opened = cluster.let_api_server_reach({port for each in self.add_ons for port in each.ports_from_control_plane})
        installed: dict[SpecType, Installed] = {}
        for add_on in self.all_add_ons:
            if not cluster.built_in.isdisjoint(add_on.superseded_by):
                continue
            context = InstallContext(
                cluster, redundant, flows, [*dependencies, *opened], self.selection, dict(installed)
            )
            installed[add_on.spec_type] = add_on.install(context)
        return InstalledAddOns(list(installed.values()), flows)


def _built_in_already(add_on: AddOn[Any], kind: str, built_in: Collection[BuiltIn]) -> Iterator[Finding]:
    """What makes `add_on` superfluous in a cluster of `kind`."""
    for part in add_on.superseded_by:
        if part in built_in:
            remedy = f"Remove {add_on.key()}: there is nothing to add."
            found = f"a cluster of kind {kind}, which provides {part} itself"
            yield Finding(Code.BUILT_IN, found, f"a cluster without {part}", remedy)
