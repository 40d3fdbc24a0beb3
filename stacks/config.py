"""The top of the spec, and of the file that holds it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from components.addons import ADDONS, AddOnsSpec
from components.clusters import AnyClusterSpec
from components.contract import Capability
from components.platform.rule_guards import NOT_SAID, SAID, Admission
from components.platform.shared import PlatformSpec
from components.platform.tenants import TenantSpec
from spec.invalid import Invalid, decided, is_invalid, valid
from spec.manifest_kinds import check_kinds
from spec.model import Many, StackModel, did_you_mean, same_twice
from spec.problems import Code, Finding, listed, quoted
from spec.text import RuleId, reserved_name
from spec.values import Count

NAMESPACE: Final = "polykube:"
"""What the spec's configuration keys begin with: the project's name in Pulumi.yaml."""


def _as_word(value: Any) -> Any:
    """YAML reads off without quotes as a truth value."""
    return "off" if value is False else value


class Policy(StackModel):
    """How the policy pack's rules are applied to this stack."""

    levels: Mapping[RuleId, Literal["mandatory", "advisory", "remediate", "disabled"]] = Field(
        default={}, description="Levels by rule. A rule that is not named keeps its own level."
    )
    options: Mapping[RuleId, Mapping[str, Any]] = Field(
        default={}, description="Options by rule. An option that is not named keeps its default."
    )
    admission: Annotated[Admission, BeforeValidator(_as_word)] = Field(
        default="off",
        description="Whether the API server says it, too, of what anybody writes into tenants' namespaces: `warn` "
        "tells, `deny` refuses what breaks mandatory rules. docs/reference/policies.md says which rules it can say.",
    )
    admission_rules: Mapping[RuleId, Annotated[Admission, BeforeValidator(_as_word)]] = Field(
        default={}, description="The same by rule, for rules that are to have it otherwise."
    )

    def findings(self) -> Iterator[Finding]:
        for rule, wanted in self.admission_rules.items():
            if is_invalid(wanted) or rule in SAID or wanted == "off":
                continue
            why = NOT_SAID.get(rule)
            meant = did_you_mean(rule, SAID)
            remedy = "Remove it: a preview still says it." if why else f"Write {meant or 'a rule of the pack'}."
            found = f"{wanted} for {rule}" + (f": {why}" if why else ", which is no rule")
            yield Finding(Code.NOT_IN_CEL, found, listed(sorted(SAID)), remedy, at=("admissionRules", rule))


class DriftRule(StackModel):
    """What may be otherwise than the stack made it, because somebody else is meant to write it."""

    resource: str = Field(min_length=1, description="Which, by name or URN; `*` stands for anything: `shop/*`.")
    properties: Many[str] = Field(
        default=(), description="Which of its properties, as drift tells them: `spec.replicas`; all if none is named."
    )


class DriftSpec(StackModel):
    """How `polykube drift` looks at this stack."""

    ignore: Many[DriftRule] = Field(default=(), description="What is no drift.")


class HealthSpec(StackModel):
    """How `polykube up` ends: with a look at the cluster, and whether it waits until that finds nothing that fails."""

    gate: bool | None = Field(
        default=None,
        description="Whether `up` fails when the cluster is not healthy. The default is true in stage prod.",
    )
    minutes: Annotated[Count, Field(ge=1, le=120)] = Field(
        default=10, description="How long the cluster may take to become healthy after a run."
    )


