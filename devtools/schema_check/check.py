"""Which packages a stack uses, whether their official plugins are here, and what their schemas say to it."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automation.planned import PlannedResource, planned
from automation.project import Project
from common.errors import EngineError, PolykubeError, Problem, RehearsalError, ToolchainError, last_words
from common.progress import step
from devtools.schema_check.package import Package
from devtools.schema_check.types import Mismatch
from rehearsal.plugins import Plugin, install_command, official_plugin
from rehearsal.toolchain import Tool


@dataclass(frozen=True)
class PackageReport:
    """What was checked of a package. Without a `plugin` nothing was; `custom` counts what its schema does not cover."""

    name: str
    resources: int
    plugin: Plugin | None = None
    version: str = ""
    custom: int = 0
    mismatches: Sequence[tuple[PlannedResource, Mismatch]] = field(default=())


def check(project: Project) -> list[PackageReport]:
    """The packages of a stack in the order of their names, each held against its official plugin if that is here."""
    tools, resources = planned(project)
    by_package: dict[str, list[PlannedResource]] = {}
    for resource in resources:
        by_package.setdefault(resource.package, []).append(resource)
    return [_of_package(tools["pulumi"], name, by_package[name]) for name in sorted(by_package)]


def failure(reports: Iterable[PackageReport]) -> PolykubeError | None:
    """What keeps a stack from being right as far as schemas can tell; None if nothing does.

    RehearsalError (PK705) has every error of a resource; ToolchainError (PK222) every package that was not checked.
    """
    wrong = [_wrong(*each) for report in reports for each in report.mismatches if not each[1].warning]
    unchecked = [_unchecked(report) for report in reports if report.plugin is None]
    if wrong:
        return RehearsalError([*wrong, *unchecked])
    return ToolchainError(unchecked) if unchecked else None


def _of_package(engine: Tool, name: str, resources: Sequence[PlannedResource]) -> PackageReport:
    plugin = official_plugin(name)
    if plugin is None:
        return PackageReport(name, len(resources))
    with step(f"reading the schema of {name} {plugin.version}", 5):
        package = Package(schema(engine, plugin))
    covered = [resource for resource in resources if package.covers(resource)]
    mismatches = [(resource, mismatch) for resource in covered for mismatch in package.mismatches(resource)]
    custom = len(resources) - len(covered)
    return PackageReport(name, len(resources), plugin, package.version or plugin.version, custom, mismatches)


def schema(engine: Tool, plugin: Plugin) -> Mapping[str, Any]:
    """What `plugin` says of itself; EngineError (PK406) when it says nothing."""
    command = [str(engine.path), "package", "get-schema", str(plugin.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(
            Problem(
                code="PK406",
                summary=f"the official plugin {plugin.name} {plugin.version} does not tell its schema",
                where=str(plugin.path),
                found=last_words(done.stderr, 500),
                remedy=f"put it there anew: {install_command(plugin.name)}",
            )
        )
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told


def _wrong(resource: PlannedResource, mismatch: Mismatch) -> Problem:
    return Problem(
        code="PK705",
        summary=f"the official schema does not take it: {mismatch.path or 'the type'} {mismatch.summary}",
        where=f"{resource.urn} {mismatch.path}".strip(),
        found=mismatch.found,
        allowed=mismatch.allowed,
        remedy="mend the component that makes the resource, and the stand-in that let it pass",
    )


def _unchecked(report: PackageReport) -> Problem:
    return Problem(
        code="PK222",
        summary=f"{report.name} was not checked: its official plugin is not installed",
        found=f"{report.resources} resources, and a stand-in whose schema is our own",
        allowed="the official plugin, in the version of the SDK in use",
        remedy=f"run `{install_command(report.name)}` where the engine can download it",
    )
