"""What an upgrade of Kubernetes would break, or has broken already."""

from collections.abc import Iterator
from typing import Final

from common.api_versions import NEWEST, instead_of_removed, removed
from policy.model.resource import Resource
from policy.model.rule import Category, Option, RuleFinding, rule
from policy.rules.node_hardening import minor_of

_NEXT: Final = "an upgrade of the cluster would leave it behind, and every later run would fail"


@rule(
    id="removed-api",
    category=Category.WORKLOAD,
    why="the API server knows no such kind",
    options=(
        Option(
            "version",
            str,
            NEWEST,
            "The minor version of Kubernetes that is judged for; the stack file's `cluster.version`, if there is one.",
        ),
    ),
)
def removed_api(resource: Resource, *, version: str) -> Iterator[RuleFinding]:
    """Every object is of an API that Kubernetes still serves, in the cluster's version and in the next one."""
    if not resource.is_kubernetes:
        return
    api_version, kind = resource.api_version, resource.type.rpartition(":")[2]
    gone, minor = removed(api_version, kind), minor_of(version)
    if gone is None or gone[0] > minor + 1:
        return
    since, instead = gone
    remedy = instead_of_removed(instead)
    if since <= minor:
        message = f"Kubernetes 1.{minor} does not serve {api_version}; it went with 1.{since}"
        yield RuleFinding(resource, "apiVersion", message, remedy)
    else:
        message = f"Kubernetes 1.{since}, the next version, does not serve {api_version} any more"
        yield RuleFinding(resource, "apiVersion", message, remedy, why=_NEXT, advice=True)
