"""What stands of a stack, as a tree of its components."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from automation.api.standing import Resource, Standing, standing
from common.errors import PolykubeError, Problem
from portal.web.pages import Portal, page, portal_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Branch:
    """A resource, and what is in it."""

    resource: Resource
    children: "Sequence[Branch]"


@router.get("/stacks/{stack}/resources")
async def resources(request: Request, stack: str) -> Response:
    """The tree, and the outputs."""
    wrong: Sequence[Problem] = ()
    try:
        found = await run_in_threadpool(told, portal_of(request), stack)
    except PolykubeError as error:
        found, wrong = Standing(), error.problems
    return page(
        request,
        "resources.html",
        stack=stack,
        tree=tree_of(found.resources),
        count=sum(each.real for each in found.resources),
        outputs=found.outputs or {},
        wrong=wrong,
    )


def told(portal: Portal, stack: str) -> Standing:
    """What the state of a stack has; HTTPException 404 if there is no such stack."""
    if not portal.files.has(stack):
        raise HTTPException(404, f"There is no stack {stack}.")
    return standing(stack, portal.files.directory)


def tree_of(resources: Sequence[Resource], parent: str = "") -> list[Branch]:
    """Resources below a parent; what is below one that is not there is at the top."""
    known = {each.urn for each in resources}
    below: dict[str, list[Resource]] = {}
    for each in resources:
        below.setdefault(each.parent if each.parent in known else "", []).append(each)

    def branches(urn: str) -> list[Branch]:
        found = sorted(below.get(urn, ()), key=lambda it: (it.real, it.type, it.name))
        return [Branch(each, branches(each.urn)) for each in found]

    return branches(parent)


def as_data(found: Standing) -> Mapping[str, Any]:
    """The same for programs."""
    return {"resources": [asdict(each) for each in found.resources], "outputs": dict(found.outputs or {})}
