"""The report for code hosts, as SARIF 2.1.0: findings of policies, and what is lost, at the lines they come from."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from automation.preview.changes import Change, Operation
from automation.preview.findings import PolicyFinding
from automation.preview.report import PreviewReport, StackReport
from automation.sarif import sarif_log

_LOST: Final = {
    Operation.DELETE: ("preview/delete", "A resource is deleted."),
    Operation.REPLACE: ("preview/replace", "A resource is made anew."),
}


def as_sarif(report: PreviewReport) -> str:
    """The report as a SARIF log with one run; `baselineState` says what the change has brought and mended."""
    results = [result for each in report.stacks for result in _results(each)]
    described = dict(_LOST.values())
    rules = [
        {"id": rule, "shortDescription": {"text": described.get(rule, f"The rule {rule} of the policy pack.")}}
        for rule in sorted({result["ruleId"] for result in results})
    ]
    errors = ({"message": {"text": error}} for each in report.stacks for error in each.errors)
    return sarif_log(rules, results, errors) + "\n"


def _results(report: StackReport) -> Iterator[dict[str, Any]]:
    file = f"Pulumi.{report.stack}.yaml"
    for change in report.losses:
        yield _loss(report.stack, file, change)
    found = report.policies
    for state, findings in (("new", found.new), ("absent", found.fixed), ("unchanged", found.standing)):
        for each in findings:
            yield _finding(report.stack, file, each, state)


def _loss(stack: str, file: str, change: Change) -> dict[str, Any]:
    rule = _LOST[change.operation][0]
    why = f": {', '.join(change.forced_by)} cannot be changed in place" if change.forced_by else ""
    done = "deleted" if change.operation is Operation.DELETE else "made anew"
    places = [_place(each.file, each.line) for each in change.causes if not each.gone] or [_place(file, 1)]
    return {
        "ruleId": rule,
        "level": "error" if change.protected or change.guarded else "warning",
        "message": {"text": f"{stack}: {change.title} is {done}{why}."},
        "locations": [places[0] | _logical(change.urn)],
        "relatedLocations": places[1:],
        "partialFingerprints": {"polykube/v1": _fingerprint(rule, change.urn)},
    }


def _finding(stack: str, file: str, finding: PolicyFinding, state: str) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": "error" if finding.is_mandatory else "warning",
        "message": {"text": f"{stack}: {finding.message}"},
        "locations": [_place(file, 1) | _logical(finding.urn)],
        "partialFingerprints": {"polykube/v1": _fingerprint(finding.rule, finding.urn)},
        "baselineState": state,
    }


def _place(file: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}


def _logical(urn: str) -> dict[str, Any]:
    return {"logicalLocations": [{"fullyQualifiedName": urn}]} if urn else {}


def _fingerprint(rule: str, urn: str) -> str:
    """What a code host knows a result by, when lines have moved."""
    return hashlib.sha256(f"{rule}\0{urn}".encode()).hexdigest()
