"""Keep secrets out: records are copied, printed and kept for years."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import SecretRefusedError

# Whole words, because a department may be a secretariat and a test may have passed.
_SECRET_WORDS = frozenset({"secret", "secrets", "token", "tokens", "credential", "credentials", "pwd"}) | frozenset(
    {"apikey", "privatekey", "accesskey", "secretkey", "clientsecret", "accesstoken", "authtoken", "authorization"}
)
_SECRET_PARTS = ("password", "passwd", "passphrase")
_SECRET_PAIRS = frozenset({("private", "key"), ("api", "key"), ("access", "key"), ("pass", "phrase"), ("pass", "word")})
_WORD_BORDER = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE
)


def refuse_secrets(value: Any, place: str = "record") -> None:
    """Raise SecretRefusedError, naming the place but never the value, where `value` holds what looks like a secret."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if looks_secret(str(key)):
                raise SecretRefusedError(
                    f"{place}.{key} looks like a secret; records never hold secrets: leave it out or rename the key"
                )
            refuse_secrets(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            refuse_secrets(item, f"{place}[{index}]")
    elif isinstance(value, str) and _SECRET_VALUE.search(value):
        raise SecretRefusedError(
            f"{place} holds a private key or a URL with a password; records never hold secrets: leave it out"
        )


@lru_cache(maxsize=4096)
def looks_secret(key: str) -> bool:
    """Say whether a key such as `vcenterPassword`, `api-key` or `auth_token` names a secret."""
    words = [word.lower() for word in _WORD_BORDER.split(key) if word]
    return (
        any(part in key.lower() for part in _SECRET_PARTS)
        or any(word in _SECRET_WORDS for word in words)
        or any(pair in _SECRET_PAIRS for pair in pairwise(words))
    )
