"""One text form for every value, so that equal values have equal hashes on every machine."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError

# Two names of this length in Japanese still fit into one index row of PostgreSQL (2,704 bytes).
LONGEST_NAME = 400
LONGEST_REMARK = 4000


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and no escapes beyond what JSON needs; raise InvalidRecordError else."""
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecordError(f"a record must be plain JSON in UTF-8: {error}") from None
    return text


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of the UTF-8 bytes of `text` in 64 lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def checked_line(name: str, value: str, *, longest: int = LONGEST_NAME) -> str:
    """Return `value` if it is one line of text of at most `longest` characters; raise InvalidRecordError else.

    Control characters would break terminals, reports and PostgreSQL.
    """
    if not isinstance(value, str):
        raise InvalidRecordError(f"{name} must be text, not {type(value).__name__}")
    if len(value) > longest:
        raise InvalidRecordError(f"{name} has {len(value)} characters, more than the {longest} allowed")
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            raise InvalidRecordError(f"{name} holds the control character {character!r}; give one line of text")
    return value


def checked_keys(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return `value` as a dict; json.dumps would silently turn the keys 1 and "1" into the same key."""
    _check_keys(value)
    return dict(value)


def _check_keys(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidRecordError(f"the key {key!r} of a record must be text")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)
