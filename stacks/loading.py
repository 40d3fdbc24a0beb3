"""From a stack file, or from the engine, to the spec; everything that is wrong is raised once.

Both ways end in the same checks. The file alone serves the CLI: no engine, no passphrase, encrypted values
stay opaque. In the program, values come from the engine, decrypted and complete (`pulumi config set`,
`--config-file`, imported environments), and the file beside Pulumi.yaml tells the lines, as far as it says
the same.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime.config import CONFIG as IN_PROCESS
from pulumi.runtime.config import get_config_env

from common.errors import Problem, StackFileError
from spec.documents import Documents, YamlNode, parse, read
from spec.model import Origin
from spec.problems import Code, Finding, KeyPath, key_path
from spec.values import Secret
from stacks.config import StackSpec
from stacks.validation import validate
from stacks.wording import shown

_CONFIG: Final = "config"


def stack_file(directory: Path, stack: str) -> Path:
    """Where Pulumi keeps the configuration of `stack`, for a project in `directory`."""
    return directory / f"Pulumi.{stack}.yaml"


def load_file(path: Path) -> StackSpec:
    """The spec in the stack file `path`, whose name says the stack's: `Pulumi.dev.yaml`.

    Raises StackFileError with every problem of the file, in the order of lines.
    """
    stack = path.name.removeprefix("Pulumi.").removesuffix(path.suffix)
    return _spec(_Source(str(path), read(path)), Origin(stack, path.resolve().parent))


def load_text(text: str, stack: str, directory: Path) -> StackSpec:
    """The spec in `text`, as if it were the file of `stack` in `directory`; StackFileError as of `load_file`."""
    return _spec(_Source(stack_file(directory, stack).name, parse(text)), Origin(stack, directory))


def _spec(source: "_Source", origin: Origin) -> StackSpec:
    return source.spec(source.values(), origin)


def warnings_of(spec: StackSpec) -> tuple[Problem, ...]:
    """What of an accepted spec should be looked at; nothing is refused for it."""
    findings = [finding.below(_CONFIG) for finding in spec.warnings()]
    return tuple(
        Problem(each.code.id, each.code.title, key_path(each.at), "", 0, each.found, each.allowed, each.remedy)
        for each in findings
    )


def load_from_engine() -> StackSpec:
    """The spec of the stack that the engine runs this program for.

    Raises pulumi.RunError with every problem, which the engine shows without a traceback.
    """
    stack, directory = pulumi.get_stack(), Path(pulumi.get_root_directory())
    path = stack_file(directory, stack)
    source = _Source(path.name, read(path)) if path.exists() else _Source("", Documents(nodes=(YamlNode({}, 0),)))
    try:
        values = source.values()
        in_file = values.get(_CONFIG)
        config = _handed_over(_engine_config(), in_file if isinstance(in_file, dict) else {})
        source = source.agreeing_with(config)
        return source.spec(values | {_CONFIG: config}, Origin(stack, directory))
    except StackFileError as error:
        raise pulumi.RunError(f"the configuration of stack {stack} has problems:\n{error}") from None


def _engine_config() -> Mapping[str, str]:
    """Every configuration key with its text. `pulumi.Config` cannot list keys, so an unknown one would go unseen."""
    return get_config_env() | IN_PROCESS.get()


def _handed_over(config: Mapping[str, str], in_file: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's texts as values: JSON for mappings and lists, and scalars as the file spells the same ones.

    Keys without a namespace come from the file: the engine adds the project's name to them, the file
    alone cannot, so they are refused both ways.
    """
    values = {key: value for key, value in in_file.items() if ":" not in key}
    for key, text in config.items():
        said = in_file.get(key)
        if isinstance(said, dict | list | Secret):
            values[key] = _with_secrets(_decoded(text), said)
        else:
            values[key] = said if key in in_file and _as_engine_text(said) == text else _decoded(text)
    return values


