"""How the parts of a report stand in JSON, in which it goes from the job that made it to one that may comment on it."""

from typing import ClassVar

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel


class InJson:
    """A dataclass with the keys of its fields in camelCase; keys that it does not know are left out when it is read."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(alias_generator=to_camel, extra="ignore")
