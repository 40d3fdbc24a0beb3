"""The command line: `polykube COMMAND [--stack NAME]`. Each command is one job of this room.

Exit codes are those of `common.errors`; 64 is a wrong command line, 70 a defect of ours, 130 an interruption.
"""

import getpass
import json
import os
import re
import shlex
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from automation.backups.cli import backup
from automation.options import Debug, Json, Stack
from automation.policy_check.cli import policy
from common.errors import PolykubeError, Problem, ToolchainError

_USAGE = 64
_SOFTWARE = 70
_INTERRUPTED = 130

# Of what typer raises for a wrong command line; its own 2 would be what `policy check` says of unusable input.
_UsageError: Any = typer.BadParameter.__base__
_UsageError.exit_code = _USAGE

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(policy, name="policy")
app.add_typer(backup, name="backup")


@app.callback()
def options(debug: Debug = False) -> None:
    """One typed stack file, one production Kubernetes cluster."""
    del debug  # read by run(), which is what shows errors


@app.command()
def up(stack: Stack = "dev") -> None:
    """Bring a stack to what its file says, then show what stands."""
    from automation import up
    from automation.project import Project

    up.up(Project.open(stack))


@app.command()
def preview(  # noqa: PLR0913, PLR0917 - the options of a command
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks; that of --stack if none is named.")] = None,
    stack: Stack = "dev",
    base: Annotated[
        str, typer.Option(help="Preview on top of this revision, brought up on stand-in clouds without credentials.")
    ] = "",
    against: Annotated[
        Literal["live", "rehearsal"] | None,
        typer.Option(help="What stands, by its own backend and accounts, or the base on stand-in clouds."),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Of what stands: tell also what has drifted.")] = False,
    output: Annotated[
        Literal["text", "markdown", "comment", "json", "html", "sarif"],
        typer.Option("--format", help="How to say it."),
    ] = "text",
    changed: Annotated[
        bool, typer.Option("--changed", help="With --base: the stacks that the change touches.")
    ] = False,
    save: Annotated[Path | None, typer.Option(help="A directory for the report in every form.")] = None,
    losses_approved: Annotated[
        bool, typer.Option("--losses-approved", help="Let what is protected be lost: somebody approved it.")
    ] = False,
    deadline: Annotated[float, typer.Option(min=0.01, help="Minutes after which a program is ended.")] = 30,
) -> None:
    """Show what `up` would change, and what policies say to it: of what stands, or of what a revision makes."""
    from automation.preview.command import Wanted, preview_change

    live = against == "live" or not (base or against)
    if changed and stacks:
        raise typer.BadParameter("name stacks, or let --changed find them")
    if not base and (changed or not live):
        raise typer.BadParameter("--changed and a rehearsal need --base")
    if refresh and not live:
        raise typer.BadParameter("nothing drifts on stand-in clouds: --refresh is for --against live")
    wanted = Wanted(output, save, losses_approved, deadline * 60, live, refresh)
    raise typer.Exit(preview_change([] if changed else stacks or [stack], base, wanted))


@app.command()
def comment(
    reports: Annotated[list[Path], typer.Argument(help="Reports of a preview, as --save writes them: report.json.")],
) -> None:
    """Show reports as one comment on the pull request that this CI job is of, and in the job's summary."""
    from automation.comment.command import comment

    comment(reports)


@app.command()
def changed(
    base: Annotated[str, typer.Option(help="What the change starts from: a branch, a tag or a commit.")],
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="How to say it.")] = "text",
) -> None:
    """Name the stacks that a change touches: by their files, and by code that runs for them."""
    from automation.preview.changed import show_changed

    show_changed(base, as_json=output == "json")


