"""Bounds that are read the wrong way round, or a table that says what upstream did not."""

import pytest

from components.kubernetes_versions import KubernetesVersions


@pytest.mark.parametrize(
    ("oldest", "newest", "said", "within", "outside"),
    [
        (33, 36, "1.33 to 1.36", (33, 36), (32, 37)),
        (36, 36, "1.36", (36,), (35, 37)),
        (34, None, "1.34 and newer", (34, 99), (33,)),
        (None, 36, "1.36 and older", (1, 36), (37,)),
        (None, None, "any", (1, 99), ()),
    ],
)
def test_bounds_belong_to_what_is_supported(
    oldest: int | None, newest: int | None, said: str, within: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    versions = KubernetesVersions(oldest, newest, "a source")
    assert str(versions) == said
    assert [list(versions.warnings(minor, "it")) for minor in within] == [[]] * len(within)
    assert [len(list(versions.warnings(minor, "it"))) for minor in outside] == [1] * len(outside)


@pytest.mark.parametrize(("minor", "nearest"), [(30, "1.33"), (37, "1.36")])
def test_a_warning_names_the_nearest_version_and_the_source(minor: int, nearest: str) -> None:
    (finding,) = KubernetesVersions(33, 36, "a source").warnings(minor, "cert-manager 1.21")
    assert finding.found == f"Kubernetes 1.{minor}"
    assert finding.allowed == "1.33 to 1.36, as upstream says of cert-manager 1.21 (a source)"
    assert nearest in finding.remedy
