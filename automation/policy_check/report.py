"""What a check found, for programs (JSON) and for code hosts (SARIF 2.1.0); `table` has it for people."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from automation.policy_check.baseline import entry_of
from automation.policy_check.check import CheckReport
from automation.policy_check.places import place_of
from automation.sarif import sarif_log
from common.errors import Problem, as_text
from policy.engine.exemptions import ScopedExemption
from policy.engine.judge import Verdict
from policy.model.resource import Resource
from policy.model.rule import Level, Rule

_SARIF_LEVELS: Final[Mapping[Level, str]] = {
    Level.MANDATORY: "error",
    Level.ADVISORY: "warning",
    Level.REMEDIATE: "note",
}


def as_json(report: CheckReport) -> str:
    """The report as one JSON object."""
    shown: dict[str, Any] = {
        "findings": [_finding(verdict) for verdict in report.findings],
        "undetermined": [_finding(verdict) for verdict in report.undetermined],
        "waived": [_waived(exemption, title) for exemption, title in report.waived],
        "errors": [_error(problem) for problem in report.errors],
    }
    if report.passed_over:
        shown["passedOver"] = report.passed_over
    if report.known or report.gone:
        shown["known"] = [_finding(verdict) for verdict in report.known]
        shown["gone"] = [entry._asdict() for entry in report.gone]
    return json.dumps(shown, indent=1, ensure_ascii=False)


def as_sarif(report: CheckReport, rules: Iterable[Rule]) -> str:
    """The report as a SARIF log with one run."""
    results = map(_result, (*report.findings, *report.undetermined))
    return sarif_log(map(_rule, rules), results, map(_notification, report.errors))


def _finding(verdict: Verdict) -> dict[str, Any]:
    file, line = place_of(verdict.finding.resource, verdict.finding.path)
    return {
        "rule": verdict.rule.id,
        "level": verdict.level,
        "file": file,
        "line": line,
        "resource": _resource(verdict.finding.resource),
        "path": verdict.finding.path,
        "message": verdict.message,
    }


def _resource(resource: Resource) -> dict[str, str]:
    if not resource.is_kubernetes:
        return {"apiVersion": "", "kind": resource.type, "namespace": "", "name": resource.name}
    namespace = resource.metadata.get("namespace")
    return {
        "apiVersion": resource.api_version,
        "kind": resource.type.rpartition(":")[2],
        "namespace": namespace if isinstance(namespace, str) else "",
        "name": resource.object_name,
    }


def _waived(exemption: ScopedExemption, title: str) -> dict[str, str]:
    return {
        "rule": exemption.rule,
        "resource": title,
        "reason": exemption.reason,
        "owner": exemption.owner,
        "expires": exemption.expires.isoformat(),
    }


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "summary": problem.summary,
        "file": problem.file,
        "line": problem.line,
        "found": problem.found,
        "remedy": problem.remedy,
    }


def _result(verdict: Verdict) -> dict[str, Any]:
    resource = verdict.finding.resource
    logical = {"logicalLocations": [{"fullyQualifiedName": resource.title}]}
    return {
        "ruleId": verdict.rule.id,
        "level": _SARIF_LEVELS[verdict.level],
        "message": {"text": verdict.text},
        "locations": [at | logical for at in _at(*place_of(resource, verdict.finding.path)) or [{}]],
        "partialFingerprints": {"polykube/v1": _fingerprint(verdict)},
    }


def _notification(problem: Problem) -> dict[str, Any]:
    return {"message": {"text": as_text(problem)}, "locations": _at(problem.file, problem.line)}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": f"{rule.why[:1].upper()}{rule.why[1:]}."},
    }


def _at(file: str, line: int) -> list[dict[str, Any]]:
    if not file:
        return []
    region = {"region": {"startLine": line}} if line else {}
    return [{"physicalLocation": {"artifactLocation": {"uri": quote(Path(file).as_posix())}} | region}]


def _fingerprint(verdict: Verdict) -> str:
    """What a code host knows a finding by, when lines have moved."""
    return hashlib.sha256(json.dumps(entry_of(verdict)).encode()).hexdigest()
