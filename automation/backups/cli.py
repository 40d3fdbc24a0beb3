"""The commands `polykube backup …`."""

from typing import Annotated

import typer

from automation.options import Json, Stack

backup = typer.Typer(no_args_is_help=True, help="Backups: which there are, one now, and whether they come back.")
OneNamespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Only this namespace.")]


@backup.command("list")
def backup_list(stack: Stack = "dev", as_json: Json = False) -> None:
    """Show every backup of a stack's cluster, the newest first."""
    from automation.backups.commands import show_backups
    from automation.project import Project

    show_backups(Project.open(stack), as_json=as_json)


@backup.command("now")
def backup_now(stack: Stack = "dev", namespace: OneNamespace = None) -> None:
    """Back up everything, or one namespace, and wait for it."""
    from automation.backups.commands import back_up_now
    from automation.project import Project

    back_up_now(Project.open(stack), namespace)


@backup.command("drill")
def backup_drill(
    stack: Stack = "dev",
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Which; the first tenant's if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring a namespace back beside itself from its newest backup, compare the two, and take it away."""
    from automation.backups.commands import drill
    from automation.project import Project

    drill(Project.open(stack), namespace, as_json=as_json)
