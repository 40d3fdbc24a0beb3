"""The page of which versions of Kubernetes upstream names for what the program installs."""

from typing import Final

from components.addons import ADDONS, INTERNAL
from components.clusters import KINDS, kind_name
from components.kubernetes_versions import KubernetesVersions
from devtools.docs.markdown import table

_HEAD: Final = """# Versions of Kubernetes

Which versions of Kubernetes upstream names for the pinned release of each add-on, and where it says so.

In a cluster of another version it may work all the same: `check` and `up` warn (PK173), and nothing is refused. *Any*
means that upstream names no bound. *Tested up to* is the newest version that upstream says it tests with; nothing means
that it does not say.
"""
_COLUMNS: Final = ("Kubernetes", "tested up to", "where upstream says so")


def page() -> str:
    """A table of add-ons, and one of what clusters of a kind consist of besides."""
    add_ons = table(
        ("add-on", "release", *_COLUMNS),
        ((each.name, each.version, *_row(each.kubernetes)) for each in (*ADDONS, *INTERNAL)),
    )
    parts = table(
        ("kind", "part", *_COLUMNS),
        ((kind_name(kind), part, *_row(versions)) for kind in KINDS for part, versions in kind.parts.items()),
    )
    return f"{_HEAD}\n## Add-ons\n\n{add_ons}\n\n## Parts of clusters\n\n{parts}\n"


def _row(versions: KubernetesVersions) -> tuple[str, ...]:
    tested = "" if versions.tested is None else f"1.{versions.tested}"
    return str(versions), tested, versions.source
