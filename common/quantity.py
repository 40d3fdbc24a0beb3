"""Kubernetes quantities (`250m`, `1Gi`, `12e3`): exact, comparable, and spelt as the API server spells them.

A quantity is a whole number of billionths, the smallest amount that Kubernetes keeps; what is smaller
is rounded up, away from zero. So integers are enough, and nothing is lost on the way.

Rules: k8s.io/apimachinery pkg/api/resource, v0.36.3. Different here: text without any digit (`Gi`, `.`)
is an error, while Go takes it for zero; and amounts of 10^21 and more keep the suffix E, which Go loses.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Format: TypeAlias = Literal["decimal", "binary", "exponent"]

_NANO: Final = 10**9
_LARGEST_BINARY: Final = (2**63 - 1) * _NANO  # only amounts with a binary suffix are capped
_TEXT: Final = re.compile(r"(?P<sign>[+-]?)0*(?P<whole>\d*)(?:\.(?P<fraction>\d*))?(?P<suffix>\D?[^.]*)")
_EXPONENT: Final = re.compile(r"[eE]([+-]?\d+)")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_SUFFIXES: Final = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LARGEST_EXPONENT: Final = 1000  # keeps a typing mistake from filling the memory


class QuantityError(ValueError):
    """The text is not a quantity."""


@dataclass(frozen=True, order=True)
class Quantity:
    """An amount with the family of suffixes it is written in. Equality and order go by the amount alone."""

    nanos: int
    format: Format = field(default="decimal", compare=False)
    _spelling: str = field(default="", compare=False, repr=False)

    def canonical(self) -> str:
        """The spelling that the API server answers with; as given, where Go keeps a spelling."""
        if self._spelling or not self.nanos:
            return self._spelling or "0"
        if self.format == "binary" and abs(self.nanos) >= 1024 * _NANO and self.nanos % _NANO == 0:
            return _with_binary_suffix(self.nanos // _NANO)
        mantissa, power = _in_thousands(self.nanos)
        if self.format == "exponent":
            return f"{mantissa}e{power}" if power else str(mantissa)
        excess = max(power - _DECIMAL["E"], 0)
        return f"{mantissa * 10**excess}{_DECIMAL_SUFFIXES[power - excess]}"

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nanos + other.nanos, self.format if self.nanos else other.format)

    def __mul__(self, times: int) -> "Quantity":
        return Quantity(self.nanos * times, self.format)

    __rmul__ = __mul__

    def __str__(self) -> str:
        return self.canonical()


def parse(text: str) -> Quantity:
    """The quantity that `text` spells; QuantityError says what is wrong with it."""
    match = _TEXT.fullmatch(text)
    if not match or not re.match(r"[+-]?\.?\d", text):
        raise QuantityError(f"{text!r} is not a quantity: a number with an optional suffix, such as 250m or 1Gi")
    whole, fraction, suffix = match["whole"] or "0", match["fraction"] or "", match["suffix"]
    digits = int(whole + fraction)
    if suffix in _BINARY:
        form: Format = "binary"
        nanos = min(_rounded_up(digits * 2 ** _BINARY[suffix], -len(fraction)), _LARGEST_BINARY)
        if nanos < _NANO and nanos:
            form = "decimal"
    else:
        form, power = _decimal_suffix(text, suffix)
        nanos = _rounded_up(digits, power - len(fraction))
    kept = text == "0" or _keeps_spelling(whole, fraction, suffix)
    return Quantity(-nanos if match["sign"] == "-" else nanos, form, text if kept else "")


def _decimal_suffix(text: str, suffix: str) -> tuple[Format, int]:
    if suffix in _DECIMAL:
        return "decimal", _DECIMAL[suffix]
    exponent = _EXPONENT.fullmatch(suffix)
    if not exponent or abs(int(exponent[1])) > _LARGEST_EXPONENT:
        raise QuantityError(f"{text!r} has an unknown suffix {suffix!r}; known are {', '.join([*_DECIMAL, *_BINARY])}")
    return "exponent", int(exponent[1])


def _rounded_up(digits: int, power: int) -> int:
    """`digits * 10**power` in nanos, rounded up."""
    power += 9
    return digits * int(10**power) if power >= 0 else -(-digits // int(10**-power))


def _keeps_spelling(whole: str, fraction: str, suffix: str) -> bool:
    """Whether Go's fast path takes the text for canonical and keeps it (`1.500`, `+5`, `3e3`)."""
    if suffix in _BINARY:
        bits = _BINARY[suffix]
        return not fraction and len(whole) + bits * 3 // 10 <= 14 and int(whole) % 8 != 0  # noqa: PLR2004 - Go's limit
    exponent = _EXPONENT.fullmatch(suffix)
    power = (int(exponent[1]) if exponent else _DECIMAL[suffix]) - len(fraction)
    digits = whole + fraction
    return len(digits) <= 18 and power >= -9 and power % 3 == 0 and digits[0] != "0" and not digits.endswith("000")  # noqa: PLR2004 - Go's limits


def _in_thousands(nanos: int) -> tuple[int, int]:
    """Mantissa and power of ten, the power a multiple of three and as large as the amount allows."""
    power = -9
    while nanos % 1000 == 0:
        nanos //= 1000
        power += 3
    return nanos, power


def _with_binary_suffix(units: int) -> str:
    suffix = ""
    for larger in _BINARY:
        if units % 1024:
            break
        units //= 1024
        suffix = larger
    return f"{units}{suffix}"
