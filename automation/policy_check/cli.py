"""The commands `polykube policy …`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

policy = typer.Typer(no_args_is_help=True, help="The policy pack, without an engine.")


@policy.command("check")
def policy_check(  # noqa: PLR0913, PLR0917 - the options of a command
    paths: Annotated[list[str] | None, typer.Argument(help="Manifests: files, directories, or - for stdin.")] = None,
    state: Annotated[Path | None, typer.Option(help="A Pulumi state, as `pulumi stack export` writes it.")] = None,
    only: Annotated[str, typer.Option(help="Rules to apply, joined by commas; all if not given.")] = "",
    all_mandatory: Annotated[bool, typer.Option("--all-mandatory", help="Let every rule be mandatory.")] = False,
    stack: Annotated[
        str, typer.Option(help="Take levels, options and waivers of this stack: its name, or the path of its file.")
    ] = "",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where objects go that state no namespace, as kubectl has it.")
    ] = "",
    baseline: Annotated[
        Path | None, typer.Option(help="Let the findings in this file pass: only new ones count.")
    ] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Write what is found as a baseline, and succeed.")] = None,
    output: Annotated[Literal["table", "json", "sarif"], typer.Option("--format", help="How to say it.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Apply the rules to manifests or a state. Exit code 0: nothing mandatory, 1: mandatory, 2: unusable input."""
    from automation.policy_check import report as reports
    from automation.policy_check.check import check, choose, keep
    from automation.policy_check.sources import manifests
    from automation.policy_check.sources import state as of_state
    from automation.policy_check.text import show
    from automation.project import named_stack_file

    if not paths and state is None:
        raise typer.BadParameter("name manifests, or a state by --state")
    if baseline and write_baseline:
        raise typer.BadParameter("--baseline reads and --write-baseline writes: give one of them")
    stack_file = named_stack_file(stack) if stack else None
    choice = choose(only, all_mandatory=all_mandatory, stack_file=stack_file, baseline=baseline)
    report = check([*manifests(paths or (), namespace), *(of_state(state) if state else ())], choice)
    if write_baseline:
        keep(report, write_baseline)
    if as_json or output == "json":
        print(reports.as_json(report))
    elif output == "sarif":
        print(reports.as_sarif(report, choice.rules))
    else:
        show(report)
    raise typer.Exit(report.exit_code)
