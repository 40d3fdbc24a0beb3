"""Texts with a form: names, labels, versions. One rule each, for the loader and for editors."""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from spec.model import refused
from spec.problems import Code, Finding, quoted
from spec.scalars import scalar


@dataclass(frozen=True)
class TextRule:
    """The form of a text: `pattern` (the dialect that Python and ECMA 262 share) and length.

    `meant` proposes a well-formed text for a wrong one, as far as that can be guessed.
    """

    code: Code
    allowed: str
    pattern: str
    example: str
    longest: int = 253
    meant: Callable[[str], str] = str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": f"^{self.pattern}$", "maxLength": self.longest, "examples": [self.example]}

    def fits(self, text: str) -> bool:
        return len(text) <= self.longest and re.fullmatch(self.pattern, text) is not None

    def check(self, text: str) -> str:
        """`text`, if it has the form."""
        if self.fits(text):
            return text
        guess = self.meant(text[: self.longest])
        remedy = (
            f"Write {_spelt(guess)}, if that is meant." if self.fits(guess) else f"Write {_spelt(self.example)}, say."
        )
        raise refused(Finding(self.code, found=quoted(text), allowed=self.allowed, remedy=remedy))


def _spelt(text: str) -> str:
    """`text` as it is written in YAML: with quotes, where it would be a number without."""
    return text if isinstance(scalar(text), str) else f'"{text}"'


def _as_name(text: str) -> str:
    """A domain as the DNS spells it (`xn--…`), or whatever is nearest to a name."""
    if not text.isascii():
        with suppress(UnicodeError):
            return text.strip().lower().encode("idna").decode()
    return re.sub(r"[^a-z0-9.]+", "-", text.strip().lower()).strip("-.")


def _as_label(text: str) -> str:
    """A label with the letters that those of `text` are variants of."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _as_name(plain).replace(".", "-")


_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY: Final = f"((?=[^/]{{1,253}}/){_SUBDOMAIN}/)?{_QUALIFIED}"
_EXTENDED: Final = rf"(?!.*kubernetes\.io/)(?=[^/]{{1,244}}/){_SUBDOMAIN}/{_QUALIFIED}"  # IsExtendedResourceName
_PORT: Final = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_KEY_RULE: Final = "letters, digits, - _ . (63 at most), with an optional domain and / before them"

# k8s.io/apimachinery 0.36, pkg/util/validation and pkg/api/validate/content
DnsLabel: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "lower-case letters, digits and -, with a letter or digit at both ends, 63 at most (an RFC 1123 label)",
        _LABEL,
        "general",
        longest=63,
        meant=_as_label,
    ),
]
DnsName: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "lower-case letters, digits, - and ., with a letter or digit at both ends, 253 at most (an RFC 1123 subdomain)",
        _SUBDOMAIN,
        "standard",
        meant=_as_name,
    ),
]
LabelKey: TypeAlias = Annotated[str, TextRule(Code.BAD_LABEL, _KEY_RULE, _KEY, "app.kubernetes.io/name", longest=317)]
LabelValue: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_LABEL,
        "letters, digits, - _ . with a letter or digit at both ends, 63 at most, or nothing",
        f"({_QUALIFIED})?",
        "frontend",
        longest=63,
    ),
]
ExtendedResource: TypeAlias = Annotated[
    str,
    TextRule(Code.BAD_NAME, "a resource with a domain: example.com/gpu", _EXTENDED, "nvidia.com/gpu", longest=317),
]
QualifiedName: TypeAlias = Annotated[str, TextRule(Code.BAD_NAME, _KEY_RULE, _KEY, "ebs.csi.aws.com", longest=317)]
PriorityClassName: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "a lower-case name (an RFC 1123 subdomain) that does not begin with system-, which is Kubernetes' own",
        f"(?!system-){_SUBDOMAIN}",
        "batch",
        meant=lambda text: _as_name(text).removeprefix("system-"),
    ),
]
RuleId: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "lower-case words joined by -",
        "[a-z0-9]+(-[a-z0-9]+)*",
        "default-deny",
        longest=63,
        meant=_as_label,
    ),
]
KubernetesVersion: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_VERSION,
        'a minor version, as text: "1.36"',
        r"1\.([0-9]|[1-9][0-9]+)",
        "1.36",
        longest=8,
        meant=lambda text: ".".join(text.removeprefix("v").split(".")[:2]),
    ),
]
PodSecurityVersion: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_VERSION,
        "latest, or v and a minor version: v1.36",
        r"latest|v1\.([0-9]|[1-9][0-9]+)",
        "v1.36",
        longest=8,
        meant=lambda text: "v" + ".".join(text.removeprefix("v").split(".")[:2]),
    ),
]
RbacGroup: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_NAME,
        "a group of the cluster's users as its identity provider names it; groups that begin with system: are "
        "Kubernetes' own",
        r"(?!system:)[^\s\x00-\x1f][^\x00-\x1f]*",
        "shop-developers",
    ),
]
StackName: TypeAlias = Annotated[
    str,
    TextRule(
        Code.BAD_REFERENCE,
        "organization/project/stack",
        r"[-A-Za-z0-9_.]+/[-A-Za-z0-9_.]+/[-A-Za-z0-9_.]+",
        "organization/polykube/clusters",
        longest=300,
    ),
]
HttpsAddress: TypeAlias = Annotated[
    str,
    TextRule(
        Code.NOT_ALLOWED,
        "an address with TLS and without a path: https://host or https://host:port",
        rf"https://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:{_PORT})?/?",
        "https://store.example.com:9000",
        longest=300,
        meant=lambda text: "/".join(re.sub("^(http://)?(?!https://)", "https://", text).split("/")[:3]),
    ),
]

Email: TypeAlias = Annotated[
    str, TextRule(Code.BAD_NAME, "an e-mail address", r"[^\s@:]+@[^\s@]+", "gke-security-groups@example.com")
]
HttpsUrl: TypeAlias = Annotated[
    str,
    TextRule(Code.NOT_ALLOWED, "an address with https://", r"https://[^\s/]+(/\S*)?", "https://example.com/directory"),
]

_SYSTEM_PREFIXES: Final = ("kube-", "gke-")  # Kubernetes' and GKE's own
_SYSTEM_SUFFIX: Final = "-system"  # the custom of operators: istio-system, calico-system, gmp-system
_SYSTEM: Final = ("default", "gmp-public")  # tenants are kept out of the one; the other is GKE's managed Prometheus


def is_system_namespace(name: str) -> bool:
    """Whether a namespace is Kubernetes', a cloud's or an operator's own, so that no tenant can have it."""
    return name in _SYSTEM or name.startswith(_SYSTEM_PREFIXES) or name.endswith(_SYSTEM_SUFFIX)


def _of_tenant(name: str) -> str:
    if is_system_namespace(name):
        raise refused(reserved_name(name, f"none of {', '.join(_SYSTEM)}, kube-…, gke-… or …-system"))
    return name


def reserved_name(name: str, allowed: str) -> Finding:
    """The finding about a tenant whose name is a namespace of somebody else's."""
    return Finding(Code.RESERVED_NAME, found=quoted(name), allowed=allowed, remedy="Choose a name of the tenant's own.")


TenantName: TypeAlias = Annotated[DnsLabel, AfterValidator(_of_tenant)]
