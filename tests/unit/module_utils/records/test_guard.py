"""Secrets are refused by name and by look; words that only resemble them are not."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import SecretRefusedError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.guard import looks_secret, refuse_secrets


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "vcenterPassword",
        "DB_PASSWD",
        "key-passphrase",
        "client_secret",
        "token",
        "APIToken",
        "auth-token",
        "private_key",
        "privateKey",
        "api_key",
        "credentials",
        "accessKey",
        "Authorization",
        "passwords",
    ],
)
def test_a_key_that_names_a_secret_is_refused(key: str) -> None:
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key", ["passed", "secretariat", "tokenizer", "public_key", "key", "compass", "bypass", "秘書課"]
)
def test_a_key_that_only_resembles_a_secret_is_kept(key: str) -> None:
    assert not looks_secret(key)


@pytest.mark.parametrize(
    "value",
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "postgresql+psycopg://kyotsu:hunter2@db/records"],
)
def test_a_value_that_looks_like_a_secret_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(SecretRefusedError, match=r"record\.steps\[1\]\.note") as caught:
        refuse_secrets({"steps": ["read", {"note": value}]})
    assert value not in str(caught.value)


def test_plain_values_pass() -> None:
    refuse_secrets({"url": "https://vcenter.lab.example:8989/sdk", "steps": [1, None, True, {"mail": "a@b.example"}]})
