"""What the engine stores of an object: the live object, with the inputs it came from beside it.

The state is the live object at top level plus `__inputs`, `__initialApiVersion` and `__fieldManager`.
Everything that was secret among the inputs is secret in the state again.
"""

from typing import Any, Final, NamedTuple

from common.wire import Properties, SecretValue, holds_secret
from rehearsal.providers.kubernetes.objects import Object, from_properties, properties

INPUTS: Final = "__inputs"
INITIAL_API_VERSION: Final = "__initialApiVersion"
FIELD_MANAGER: Final = "__fieldManager"


class Recorded(NamedTuple):
    """A stored state taken apart: secrets unwrapped, names as the API server knows them."""

    inputs: Object
    live: Object
    initial_api_version: str
    field_manager: str


def recorded(state: Properties) -> Recorded:
    """The parts of a stored state; empty ones where the state lacks them."""
    live = from_properties(state)
    return Recorded(
        inputs=live.pop(INPUTS, {}),
        live=live,
        initial_api_version=live.pop(INITIAL_API_VERSION, ""),
        field_manager=live.pop(FIELD_MANAGER, ""),
    )


def to_state(
    inputs: Object, live: Object, secrets: Properties, initial_api_version: str, field_manager: str
) -> Properties:
    """The state to store for `live`, made from `inputs`; `secrets` are the inputs with their secret marks."""
    state = with_secrets(properties(live), secrets)
    state[INPUTS] = with_secrets(properties(inputs), secrets)
    state[INITIAL_API_VERSION] = initial_api_version
    state[FIELD_MANAGER] = field_manager
    return state


def with_secrets(outputs: Properties, inputs: Any) -> Properties:
    """`outputs` with everything marked that is secret in `inputs` under the same key. Changes `outputs`.

    Maps are compared key by key; any other value that holds a secret becomes secret as a whole. In a
    Secret, `data` and `stringData` are always secret, and nothing else ever is: a secret annotation of a
    Secret is stored in clear, as the official provider does.
    """
    if outputs.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in outputs:
                outputs[key] = SecretValue(outputs[key])
        return outputs
    if isinstance(inputs, dict):
        for key, value in inputs.items():
            if key not in outputs:
                continue
            output = outputs[key]
            if isinstance(output, dict) and isinstance(value, dict):
                with_secrets(output, value)
            elif not isinstance(output, SecretValue) and holds_secret(value):
                outputs[key] = SecretValue(output)
    return outputs
