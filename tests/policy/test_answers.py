"""The rules against answers that the API server once gave (tests/policy/exam): quick, and without an API server."""

from policy.admission.pod_security import Standard
from tests.policy.exam.answers import NAMESPACES, PODS, SEED
from tests.policy.exam.pods import PodDraw, by_rules, place_of, places
from tests.policy.exam.quota import replay


def test_namespaces_are_judged_as_the_api_server_judged_them() -> None:
    for index, record in enumerate(NAMESPACES.read()):
        theirs, ours = replay(record, "exam", f"{SEED}-{index}")
        assert theirs.agrees(ours), (index, theirs, ours)


def test_pods_are_judged_as_pod_security_admission_judged_them() -> None:
    namespaces = places("it")
    for index, refused in enumerate(PODS.read(), start=1):
        seed = f"{SEED}-{index}"
        namespace = place_of(seed, sorted(namespaces))
        standard = Standard.of_labels(namespaces[namespace])
        assert standard
        if refused is not None:  # else it was no valid pod at all
            assert by_rules(PodDraw(seed).pod(namespace), standard) == frozenset(refused), (index, namespace)
