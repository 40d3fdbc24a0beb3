"""Which versions of Kubernetes upstream says that a pinned release works with: of an add-on, or of a cluster's part."""

from collections.abc import Iterator
from dataclasses import dataclass

from spec.problems import Code, Finding


@dataclass(frozen=True)
class KubernetesVersions:
    """Minor versions, 36 for 1.36, as upstream states them for the release that is pinned.

    `oldest` and `newest` are themselves supported; None where upstream names no bound. `source` is upstream's
    repository, the file in it, and the release or the day of which it is: a release that is pinned later has to be read
    about anew. `tested` is the newest version that upstream says it tests with, where it says so.
    """

    oldest: int | None
    newest: int | None
    source: str
    tested: int | None = None

    def __contains__(self, minor: int) -> bool:
        """Whether 1.`minor` is within the bounds."""
        return (self.oldest or 0) <= minor and (self.newest is None or minor <= self.newest)

    def __str__(self) -> str:
        """`1.33 to 1.36`, `1.34 and newer`, `1.36 and older`, `1.36`, or `any`."""
        if self.oldest is None:
            return "any" if self.newest is None else f"1.{self.newest} and older"
        if self.newest is None:
            return f"1.{self.oldest} and newer"
        return f"1.{self.oldest}" + (f" to 1.{self.newest}" if self.newest > self.oldest else "")

    def warnings(self, minor: int, what: str) -> Iterator[Finding]:
        """What a person should know who has `what`, a name with a release, in a cluster of 1.`minor`."""
        if minor in self:
            return
        bound = self.oldest if self.newest is None or minor < (self.oldest or 0) else self.newest
        allowed = f"{self}, as upstream says of {what} ({self.source})"
        remedy = f"Stay with, or go to, 1.{bound}; or try it in a stack of stage dev first."
        yield Finding(Code.NOT_SUPPORTED_UPSTREAM, f"Kubernetes 1.{minor}", allowed, remedy)
