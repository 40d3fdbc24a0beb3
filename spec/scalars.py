"""What an unquoted YAML scalar means to the engine.

The engine (pulumi 3.259) reads stack files with yaml.v3 3.0.1 and hands values on as JSON. This is what
`pulumi config --json` showed it to make of them:

- `yes`, `no`, `on`, `off`, `y` and `12:30` are text; only true, True, TRUE and false, False, FALSE are not;
- `017` and `0o17` are 15, `0x1F` is 31, `0b101` is 5, `1_000` is 1000, `08` is 8, `1.30` is 1.3, `3.0` is 3;
- a date becomes the text `2001-12-14 00:00:00 +0000 UTC`, and `.inf` stops the engine: `misread` tells both;
- whole numbers beyond 2**53 lose digits on the way, which is not imitated: no field takes any.
"""

import math
import re
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_NULLS: Final = {"", "~", "null", "Null", "NULL"}
_TRUTHS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]{0,18}))")
_UNDERSCORE = re.compile(r"(?<=[0-9])_(?=[0-9])")  # all that may stand in a number that begins with a point
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]| +)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}[0-9.Zz:+-]*)?")
_NOT_FINITE = re.compile(r"\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF)")
_LARGEST_INTEGER: Final = 2**63  # Go's int64
_LARGEST_WHOLE_FLOAT: Final = 1e21  # Go writes whole floats below this as integers


def scalar(text: str) -> Scalar:
    """What a plain (unquoted) scalar means to the engine. Dates and infinities stay text."""
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    digits = text.replace("_", "") if text[0] in "+-0123456789" else _UNDERSCORE.sub("", text)
    if (integer := _INTEGER.fullmatch(digits)) is not None:
        sign, *written = integer.groups()
        number = next(int(d, base) for d, base in zip(written, (16, 2, 8, 10), strict=True) if d is not None)
        if number < _LARGEST_INTEGER:
            return -number if sign == "-" else number
    if _FLOAT.fullmatch(digits) is not None and math.isfinite(value := float(digits)):
        return int(value) if value.is_integer() and abs(value) < _LARGEST_WHOLE_FLOAT else value
    return text


def misread(text: str) -> str | None:
    """What unquoted text is to the engine, when that is neither text, number, truth value nor nothing."""
    if _DATE.fullmatch(text) is not None:
        return "a date"
    return "a number that is not finite" if _NOT_FINITE.fullmatch(text) is not None else None
