"""What the tests of buckets want of a store, whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from tests.support.stores.front import Front

BUCKET: Final = "states"


@dataclass
class Store(ABC):
    """A store with one bucket, behind a server that can fail.

    `variables` are what a user sets in the environment to use it, `wrong` the same with credentials that do not count;
    `secret` is what of the former nobody may see. What is asked of the store itself goes past the server.
    """

    patient: ClassVar[bool] = False
    """Whether its SDK asks a server that fails until it answers."""

    front: Front
    variables: Mapping[str, str]
    wrong: Mapping[str, str]
    secret: str

    @abstractmethod
    def url(self, bucket: str = BUCKET) -> str:
        """The backend that it is, or would be with another bucket."""

    @abstractmethod
    def objects(self, prefix: str) -> list[str]:
        """The names of objects in the bucket that begin like this."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content of an object."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Make an object."""

    def locks(self) -> list[str]:
        """The names of stacks' locks in it."""
        return self.objects(".pulumi/locks/")
