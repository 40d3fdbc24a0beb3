"""Whether add-ons can go without tenants' objects, asked before anything happens.

With an add-on go the definitions of its kinds, and with a definition goes every object of its kind, whoever made it
(kubernetes.io/docs/tasks/extend-kubernetes/custom-resources, "Delete a CustomResourceDefinition"; November 2026). The
engine does not know of them, for nobody has registered them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from common.errors import EngineError, Problem
from components.addons import ADDONS
from components.naming import MANAGED_BY_LABEL, PROJECT
from stacks.config import NAMESPACE, StackSpec

_SHOWN: Final = 10


def check_definitions(outputs: Mapping[str, Any], spec: StackSpec) -> None:
    """EngineError with PK414 for each add-on that `spec` has no more, and of whose kinds tenants have objects.

    `outputs` are the stack's, decrypted. Objects that the stack has registered go by themselves, those that something
    owns with their owner. A cluster that does not answer has nothing deleted, either.
    """
    plan = spec.addons.plan()
    staying = spec.cluster.own_api_groups | plan.api_groups
    going = {
        each: groups
        for each in ADDONS
        if each.spec_type not in plan and each.is_in(outputs.get("addOns", ()))
        if (groups := each.defines.keys() - staying)
    }
    if not going or "kubeconfig" not in outputs:
        return
    objects = list(_objects(str(outputs["kubeconfig"]), set().union(*going.values()), set(outputs.get("tenants", ()))))
    problems = [
        _problem(each.key(), found)
        for each, groups in going.items()
        if (found := [shown for group, shown in objects if group in groups])
    ]
    if problems:
        raise EngineError(problems)


def _objects(kubeconfig: str, groups: set[str], tenants: set[str]) -> Iterator[tuple[str, str]]:
    """Group, and kind with place, of each object in `tenants` of the kinds in `groups` that is nobody's."""
    import httpx2  # 0.3 s that only who takes an add-on away pays
    from lightkube import ApiError, Client, KubeConfig, operators
    from lightkube.core.exceptions import ConfigError, LoadResourceError
    from lightkube.generic_resource import create_namespaced_resource
    from lightkube.resources.apiextensions_v1 import CustomResourceDefinition

    try:
        client: Any = Client(config=KubeConfig.from_dict(yaml.safe_load(kubeconfig)), field_manager=PROJECT)
        for definition in client.list(CustomResourceDefinition):
            named = definition.spec
            if named.group not in groups or named.scope != "Namespaced":
                continue
            version = next(each.name for each in named.versions if each.served)
            kind = create_namespaced_resource(named.group, version, named.names.kind, named.names.plural)
            for found in client.list(kind, namespace="*", labels={MANAGED_BY_LABEL: operators.not_equal(PROJECT)}):
                if found.metadata.namespace in tenants and not found.metadata.ownerReferences:
                    yield named.group, f"{named.names.kind} {found.metadata.namespace}/{found.metadata.name}"
    except (httpx2.HTTPError, ApiError, ConfigError, LoadResourceError, OSError):
        return


def _problem(add_on: str, found: list[str]) -> Problem:
    more = f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Problem(
        code="PK414",
        summary="objects of tenants would be deleted with the definitions of their kinds",
        where=f"{NAMESPACE}addons",
        found=f"no {add_on}, and {'; '.join(found[:_SHOWN])}{more}",
        allowed="add-ons of whose kinds tenants have no objects",
        remedy=f"write {add_on} again; or have these deleted by those who made them, and bring the stack up then",
    )
