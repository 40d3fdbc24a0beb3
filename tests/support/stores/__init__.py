"""Stores on loopback that the engine keeps states in, each behind a server that fails when it is told to."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.support.stores.azure import azure
from tests.support.stores.gcs import gcs
from tests.support.stores.s3 import s3
from tests.support.stores.store import Store

STORES: Final[Mapping[str, Callable[[Path], AbstractContextManager[Store]]]] = MappingProxyType(
    {"s3": s3, "gs": gcs, "azblob": azure}
)
"""By the scheme of their backends: what runs one in a directory."""