def _as_engine_text(scalar: str | float | None) -> str:
    return "" if scalar is None else scalar if isinstance(scalar, str) else json.dumps(scalar)


def _decoded(text: str) -> Any:
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _with_secrets(value: Any, written: object) -> Any:
    """`value` with Secrets, decrypted, where the file has them."""
    if isinstance(written, Secret):
        return Secret(value if isinstance(value, str) else json.dumps(value))
    if isinstance(value, dict) and isinstance(written, dict):
        return {key: _with_secrets(item, written.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(written, list) and len(value) == len(written):
        return [_with_secrets(*pair) for pair in zip(value, written, strict=True)]
    return value


@dataclass(frozen=True)
class _Source:
    """A stack file as read, and the way from findings to problems with places in it."""

    name: str
    documents: Documents

    def values(self) -> dict[str, Any]:
        """The file as lists, dicts, scalars and Secrets; raises StackFileError when it is no stack file."""
        nodes = self.documents.nodes
        if self.documents.findings and not nodes:
            raise self._error(self.documents.findings)
        if len(nodes) != 1 or not isinstance(nodes[0].value, dict):
            raise self._error([*self.documents.findings, _not_a_stack_file(nodes)])
        values = _sealed(nodes[0].plain())
        assert isinstance(values, dict)
        return values

    def spec(self, values: dict[str, Any], origin: Origin) -> StackSpec:
        """The spec that `values` is; raises StackFileError with every problem of it and of the file."""
        model, findings = validate(values, origin, self._written)
        findings += self.documents.findings
        if findings or model is None:
            raise self._error(findings)
        return model.config

    def agreeing_with(self, config: Mapping[str, Any]) -> "_Source":
        """The same file without the configuration that the engine has otherwise: its lines would mislead."""
        root = self.documents.nodes[0]
        written = root.nearest((_CONFIG,))[0]
        if not isinstance(root.value, dict) or not isinstance(written.value, dict):
            return self
        same = {key: node for key, node in written.value.items() if _sealed(node.plain()) == config.get(key)}
        top = replace(root, value=root.value | {_CONFIG: replace(written, value=same)})
        return replace(self, documents=replace(self.documents, nodes=(top,)))

    def _written(self, at: KeyPath) -> str:
        node, found = self.documents.nodes[0].nearest(at)
        return node.written if found else ""

    def _error(self, findings: Iterable[Finding]) -> StackFileError:
        problems = {self._problem(finding): None for finding in findings}

        def order(problem: Problem) -> tuple[bool, str, int, str]:
            return problem.file != self.name, problem.file, problem.line, problem.where

        return StackFileError(sorted(problems, key=order))

    def _problem(self, finding: Finding) -> Problem:
        line = finding.line
        if not line and self.documents.nodes:
            line = self.documents.nodes[0].nearest(finding.at)[0].line
        where = key_path(finding.at)
        return Problem(
            code=finding.code.id,
            summary=finding.code.title,
            where=where,
            file=finding.file or self.name,
            line=line,
            found=finding.found,
            allowed=finding.allowed,
            remedy=finding.remedy.replace("{where}", where),
        )


def _not_a_stack_file(nodes: tuple[YamlNode, ...]) -> Finding:
    if len(nodes) > 1:
        found, remedy = f"{len(nodes)} documents", "Remove this one; the engine reads only the first."
        return Finding(Code.NOT_A_STACK_FILE, found, "one mapping", remedy, line=nodes[1].line)
    found = shown(nodes[0].plain()) if nodes else "an empty file"
    return Finding(Code.NOT_A_STACK_FILE, found, "one mapping", "Write a mapping with `config` in it.")


def _sealed(value: object) -> object:
    """`value` with a Secret for each `{secure: text}`, which is how Pulumi writes encrypted values."""
    if isinstance(value, dict):
        if list(value) == ["secure"] and isinstance(value["secure"], str):
            return Secret()
        return {key: _sealed(item) for key, item in value.items()}
    return [_sealed(item) for item in value] if isinstance(value, list) else value
