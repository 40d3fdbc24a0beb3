"""YAML documents with the line of every key, and bounded; `scalars` says what an unquoted value means.

As the engine does (yaml.v3 3.0.1), `<<` merges mappings and a mapping with one key twice is an error. Tags
and keys that are not text are refused, though the engine would turn them into something. `kubectl` reads
manifests as kubectl does.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from spec.problems import Code, Finding, KeyPath, quoted
from spec.scalars import Scalar, misread, scalar
from spec.syntax import refused_character, syntax_error

_MAX_DEPTH: Final = 64  # levels; a stack file has about ten, a CustomResourceDefinition about forty


@dataclass(frozen=True)
class Limits:
    """How much a file may hold: MiB, and values with aliases written out, in any one document."""

    mebibytes: int
    values: int

    @property
    def bytes(self) -> int:
        """How large a file may be."""
        return self.mebibytes * 2**20


STACK_FILE: Final = Limits(1, 50_000)  # hundreds of times a long one


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value and the line where a person finds it: its key's line, or its own in a list.

    `written` is a plain scalar as it stands in the file (`1.30`), `size` counts values with aliases
    written out, `height` is the number of levels below.
    """

    value: "Scalar | list[YamlNode] | dict[str, YamlNode]"
    line: int
    written: str = ""
    size: int = 1
    height: int = 0

    def plain(self) -> object:
        """The value as lists, dicts and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def nearest(self, path: KeyPath) -> "tuple[YamlNode, bool]":
        """The node at `path` and True, or the last one on the way there and False."""
        node = self
        for step in path:
            child = node._child(step)
            if child is None:
                return node, False
            node = child
        return node, True

    def _child(self, step: str | int) -> "YamlNode | None":
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None


@dataclass(frozen=True)
class Documents:
    """The documents of a file as far as they could be read, and what is wrong with them."""

    nodes: tuple[YamlNode, ...] = ()
    findings: tuple[Finding, ...] = ()


def read(path: Path, limits: Limits = STACK_FILE) -> Documents:
    """The YAML documents of a file. Findings carry lines; nothing is raised."""
    text = text_of(path, limits)
    return parse(text, limits) if isinstance(text, str) else Documents(findings=(text,))


def text_of(path: Path, limits: Limits) -> str | Finding:
    """The text of a file, or why it cannot be had."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return _unreadable("it is not a regular file")
        with path.open("rb") as file:
            content = file.read(limits.bytes + 1)
        return decoded(content, limits)
    except OSError as error:
        return _unreadable(error.strerror or str(error))
    except ValueError:  # a path with a NUL in it
        return _unreadable("no file can have this name")


