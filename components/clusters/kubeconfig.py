"""Whether a kubeconfig can be used: it can be read, and the context is in it. No cluster is asked."""

from collections.abc import Iterator
from pathlib import Path

from spec.documents import Documents, parse, read
from spec.problems import Code, Finding, listed, quoted


def check_file(path: Path, context: str | None) -> Iterator[Finding]:
    """What is wrong with the kubeconfig at `path`, whose current-context counts when `context` is None."""
    documents = read(path)
    if documents.findings:
        found = f"{path}: {documents.findings[0].found.splitlines()[0]}"
        remedy = "Name a kubeconfig that is there, or write one with the cloud's or the cluster's own tool."
        yield Finding(Code.BAD_KUBECONFIG, found, "a file that is a kubeconfig", remedy, at=("path",))
    else:
        yield from _check(documents, context, at="path")


def check_contents(text: str, context: str | None) -> Iterator[Finding]:
    """What is wrong with a kubeconfig given as text; nothing of the text is shown."""
    documents = parse(text)
    if documents.findings:
        remedy = "Set it again: `pulumi config set --secret --path '{where}' < FILE`."
        yield Finding(Code.BAD_KUBECONFIG, "text that is not YAML", "a kubeconfig", remedy, at=("contents",))
    else:
        yield from _check(documents, context, at="contents")


def _check(documents: Documents, context: str | None, at: str) -> Iterator[Finding]:
    content = documents.nodes[0].plain() if documents.nodes else None
    entries = content.get("contexts") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(entries, list):
        remedy = "Name a kubeconfig: a mapping with clusters, users and contexts."
        yield Finding(Code.BAD_KUBECONFIG, "no list `contexts`", "a kubeconfig", remedy, at=(at,))
        return
    names = [str(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    wanted = context if context is not None else content.get("current-context")
    if wanted not in names:
        found = (
            quoted(context) if context is not None else f"no context here, and current-context {wanted or 'is empty'}"
        )
        remedy = "Set `context` to one that is there." if names else "Add a context to the kubeconfig."
        where = ("context",) if context is not None else (at,)
        yield Finding(Code.UNKNOWN_CONTEXT, found, listed(names), remedy, at=where)
