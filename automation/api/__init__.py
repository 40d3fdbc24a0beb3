"""Runs of stacks for programs that embed them, such as a portal: plan, approve, apply; cancel, follow, look back.

    plan = api.plan("dev", Path("."))            # what would change, with a fingerprint to approve
    run = api.apply(plan)                        # previews again, and refuses when anything has moved
    for event in api.events(run): ...            # every event once, in order, from any place on
    run.result()                                 # the outcome, or the error that the run ended with

A run is one child process in a session of its own, with an environment of what it needs alone, and a thread of ours.
What the engine tells is kept, so that a slow reader loses nothing. Before it changes anything, a state that a killed
run has left is made whole. Errors are `common.errors.PolykubeError`s, and `Cancelled`; secrets are masked in plans.
"""

from automation.api.drifts import Drift, drift
from automation.api.environment import inherited
from automation.api.past import Past, history
from automation.api.plans import Fingerprint, Plan, plan
from automation.api.recoveries import recover
from automation.api.run import Cancelled, Event, Progress, Run, State
from automation.api.runs import apply, cancel, destroy, events, planning, refresh
from automation.outcome import Outcome
from automation.preview.drifted import Drifted
from automation.state.recovery import Recovery

__all__ = [
    "Cancelled",
    "Drift",
    "Drifted",
    "Event",
    "Fingerprint",
    "Outcome",
    "Past",
    "Plan",
    "Progress",
    "Recovery",
    "Run",
    "State",
    "apply",
    "cancel",
    "destroy",
    "drift",
    "events",
    "history",
    "inherited",
    "plan",
    "planning",
    "recover",
    "refresh",
]
