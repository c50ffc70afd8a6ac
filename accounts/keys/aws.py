"""Keys in AWS Secrets Manager. Needs the extra `aws`."""

import json
from collections.abc import Hashable
from typing import Any

from .base import KeyDocument, KeysUnavailable
from .remote import RemoteKeys, client_library


class AwsKeys(RemoteKeys):
    """Reads the document from a secret; credentials and region come from where boto3 finds them.

    :param secret_id: the secret's name or ARN.
    :param options: keyword arguments of `boto3.client`, as `region_name` and `endpoint_url`.
    """

    def __init__(self, secret_id: str, **options: Any) -> None:
        super().__init__()
        self.secret_id, self.options = secret_id, options

    def fetch(self) -> tuple[str, Hashable]:
        answer = self._call("get_secret_value")
        if "SecretString" not in answer:
            msg = f"{self.describe()} is binary; the document is text."
            raise KeysUnavailable(msg)
        return str(answer["SecretString"]), str(answer["VersionId"])

    def store(self, document: KeyDocument) -> None:
        self._call("put_secret_value", SecretString=json.dumps(document))
        self._version = None

    def describe(self) -> str:
        return f"AWS secret {self.secret_id}"

    def _call(self, name: str, **arguments: Any) -> Any:
        boto3 = client_library("boto3", "aws")
        exceptions = client_library("botocore.exceptions", "aws")
        try:
            client = boto3.client("secretsmanager", **self.options)
            return getattr(client, name)(SecretId=self.secret_id, **arguments)
        except (exceptions.BotoCoreError, exceptions.ClientError) as error:
            msg = f"{self.describe()} does not answer as it should: {type(error).__name__}."
            raise KeysUnavailable(msg) from error
