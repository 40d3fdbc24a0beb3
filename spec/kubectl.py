"""Manifests as kubectl reads them: it takes more than the engine does, and takes documents one by one.

kubectl 1.36 (sigs.k8s.io/yaml 1.6, which is yaml.v2 and then JSON) splits a file at its lines with `---`, or into JSON
values if it begins with a brace. A document that does not parse so costs the others nothing. In each of them

- `yes`, `on`, `y` are true and `no`, `off`, `n` false; dates are text, and so are keys, whatever they look like;
- of two equal keys the last one counts; tags of YAML's own convert, others are ignored;
- a key that is a list, a mapping or nothing, and a number that is not finite, are refused.

tests/unit/stacks/test_kubectl_reading.py holds it to kubectl.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import yaml

from spec.documents import Composer, Documents, Limits, YamlNode, composed, unsupported
from spec.problems import Finding, KeyPath
from spec.scalars import Scalar, misread, scalar

LIMITS: Final = Limits(32, 500_000)  # the largest bundles of upstream projects have 5 MiB
_TRUE: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE: Final = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF"})
_SEPARATOR: Final = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_SPACE: Final = re.compile(r"\s*")
_OWN: Final = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def parse_manifest(text: str) -> Documents:
    """The documents in `text`; of one that kubectl would refuse there are only findings."""
    nodes: list[YamlNode] = []
    findings: list[Finding] = []
    parts = list(_parts(text))
    for before, part in parts:
        documents = composed(_Composer(part, LIMITS, before), part)
        findings += [_told(finding, before, part, alone=len(parts) == 1) for finding in documents.findings]
        if not documents.findings:
            nodes += documents.nodes
    return Documents(tuple(nodes), tuple(findings))


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The text of each document, and the number of lines before it."""
    bounds = _json_values(text) or [match.start() for match in _SEPARATOR.finditer(text)]
    before = 0
    for start, end in zip([0, *bounds], [*bounds, len(text)], strict=True):
        if start < end:
            yield before, text[start:end]
            before += text.count("\n", start, end)


def _json_values(text: str) -> list[int]:
    """Where each JSON value after the first begins, if the text is nothing but JSON values."""
    decoder, bounds, end = json.JSONDecoder(), [], 0
    try:
        while (start := _SPACE.match(text, end).end()) < len(text):  # type: ignore[union-attr]  # it matches anywhere
            if text[start] != "{":
                return []
            end = decoder.raw_decode(text, start)[1]
            bounds.append(start)
    except (ValueError, RecursionError):
        return []
    return bounds[1:]


def _told(finding: Finding, before: int, part: str, *, alone: bool) -> Finding:
    """A finding with what it costs: its document, and no other one."""
    if alone:
        return finding
    lines = f"{before + 1} to {before + len(part.splitlines())}"
    return replace(finding, found=f"{finding.found}\nlines {lines} are not judged, the other documents of the file are")


class _Composer(Composer):
    """Builds nodes as kubectl does."""

    def tagged(self, tag: str, path: KeyPath, line: int) -> None:
        pass

    def again(self, key: str, first: int, path: KeyPath, line: int) -> None:
        pass

    def scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> YamlNode:
        line, text = self.line(event), event.value
        tag = (event.tag or "").removeprefix(_OWN)
        if event.implicit[0] and event.tag is None:
            if misread(text) == "a number that is not finite":
                self.findings.append(unsupported(f"{text}, which JSON cannot say", path, line))
            return YamlNode(_plain(text), line)
        value = _plain(text) if tag in _TYPES else _bytes(text) if tag == "binary" else text
        if not isinstance(value, _TYPES.get(tag, (str,))):
            self.findings.append(unsupported(f"!!{tag} {text}", path, line))
        return YamlNode(value, line)

    def key(self, node: YamlNode, path: KeyPath) -> str | None:
        if node.value is None:
            self.findings.append(unsupported("a key that is nothing", path, node.line))
            return None
        return node.value if isinstance(node.value, str) else json.dumps(node.value)


def _plain(text: str) -> Scalar:
    return True if text in _TRUE else False if text in _FALSE else scalar(text)


def _bytes(text: str) -> str | None:
    try:
        return base64.b64decode(text).decode(errors="replace")
    except ValueError:
        return None
