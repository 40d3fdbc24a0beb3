"""A workload of which some objects are left out, in an order that changes from run to run."""

from pathlib import Path

from spec.manifests import read_manifests

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {} }}\n"


def test_objects_come_in_the_order_of_paths_then_files_then_documents(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(OBJECT.format("b1") + "---\n" + OBJECT.format("b2"))
    (tmp_path / "a.yml").write_text(OBJECT.format("a"))
    (tmp_path / "notes.txt").write_text("not a manifest")
    (tmp_path / "further").mkdir()
    (tmp_path / "further" / "down.yaml").write_text(OBJECT.format("down"))
    manifests, findings = read_manifests([tmp_path / "further" / "down.yaml", tmp_path])
    assert findings == []
    assert [manifest.identity[2] for manifest in manifests] == ["down", "a", "b1", "b2"]


def test_an_object_knows_its_place(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text("# first\n" + OBJECT.format("one") + "---\n\n" + OBJECT.format("two"))
    manifests, _ = read_manifests([path])
    assert [(manifest.file, manifest.line) for manifest in manifests] == [(path, 2), (path, 7)]


def test_empty_documents_are_no_objects_and_no_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("---\n# nothing\n---\n" + OBJECT.format("one") + "---\n")
    manifests, findings = read_manifests([path])
    assert ([manifest.identity[2] for manifest in manifests], findings) == (["one"], [])


def test_a_mapping_called_secure_in_a_manifest_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(OBJECT.format("one") + "data: { secure: text }\n")
    manifests, _ = read_manifests([path])
    assert manifests[0].body["data"] == {"secure": "text"}


def test_one_bad_document_does_not_hide_the_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(OBJECT.format("one") + "---\nkind: Secret\n")
    manifests, findings = read_manifests([path])
    assert len(manifests) == 1
    assert [finding.line for finding in findings] == [5]
