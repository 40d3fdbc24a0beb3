"""What can be wrong with a stack file: every code with its title and explanation, in one table.

Checks return findings; they neither raise nor know files and lines. `loading` turns findings into
`common.errors.Problem` and raises once.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, TypeAlias

_SHOWN: Final = 60  # characters

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top of a document down to a value."""


class Code(Enum):
    """`id`, `title` (shown with every problem) and `explanation` (for the reference page)."""

    UNREADABLE = (
        "PK101",
        "The file cannot be read",
        "It is not there, is not a regular file, is larger than 1 MiB, or is not UTF-8 text.",
    )
    NOT_YAML = ("PK102", "The file is not YAML", "The parser stopped; the line and the column say where.")
    TAB = (
        "PK103",
        "A tab stands where YAML wants spaces",
        "YAML forbids tabs in indentation. Set the editor to spaces.",
    )
    SAME_KEY_TWICE = (
        "PK104",
        "A key stands twice in one mapping",
        "Only one of the two could count, and readers would disagree on which. The engine refuses it too.",
    )
    TOO_MUCH = (
        "PK105",
        "The document is nested or repeated beyond reason",
        (
            "Nesting and the size of the document with its aliases written out are bounded, so that a small file "
            "cannot take all memory. An alias may not contain itself."
        ),
    )
    NOT_A_STACK_FILE = (
        "PK106",
        "The file is not one mapping",
        "A stack file is a single YAML document: a mapping with `config` in it.",
    )
    YAML_FEATURE = (
        "PK107",
        "A YAML feature is used that is not supported here",
        (
            "Tags (`!!str`), keys that are lists or mappings, and `<<` with anything but mappings are refused: "
            "they are rare, and programs read them differently."
        ),
    )
    UNKNOWN_KEY = (
        "PK110",
        "A key is unknown",
        "Mappings are closed: a misspelt key would otherwise do nothing, in silence.",
    )
    MISSING_KEY = ("PK111", "A required key is missing", "It has no default, because none would be right for everyone.")
    WRONG_TYPE = ("PK112", "A value has the wrong type", 'Types are not converted: `5` is a number and `"5"` is text.')
    NEEDS_QUOTES = (
        "PK113",
        "Text needs quotes here",
        (
            "Without quotes YAML reads some text as something else: 1.30 as the number 1.3, true as a truth value, "
            "2026-01-31 as a date."
        ),
    )
    EMPTY_VALUE = ("PK114", "A key has no value", "Write a value, or remove the key to get its default.")
    NOT_ALLOWED = ("PK115", "A value is not one of those allowed", "The allowed values are listed with the problem.")
    OUT_OF_RANGE = ("PK116", "A number or a list is too small or too large", "The bounds are listed with the problem.")
    BAD_MANIFEST_PATH = (
        "PK120",
        "A manifest path leads nowhere",
        "A path names a YAML file, or a directory with `*.yaml` or `*.yml` files, relative to the stack file.",
    )
    BAD_MANIFEST = (
        "PK121",
        "A manifest cannot be read",
        "It is not YAML, or not readable. The place is in the manifest itself.",
    )
    NOT_AN_OBJECT = (
        "PK122",
        "A document is not a Kubernetes object",
        "Every document of a manifest is a mapping with apiVersion, kind and metadata.name.",
    )
    FOREIGN_NAMESPACE = (
        "PK123",
        "A manifest names another namespace",
        "A tenant's objects go to the tenant's namespace; metadata.namespace may be left out.",
    )
    SAME_OBJECT_TWICE = (
        "PK124",
        "An object stands twice in a tenant's manifests",
        "The second would overwrite the first.",
    )
    CLUSTER_SCOPED = (
        "PK125",
        "A tenant's manifest holds an object of the whole cluster",
        "A tenant has its namespace and nothing beyond it: what belongs to everybody is declared for everybody.",
    )
    UNKNOWN_KIND = (
        "PK126",
        "A manifest holds a kind that the cluster will not know",
        "It is misspelt, was removed from Kubernetes, or belongs to an add-on that is off.",
    )
    BAD_NAME = (
        "PK130",
        "A name is not well formed",
        "Kubernetes, or the cloud, would refuse it; the rule is listed with the problem.",
    )
    BAD_LABEL = ("PK131", "A label key or value is not well formed", "The rule is the API server's.")
    BAD_CIDR = (
        "PK132",
        "An address range is not well formed",
        "A range is written network/prefix with no address bits set beyond the prefix: 10.0.0.0/8, fd00::/8.",
    )
    BAD_QUANTITY = (
        "PK133",
        "A quantity is not well formed",
        "A number with an optional suffix: m (thousandths), k M G T P E (powers of 1000), Ki Mi Gi Ti Pi Ei (of 1024).",
    )
    BAD_VERSION = ("PK134", "A version is not well formed", "Versions are text, with the parts that the problem lists.")
    RESERVED_NAME = (
        "PK135",
        "A name is reserved",
        "It belongs to Kubernetes or to something that this project installs.",
    )
    BAD_REFERENCE = (
        "PK136",
        "A reference to another stack is not well formed",
        (
            "Stacks are referred to as organization/project/stack; without Pulumi Cloud the organization is "
            "`organization`."
        ),
    )
    BAD_ADDRESS = ("PK137", "An address is not well formed", "An address is four numbers from 0 to 255 with dots.")
    WRONG_ADDRESS = (
        "PK138",
        "An address is not where it has to be",
        "Hosts, the virtual IP and the addresses of load balancers are different addresses of one network.",
    )
    SAME_NAME_TWICE = (
        "PK140",
        "Two things have one name",
        "Names identify resources, so each stands once in its list.",
    )
    DEFAULT_CLASS = (
        "PK141",
        "There is not exactly one default",
        "Exactly one storage class is the default when any is declared; at most one priority class is.",
    )
    OUT_OF_ORDER = (
        "PK142",
        "Amounts contradict each other",
        "Requests do not exceed limits, and minimum, default request, default and maximum rise in this order.",
    )
    SCOPES = (
        "PK143",
        "Quota scopes contradict each other",
        "The API server refuses opposite scopes in one quota, and lets BestEffort count pods only.",
    )
    EXACTLY_ONE = ("PK144", "Exactly one of several keys is wanted", "They are alternatives of each other.")
    NETWORK_RULE = (
        "PK145",
        "A network rule cannot be meant",
        (
            "At least one side of a rule is pods of the tenant itself; a side is pods, a namespace, pods in one, "
            "or an address range."
        ),
    )
    NO_STORAGE_DRIVER = (
        "PK146",
        "A storage class has no driver",
        "The cluster brings no driver of its own for such volumes, so that the class names one.",
    )
    CAPABILITY_MISSING = (
        "PK147",
        "An add-on needs what the cluster cannot do",
        "Kinds of clusters differ in what they can do. What needs more is refused, never left out in silence.",
    )
    ADD_ONS_APART = (
        "PK148",
        "Add-ons do not go together",
        "One needs another that is not chosen, or two exclude each other. Nothing is brought along in silence.",
    )
    BUILT_IN = (
        "PK149",
        "The cluster provides it already",
        "Some clouds have such parts built into every cluster. A second one would get in the way of theirs.",
    )
    SECRET_IN_THE_OPEN = (
        "PK150",
        "A secret is written in the open",
        "Stack files are committed, so secrets in them are encrypted by `pulumi config set --secret`.",
    )
    SECRET_NOT_ALLOWED = (
        "PK151",
        "This value must not be encrypted",
        "Only secrets are, so that the rest can be reviewed.",
    )
    BAD_KUBECONFIG = (
        "PK152",
        "A kubeconfig cannot be used",
        "The file is not there or not readable, or its content is not a kubeconfig.",
    )
    UNKNOWN_CONTEXT = (
        "PK153",
        "A context is not in the kubeconfig",
        "Without `context`, the kubeconfig's own current-context is used.",
    )

    UNKNOWN_TENANT = (
        "PK154",
        "There is no such tenant",
        "An add-on's options name a tenant that the stack file does not declare.",
    )
    NO_ROOM = (
        "PK155",
        "A tenant's quota has no room for what an add-on puts there",
        "The API server would refuse every pod of the tenant.",
    )

    CANNOT = (
        "PK160",
        "The cluster cannot do this",
        "What each kind of cluster can do stands in docs/reference/capabilities.md; nothing is left out in silence.",
    )

    NOT_OFFERED = (
        "PK161",
        "The cloud does not offer this version",
        "The versions are those of a table with its date in the kind's facts; a newer version needs a newer polykube.",
    )
    WRONG_ZONE = (
        "PK162",
        "A zone is not in the region",
        "A cluster's zones are different zones of its own region.",
    )
    TOO_SMALL = (
        "PK163",
        "An address range is too small",
        "Every node takes addresses for as many pods as it may run, whether they run or not.",
    )
    OVERLAP = (
        "PK164",
        "Address ranges overlap",
        "Nodes, pods, Services and the networks that reach the cluster are told apart by their addresses.",
    )
    ARCHITECTURE = (
        "PK165",
        "Machine type and image do not fit",
        "An image runs on one architecture, and not every image on every machine.",
    )
    NO_SYSTEM_POOL = (
        "PK166",
        "The system's own pods have no place",
        "DNS and the other core add-ons run on nodes that are not spot, and that have no taint but CriticalAddonsOnly.",
    )
    NO_ADMINISTRATOR = (
        "PK167",
        "Nobody could administer the cluster",
        "Whoever creates a cluster gets no rights in it by that, so without an administrator it is locked.",
    )
    NO_WAY_IN = (
        "PK168",
        "Nothing could reach the API server",
        "Its endpoint is private, and no network is named that reaches it.",
    )
    OPEN_TO_ALL = (
        "PK169",
        "The API server is open to the whole internet",
        "Whoever finds a flaw in it could use that from anywhere.",
    )
    UNKNOWN_MACHINE = (
        "PK170",
        "A machine type is not in our table",
        "That is a warning: the cloud may have it. What depends on it, from pod density to prices, is guessed.",
    )
    OVER_BUDGET = (
        "PK171",
        "The node pools can grow beyond the budget",
        "nodeBudget bounds the sum of what all pools may grow to.",
    )
    BAD_AUTHORITY = (
        "PK172",
        "An authority's certificate or key cannot be used",
        "Everything in the cluster that speaks TLS believes it, and the program signs with its key.",
    )
    NOT_SUPPORTED_UPSTREAM = (
        "PK173",
        "Upstream does not name this version of Kubernetes as supported",
        (
            "That is a warning: it may work. Which versions upstream names for each add-on, and where, stands in "
            "docs/reference/kubernetes-versions.md."
        ),
    )
    NOT_IN_CEL = (
        "PK174",
        "A rule cannot be said at the API server",
        (
            "docs/reference/policies.md says of each rule where it is asked, and why not at the API server. The pack "
            "still asks it."
        ),
    )

    def __init__(self, code: str, title: str, explanation: str) -> None:
        self.id = code
        self.title = title
        self.explanation = explanation


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, as the check that found it sees it.

    `at` is relative to what the check was given; `{where}` in the remedy stands for the whole key path.
    `file` and `line` are set only by checks that read a file themselves.
    """

    code: Code
    found: str = ""
    allowed: str = ""
    remedy: str = ""
    at: KeyPath = ()
    file: str = ""
    line: int = 0

    def below(self, *prefix: str | int) -> "Finding":
        """The same finding, seen from further up."""
        return replace(self, at=(*prefix, *self.at))


def quoted(text: str) -> str:
    """Text as problems show it: quoted, escaped, cut at 60 characters; of several lines only their number."""
    if "\n" in text.strip():
        return f"text of {len(text.splitlines())} lines"
    return json.dumps(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", ensure_ascii=False)


def listed(choices: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]])) if choices else "nothing"


def key_path(path: KeyPath) -> str:
    """A path as a person finds it in a stack file: `polykube:cluster.nodePools[1].name`, without `config`."""
    shown = ""
    for step in path[1:] if len(path) > 1 and path[0] == "config" else path:
        if isinstance(step, int):
            shown += f"[{step}]"
        elif re.fullmatch(r"[\w:-]+", step) is None:
            shown += f"[{quoted(step)}]"
        else:
            shown += f".{step}" if shown else step
    return shown
