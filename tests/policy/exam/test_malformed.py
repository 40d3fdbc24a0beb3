"""What the pack cannot read is what the API server cannot decode, and null is what the API server takes it for.

Guards against an error about an object that is right. `make exam-policy` puts every damage of tests/policy/damaging.py
to the API server; `make test` a twentieth of them.
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from policy.engine.judge import damage
from policy.rules import RULES
from tests.policy.damaging import damaged, objects_of
from tests.policy.exam.conftest import Tally
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, ApiError, Object

EVERY: Final = 1 if "POLYKUBE_EXAM" in os.environ else 20
_CANNOT_DECODE: Final = 400
_NO_QUANTITY: Final = "quantities must match"  # the rules on quotas and limits say so
_UNKNOWN_KIND: Final = 404


def answer(api: Api, body: Object) -> str:
    """What the API server makes of an object: unreadable, invalid, accepted, or (of kinds that it has not) nothing."""
    try:
        collection = api.path(body).rpartition("/")[0]
    except (ApiError, KeyError):
        return ""
    try:
        api.post(f"{collection}?dryRun=All", body)
    except ApiError as refused:
        if refused.status == _UNKNOWN_KIND:
            return ""
        return "unreadable" if refused.status == _CANNOT_DECODE and _NO_QUANTITY not in refused.message else "refused"
    return "accepted"


def test_what_cannot_be_read_is_what_the_api_server_cannot_decode(api: Api, namespace: str, tally: Tally) -> None:
    bodies = [body for rule in RULES for verdict in ("ok", "error") for body in objects_of(rule.id, verdict)]
    unique = {repr(body): body for body in bodies}.values()
    for body in unique:
        if "namespace" in body["metadata"]:
            body["metadata"]["namespace"] = namespace
    everything = [each for body in unique for each in damaged(body)][::EVERY]
    verdicts: Counter[str] = Counter()

    def put(case: tuple[str, Object]) -> str:
        what, body = case
        found, theirs = damage(as_resource(body)), answer(api, body)
        verdicts[theirs or "not asked"] += 1
        if (theirs == "unreadable" and not found) or (theirs == "accepted" and found):
            return f"{what}: {theirs}, and the pack says {found.message if found else 'nothing'}"
        return ""

    with ThreadPoolExecutor(4) as pool:
        different = [text for text in pool.map(put, everything) if text]
    tally.add("damaged objects", len(everything), len(everything) - len(different), verdicts)
    assert not different, "\n".join(different[:20])
    assert {"unreadable", "accepted"} <= verdicts.keys()
