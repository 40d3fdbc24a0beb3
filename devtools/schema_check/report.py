"""What a schema check found, for people and for programs."""

import json
from collections.abc import Sequence
from typing import Any, Final

from automation.planned import PlannedResource
from automation.show import out, show_error, table
from devtools.schema_check.check import PackageReport, failure
from devtools.schema_check.types import Mismatch
from rehearsal.plugins import install_command

_UNCHECKED: Final = "not checked: stand-in"


def report(stack: str, reports: Sequence[PackageReport], *, as_json: bool) -> int:
    """Show the reports (what is wrong on standard error); the exit code comes back."""
    error = failure(reports)
    if as_json:
        shown = {
            "stack": stack,
            "ok": error is None,
            "packages": [_package(each) for each in reports],
            "problems": [_problem(*mismatch) for each in reports for mismatch in each.mismatches],
        }
        print(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        columns = ("package", "version", "resources", "custom", "errors", "warnings", "schema")
        out.print(table(f"Schema check of {stack}", columns, map(_row, reports)))
        warnings = [each for report in reports for each in report.mismatches if each[1].warning]
        if warnings:
            rows = [(resource.urn, each.path, each.summary, each.allowed) for resource, each in warnings]
            out.print("", table("Warnings", ("resource", "property", "", "says the schema"), rows))
    if error:
        show_error(error)
    return error.exit_code if error else 0


def _row(report: PackageReport) -> tuple[str, ...]:
    if report.plugin is None:
        return (report.name, "–", str(report.resources), "–", "–", "–", _UNCHECKED)
    warnings = sum(mismatch.warning for _, mismatch in report.mismatches)
    counts = (report.resources, report.custom, len(report.mismatches) - warnings, warnings)
    return (report.name, report.version, *map(str, counts), report.plugin.source)


def _package(report: PackageReport) -> dict[str, Any]:
    checked = report.plugin is not None
    return {
        "package": report.name,
        "version": report.version,
        "resources": report.resources,
        "customResources": report.custom,
        "checked": checked,
        "schema": str(report.plugin.path) if report.plugin else _UNCHECKED,
        "install": "" if checked else install_command(report.name),
    }


def _problem(resource: PlannedResource, mismatch: Mismatch) -> dict[str, str]:
    return {
        "severity": "warning" if mismatch.warning else "error",
        "urn": resource.urn,
        "type": resource.type,
        "path": mismatch.path,
        "problem": mismatch.summary,
        "found": mismatch.found,
        "allowed": mismatch.allowed,
    }
