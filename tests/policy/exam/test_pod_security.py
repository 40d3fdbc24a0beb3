"""The rules on Pod Security find in random pods what the API server's admission finds: the same checks, by name.

Guards against a field that is overlooked, and against a version's checks that are taken for another's.
"""

import os
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from policy.admission.pod_security import CHECKS, Standard
from tests.policy.exam.answers import PODS, SEED
from tests.policy.exam.conftest import Tally
from tests.policy.exam.pods import PodDraw, by_rules, place_of, places
from tests.support.api import Api, ApiError, Object
from tests.support.golden import Golden

CASES = int(os.environ.get("POLYKUBE_EXAM", "100"))
NAMES = sorted({check.name for check in CHECKS})
_INVALID = 422


@pytest.fixture
def namespaces(api: Api) -> Mapping[str, Mapping[str, str]]:
    """The labels of a namespace for each level and version."""
    found = places(secrets.token_hex(3))

    def make(name: str) -> None:
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": found[name]}})
        api.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, found))
    return found


def refused_for(api: Api, pod: Object) -> frozenset[str] | None:
    """The names of the checks that admission says a pod breaks; None where it is no valid pod at all."""
    try:
        api.post(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods?dryRun=All", pod)
    except ApiError as refused:
        if refused.status == _INVALID:
            return None
        if "violates PodSecurity" not in refused.message:
            raise
        return frozenset(name for name in NAMES if re.search(rf"[:,] {re.escape(name)}s? \(", refused.message))
    return frozenset()


def test_the_rules_and_admission_agree_on_random_pods(
    api: Api, namespaces: Mapping[str, Mapping[str, str]], golden: Golden, tally: Tally
) -> None:
    names = sorted(namespaces)
    verdicts: Counter[str] = Counter()
    different = []
    recorded: list[list[str] | None] = []
    index = 0
    while verdicts.total() < CASES:
        index += 1
        seed = f"{SEED}-{index}"
        namespace = place_of(seed, names)
        pod = PodDraw(seed).pod(namespace)
        theirs = refused_for(api, pod)
        recorded.append(None if theirs is None else sorted(theirs))
        if theirs is None:
            continue
        standard = Standard.of_labels(namespaces[namespace])
        assert standard
        ours = by_rules(pod, standard)
        verdicts[f"{standard.level} {'refused' if theirs else 'admitted'}"] += 1
        if ours != theirs:
            different.append(f"case {index} in {namespace}\nadmission: {theirs}\nrules: {ours}\n{yaml.safe_dump(pod)}")
    PODS.check(recorded, accept=golden.accept)
    tally.add("pods under Pod Security", CASES, CASES - len(different), verdicts)
    assert not different, f"{len(different)} differ\n" + "\n".join(different[:3])
    assert len(verdicts) == 4
    assert min(verdicts.values()) >= CASES // 20