@app.command()
def drift(
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks; dev if none is named.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All stacks of the project.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is otherwise than a stack made it, and who wrote it, changing nothing. Exit code 15: something is."""
    from automation.drift import show_drift

    raise typer.Exit(show_drift(stacks or (), every=every, as_json=as_json))


@app.command()
def promote(
    source: Annotated[str, typer.Option("--from", help="The stack that was tried out.")],
    target: Annotated[str, typer.Option("--to", help="The stack that is to become like it.")],
    as_json: Json = False,
) -> None:
    """Show what one stack's file says otherwise than another's, by meaning."""
    from automation.promote import show_promotion

    show_promotion(source, target, as_json=as_json)


@app.command()
def down(stack: Stack = "dev") -> None:
    """Destroy what a stack made; a local stack's control plane and its data go too."""
    from automation import up
    from automation.project import Project

    up.down(Project.open(stack))


@app.command()
def recover(stack: Stack = "dev") -> None:
    """Make the state of a stack whole: what killed runs left half-done, and damage, from its newest whole copy."""
    from automation.project import Project
    from automation.state.command import recover_state

    recover_state(Project.open(stack))


@app.command()
def start(stack: Stack = "dev") -> None:
    """Start a local stack's control plane, as after a reboot; nothing else changes."""
    from automation import up
    from automation.project import Project

    up.start(Project.open(stack))


@app.command()
def stop(stack: Stack = "dev") -> None:
    """Stop a local stack's control plane and keep its data."""
    from automation import up
    from automation.project import Project

    up.stop(Project.open(stack))


@app.command()
def status(stack: Stack = "dev") -> None:
    """Show a stack's control plane, nodes, tenants and storage."""
    from automation.project import Project
    from automation.status import show_status

    show_status(Project.open(stack))


@app.command()
def health(
    stack: Annotated[str, typer.Argument(help="The stack, as in Pulumi.<stack>.yaml.")] = "dev",
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every five seconds, until Ctrl-C.")] = False,
) -> None:
    """Show whether a stack's cluster is as it should be, and what is not and why. Exit code 18: it is not."""
    from automation.health.command import show_health
    from automation.project import Project

    raise typer.Exit(show_health(Project.open(stack), as_json=as_json, watch=watch))


@app.command()
def check(stack: Stack = "dev") -> None:
    """Check a stack file; every problem is shown at once, and so is what should be looked at."""
    from automation.project import Project
    from automation.show import out, show_warnings
    from stacks.loading import warnings_of

    project = Project.open(stack)
    show_warnings(warnings_of(project.spec))
    out.print(f"[green]✓[/green] {project.stack}: a cluster of kind {project.spec.cluster.kind}")


@app.command()
def new(
    directory: Annotated[Path, typer.Argument(help="Where the project shall be.")],
    kind: Annotated[
        Literal["local", "eks", "gke", "aks", "kubeadm-aws", "existing"],
        typer.Option(help="The kind of its first stack's cluster."),
    ] = "local",
    answer: Annotated[
        list[str] | None, typer.Option(help="What the stack file has to know: NAME=VALUE. On a terminal it is asked.")
    ] = None,
    source: Annotated[
        str, typer.Option("--from", help="The Git repository of polykube; this one's if not given.")
    ] = "",
) -> None:
    """Make a project of your own: one stack file, and polykube pinned beside it."""
    from automation.new.command import make_project

    make_project(directory, kind, answer or (), source)


@app.command()
def upgrade(
    version: Annotated[str, typer.Argument(help="A tag, a branch or a commit of polykube.")],
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks; all of the project if none is named.")] = None,
) -> None:
    """Show what another version of polykube changes for a project's stacks, on stand-in clouds; nothing is changed."""
    from automation.new.upgrade import upgrade

    raise typer.Exit(upgrade(version, stacks or ()))


@app.command()
def upgrade_check(
    stack: Annotated[str, typer.Argument(help="The stack, as in Pulumi.<stack>.yaml.")],
    to: Annotated[
        str, typer.Option(help="The minor version of Kubernetes: 1.37; the one after the stack's if none is named.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say what stands in the way of another version of Kubernetes, by a preview without credentials."""
    from automation.upgrade_check import check

    if to and not re.fullmatch(r"1\.\d+", to):
        raise typer.BadParameter(f"{to} is no minor version of Kubernetes, such as 1.37", param_hint="--to")
    raise typer.Exit(check(stack, to, as_json=as_json))


@app.command()
def setup(stack: Stack = "dev") -> None:
    """Get binaries and bundles, and the plugins that a stack needs, and start nothing."""
    from automation import up
    from automation.bundles import ensure_all
    from automation.project import Project
    from rehearsal.toolchain import read_lock

    usual = tuple(name for name, binary in read_lock()[1].items() if not binary.on_demand)
    up.setup(usual, Project.open(stack).cloud)
    ensure_all()


@app.command()
def bundles(
    accept: Annotated[bool, typer.Option("--accept", help="Take what is rendered now as right.")] = False,
) -> None:
    """Render the manifests of upstream's add-ons, and compare them with what was accepted before."""
    from automation.bundles import bundles

    bundles(accept=accept)


@app.command()
def doctor(
    stack: Annotated[str, typer.Option(help="Say instead what this stack wants of its account in the cloud.")] = "",
    as_json: Json = False,
) -> None:
    """Say what is there, where it came from, and how to get what is missing."""
    if stack:
        from automation.prerequisites import show

        show(stack, as_json=as_json)
        return
    from automation import doctor

    findings = list(doctor.examine())
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings], indent=1))
    else:
        doctor.show(findings)
    if not all(finding.ok or not finding.needed for finding in findings):
        raise typer.Exit(1)


@app.command()
def access(
    tenant: Annotated[str, typer.Option(help="The tenant, as in the stack file.")],
    stack: Stack = "dev",
    user: Annotated[str, typer.Option(help="Who it is, for audit logs; who runs this if not given.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=720, help="How long the certificate holds.")] = 8,
    file: Annotated[Path | None, typer.Option(help="Where it goes; TENANT-USER.kubeconfig if not given.")] = None,
) -> None:
    """Write a kubeconfig for somebody of a tenant, with a certificate that the stack's cluster signs."""
    from automation.access import give_access
    from automation.project import Project

    user = user or getpass.getuser()
    give_access(Project.open(stack), tenant, user, hours, file or Path(f"{tenant}-{user}.kubeconfig"))


@app.command()
def env(stack: Stack = "dev") -> None:
    """Print what a shell needs so that plain pulumi and kubectl work: eval "$(polykube env)"."""
    from automation.environment import search_path
    from automation.project import Project
    from automation.sdks import ensure_sdk
    from rehearsal.toolchain import Tool, look_up

    project = Project.open(stack)
    ensure_sdk(project.cloud)
    tools = {name: tool for name in ("pulumi", "kubectl") if isinstance(tool := look_up(name), Tool)}
    for variable, value in (project.settings | {"PATH": search_path(tools)}).items():
        print(f"export {variable}={shlex.quote(value)}")


@app.command()
def rehearse(  # noqa: PLR0913, PLR0917 - the options of a command
    stack: Annotated[str, typer.Argument(help="The stack, as in Pulumi.<stack>.yaml.")],
    steps: Annotated[
        str, typer.Option(help="What to rehearse, in order: up, change=FILE, upgrade=VERSION, refresh, destroy.")
    ] = "up,refresh,destroy",
    faults: Annotated[Path | None, typer.Option(help="Faults of the cloud to play (docs/rehearsal.md).")] = None,
    runner_policy: Annotated[
        Path | None, typer.Option(help="What the runner may do: a policy or a custom role as JSON.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it up for a look around; --end takes it away.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End the rehearsals of this stack that were kept.")] = False,
    as_json: Json = False,
) -> None:
    """Go through a stack's life on stand-in clouds, with a real engine and API server, and no credentials."""
    from automation import rehearse

    if end:
        rehearse.end(stack)
    else:
        given = rehearse.Circumstances(faults, runner_policy)
        raise typer.Exit(rehearse.rehearse(stack, steps, given, keep=keep, as_json=as_json))


@app.command()
def permissions(
    stack: Annotated[str, typer.Argument(help="The stack, as in Pulumi.<stack>.yaml.")], as_json: Json = False
) -> None:
    """Print the least rights in the cloud that a stack's `up`, `refresh` and `down` take, found by a rehearsal."""
    from automation.permissions import show

    show(stack, as_json=as_json)


@app.command()
def schema_check(stack: Stack = "dev", as_json: Json = False) -> None:
    """Hold what a stack asks of its providers against the official plugins' schemas; nothing is made."""
    _become("devtools.schema_check", "--stack", stack, *(["--json"] if as_json else []))


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def portal(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Run the portal, a worker of it, or what its operator needs: `polykube portal --help`."""
    from automation.sdks import ensure_portal

    ensure_portal()
    _become("portal.cli", *(arguments or ()))


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def worker(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Carry out runs for a portal elsewhere: `polykube worker --help`."""
    portal(["worker", *(arguments or ())])


def _become(module: str, *arguments: str) -> NoReturn:
    """Have a program take the place of this process: nothing here may import what it is of."""
    debug = ["--debug"] if "--debug" in sys.argv else []
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *debug, *arguments])  # noqa: S606 - no shell


def main() -> None:
    """Entry point of the `polykube` command."""
    run(app)


def run(command: Callable[[], object]) -> None:
    """Run a command line to the end of the process; its errors are shown, and become exit codes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was begun is ended in order
    try:
        command()
    except PolykubeError as error:
        _fail(error)
    except Exception as defect:
        if isinstance(defect, OSError) and defect.filename:
            _fail(_unusable(defect))
        if "--debug" in sys.argv:
            raise
        print(f"defect in polykube: {defect!r}; `polykube --debug …` shows where", file=sys.stderr)
        sys.exit(_SOFTWARE)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            print("interrupted; run the same command again to go on from here", file=sys.stderr)
        raise


def _fail(error: PolykubeError) -> NoReturn:
    from automation.show import show_error

    if "--debug" in sys.argv:
        traceback.print_exc()
    show_error(error)
    sys.exit(error.exit_code)


def _unusable(error: OSError) -> ToolchainError:
    return ToolchainError(
        Problem(
            code="PK205",
            summary="a file or directory cannot be used",
            file=str(error.filename),
            found=error.strerror or str(error),
            allowed="room on the disk, and the right to read and write",
            remedy="free disk space or give access to it; XDG_CACHE_HOME and XDG_STATE_HOME choose other places",
        )
    )
