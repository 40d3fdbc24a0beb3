"""A plan as plain data, in which it waits in the database, and again as the object that is applied."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from automation import api
from automation.preview.changes import Operation


@cache
def _form() -> TypeAdapter[api.Plan]:
    return TypeAdapter(api.Plan)


def as_data(plan: api.Plan) -> dict[str, Any]:
    """A plan with the inputs that are shown of a change: those of what is created or deleted. Secrets are masked."""
    told: dict[str, Any] = _form().dump_python(plan, mode="json", by_alias=True)
    for change, each in zip(plan.changes, told["changes"], strict=True):
        for inputs, operation in (("old", Operation.DELETE), ("new", Operation.CREATE)):
            if change.operation is not operation:
                del each[inputs]
    return told


def plan_of(data: Mapping[str, Any]) -> api.Plan:
    """The plan that `as_data` made this of."""
    return _form().validate_python(data)


def fingerprint_of(plan: api.Plan) -> str:
    """The four parts of a plan's fingerprint as one text, which an approval names."""
    parts = [plan.stack, plan.destroys, *(vars(plan.fingerprint)[key] for key in sorted(vars(plan.fingerprint)))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
