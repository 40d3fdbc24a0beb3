"""A manifest that is read otherwise than kubectl reads it: judged as one thing, deployed as another."""

import itertools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ensure
from spec.kubectl import parse_manifest

Kubectl = Callable[[str], list[Any] | None]
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """What kubectl makes of a manifest, without asking a cluster; None where it refuses any of it."""
    executable = ensure(["kubectl"])["kubectl"].path
    file = tmp_path_factory.mktemp("kubectl") / "manifest.yaml"

    def read(text: str) -> list[Any] | None:
        file.write_text(text)
        command: list[str | Path] = [
            executable,
            "annotate",
            "--local",
            "-o",
            "jsonpath-as-json={}",
            "-f",
            file,
            "read=yes",
        ]
        environment = os.environ | {"KUBECONFIG": os.devnull}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return None if done.returncode else list(_values(done.stdout))

    return read


def _values(text: str) -> Any:
    decoder, end = json.JSONDecoder(), 0
    while text[end:].strip():
        value, end = decoder.raw_decode(text, end + len(text[end:]) - len(text[end:].lstrip()))
        for body in value:
            del body["metadata"]["annotations"]
            yield body


@pytest.mark.parametrize(
    "data",
    [
        "404: not here",
        "0x1F: a\n  1.5: b\n  2020-01-01: c\n  yes: d\n  off: e",
        "when: 2018-12-02T09:15:16Z\n  day: 2018-12-02",
        "a: 1\n  a: 2\n  b: 3",
        "a: !!str 5\n  b: !local text\n  c: !local {d: e}\n  f: !!binary aGVsbG8=\n  g: !!float 3\n  h: !!int '7'",
        "a: !!timestamp 2001-01-01\n  b: !!bool 'yes'\n  c: ! 5",
        "<<: &a {x: y}\n  z: *a",
        '"a": "\\x00"',
    ],
)
def test_what_kubectl_takes_is_taken_alike(data: str, kubectl: Kubectl) -> None:
    text = f"{HEAD}data:\n  {data}\n"
    documents = parse_manifest(text)
    assert documents.findings == ()
    assert [node.plain() for node in documents.nodes] == kubectl(text) != None  # noqa: E711 - of both


@pytest.mark.parametrize(
    "data",
    ["~: x", "? [a]\n  : b", "a: .inf", "a: *b", "a: !!int x", "<<: 5", "a: {{ .Values.a }}", "a: !!null x", "a: ["],
)
def test_what_kubectl_refuses_is_refused(data: str, kubectl: Kubectl) -> None:
    text = f"{HEAD}data:\n  {data}\n"
    assert kubectl(text) is None
    documents = parse_manifest(text)
    assert documents.findings
    assert documents.nodes == ()


def test_short_scalars_mean_what_they_mean_to_kubectl(kubectl: Kubectl) -> None:
    texts = ["".join(parts) for size in (1, 2, 3) for parts in itertools.product("019._xe-+", repeat=size)]
    texts += [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "Y",
        "N",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "null",
        "Null",
        "~",
        "12:30",
        "0x1F",
        "0b101",
        "0o17",
        "017",
        "0o8",
        "1e400",
    ]
    texts += ["1_000", "1e21", "1E+3", "9007199254740992"]
    plain = [text for text in texts if not text.startswith(("-.", "- ")) and text not in ("-", "---")]
    text = f"{HEAD}data:\n" + "".join(f"  k{index}: {text}\n" for index, text in enumerate(plain))
    (node,) = parse_manifest(text).nodes
    theirs = (kubectl(text) or [])[0]
    ours: Any = node.plain()
    differ = [
        (plain[int(key[1:])], value, theirs["data"][key])
        for key, value in ours["data"].items()
        if value != theirs["data"][key]
    ]
    assert len(plain) > 700
    assert differ == []


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}',
        '{\n\t"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": {"name": "a"}\n}\n',
        f"# a comment\n---\n{HEAD}--- # of two\n{HEAD}---\n---\n",
        f"{HEAD}---\r\n{HEAD}",
    ],
)
def test_documents_are_told_apart_as_kubectl_does(text: str, kubectl: Kubectl) -> None:
    documents = parse_manifest(text)
    assert documents.findings == ()
    assert [node.plain() for node in documents.nodes if node.value is not None] == kubectl(text)


@pytest.mark.parametrize("broken", ["a: [", "a: 'b", "a: *b", "\ta: b", "a: {{ b }}", "a: \x01", "[" * 1000])
def test_a_document_that_does_not_parse_costs_no_other_one(broken: str) -> None:
    documents = parse_manifest(f"a: 1\n---\nb: 1\n{broken}\n---\nc: 1\n")
    assert [(node.line, node.plain()) for node in documents.nodes] == [(1, {"a": 1}), (6, {"c": 1})]
    assert {finding.line for finding in documents.findings} <= {3, 4}
    assert all(
        "lines 2 to 4 are not judged, the other documents of the file are" in it.found for it in documents.findings
    )


def test_many_json_values_and_documents_are_read_in_a_moment() -> None:
    text = '{"a": [1, 2, 3]}\n' * 20_000
    assert len(parse_manifest(text).nodes) == 20_000
    assert len(parse_manifest("---\na: 1\n" * 20_000).nodes) == 20_000