class StackSpec(StackModel):
    """Everything that the program needs to know of a stack. Keys of other namespaces are none of its business."""

    model_config = ConfigDict(alias_generator=lambda name: NAMESPACE + to_camel(name), extra="ignore")

    stage: Literal["dev", "qa", "prod"] = Field(
        description="What the stack is for; prod protects what must not be deleted. No default: forgetting it would "
        "leave a production cluster unprotected."
    )
    cluster: AnyClusterSpec = Field(description="The cluster, by kind.")
    platform: PlatformSpec = Field(default=PlatformSpec(), description="What every tenant shares.")
    tenants: Many[TenantSpec] = Field(default=(), description="Who uses the cluster: a namespace each.")
    addons: AddOnsSpec = Field(default=AddOnsSpec(), description="What is installed in the cluster, by name.")
    policy: Policy = Field(default=Policy(), description="How policy rules are applied.")
    drift: DriftSpec = Field(default=DriftSpec(), description="What `polykube drift` passes over.")
    health: HealthSpec = Field(default=HealthSpec(), description="What `polykube up` waits for in the end.")

    @property
    def protection(self) -> bool | None:
        """Whether the stack is kept from being deleted; None where nobody asks, and nothing has to be let go of."""
        asked = self.cluster.deletion_protection
        return True if asked is None and self.stage == "prod" else asked

    @property
    def waits_for_health(self) -> bool:
        """Whether a run is only well when the cluster is."""
        return self.stage == "prod" if self.health.gate is None else self.health.gate

    @property
    def contents(self) -> tuple[str, ...]:
        """What goes into the cluster, in words; nothing where the stack is a cluster and no more."""
        platform = self.platform.storage_classes or self.platform.priority_classes
        parts = {"the platform": platform, "tenants": self.tenants, "add-ons": self.addons.plan().add_ons}
        return tuple(part for part, declared in parts.items() if declared)

    @classmethod
    def takes(cls, key: str) -> bool:
        return ":" in key and not key.startswith(NAMESPACE)

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("tenant", f"{NAMESPACE}tenants", self.tenants)
        yield from self._name_findings()
        yield from decided(self._add_on_findings())
        plan = self.addons.plan()
        for add_on in plan:
            checks = add_on.spec.tenant_findings(self.tenants), add_on.findings(plan.selection)
            yield from (finding.below(f"{NAMESPACE}addons", add_on.key()) for finding in decided(*checks))
        if not isinstance(self.cluster, Invalid) and not isinstance(self.platform, Invalid):
            yield from self._storage_findings()
            yield from decided(self._claim_findings())
        if not isinstance(self.cluster, Invalid) and not isinstance(self.addons, Invalid):
            yield from decided(self._kind_findings())

    def warnings(self) -> Iterator[Finding]:
        """What of an accepted file should be looked at; nothing is refused for it."""
        for finding in self.cluster.warnings():
            yield finding.below(f"{NAMESPACE}cluster")
        for finding in self.addons.plan().warnings(self.cluster.minor):
            yield finding.below(f"{NAMESPACE}addons")

    def _name_findings(self) -> Iterator[Finding]:
        """A finding for each tenant that has the namespace of an add-on, whether that is on or may come to be."""
        taken = sorted({namespace.name for each in ADDONS for namespace in each.namespaces})
        for index, tenant in valid(self.tenants):
            if tenant.name in taken:
                allowed = f"none of {', '.join(taken)}, which are add-ons'"
                yield reserved_name(tenant.name, allowed).below(f"{NAMESPACE}tenants", index, "name")

    def _add_on_findings(self) -> Iterator[Finding]:
        """What the add-ons ask of the cluster and of each other, and do not get."""
        cluster = self.cluster
        if not isinstance(cluster, Invalid):
            for finding in self.addons.plan().findings(cluster.kind, cluster.capabilities, cluster.built_in):
                yield finding.below(f"{NAMESPACE}addons")

    def _kind_findings(self) -> Iterator[Finding]:
        """A finding for each object in manifests whose kind the cluster will not know.

        What a cluster knows besides that runs already, it does not say.
        """
        defined = {group: kinds for each in ADDONS for group, kinds in each.defines.items()}
        there = self.cluster.own_api_groups | self.addons.plan().api_groups
        elsewhere = self.cluster.kind == "existing"
        off = {group: each.key() for each in ADDONS for group in each.defines if not elsewhere and group not in there}
        for index, tenant in valid(self.tenants):
            for finding in check_kinds(tenant.manifests, self.cluster.minor, defined, off):
                yield finding.below(f"{NAMESPACE}tenants", index)

    def _storage_findings(self) -> Iterator[Finding]:
        """A finding for each storage class that leaves its driver to a cluster that has none, or that it has itself."""
        own = self.cluster.own_storage_classes
        for index, each in valid(self.platform.storage_classes):
            if each.name in own:
                found = f"{quoted(each.name)}, which is in every cluster of kind {self.cluster.kind}"
                remedy = "Choose another name, or remove the class to use the cluster's own."
                named = (f"{NAMESPACE}platform", "storageClasses", index, "name")
                yield Finding(Code.BUILT_IN, found, f"none of {listed(sorted(own))}", remedy, at=named)
            wanted = Capability.SHARED_STORAGE if each.shared is True else Capability.BLOCK_STORAGE
            if each.provisioner is None and wanted not in self.cluster.capabilities:
                found = f"a cluster of kind {self.cluster.kind}, which has no {wanted}"
                remedy = "Set `provisioner` to the name of a driver that is installed in the cluster."
                at = (f"{NAMESPACE}platform", "storageClasses", index)
                yield Finding(Code.NO_STORAGE_DRIVER, found, "a provisioner", remedy, at=at)

    def _claim_findings(self) -> Iterator[Finding]:
        """A finding for each add-on whose volumes ask for a class that there is not, and so would wait for ever.

        Which classes a cluster has that runs already, it does not say.
        """
        if self.cluster.kind == "existing":
            return
        declared = {each.name: each.default for _, each in valid(self.platform.storage_classes)}
        classes = {**self.cluster.own_storage_classes, **declared}
        for add_on in self.addons.plan():
            for key, wanted in add_on.spec.storage_classes().items():
                at = (f"{NAMESPACE}addons", add_on.key(), key)
                if wanted is None and not any(classes.values()):
                    remedy = "Declare one in platform.storageClasses, with `default: true`."
                    found = f"no class, and {add_on.name} claims volumes of the default one"
                    yield Finding(Code.DEFAULT_CLASS, found, "a default class", remedy, at=at)
                elif wanted is not None and wanted not in classes:
                    meant = did_you_mean(wanted, classes)
                    remedy = f"Write {meant}, if that is meant." if meant else "Declare it in platform.storageClasses."
                    allowed = listed(sorted(classes)) or "a class that there is"
                    yield Finding(Code.NOT_ALLOWED, quoted(wanted), allowed, remedy, at=at)


class StackFile(StackModel):
    """A Pulumi stack file: Pulumi's own keys, and the configuration with the spec in it."""

    model_config = ConfigDict(alias_generator=str)

    config: StackSpec = Field(description="Configuration by key. The keys of polykube begin with `polykube:`.")
    encryptionsalt: str | None = Field(default=None, description="Pulumi's: the salt of the stack's passphrase.")
    secretsprovider: str | None = Field(default=None, description="Pulumi's: what encrypts the stack's secrets.")
    encryptedkey: str | None = Field(default=None, description="Pulumi's: the stack's encrypted data key.")
    environment: Any = Field(default=None, description="Pulumi's: environments that this stack imports.")
