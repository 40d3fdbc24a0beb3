"""What went wrong, in the engine's terms."""

from typing import Final

from rehearsal.providers.kubernetes.api import ApiError, NoAnswer, OperationCancelled
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.discovery import UnknownKind

REFUSALS: Final = (ApiError, NoAnswer, OperationCancelled, UnknownKind)
"""What an operation can meet before anything is done."""

_EXISTS_ADVICE: Final = """\
An object of that name exists already:
  - a resource that was renamed in the program needs an alias, or deleteBeforeReplace;
  - to change some fields of somebody else's object, use its Patch resource;
  - to take it over for good, use `pulumi import`;
  - to have create update what exists, set upsertExistingObjects on the provider."""
_CONFLICT_ADVICE: Final = """\
Another manager owns what is to be changed. Leave the field to it (ignore_changes), or take the field over
by the annotation pulumi.com/patchForce: "true"."""
_UNKNOWN_KIND_ADVICE: Final = "Is the CRD that defines it missing?"


def explained(error: Exception) -> str:
    """The text of an error, the server's own words first, with advice where there is some."""
    if isinstance(error, UnknownKind):
        return f"{error}. {_UNKNOWN_KIND_ADVICE}"
    advice = {"AlreadyExists": _EXISTS_ADVICE, "Conflict": _CONFLICT_ADVICE}.get(getattr(error, "reason", ""), "")
    return f"{error}\n{advice}" if advice else str(error)


def reasons(prefix: str, error: Exception) -> list[str]:
    """The reasons of an initialisation failure: the error first, then what it consists of."""
    details = error.reasons if isinstance(error, NotReady) else ()
    return [f"{prefix}: {explained(error)}", *details]
