"""Waiting until a cloud knows everywhere what was given or made a moment ago: roles, identities, switched on APIs.

No cloud lets a program ask whether the right of another identity counts yet, such as that of a control plane on its
key; the refusal of what needs it is the only sign. The providers of AWS try again by themselves, those of Azure and
Google do not. So the engine asks the hook of this module whenever a resource could not be made or changed, and tries
again when it says so (pulumi/pulumi, pkg/resource/deploy/retries.go, 3.259: a hundred times at most).

How long: Azure speaks of up to 10 minutes for a role (learn.microsoft.com/azure/role-based-access-control/
troubleshooting), Google of 2 minutes typically and 7 or more at times (cloud.google.com/iam/docs/
access-change-propagation), both as of November 2026.
"""

import asyncio
import time
from typing import Final

import pulumi

from components.delays import Delay, delay_in, was_begun

_PATIENCE: Final = 600.0  # seconds
_FIRST_PAUSE: Final = 2.0  # seconds; each pause is twice the one before …
_LONGEST_PAUSE: Final = 45.0  # … up to this


class Propagation:
    """Waits, for the resources of `cluster`, until what was refused for a delay has passed; see `hook`."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._since: dict[str, float] = {}  # by URN

    def hook(self) -> pulumi.ErrorHook:
        """The hook for resources of the program that runs; within one there may be one of each cluster."""
        return pulumi.ErrorHook(f"{self._cluster}-propagation", self.tries_again)

    async def tries_again(self, failed: pulumi.ErrorHookArgs) -> bool:
        """Whether the engine shall try once more what has just failed, after a pause."""
        delay = delay_of(failed)
        if delay is None or pulumi.runtime.is_dry_run():
            return False
        now = time.monotonic()
        waited = now - self._since.setdefault(failed.urn, now)
        until, look = (text.replace("{cluster}", self._cluster) for text in (delay.until, delay.look))
        if waited >= _PATIENCE:
            pulumi.log.warn(
                f"{failed.name}: waited {waited:.0f} s until {until}, in vain. Look at it by: {look}. If all is there, "
                "run the same command again."
            )
            return False
        pulumi.log.info(f"{failed.name}: waiting until {until}", ephemeral=bool(waited))
        await asyncio.sleep(pause_after(len(failed.errors)))
        return True


def delay_of(failed: pulumi.ErrorHookArgs) -> Delay | None:
    """The delay that a failure means, if it means one, and if trying again does no harm."""
    newest = failed.errors[0]
    harmful = failed.failed_operation == "create" and was_begun(newest)
    if harmful or failed.failed_operation not in ("create", "update"):
        return None
    return delay_in(failed.type, newest)


def pause_after(failures: int) -> float:
    """How long to wait after so many failures, in seconds."""
    return float(min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE))
