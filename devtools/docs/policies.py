"""The page of policy rules: what each checks, its options, and an example of right and of wrong."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from common.paths import CHECKOUT
from components.platform.rule_guards import NOT_SAID, SAID
from devtools.docs.markdown import anchor, table
from policy.model.rule import Category, Option, ResourceRule, Rule
from policy.rules import RULES

_CASES: Final = CHECKOUT / "tests" / "policy" / "cases"
_ORDER: Final = list(Category)
_HEAD: Final = """# Policy rules

Every rule of the policy pack: what it checks, its level, what it can be told, and an example of right and of wrong.

Levels: **mandatory** stops the run, **advisory** is shown, **remediate** is put right by `up`, **disabled** is off. How
to change levels and options, and how to get leave to break a rule, is in [the guide](../policies.md). The examples are
tests: they go through the engine and the pack in every run of the test suite.

*Where* says who asks it: a **preview**, and with it `up` and `polykube policy check`; **both** is also the API server,
of what is written into tenants' namespaces, where `policy.admission` is `warn` or `deny`
([how](../policies.md#have-the-api-server-say-it-too)). Its **own admission** says a rule in any case, in its own words.
"""
_ITS_OWN: Final = ("pss-baseline", "pss-restricted", "quota-fits")


def page() -> str:
    """A section for each category, with one for each rule in it."""
    rules = sorted(RULES, key=lambda rule: _ORDER.index(rule.category))
    overview = table(
        ("rule", "category", "level", "checks", "where"),
        [(f"[{rule.id}]({anchor(rule.id)})", rule.category, rule.level, rule.summary, _where(rule)) for rule in rules],
    )
    sections = [
        f"## {category.capitalize()}\n\n" + "\n".join(map(_section, of_category))
        for category, of_category in groupby(rules, key=lambda rule: rule.category)
    ]
    return "\n".join([_HEAD, f"{overview}\n", *sections])


def _where(rule: Rule) -> str:
    """Where a rule is asked: by a preview, by the API server, or both."""
    if rule.id in SAID:
        return "both"
    return "both: its own admission" if rule.id in _ITS_OWN else "preview"


def _section(rule: Rule) -> str:
    return f"### {rule.id}\n\n" + "\n\n".join(_parts(rule)) + "\n"


def _parts(rule: Rule) -> Iterator[str]:
    yield rule.summary
    scope = "one resource by itself" if isinstance(rule, ResourceRule) else "a resource in the light of the whole stack"
    yield f"Level {rule.level}; judges {scope}. Why: {rule.why}."
    if rule.id in NOT_SAID:
        yield f"Not said again at the API server: {NOT_SAID[rule.id]}."
    if rule.options:
        yield table(("option", "default", "meaning"), [_option(option) for option in rule.options])
    for verdict, title in (("error", "Wrong"), ("ok", "Right")):
        yield f"{title}:\n\n```yaml\n{_example(rule, verdict)}\n```"


def _option(option: Option) -> tuple[str, str, str]:
    default = ", ".join(map(str, option.default)) if isinstance(option.default, tuple | list) else str(option.default)
    return f"`{option.name}`", f"`{default}`" if default else "", option.description


def _example(rule: Rule, verdict: str) -> str:
    lines = (_CASES / f"{rule.id}.{verdict}.example.yaml").read_text(encoding="utf-8").splitlines()
    return "\n".join(_shown(line) for line in lines if line != "# alone")


def _shown(line: str) -> str:
    return line.replace("# expect: ", "# ").replace("# options: ", "# with the options ")
