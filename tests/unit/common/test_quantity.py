"""Quantities are read, compared, added and spelt as Kubernetes does it.

Guards against limits that look equal and are not, sums that lose a byte, and spellings that differ from what
the API server answers with, so that every preview shows a change.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.quantity import Quantity, QuantityError, parse

# As k8s.io/apimachinery v0.36.3 prints them (resource.ParseQuantity, then String).
CANONICAL = {
    "0": "0",
    "000": "0",
    "0Gi": "0",
    "-0": "0",
    "1": "1",
    "+5": "+5",
    "05": "05",
    "0.5": "500m",
    ".5": "500m",
    "1.": "1.",
    "1.5": "1500m",
    "1.500": "1.500",
    "1000m": "1",
    "1500m": "1500m",
    "100u": "100u",
    "1000000n": "1m",
    "12000": "12k",
    "3000k": "3M",
    "1e3": "1e3",
    "12E3": "12E3",
    "1.5e1": "1.5e1",
    "15e1": "150",
    "1500e-3": "1500e-3",
    "100e-3": "100e-3",
    "1Ki": "1Ki",
    "1024Ki": "1Mi",
    "1024Mi": "1Gi",
    "1025Ki": "1025Ki",
    "8Ki": "8Ki",
    "2048Mi": "2Gi",
    "1.5Gi": "1536Mi",
    "0.5Gi": "512Mi",
    "0.0001Ki": "102400u",
    "1.1Ki": "1126400m",
    "100Ei": "9223372036854775807",
    "9223372036854775808": "9223372036854775808",
    "0.0000000001": "1n",
    "-1.5Gi": "-1536Mi",
    "99999999999Gi": "9223372036854775807",
}
WRONG = [
    "",
    " 1",
    "1 ",
    "Gi",
    ".",
    "+",
    "1Gii",
    "1kk",
    "1ki",
    "1K",
    "1_000",
    "1e",
    "1e5000",
    "0x10",
    "one",
    "1.2.3",
    "--1",
]
amounts = st.integers(-(10**20), 10**20)
formats = st.sampled_from(["decimal", "binary", "exponent"])
quantities = st.builds(Quantity, amounts, formats)


@pytest.mark.parametrize(("text", "canonical"), CANONICAL.items())
def test_a_quantity_is_spelt_as_the_api_server_spells_it(text: str, canonical: str) -> None:
    assert parse(text).canonical() == canonical


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_quantity_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(QuantityError) as error:
        parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("less", "more"), [("999m", "1"), ("1G", "1Gi"), ("1e9", "1Gi"), ("-1", "0"), ("1023Mi", "1Gi"), ("1n", "1u")]
)
def test_quantities_are_ordered_by_amount(less: str, more: str) -> None:
    assert parse(less) < parse(more)
    assert not parse(more) <= parse(less)


@pytest.mark.parametrize(("one", "other"), [("1000m", "1"), ("1024Mi", "1Gi"), ("1e3", "1k"), ("0.5", "500m")])
def test_spelling_and_suffix_play_no_part_in_equality(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert len({parse(one), parse(other)}) == 1


@pytest.mark.parametrize(
    ("one", "other", "total"),
    [("500m", "1", "1500m"), ("1Gi", "1Mi", "1025Mi"), ("0", "1Gi", "1Gi"), ("1", "1Ki", "1025")],
)
def test_a_sum_is_spelt_like_its_first_term_that_is_not_zero(one: str, other: str, total: str) -> None:
    assert (parse(one) + parse(other)).canonical() == total


@given(quantities)
def test_the_canonical_spelling_stands_for_the_same_amount(quantity: Quantity) -> None:
    again = parse(quantity.canonical())
    assert again == quantity
    if again.format == quantity.format:  # a binary one that needs no binary suffix is read as a decimal one
        assert again.canonical() == quantity.canonical()


@given(quantities, st.integers(-1000, 1000))
def test_a_multiple_is_a_repeated_sum(quantity: Quantity, times: int) -> None:
    total = Quantity(0)
    for _ in range(abs(times) % 20):
        total += quantity
    assert quantity * (abs(times) % 20) == total == (abs(times) % 20) * quantity


@given(st.decimals(0, 10**9, places=12, allow_nan=False))
def test_what_is_finer_than_a_billionth_is_rounded_up(amount: object) -> None:
    text = f"{amount:f}"
    nanos = parse(text).nanos
    assert (nanos - 1) * 1000 < int(text.replace(".", "")) <= nanos * 1000
