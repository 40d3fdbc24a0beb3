"""A bucket in a store of one's own, as stack files name it, and how long what is in it is kept."""

from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

from spec.model import StackModel
from spec.text import DnsName, HttpsAddress
from spec.values import SecretText

HTTPS: Final = 443
RetentionDays: TypeAlias = Annotated[int, Field(ge=1, le=3650)]


class StoreSpec(StackModel):
    """A bucket that is there already, in a store that speaks S3 with TLS."""

    endpoint: HttpsAddress = Field(description="Where the store answers: https://s3.example.com:9000.")
    bucket: DnsName = Field(description="The bucket. What is of this cluster is below the cluster's name in it.")
    region: Annotated[str, Field(min_length=1)] = Field(
        default="us-east-1", description="The store's name of its region; most stores take any."
    )
    access_key: Annotated[str, Field(min_length=1)] = Field(description="The name of the key that may read and write.")
    secret_key: SecretText = Field(description="The key, encrypted.")
    certificate_authority: str | None = Field(
        default=None, description="Who signed the store's certificate, as PEM, unless everybody trusts them."
    )

    @property
    def port(self) -> int:
        """Where its connections go."""
        return urlsplit(self.endpoint).port or HTTPS
