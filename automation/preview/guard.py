"""Losses that take an approval: of what is protected, and of what the rule `protect-cluster` wants protected.

The engine refuses the loss of what is protected; but the protection may have been taken away in a change before. A
waiver of that rule for the resource approves its loss.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from pulumi.automation.events import StepEventMetadata

from automation.preview.bounds import stacks_of
from automation.preview.changes import Change, changes_of
from common.waivers import WAIVERS
from policy.engine.exemptions import ExemptionRegistry, ScopedExemption, read_waivers
from policy.model.rule import ResourceRule
from policy.model.stack import Stack
from policy.rules import RULES

RULE: Final = next(rule for rule in RULES if rule.id == "protect-cluster" and isinstance(rule, ResourceRule))


def changes_in(steps: Sequence[StepEventMetadata], directory: Path) -> list[Change]:
    """The changes that a preview's steps are, with those marked that take an approval; the project in `directory` may
    waive it."""
    return guarded(changes_of(steps), stacks_of(steps)[0], read_waivers(directory / WAIVERS, RULES))


def guarded(
    changes: Iterable[Change], was: Stack, waivers: Sequence[ScopedExemption], today: date | None = None
) -> list[Change]:
    """The changes with those marked that take an approval; `was` is what stands."""
    exemptions = ExemptionRegistry(waivers, today)
    known = {resource.urn: resource for resource in was.resources}
    marked = []
    for change in changes:
        resource = known.get(change.urn)
        wanted = change.is_loss and (change.protected or change.type in RULE.kinds)
        waived = wanted and resource and exemptions.exemption_for(RULE.id, resource)
        marked.append(replace(change, guarded=bool(wanted and not waived)))
    return marked
