"""The page of what clouds do with a resource beyond keeping it: behaviour by behaviour, with source and test."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from devtools.docs.markdown import table
from rehearsal.providers.clouds.account import Numbers, read_numbers
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.known import WORDS, Known, ReviewedType, read_known, read_settled
from rehearsal.providers.clouds.names import read_names
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.rules import RuleBook, read_rules
from rehearsal.providers.clouds.schema import Schema

CLOUDS: Final[tuple[type[CloudStandIn], ...]] = (AwsStandIn, GcpStandIn, AzureNativeStandIn)
_TESTS: Final = "tests/rehearsal/clouds"
_HELD: Final[Mapping[str, str]] = {
    "names": "tests/apis/test_stand_in_names.py::test_a_stand_in_takes_the_names_that_the_model_takes",
    "replaced": f"{_TESTS}/test_facts.py::test_what_replaces_is_what_replaces_at_the_original",
    "replaceIf": f"{_TESTS}/test_facts.py::test_what_replaces_now_and_then_does_so_by_its_values",
    "order": f"{_TESTS}/test_replacement_order.py::test_the_order_is_what_the_provider_says",
    "readBack": f"{_TESTS}/test_read_back.py::test_a_bridged_provider_compares_with_what_it_has_read",
    "limits": f"{_TESTS}/test_account.py::test_every_limit_is_enforced_at_its_number_and_says_what_to_ask_for",
    "propagates": f"{_TESTS}/test_account.py::test_a_new_right_counts_after_a_while_and_a_rerun_converges",
    "waits": f"{_TESTS}/test_in_time.py::test_what_lingers_keeps_what_it_is_in_from_being_deleted",
    "deletesLate": f"{_TESTS}/test_in_time.py::test_a_name_that_stays_taken_cannot_be_had_again",
    "adopts": "tests/unit/rehearsal/clouds/test_aws.py::test_what_is_attached_twice_is_detached_once",
    "inUse": f"{_TESTS}/test_faults.py::test_what_somebody_put_into_a_network_keeps_it_from_being_deleted",
}
_HEAD: Final = """# How clouds behave

What the stand-in clouds do with each type beyond keeping it, where that is known from, and the test that holds them to
it.

No cloud was asked. Tests, and the facts, are below `tests/rehearsal/clouds` unless they say otherwise. The issues of
the providers have been gone through for every type that a cluster is made of. Where no row says when, a type is known
by its rules and limits alone: controllers make it, or only a rehearsal.

Below each cloud's types, what single issues tell of those that are used most: whether programs of polykube suffer from
it, and the test by which a rehearsal shows that.
"""


def page() -> str:
    """A table for each cloud, with the rows of each type."""
    return "\n".join([_HEAD, *(_section(cloud) for cloud in CLOUDS)])


def behaviours(cloud: type[CloudStandIn]) -> dict[str, list[Known]]:
    """What is known of each type of a cloud: what somebody has written down, and what its rules and limits say."""
    schema = Schema(cloud.directory)
    book, words = read_rules(cloud.directory, schema), list(WORDS)
    known, numbers = read_known(cloud.directory), read_numbers(cloud.directory)
    return {
        token: sorted(
            [
                *known.get(token, ReviewedType()).behaviours,
                *_by_rules(cloud, book, token, schema),
                *_by_numbers(numbers, token),
            ],
            key=lambda each: words.index(each.word),
        )
        for token in book.types
    }


def _section(cloud: type[CloudStandIn]) -> str:
    readings = read_known(cloud.directory)
    rows = [
        row
        for token, known in behaviours(cloud).items()
        for row in _rows(token, known, readings.get(token, ReviewedType()))
    ]
    shown = table(("type", "behaviour", "source", "test"), rows)
    settled = table(("type", "issue", "tells", "do ours suffer", "shown by"), list(_settled(cloud)))
    return f"## {cloud.name}\n\n{shown}\n\n### Issues of {cloud.name}, settled\n\n{settled}\n"


def _settled(cloud: type[CloudStandIn]) -> Iterator[tuple[str, ...]]:
    for token, issues in read_settled(cloud.directory).items():
        shown = f"`{token}`"
        for each in issues:
            by = _test(each.shown) if "::" in each.shown else each.shown
            yield shown, f"{each.issue} ({each.month})", each.tells, each.ours, by
            shown = ""


def _rows(token: str, known: Sequence[Known], reading: ReviewedType) -> Iterator[tuple[str, str, str, str]]:
    shown = f"`{token}`"
    for each in known:
        yield shown, f"**{WORDS[each.word]}** {each.says}", each.source, _test(each.test)
        shown = ""
    if reading.read:
        yield shown, f"no other behaviour known, read on {reading.read}", ", ".join(reading.issues), ""


def _by_numbers(numbers: Numbers, token: str) -> Iterator[Known]:
    for limit in numbers.limits:
        most = limit.most if limit.most is not None else limit.fresh
        if token in limit.of and most is not None:
            counted = f" {limit.counts}" if limit.counts else ""
            each = f" for each {limit.per}" if limit.per else ""
            new = "" if limit.most is not None else " in new accounts"
            says = f"an account has {most}{counted}{each}{new} by default ({limit.name})"
            yield Known("limits", says, f"quota {limit.quota}, November 2026", _HELD["limits"])
    for right in numbers.settling:
        if token in right.of:
            says = f"the rights of {right.at} count once {right.grant.partition(':')[2]} has propagated"
            yield Known("propagates", says, "account.yaml", _HELD["propagates"])


def _by_rules(cloud: type[CloudStandIn], book: RuleBook, token: str, schema: Schema) -> Iterator[Known]:
    rules, inputs = book.types[token], schema.resource(token).inputs
    names = read_names(cloud.directory)
    for name, limits in names.types.get(token, {}).items():
        yield Known("limits", f"`{name}`: {limits}", names.source, _HELD["names"])
    if paths := [path for path in rules.replace if path.partition(".")[0].rstrip("*") in inputs]:
        removed = f"; the removal of {_listed(rules.adding)}" if rules.adding else ""
        yield _known(book, "replaced", f"{_listed(paths)}{removed}")
    if rules.replace_if:
        when = ", ".join(f"`{path}` when it {change}" for path, change in rules.replace_if.items())
        yield Known("replaced", when, rules.sources["replaceIf"], _HELD["replaceIf"])
    told = {"delete-first": "the old one goes first", "create-first": "the new one comes first"}
    yield _known(book, "order", told.get(rules.order) or cloud.kind.order(rules))
    for rule in rules.read_back:
        yield Known("readBack", str(rule), rule.source, rule.test or _HELD["readBack"])
    if rules.patient:
        doing = f", on {rules.patient_on}" if rules.patient_on else ""
        says = f"{rules.patient:g} s{doing}, while something is not to be seen yet or lingers"
        yield Known("waits", says, rules.sources["patient"], _HELD["waits"])
    if rules.adopts:
        says = "one that is there already is taken for its own, and goes with either of them"
        yield Known("limits", says, rules.sources["adopts"], _HELD["adopts"])
    if rules.keeps_name:
        yield Known("deletesLate", "its name stays taken", rules.sources["keepsName"], _HELD["deletesLate"])
    inside = [each.partition(":")[2] for each, others in book.types.items() if token in others.inside.values()]
    if inside:
        yield _known(book, "inUse", f"by {_listed(inside)}")


def _known(book: RuleBook, word: str, says: str) -> Known:
    return Known(word, says, book.sources[word], _HELD[word])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def _test(test: str) -> str:
    file, _, name = test.removeprefix(f"{_TESTS}/").partition("::")
    return f"`{file}` {name}"
