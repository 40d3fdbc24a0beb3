"""Levels and options of rules: the rules' own, changed by the stack file, changed by `--policy-pack-config`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from common.errors import PolicyInputError, Problem
from policy.model.rule import Level, Option, ResourceRule, Rule

STACK_KEY = "polykube:policy"
CLUSTER_KEY = "polykube:cluster"


@dataclass(frozen=True)
class RuleSettings:
    """Level by rule, and value by option by rule; what is not named is the rule's own."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def level(self, rule: Rule) -> Level:
        """The level that `rule` has in this run."""
        return self.levels.get(rule.id, rule.level)

    def values(self, rule: Rule) -> dict[str, Any]:
        """The options of `rule` by name."""
        chosen = self.options.get(rule.id, {})
        return {option.name: chosen.get(option.name, option.default) for option in rule.options}

    def arguments(self, rule: Rule) -> dict[str, Any]:
        """The options of `rule` as its functions take them."""
        values = self.values(rule)
        return {option.parameter: values[option.name] for option in rule.options}

    def changed(self, other: "RuleSettings") -> "RuleSettings":
        """These settings where `other` says nothing."""
        rules = self.options.keys() | other.options.keys()
        options = {rule: {**self.options.get(rule, {}), **other.options.get(rule, {})} for rule in rules}
        return RuleSettings({**self.levels, **other.levels}, options)


def implied(cluster: object) -> RuleSettings:
    """What a stack file tells rules by what it says of its `cluster`, where it does not tell them otherwise."""
    version = cluster.get("version") if isinstance(cluster, Mapping) else None
    return RuleSettings(options={"removed-api": {"version": version}} if isinstance(version, str) else {})


def read_settings(rules: Sequence[Rule], levels: Any, options: Any) -> RuleSettings:
    """RuleSettings as a person wrote them, checked; PolicyInputError (PK511 … PK513) with every problem."""
    by_id = {rule.id: rule for rule in rules}
    problems: list[Problem] = []
    good_levels: dict[str, Level] = {}
    good_options: dict[str, dict[str, Any]] = {}
    for name, level in _named("levels", levels, by_id, problems):
        if level in _levels_of(by_id[name]):
            good_levels[name] = Level(level)
        else:
            problems.append(_wrong_level(by_id[name], level))
    for name, values in _named("options", options, by_id, problems):
        good_options[name] = dict(_read_options(by_id[name], values, problems))
    if problems:
        raise PolicyInputError(problems)
    return RuleSettings(good_levels, good_options)


def option_schema(option: Option) -> dict[str, Any]:
    """The JSON Schema of an option's values, definitions written out: the engine has no place for them."""
    schema = _adapter(option).json_schema()
    definitions = schema.pop("$defs", {})
    written_out: dict[str, Any] = _written_out(schema, definitions)
    return written_out


def _written_out(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _written_out(definitions[reference.rpartition("/")[2]], definitions)
    return {key: _written_out(value, definitions) for key, value in schema.items()}


def _named(part: str, given: Any, rules: Mapping[str, Rule], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for name, value in (given or {}).items():
        if name in rules:
            yield name, value
        else:
            problems.append(no_such_rule(name, rules, where=f"{STACK_KEY}.{part}.{name}"))


def no_such_rule(name: str, rules: Iterable[str], where: str = "") -> Problem:
    """What is wrong where a rule is named that the pack does not have (PK511)."""
    known = list(rules)
    remedy = name_one_of(name, known)
    return Problem(
        "PK511",
        f"the policy pack has no rule {name}",
        where=where,
        allowed=", ".join(known),
        remedy=remedy,
    )


def name_one_of(name: str, rules: Iterable[str]) -> str:
    """What to do about a name that no rule has: the rule that is probably meant, if one is near."""
    meant = get_close_matches(name, rules, n=1)
    return f"write {meant[0]}, if that is meant" if meant else "name one of the pack's rules"


def _levels_of(rule: Rule) -> list[str]:
    remediates = isinstance(rule, ResourceRule) and rule.remediate is not None
    return [level for level in Level if remediates or level != Level.REMEDIATE]


def _wrong_level(rule: Rule, level: Any) -> Problem:
    return Problem(
        "PK512",
        f"the rule {rule.id} cannot have this level",
        where=f"{STACK_KEY}.levels.{rule.id}",
        found=repr(level),
        allowed=", ".join(_levels_of(rule)),
        remedy="write one of the allowed levels",
    )


def _adapter(option: Option) -> Any:
    from pydantic import TypeAdapter  # 0.1 s that only who sets options pays

    return TypeAdapter(option.type)


def _read_options(rule: Rule, values: Any, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    known = {option.name: option for option in rule.options}
    for name, value in values.items():
        try:
            yield name, _adapter(known[name]).validate_python(value)
        except KeyError:
            problems.append(_wrong_option(rule, name, "no such option", ", ".join(known) or "none"))
        except ValueError as error:
            first = error.errors()[0]  # type: ignore[attr-defined]  # pydantic's, whose import waits for `_adapter`
            where = ".".join(map(str, (name, *first["loc"])))
            problems.append(_wrong_option(rule, where, repr(first["input"]), first["msg"]))


def _wrong_option(rule: Rule, where: str, found: str, allowed: str) -> Problem:
    return Problem(
        "PK513",
        f"an option of the rule {rule.id} cannot be this",
        where=f"{STACK_KEY}.options.{rule.id}.{where}",
        found=found,
        allowed=allowed,
        remedy="write an allowed value; docs/reference/policies.md lists every option",
    )
