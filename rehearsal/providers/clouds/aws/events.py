"""What EventBridge takes as a pattern and as a target (eventbridge/latest/APIReference, November 2026)."""

import json
import re
from collections.abc import Mapping
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

_ARN: Final = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+")


class EventRule(Behaviour):
    """`cloudwatch.EventRule`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        try:
            json.loads(new.inputs.get("eventPattern", "{}"))
        except ValueError as error:
            raise Refused("said", reason=f"InvalidEventPatternException: Event pattern is not valid. {error}") from None


class EventTarget(Behaviour):
    """`cloudwatch.EventTarget`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        if not _ARN.fullmatch(str(new.inputs["arn"])):
            reason = "Parameter Arn is not valid. Reason: Provided Arn is not in correct format."
            raise Refused("said", reason=f"ValidationException: {reason}")


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "aws:cloudwatch/eventRule:EventRule": EventRule(),
    "aws:cloudwatch/eventTarget:EventTarget": EventTarget(),
}
