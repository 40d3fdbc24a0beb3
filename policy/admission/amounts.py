"""Amounts by resource name, as pods and quotas state them (`ResourceList`, Kubernetes 1.36)."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from common.quantity import Quantity, parse

Amounts: TypeAlias = Mapping[str, Quantity]

_MILLI = 10**6  # nanos
_HUGE_PAGES = "hugepages-"
_NATIVE = "kubernetes.io/"


def read(values: Mapping[str, Any] | None) -> dict[str, Quantity]:
    """Amounts as they are kept by the API server: rounded up to thousandths, null is nothing; QuantityError."""
    return in_thousandths(written(values))


def written(values: Mapping[str, Any] | None) -> dict[str, Quantity]:
    """Amounts as they are written; QuantityError."""
    return {name: parse("0" if value is None else str(value)) for name, value in (values or {}).items()}


def in_thousandths(amounts: Amounts) -> dict[str, Quantity]:
    """Amounts, each rounded up to thousandths."""
    return {name: _rounded(amount) for name, amount in amounts.items()}


def _rounded(quantity: Quantity) -> Quantity:
    excess = quantity.nanos % _MILLI
    if not excess:
        return quantity
    up = _MILLI - excess if quantity.nanos > 0 else -excess
    return Quantity(quantity.nanos + up, quantity.format)


def total(parts: Iterable[Amounts]) -> dict[str, Quantity]:
    """The sum of several amounts, name by name."""
    sums: dict[str, Quantity] = {}
    for part in parts:
        for name, amount in part.items():
            sums[name] = sums[name] + amount if name in sums else amount
    return sums


def largest(parts: Iterable[Amounts]) -> dict[str, Quantity]:
    """The largest of several amounts, name by name."""
    found: dict[str, Quantity] = {}
    for part in parts:
        for name, amount in part.items():
            if name not in found or amount > found[name]:
                found[name] = amount
    return found


def is_huge_pages(name: str) -> bool:
    """Whether a resource is memory in pages of a fixed size (`hugepages-2Mi`)."""
    return name.startswith(_HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether a resource is Kubernetes' own rather than an extended one (`example.com/gpu`)."""
    return "/" not in name or _NATIVE in name


def is_extended(name: str) -> bool:
    """Whether a resource is an extended one, such as a device, that is counted in whole pieces."""
    return not is_native(name) and not name.startswith("requests.")


def may_overcommit(name: str) -> bool:
    """Whether a limit may be above its request."""
    return is_native(name) and not is_huge_pages(name)
