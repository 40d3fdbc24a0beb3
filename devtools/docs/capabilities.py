"""The page of what each kind of cluster can do, worked out from the kinds' models."""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final, get_args

from components.clusters import KINDS, kind_name
from components.clusters.base import ClusterSpec
from components.clusters.managed import ManagedSpec
from components.clusters.pools import CloudPoolSpec
from components.contract import BuiltIn, Capability
from devtools.docs.markdown import table

_HEAD: Final = """# Capabilities

What each kind of cluster can do, and what our dated tables say that its cloud offers.

What a stack file asks of a cluster that cannot do it is an error before anything is made (PK146, PK160): nothing is
left out in silence. What a cluster that runs already can do beyond that, its `brings` says.
"""

_BUILT_IN: Final = """## What is built in

An add-on that would do the same is an error (PK149), or leaves it to them.
"""


def page() -> str:
    """A table of capabilities by kind, one of what is built in, and one of what the clouds offer."""
    variants = [variant for kind in KINDS for variant in _variants(kind)]
    names = ("", *(name for name, _ in variants))
    capabilities = table(names, [_row(each, [spec.capabilities for _, spec in variants]) for each in Capability])
    built_in = table(names, [_row(each, [spec.built_in for _, spec in variants]) for each in BuiltIn])
    offers = table(("", "Kubernetes", "as of", "nodes run", "taint for system pods", "machine types known"), _offers())
    return f"{_HEAD}\n{capabilities}\n\n{_BUILT_IN}\n{built_in}\n\n## What the clouds offer\n\n{offers}\n"


def _row(what: StrEnum, have: Sequence[Collection[StrEnum]]) -> tuple[str, ...]:
    return str(what), *("yes" if what in each else "–" for each in have)


def _variants(kind: type[ClusterSpec]) -> Iterator[tuple[str, ClusterSpec]]:
    """A kind by its name, or once for each of its modes."""
    name = kind_name(kind)
    modes: Sequence[str] = get_args(kind.model_fields["mode"].annotation) if "mode" in kind.model_fields else ()
    if not modes:
        yield name, kind.model_construct()
    for mode in modes:
        yield f"{name} {mode}", kind.model_construct(mode=mode)


def _offers() -> Iterator[tuple[str, ...]]:
    for kind in KINDS:
        if issubclass(kind, ManagedSpec):
            facts, pool = kind.facts, _pool(kind)
            images = ", ".join(get_args(pool.model_fields["image"].annotation))
            known = ", ".join(f"`{name}`" for name in facts.machines)
            yield kind_name(kind), ", ".join(facts.versions), facts.dated, images, f"`{pool.system_taint}`", known


def _pool(kind: type[ManagedSpec]) -> type[CloudPoolSpec]:
    """The model of a kind's node pools."""
    found = [each for each in CloudPoolSpec.__subclasses__() if each.__module__ == kind.__module__]
    return found[0]
