"""Inputs in their normal form, so that two spellings of one object never differ.

What a server would drop or respell is dropped and respelt beforehand: empty optional fields, quantities,
`stringData`, read-only metadata. Custom resources stay as they are written, for nobody knows their types.
"""

import base64
import binascii
from typing import Any, Final

from common.wire import has_unknown
from rehearsal.providers.kubernetes.objects import Object, at, is_core, is_crd
from rehearsal.providers.kubernetes.typed_form import typed

_READ_ONLY: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


def normalised(obj: Object) -> Object:
    """The normal form of inputs. With anything unknown in them, only read-only metadata goes. Changes `obj`."""
    if not has_unknown(obj):
        obj = _built_in(obj)
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        for key in _READ_ONLY:
            metadata.pop(key, None)
    return obj


def _built_in(obj: Object) -> Object:
    if is_crd(obj):
        return _crd(obj)
    if is_core(obj, "Secret"):
        return _secret(obj)
    return typed(obj)


def _crd(obj: Object) -> Object:
    obj.pop("status", None)
    if at(obj, "spec", "preserveUnknownFields") is False:
        del obj["spec"]["preserveUnknownFields"]
    return obj


def _secret(obj: Object) -> Object:
    data, string_data = obj.get("data"), obj.get("stringData")
    if isinstance(string_data, dict) and string_data and all(isinstance(text, str) for text in string_data.values()):
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in string_data.items()}
        obj["data"] = {**(data if isinstance(data, dict) else {}), **encoded}
        del obj["stringData"]
    elif isinstance(data, dict):
        obj["data"] = {key: _re_encoded(value) for key, value in data.items()}
    return obj


def _re_encoded(value: Any) -> Any:
    """`value` as the server would write this base64; as it is, if it is none (the server will say so)."""
    try:
        return base64.b64encode(base64.b64decode(value.translate(_NEWLINES), validate=True)).decode()
    except (AttributeError, binascii.Error):
        return value


_NEWLINES: Final = str.maketrans("", "", "\r\n")
