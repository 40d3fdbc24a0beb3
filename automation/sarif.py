"""SARIF 2.1.0, in which code hosts take what was found."""

import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any, TypeAlias

_Objects: TypeAlias = Iterable[Mapping[str, Any]]


def sarif_log(rules: _Objects, results: _Objects, errors: _Objects) -> str:
    """A log with one run of this program: the rules, what they found, and what kept it from its end."""
    failed = [{"level": "error", **error} for error in errors]
    driver = {"name": "polykube", "version": metadata.version("polykube"), "rules": list(rules)}
    run = {
        "tool": {"driver": driver},
        "results": list(results),
        "invocations": [{"executionSuccessful": not failed, "toolExecutionNotifications": failed}],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)
