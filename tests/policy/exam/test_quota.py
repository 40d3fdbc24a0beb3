"""The rules on quotas and limit ranges say of random namespaces what the API server says of them.

Guards against arithmetic that is nearly right: sums, roundings, defaults, scopes. `make exam-policy` puts 1,000
namespaces to both; `make test` puts fewer.
"""

import os
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import yaml

from tests.policy.exam.answers import NAMESPACES, SEED
from tests.policy.exam.conftest import Tally
from tests.policy.exam.namespaces import CLUSTER
from tests.policy.exam.quota import Examined, by_rules, examine
from tests.support.api import Api
from tests.support.golden import Golden

CASES = int(os.environ.get("POLYKUBE_EXAM", "16"))


def test_the_rules_and_the_api_server_agree_on_random_namespaces(api: Api, golden: Golden, tally: Tally) -> None:
    api.apply(*CLUSTER)
    run = secrets.token_hex(3)

    verdicts: Counter[str] = Counter()

    def put(index: int) -> tuple[Examined, str]:
        namespace = f"exam-{run}-{index}"
        asked = examine(api, namespace, f"{SEED}-{index}")
        ours = by_rules(namespace, asked.bodies)
        verdicts[asked.theirs.verdict] += 1
        if asked.theirs.agrees(ours):
            return asked, ""
        bodies = yaml.safe_dump_all(asked.bodies, sort_keys=False)
        return asked, f"case {index}\nAPI server: {asked.theirs}\nrules: {ours}\n{bodies}"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(put, range(CASES)))
    NAMESPACES.check([asked.record() for asked, _ in answers], accept=golden.accept)
    different = [text for _, text in answers if text]
    tally.add("namespaces with limit ranges, quotas and objects", CASES, CASES - len(different), verdicts)
    assert not different, "\n".join(different[:3])
    assert min(verdicts[verdict] for verdict in ("admitted", "exceeded", "refused")) >= CASES // 10
