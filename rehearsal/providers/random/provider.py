"""The provider: all kinds under their type tokens."""

from typing import ClassVar, Final

from rehearsal.providers.computed import Computed, ComputedType
from rehearsal.providers.random.characters import Password, String
from rehearsal.providers.random.choices import Integer, Pet, Shuffle
from rehearsal.providers.random.identifiers import Bytes, Id, Uuid, Uuid4, Uuid7

_KINDS: Final[tuple[ComputedType, ...]] = (
    Bytes(),
    Id(),
    Integer(),
    Password(),
    Pet(),
    Shuffle(),
    String(),
    Uuid(),
    Uuid4(),
    Uuid7(),
)


class RandomProvider(Computed):
    """The stand-in of pulumi-random."""

    name = "random"
    version = "4.21.4"
    kinds: ClassVar = {kind.schema.type: kind for kind in _KINDS}
