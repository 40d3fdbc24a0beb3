"""Plan a stack, have the plan approved, apply it, and show how far it is: polykube embedded in a program of yours.

.venv/bin/python examples/embed/plan_and_apply.py dev [DIRECTORY]
"""

import sys
from pathlib import Path

from automation import api
from common.errors import PolykubeError


def main(stack: str, directory: str = ".") -> int:
    """Bring a stack up if somebody says so; an exit code comes back."""
    try:
        plan = api.plan(stack, Path(directory))
    except PolykubeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for change in plan.changes:
        print(f"{change.operation:<8} {change.title}")
    for finding in plan.blocking:
        print(f"refused by {finding.rule}: {finding.message}")
    if plan.blocking or input(f"apply {len(plan.changes)} changes to {stack}? [yes] ") != "yes":
        return 1
    return follow(api.apply(plan))


def follow(run: api.Run[api.Outcome]) -> int:
    """Show a run to its end. A web server would send the events on instead, each with its number."""
    try:
        for event in api.events(run):
            if event.engine.res_outputs_event:
                progress = run.progress
                print(f"{event.sequence:>5}  {progress.done} of {progress.total}  {progress.slowest}")
        print(f"done: {dict(run.result().changes)}")
    except KeyboardInterrupt:
        api.cancel(run)
        print("cancelled; what is under way is ended first")
        return 130
    except PolykubeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
