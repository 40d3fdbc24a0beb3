"""Pydantic's verdicts in our words: by error type, never by message."""

import re
from typing import Final

from pydantic_core import ErrorDetails

from spec.model import FINDINGS, did_you_mean
from spec.problems import Code, Finding, KeyPath, listed, quoted
from spec.values import Secret

_WANTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "union_tag_not_found": "a mapping",
}
_BOUNDS: Final = {  # error type → how its bound reads
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt}",
    "less_than": "less than {lt}",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} entries at most",
    "string_too_short": "text that is not empty",
    "string_too_long": "{max_length} characters at most",
}


def explain(error: ErrorDetails, at: KeyPath, written: str) -> list[Finding]:
    """What pydantic's `error` about the value at `at` means; `written` is the value as the file spells it."""
    if error["type"] == FINDINGS:
        return [finding.below(*at) for finding in error["ctx"][FINDINGS]]
    if error["type"] == "missing":
        return [Finding(Code.MISSING_KEY, f"no {at[-1]}", remedy="Add it.", at=at)]
    if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
        return []  # it would be long enough if its entries were right, and those are reported
    return [_explain_value(error, at, written)]


def shown(value: object) -> str:
    """A value as problems show it: text and numbers as they are, of anything larger only what it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value} (a number)"
    if isinstance(value, str):
        return quoted(value)
    return "an encrypted value" if isinstance(value, Secret) else "a list" if isinstance(value, list) else "a mapping"


def _explain_value(error: ErrorDetails, at: KeyPath, written: str) -> Finding:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "union_tag_invalid":
        return _explain_kind(value, str(context["expected_tags"]), at)
    wanted = _WANTED.get(kind, "")
    if value is None:
        remedy = "Write a value, or leave the key out."
        return Finding(Code.EMPTY_VALUE, shown(value), wanted, remedy, at)
    if isinstance(value, Secret):
        return Finding(Code.SECRET_NOT_ALLOWED, shown(value), wanted, "Write it in the open.", at)
    if kind == "literal_error":
        return _not_among(value, re.findall(r"'([^']*)'", str(context["expected"])), at)
    if kind in _BOUNDS:
        allowed = _BOUNDS[kind].format(**context)
        found = f"{len(value)} entries" if isinstance(value, list) else shown(value)
        return Finding(Code.OUT_OF_RANGE, found, allowed, f"Write {allowed}.", at)
    if wanted == "text" and isinstance(value, int | float):
        return _needs_quotes(value, written or str(value).lower(), at)
    remedy = f"Write {wanted} here." if wanted else "See the reference for what may stand here."
    return Finding(Code.WRONG_TYPE, shown(value), wanted, remedy, at)


def _needs_quotes(value: float, written: str, at: KeyPath) -> Finding:
    read = str(value).lower()
    kind = "a truth value" if isinstance(value, bool) else "a number"
    found = f"{read} ({kind})" if written == read else f"{written}, which reads as {read}"
    remedy = f'Quote it: "{written}"'
    if re.fullmatch(r"\d+\.\d", written):  # whoever rewrote the file, as the engine does, has dropped the zero
        remedy += f', or "{written}0" if that was written'
    return Finding(Code.NEEDS_QUOTES, found, "text", remedy, at)


def _explain_kind(cluster: dict[str, object], expected: str, at: KeyPath) -> Finding:
    """The finding about the kind of cluster, which decides what other keys it has."""
    kinds = re.findall(r"'([^']*)'", expected)
    at = (*at, "kind")
    if "kind" in cluster:
        return _not_among(cluster["kind"], kinds, at)
    near = did_you_mean("kind", list(cluster))
    remedy = f"Rename {near} to kind, if that is meant." if near else "Add it."
    return Finding(Code.MISSING_KEY, "no kind", listed(kinds), remedy, at)


def _not_among(value: object, choices: list[str], at: KeyPath) -> Finding:
    meant = did_you_mean(value, choices) if isinstance(value, str) else ""
    remedy = f"Write {meant}, if that is meant." if meant else f"Write {listed(choices)}."
    code = Code.EMPTY_VALUE if value is None else Code.NOT_ALLOWED
    return Finding(code, shown(value), listed(choices), remedy, at)
