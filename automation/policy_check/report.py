"""What a check found, for people (a table), for programs (JSON) and for code hosts (SARIF 2.1.0)."""

import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any, Final

from rich.markup import escape

from automation.policy_check.check import Report
from automation.show import out, show_error
from common.errors import PolicyInputError, Problem, as_text
from policy.judge import Verdict
from policy.leave import Leave
from policy.model import Level, Resource, Rule

_SARIF_LEVELS: Final[Mapping[Level, str]] = {
    Level.MANDATORY: "error",
    Level.ADVISORY: "warning",
    Level.REMEDIATE: "note",
}

_STYLES: Final[Mapping[Level, str]] = {Level.MANDATORY: "red", Level.ADVISORY: "yellow", Level.REMEDIATE: "cyan"}


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    shown = {
        "findings": [_finding(verdict) for verdict in report.findings],
        "undetermined": [_finding(verdict) for verdict in report.undetermined],
        "waived": [_waived(leave, title) for leave, title in report.waived],
        "errors": [_error(problem) for problem in report.errors],
    }
    return json.dumps(shown, indent=1, ensure_ascii=False)


def as_sarif(report: Report, rules: Iterable[Rule]) -> str:
    """The report as a SARIF log with one run."""
    driver = {
        "name": "polykube",
        "version": metadata.version("polykube"),
        "rules": [{"id": rule.id, "shortDescription": {"text": rule.summary}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_result(verdict) for verdict in (*report.findings, *report.undetermined)],
        "invocations": [
            {
                "executionSuccessful": not report.errors,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": as_text(problem)}} for problem in report.errors
                ],
            }
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)


def show(report: Report) -> None:
    """Print the report: a line for each finding on standard output, what could not be judged on standard error."""
    for title, verdicts in (("", report.findings), ("?", report.undetermined)):
        for verdict in verdicts:
            level = f"[{_STYLES[verdict.level]}]{title}{verdict.level:<10}[/]"
            out.print(f"{level} [bold]{verdict.rule.id:<18}[/bold] {escape(verdict.text)}", soft_wrap=True)
    for leave, title in report.waived:
        out.print(f"[dim]{'waived':<10}[/dim] {leave.rule:<18} {escape(f'{title}: {leave.title}')}", soft_wrap=True)
    counts = {level: sum(verdict.level == level for verdict in report.findings) for level in Level}
    found = ", ".join(f"{count} {level}" for level, count in counts.items() if count) or "nothing"
    out.print(f"{found} found, {len(report.undetermined)} undetermined, {len(report.waived)} waived")
    if report.errors:
        show_error(PolicyInputError(report.errors))


def _finding(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule.id,
        "level": verdict.level,
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


def _waived(leave: Leave, title: str) -> dict[str, str]:
    return {
        "rule": leave.rule,
        "resource": title,
        "reason": leave.reason,
        "owner": leave.owner,
        "expires": leave.expires.isoformat(),
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
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": resource.title}]}
    file, _, line = resource.urn.rpartition(":")
    if line.isdigit():
        location["physicalLocation"] = {"artifactLocation": {"uri": file}, "region": {"startLine": int(line)}}
    return {
        "ruleId": verdict.rule.id,
        "level": _SARIF_LEVELS[verdict.level],
        "message": {"text": verdict.text},
        "locations": [location],
    }
