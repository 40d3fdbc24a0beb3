"""The annotations by which a program steers the provider. They stay on the object in the cluster."""

import json
from typing import Final

from rehearsal.providers.kubernetes.objects import Object, annotation

PREFIX: Final = "pulumi.com/"
AUTONAMED: Final = PREFIX + "autonamed"
SKIP_AWAIT: Final = PREFIX + "skipAwait"
WAIT_FOR: Final = PREFIX + "waitFor"
TIMEOUT_SECONDS: Final = PREFIX + "timeoutSeconds"
REPLACE_UNREADY: Final = PREFIX + "replaceUnready"
PATCH_FORCE: Final = PREFIX + "patchForce"
PATCH_FIELD_MANAGER: Final = PREFIX + "patchFieldManager"
DELETION_PROPAGATION: Final = PREFIX + "deletionPropagationPolicy"
HELM_HOOK: Final = "helm.sh/hook"

_DEFAULT_TIMEOUT: Final = 600.0  # seconds
_POLICIES: Final = {"orphan": "Orphan", "background": "Background"}


def is_true(obj: Object, key: str) -> bool:
    """Whether the annotation `key` says `true`."""
    return annotation(obj, key) == "true"


def timeout(custom: float, inputs: Object) -> float:
    """Seconds that an operation may take: the resource option, else the annotation, else ten minutes."""
    text = annotation(inputs, TIMEOUT_SECONDS)
    return custom or (float(text) if text.isdigit() else _DEFAULT_TIMEOUT)


def propagation(inputs: Object) -> str:
    """How a delete deals with what the object owns."""
    return _POLICIES.get(annotation(inputs, DELETION_PROPAGATION).lower(), "Foreground")


def awaited_expressions(obj: Object) -> list[str]:
    """What the program waits for, in `kubectl wait` terms: one expression, or a JSON array of them."""
    text = annotation(obj, WAIT_FOR)
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return values
    return [text] if text else []
