"""What a program itself waits for: `jsonpath={.status.phase}=Ready` and `condition=Ready[=True]`."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import jsonpath_rfc9535

from rehearsal.providers.kubernetes.awaits.rule import READY, Judge, Readiness, Situation, waiting
from rehearsal.providers.kubernetes.objects import Object, at, items_at, text_at

_JSONPATH: Final = re.compile(r"jsonpath=\{\s*(?P<path>.*?)\s*\}(?:=(?P<value>[^=]+))?")
_CONDITION: Final = re.compile(r"condition=(?P<type>[^=]+)(?:=(?P<status>.*))?")


class ExpressionError(Exception):
    """An expression is not one of the forms that can be waited for."""


def judge_of(expressions: Iterable[str]) -> Judge:
    """The judge that wants every one of `expressions`; ExpressionError names one that is malformed."""
    parts = [_judge(expression) for expression in expressions]
    if not parts:
        raise ExpressionError("there is nothing to wait for in an empty list")

    def judge(situation: Situation) -> Readiness:
        return next((verdict for part in parts if not (verdict := part(situation.live)).ready), READY)

    return judge


def _judge(expression: str) -> Callable[[Object], Readiness]:
    if match := _JSONPATH.fullmatch(expression):
        return _jsonpath(expression, match["path"], match["value"])
    if match := _CONDITION.fullmatch(expression):
        return _condition(match["type"], match["status"] or "True")
    raise ExpressionError(f"{expression!r} is neither `jsonpath={{.path}}[=value]` nor `condition=Type[=Status]`")


def _jsonpath(expression: str, path: str, wanted: str | None) -> Callable[[Object], Readiness]:
    try:
        query = jsonpath_rfc9535.compile(path if path.startswith("$") else f"${path}")
    except jsonpath_rfc9535.JSONPathError as error:
        raise ExpressionError(f"{expression!r}: {error}") from error

    def judge(live: Object) -> Readiness:
        observed = at(live, "status", "observedGeneration")
        if observed is not None and observed < at(live, "metadata", "generation"):
            return waiting("the controller has not taken note of the change yet")
        found = query.find_one(live)
        if found is None:
            return waiting(f"{path} is not there yet")
        return READY if wanted is None or _text(found.value) == wanted else waiting(f"{path} is {_text(found.value)}")

    return judge


def _condition(kind: str, wanted: str) -> Callable[[Object], Readiness]:
    def judge(live: Object) -> Readiness:
        conditions = items_at(live, "status", "conditions")
        found = next((item for item in conditions if text_at(item, "type").lower() == kind.lower()), {})
        generation = at(live, "metadata", "generation")
        observed = found.get("observedGeneration", at(live, "status", "observedGeneration"))
        current = generation is None or observed is None or observed >= generation
        if current and text_at(found, "status").lower() == wanted.lower():
            return READY
        return waiting(f"the condition {kind} is {found.get('status', 'absent') if current else 'out of date'}")

    return judge


def _text(value: Any) -> str:
    """A JSON scalar as Go prints it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
