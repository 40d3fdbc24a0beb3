"""The add-ons that example stacks show, in lines that begin with `#+`: one that is not among them yet is appended.

What is there already stays as somebody has written it; an add-on that needs options is for somebody to write.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from common.paths import CHECKOUT
from components.addons import ADDONS
from components.addons.addon import AddOnType
from components.addons.plan import AddOnPlan
from components.clusters.base import ClusterSpec
from stacks.config import NAMESPACE
from stacks.loading import load_file

_ADDONS: Final = f"#+   {NAMESPACE}addons:\n"


def examples() -> dict[Path, str]:
    """The text of each stack file that shows add-ons, with all that its cluster can have."""
    files = {file: file.read_text(encoding="utf-8") for file in sorted(CHECKOUT.glob("Pulumi.*.yaml"))}
    return {file: _completed(text, load_file(file).cluster) for file, text in files.items() if _ADDONS in text}


def _completed(text: str, cluster: ClusterSpec) -> str:
    shown = yaml.safe_load(re.sub("^#[+] ", "", text, flags=re.MULTILINE))["config"][f"{NAMESPACE}addons"]
    lines = "".join(f"#+     # {_summary(each)}\n#+     {each.key()}: {{}}\n" for each in _missing(set(shown), cluster))
    end = re.search(r"(?:^#[+] .*\n)+(?!(?s:.*)^#[+] )", text, flags=re.MULTILINE)
    assert end, "the block was found"
    return text[: end.end()] + lines + text[end.end() :]


def _missing(shown: set[str], cluster: ClusterSpec) -> Iterator[AddOnType]:
    """The add-ons that are not `shown`, need no options, and could be beside them in the cluster."""
    beside = [each(each.spec_type.model_construct()) for each in ADDONS if each.key() in shown]
    for each in ADDONS:
        if each.key() in shown or not _is_complete(each):
            continue
        found = AddOnPlan([*beside, each(each.spec_type())]).findings(
            cluster.kind, cluster.capabilities, cluster.built_in
        )
        if each.key() not in {finding.at[0] for finding in found}:
            yield each


def _is_complete(add_on: AddOnType) -> bool:
    """Whether the add-on can be had as it is."""
    try:
        add_on.spec_type()
    except ValidationError:
        return False
    return True


def _summary(add_on: AddOnType) -> str:
    """The first line of its docstring, without its name."""
    first, _, _ = (add_on.__doc__ or "").partition("\n")
    text = first.partition(": ")[2] or first
    return text[:1].upper() + text[1:]
