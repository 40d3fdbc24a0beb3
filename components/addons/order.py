"""Which add-ons are on, in which order they are installed, and what keeps them from it."""

from collections.abc import Collection, Iterator, Mapping
from graphlib import TopologicalSorter

from components.addons.base import AddOnBase, AddOnSpec
from components.contract import Brought, Capability
from spec.holes import is_hole
from spec.problems import Code, Finding


def in_order(chosen: Collection[type[AddOnBase]]) -> list[type[AddOnBase]]:
    """`chosen` so that each comes behind those that it needs or comes after; otherwise as they stand."""
    before = {each: [other for other in chosen if other in (*each.needs, *each.after)] for each in chosen}
    return list(TopologicalSorter(before).static_order())


def check(
    chosen: Mapping[type[AddOnBase], AddOnSpec],
    kind: str,
    capabilities: Collection[Capability],
    brought: Collection[Brought] = (),
) -> Iterator[Finding]:
    """What keeps `chosen` from a cluster of `kind` with `capabilities`, and parts that are `brought`, by their keys."""
    capabilities = {*capabilities, *(each for add_on in chosen for each in add_on.provides)}
    for add_on, options in chosen.items():
        for finding in () if is_hole(options) else _of_cluster(add_on, options, kind, capabilities, brought):
            yield finding.below(field(add_on))
        for other in add_on.needs if is_hole(options) else add_on.needed(options):
            if other not in chosen:
                remedy = f"Add `{field(other)}: {{}}`, or remove {field(add_on)}."
                yield Finding(Code.ADD_ONS_APART, f"no {other.name}", other.name, remedy, at=(field(add_on),))
        for other in add_on.conflicts:
            if other in chosen:
                remedy = f"Remove {field(add_on)} or {field(other)}."
                yield Finding(Code.ADD_ONS_APART, other.name, f"no {other.name}", remedy, at=(field(add_on),))


def _of_cluster(
    add_on: type[AddOnBase],
    options: AddOnSpec,
    kind: str,
    capabilities: Collection[Capability],
    brought: Collection[Brought],
) -> Iterator[Finding]:
    """What a cluster of `kind` has too little of for `add_on`, and what it has already."""
    has = set(capabilities)
    for capability in add_on.required(options):
        if capability not in capabilities:
            change = "Remove" if capability in add_on.requires else "Choose other options of"
            helping = [each for each in add_on.after if capability in each.provides and set(each.requires) <= has]
            other = f"add `{field(helping[0])}: {{}}`" if helping else "choose a kind of cluster that has it"
            remedy = f"{change} {add_on.name}, or {other}."
            found = f"a cluster of kind {kind} without {capability}"
            yield Finding(Code.CAPABILITY_MISSING, found, str(capability), remedy)
    for part in add_on.unless:
        if part in brought:
            remedy = f"Remove {field(add_on)}: there is nothing to add."
            found = f"a cluster of kind {kind}, which brings {part}"
            yield Finding(Code.BROUGHT_ALREADY, found, f"a cluster without {part}", remedy)


def field(add_on: type[AddOnBase]) -> str:
    """The key of the add-on in the stack file: `certManager` for cert-manager."""
    first, *rest = add_on.name.split("-")
    return first + "".join(part.title() for part in rest)
