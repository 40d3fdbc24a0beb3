"""What `polykube backup …` shows."""

import json
from typing import Any

from automation.backups.drill import failed, hold_drill
from automation.backups.velero import Object, phase, reaching
from automation.project import Project
from automation.show import out, table
from common.errors import BackupError, Problem
from common.paths import command


def show_backups(project: Project, *, as_json: bool) -> None:
    """Every backup, the newest first."""
    with reaching(project) as velero:
        rows = [_row(each) for each in velero.backups()]
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    out.print(
        table("Backups", ("backup", "phase", "of", "made", "until", "objects"), [tuple(r.values()) for r in rows])
    )
    _say_next(project, "now" if not rows else "drill")


def back_up_now(project: Project, namespace: str | None) -> None:
    """Make a backup beside the schedules', and wait for it."""
    with reaching(project) as velero:
        made = _row(velero.back_up(namespace))
    out.print(f"[bold green]✓ {made['backup']}[/bold green]: {made['objects']} objects, kept until {made['until']}")
    _say_next(project, "drill")


def drill(project: Project, namespace: str | None, *, as_json: bool) -> None:
    """Bring a namespace (by default the first tenant's) back beside itself; BackupError (PK806) if not all comes."""
    with reaching(project) as velero:
        held = hold_drill(velero, namespace or _first_tenant(project))
    if as_json:
        print(json.dumps(held.as_json(), indent=1))
    else:
        rows = [(kind.name, str(kind.backed_up), str(kind.restored)) for kind in held.kinds]
        out.print(table(f"{held.namespace} from {held.backup}", ("kind", "backed up", "came back"), rows))
    if not held.passed:
        raise failed(held)
    if not as_json:
        out.print(f"[bold green]✓ all of {held.namespace} came back[/bold green], as of {held.made}")
        _say_next(project, "list")


def _row(backup: Object) -> dict[str, str]:
    status: dict[str, Any] = backup.get("status") or {}
    return {
        "backup": backup["metadata"]["name"],
        "phase": phase(backup) or "–",
        "of": ", ".join(backup["spec"].get("includedNamespaces") or ["*"]),
        "made": status.get("startTimestamp", "–"),
        "until": status.get("expiration", "–"),
        "objects": str(status.get("progress", {}).get("itemsBackedUp", "–")),
    }


def _first_tenant(project: Project) -> str:
    for tenant in project.spec.tenants:
        return tenant.name
    raise BackupError(
        Problem(
            code="PK807",
            summary=f"stack {project.stack} has no tenant to hold a drill with",
            found="no tenants in the stack file, and no --namespace",
            allowed="a namespace that is backed up",
            remedy=f"name one: {command()} backup drill --namespace …",
        )
    )


def _say_next(project: Project, step: str) -> None:
    out.print(f"[dim]next[/dim]  {command()} backup {step} --stack {project.stack}", soft_wrap=True)