def decoded(content: bytes, limits: Limits) -> str | Finding:
    """The text of a file's content, or why it is none."""
    if len(content) > limits.bytes:
        return _unreadable(f"it is larger than {limits.mebibytes} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable("it is not UTF-8 text", line=content.count(b"\n", 0, error.start) + 1)


def _unreadable(reason: str, line: int = 0) -> Finding:
    remedy = "Name a YAML file in UTF-8 that exists and can be read."
    return Finding(Code.UNREADABLE, found=reason, remedy=remedy, line=line)


def parse(text: str, limits: Limits = STACK_FILE) -> Documents:
    """The YAML documents in `text`. Findings carry lines; nothing is raised."""
    return composed(Composer(text, limits), text)


def composed(composer: "Composer", text: str) -> Documents:
    """The YAML documents that `composer` makes of `text`."""
    if (character := refused_character(text)) is not None:
        return Documents(findings=(composer.placed(character),))
    nodes: list[YamlNode] = []
    try:
        nodes.extend(composer.documents())
    except yaml.MarkedYAMLError as error:
        composer.findings.append(composer.placed(syntax_error(error, text)))
    except _Refused as refused:
        composer.findings.append(refused.finding)
    return Documents(tuple(nodes), tuple(composer.findings))


class _Refused(Exception):
    """The rest of the text is not worth reading."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.code.title)


class Composer:
    """Builds nodes from the parser's events. `before` is how many lines of the file are before the text."""

    def __init__(self, text: str, limits: Limits, before: int = 0) -> None:
        self.findings: list[Finding] = []
        self._before = before
        self._limits = limits
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._anchors: dict[str, YamlNode | None] = {}  # None: its value has not ended yet

    def documents(self) -> Iterator[YamlNode]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                yield self._node(next(self._events), ())

    def placed(self, finding: Finding) -> Finding:
        """What is wrong at a line of the text, at the line of the file."""
        return replace(finding, line=finding.line + self._before)

    def line(self, event: yaml.Event) -> int:
        """The line of the file."""
        assert event.start_mark is not None
        return event.start_mark.line + 1 + self._before

    def _node(self, event: yaml.Event, path: KeyPath) -> YamlNode:
        line = self.line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if len(path) > _MAX_DEPTH:
            raise _Refused(_too_much(f"more than {_MAX_DEPTH} levels", path, line))
        if event.tag is not None:
            self.tagged(event.tag, path, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(line, path)
        else:
            node = self._mapping(line, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if node.size > self._limits.values:
            raise _Refused(_too_much(f"more than {self._limits.values} values, aliases written out", path, line))
        return node

    def _alias(self, event: yaml.AliasEvent, path: KeyPath) -> YamlNode:
        line = self.line(event)
        if event.anchor not in self._anchors:
            remedy = f"Write &{event.anchor} at what is meant, further up, or quote text that starts with *."
            raise _Refused(Finding(Code.NOT_YAML, found=f"*{event.anchor}", remedy=remedy, at=path, line=line))
        node = self._anchors[event.anchor]
        if node is None:
            raise _Refused(_too_much(f"*{event.anchor} inside of what it stands for", path, line))
        if len(path) + node.height > _MAX_DEPTH:
            raise _Refused(_too_much(f"more than {_MAX_DEPTH} levels", path, line))
        return replace(node, line=line)

    def tagged(self, tag: str, path: KeyPath, line: int) -> None:
        """Judge the tag of a value."""
        self.findings.append(unsupported(f"the tag {tag}", path, line))

    def scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> YamlNode:
        """The value of a scalar."""
        line = self.line(event)
        if not event.implicit[0]:
            return YamlNode(event.value, line)
        if (kind := misread(event.value)) is not None:
            self.findings.append(_needs_quotes(event.value, kind, path, line))
        return YamlNode(scalar(event.value), line, written=event.value)

    def _sequence(self, line: int, path: KeyPath) -> YamlNode:
        items: list[YamlNode] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return _collection(items, items, line)

    def _mapping(self, line: int, path: KeyPath) -> YamlNode:
        entries: dict[str, YamlNode] = {}
        merged: list[YamlNode] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_line = self.line(event)
            merges = isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value == "<<"
            key = self._key(event, path)
            value = replace(self._node(next(self._events), (*path, key or "?")), line=key_line)
            if key is None:
                continue
            if merges:
                merged += self._merged(value, path)
            else:
                if key in entries:
                    self.again(key, entries[key].line, path, key_line)
                entries[key] = value
        for source in merged:
            assert isinstance(source.value, dict)
            entries = source.value | entries
        return _collection(entries, [*entries.values()], line)

    def _key(self, event: yaml.Event, path: KeyPath) -> str | None:
        """The text of a key; None when it has none."""
        node = self._node(event, (*path, "?"))
        if isinstance(node.value, list | dict):
            self.findings.append(unsupported("a key that is a list or a mapping", path, node.line))
            return None
        return self.key(node, path)

    def key(self, node: YamlNode, path: KeyPath) -> str | None:
        """The text of a key that is a scalar; None when it has none."""
        if not isinstance(node.value, str):
            kind = "nothing" if node.value is None else "a truth value" if isinstance(node.value, bool) else "a number"
            self.findings.append(_needs_quotes(node.written, kind, (*path, node.written), node.line))
        return node.written or str(node.value)

    def again(self, key: str, first: int, path: KeyPath, line: int) -> None:
        """Judge a key that stands twice in one mapping; the last one counts."""
        self.findings.append(_same_key_twice(key, first, path, line))

    def _merged(self, node: YamlNode, path: KeyPath) -> list[YamlNode]:
        sources = node.value if isinstance(node.value, list) else [node]
        if all(isinstance(source.value, dict) for source in sources):
            return sources
        self.findings.append(unsupported("`<<` with something that is not a mapping", path, node.line))
        return []


def _collection(value: list[YamlNode] | dict[str, YamlNode], children: list[YamlNode], line: int) -> YamlNode:
    size = 1 + sum(child.size for child in children)
    return YamlNode(value, line, size=size, height=1 + max((child.height for child in children), default=0))


def _needs_quotes(text: str, kind: str, path: KeyPath, line: int) -> Finding:
    remedy = f'Quote it: "{text}"'
    return Finding(
        Code.NEEDS_QUOTES, found=f"{text or 'nothing'} ({kind})", allowed="text", remedy=remedy, at=path, line=line
    )


def _same_key_twice(key: str, first: int, path: KeyPath, line: int) -> Finding:
    remedy = f"Remove one of them; the other is on line {first}."
    return Finding(Code.SAME_KEY_TWICE, found=f"{quoted(key)} again", remedy=remedy, at=(*path, key), line=line)


def unsupported(what: str, path: KeyPath, line: int) -> Finding:
    """What is wrong with something that YAML has and not every reader takes."""
    return Finding(Code.YAML_FEATURE, found=what, remedy="Write it in plain YAML.", at=path, line=line)


def _too_much(what: str, path: KeyPath, line: int) -> Finding:
    remedy = "Write it flatter, and write repeated parts out instead of using aliases."
    return Finding(Code.TOO_MUCH, found=what, remedy=remedy, at=path[:3], line=line)
