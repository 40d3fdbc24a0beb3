"""What a preview could not tell."""

from collections.abc import Iterable, Iterator

from automation.preview.changes import Change
from automation.preview.events import Seen
from automation.preview.values import UNKNOWN


def unknown(found: Seen, changes: Iterable[Change]) -> Iterator[str]:
    """In sentences, by what it saw and the changes in that."""
    waiting = [each for each in changes if any(UNKNOWN in line for it in each.differences for line in it.lines)]
    if waiting:
        names = ", ".join(sorted({each.name for each in waiting}))
        yield f"values that are known only after up, of {names}"
    rules = sorted({each.rule for each in found.findings if each.is_undetermined})
    if rules:
        yield f"whether these rules hold, which need such values: {', '.join(rules)}"
