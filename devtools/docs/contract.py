"""The page of the contract between parts, from `components/contract.py`."""

import inspect
import re
from collections.abc import Iterator, Sequence

from components import contract
from devtools.docs.markdown import table

_HEAD = """# The contract of clusters and add-ons

What every kind of cluster and every add-on promises to the rest of the program.

The source is [components/contract.py](../../components/contract.py). Each rule has a test of its own in
[tests/contract](../../tests/contract), run over every registered kind and add-on.
"""


def page() -> str:
    """Rules, capabilities, and what a cluster has."""
    rules = table(("rule", "promise"), _rules())
    capabilities = "\n".join(f"- {capability}" for capability in contract.Capability)
    return f"""{_HEAD}
## Rules

{rules}

## Capabilities

What not every cluster can do. What needs more than the cluster can is an error before anything is registered.

{capabilities}

## What a cluster has

{table(("member", "meaning"), _members())}
"""


def _rules() -> list[tuple[str, str]]:
    """`C1` and what it says, from the module's docstring."""
    found = re.findall(r"^([A-Z]\d+)  (.+(?:\n    .+)*)$", inspect.getdoc(contract) or "", re.MULTILINE)
    return [(f"**{rule}**", promise) for rule, promise in found]


def _members() -> Iterator[Sequence[str]]:
    for name, member in vars(contract.Cluster).items():
        if not name.startswith("_"):
            call = "()" if inspect.isfunction(member) else ""
            yield f"`{name}{call}`", inspect.getdoc(member) or ""
