"""The rules on quotas and limit ranges say of random namespaces what the API server says of them.

Guards against arithmetic that is nearly right: sums, roundings, defaults, scopes. `make exam-policy` puts 1,000
namespaces to both; `make test` puts fewer.
"""

import os
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import yaml

from tests.policy.exam.namespaces import CLUSTER
from tests.policy.exam.quota import examine
from tests.support.api import Api

CASES = int(os.environ.get("POLYKUBE_EXAM", "16"))
SEED = os.environ.get("POLYKUBE_EXAM_SEED", "polykube")


def test_the_rules_and_the_api_server_agree_on_random_namespaces(api: Api) -> None:
    api.apply(*CLUSTER)
    run = secrets.token_hex(3)

    verdicts: Counter[str] = Counter()

    def differs(index: int) -> str:
        theirs, ours, objects = examine(api, f"exam-{run}-{index}", f"{SEED}-{index}")
        verdicts[theirs.verdict] += 1
        if theirs.agrees(ours):
            return ""
        return f"case {index}\nAPI server: {theirs}\nrules: {ours}\n{yaml.safe_dump_all(objects, sort_keys=False)}"

    with ThreadPoolExecutor(4) as pool:
        different = [text for text in pool.map(differs, range(CASES)) if text]
    print(f"{CASES - len(different)} of {CASES} agree: {dict(verdicts)}")
    assert not different, "\n".join(different[:3])
    assert min(verdicts[verdict] for verdict in ("admitted", "exceeded", "refused")) >= CASES // 10
