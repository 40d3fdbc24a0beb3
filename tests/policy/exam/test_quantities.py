"""Random quantities are read, spelt and rounded as the API server does it.

Guards against an amount that is one off behind a suffix, a fraction or an exponent that nobody thought of.
"""

import os
import random
from collections.abc import Iterator, Sequence

import pytest

from common.quantity import QuantityError, parse
from policy.admission.amounts import read
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally
from tests.support.api import Api, ApiError, Object
from tests.support.objects import pod

CASES = 10 * int(os.environ.get("POLYKUBE_EXAM", "100"))
SUFFIXES = ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e", "E")
WRONG = ("1ki", "1Gib", "1 Gi", "--1", "1e", "1e1.5", "0x1", "1,5", "1GI", "1i", "+-1", "1.2.3", "1KiB", "1E+")
BATCH = 200
TOO_LARGE = 10**30  # nanos


def texts() -> Iterator[str]:
    """Quantities of all shapes, below 10^21: Go loses the suffix of larger ones (common/quantity.py)."""
    draw = random.Random(SEED)  # noqa: S311 - repeatable on purpose
    made = 0
    while made < CASES:
        suffix = draw.choice(SUFFIXES)
        whole = str(draw.randrange(10 ** draw.randint(0, 3 if suffix in ("E", "P", "Ei", "Pi") else 7)))
        whole = draw.choice(("", "0", "00")) + whole + draw.choice(("", "", "0", "000"))
        fraction = draw.choice(("", "", ".", f".{draw.randrange(1000)}", f".{draw.randrange(10**11):011}"))
        if suffix == "e" or (suffix == "E" and draw.random() < 0.8):
            suffix += draw.choice(("", "+", "-")) + str(draw.randint(0, 9))
        number = (whole if fraction in ("", ".") or draw.random() < 0.9 else "") + fraction
        text = draw.choice(("", "", "+")) + number + suffix
        if parse(text).nanos < TOO_LARGE:
            made += 1
            yield text


def batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def with_sizes(namespace: str, sizes: Sequence[str]) -> Object:
    """A pod with a volume of each size: a field that the API server keeps as it reads it."""
    return pod(
        namespace, "it", volumes=[{"name": f"v{it}", "emptyDir": {"sizeLimit": size}} for it, size in enumerate(sizes)]
    )


def test_they_are_spelt_as_the_api_server_spells_them(api: Api, namespace: str, tally: Tally) -> None:
    for batch in batches(list(texts())):
        answer = api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", with_sizes(namespace, batch))
        theirs = [volume["emptyDir"]["sizeLimit"] for volume in answer["spec"]["volumes"] if "emptyDir" in volume]
        assert {text: parse(text).canonical() for text in batch} == dict(zip(batch, theirs, strict=True))
        tally.add("quantities, how they are spelt", len(batch), len(batch))


def test_they_are_rounded_up_as_the_api_server_rounds_them(api: Api, namespace: str, tally: Tally) -> None:
    for batch in batches(list(texts())):
        hard = {f"requests.example.com/r{it}": text for it, text in enumerate(batch)}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "it"}, "spec": {"hard": hard}}
        answer = api.post(f"/api/v1/namespaces/{namespace}/resourcequotas?dryRun=All", quota)
        assert read(hard) == {key: parse(amount) for key, amount in answer["spec"]["hard"].items()}
        tally.add("quantities, how they are rounded", len(batch), len(batch))


@pytest.mark.parametrize("text", WRONG)
def test_what_the_api_server_refuses_is_refused(api: Api, namespace: str, text: str) -> None:
    with pytest.raises(ApiError, match="quantit"):
        api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", with_sizes(namespace, [text]))
    with pytest.raises(QuantityError):
        parse(text)
